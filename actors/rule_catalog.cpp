#include "actors/rule_catalog.hpp"

#include "messages/protocols/errors.hpp"
#include "runtime/core/rules/document.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace eventpulse {

namespace {

failure first_of(const std::string& id,
                 const std::vector<rule_problem>& problems) {
  return {errc::invalid,
          id + problems.front().pointer + ": " + problems.front().detail};
}

} // namespace

rule_catalog_actor::behavior_type
rule_catalog_state::start(rule_catalog_setup setup) {
  setup_ = std::move(setup);
  store_ = setup_.open_store();
  self_->set_error_handler([](caf::error&) {});
  self_->delayed_send(self_, setup_.poll_interval, house_atom::value);
  return {
      [this](compile_atom, const rule_version_ptr& version)
          -> caf::result<compiled_rule_ptr> {
        auto rule = compiled(*version);
        if (!rule)
          return error_of(rule);
        return *rule;
      },
      [this](hint_atom) { poll(); },
      [this](house_atom) {
        poll();
        self_->delayed_send(self_, setup_.poll_interval, house_atom::value);
      },
  };
}

result<compiled_rule_ptr>
rule_catalog_state::compiled(const rule_version& version) {
  auto& known = newest_[version.id];
  if (known.rule && known.version == version.version)
    return known.rule;
  auto document = parse_rule_json(version.document);
  if (auto* problems = std::get_if<1>(&document))
    return first_of(version.id, *problems);
  auto made = compile_rule(std::get<0>(document), version.version);
  if (auto* problems = std::get_if<1>(&made))
    return first_of(version.id, *problems);
  auto rule = std::get<0>(made);
  if (version.version > known.version)
    known = {version.version, rule};
  return rule;
}

void rule_catalog_state::poll() {
  auto generation = store_->generation();
  if (!generation || *generation == generation_)
    return;
  auto newest = store_->newest();
  if (!newest)
    return;
  for (auto& version : *newest)
    if (version.deleted)
      newest_.erase(version.id);
    else if (auto rule = compiled(version); !rule)
      setup_.log.error("rule_does_not_compile",
                       {{"rule", version.id},
                        {"version", version.version},
                        {"reason", to_string(rule.error())}});
  generation_ = *generation;
}

rule_catalog_actor::behavior_type
rule_catalog(rule_catalog_actor::stateful_pointer<rule_catalog_state> self,
             const rule_catalog_setup& setup) {
  return self->state.start(setup);
}

} // namespace eventpulse
