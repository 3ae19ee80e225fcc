#include "actors/history_reader.hpp"

#include "messages/protocols/errors.hpp"
#include "runtime/core/base/limits.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace eventpulse {

namespace {

/// A rule whose own cursor is beyond the global one is evaluated by the version
/// in force there: the one before is through, and its successor has begun. An
/// older version whose entry came late changes nothing, as when it ran.
result<void> advance(history_reader_state& stores, const rule_cursor& own,
                     std::vector<rule_version>& in_force) {
  auto versions = stores.rules->versions(own.rule);
  if (!versions && versions.error().code == errc::not_found)
    return {};
  if (!versions)
    return versions.error();
  std::erase_if(in_force,
                [&](const rule_version& v) { return v.id == own.rule; });
  const rule_version* newest = nullptr;
  for (auto& v : *versions)
    if (v.key && *v.key <= own.at.key && (!newest || newest->version < v.version))
      newest = &v;
  if (newest && !newest->deleted)
    in_force.push_back(*newest);
  return {};
}

result<evaluation_state> load(history_reader_state& stores) {
  auto cursors = stores.outcomes->load_start();
  if (!cursors)
    return cursors.error();
  auto in_force = stores.rules->in_force(cursors->global.key);
  if (!in_force)
    return in_force.error();
  for (auto& own : cursors->rules)
    if (cursors->global.key < own.at.key)
      if (auto done = advance(stores, own, *in_force); !done)
        return done.error();
  return evaluation_state{std::move(cursors).value(),
                          std::move(in_force).value()};
}

result<rule_memory> remember(history_reader_state& stores,
                             const std::string& rule) {
  rule_memory memory;
  auto state = stores.outcomes->load_snapshot(rule);
  if (!state)
    return state.error();
  if (*state)
    memory.state = share(std::move(**state));
  alert_query firing;
  firing.rule = rule;
  firing.state = alert_state::firing;
  firing.limit = limits::groups_max;
  auto open = stores.outcomes->query(firing);
  if (!open)
    return open.error();
  memory.open = std::move(open).value();
  return memory;
}

} // namespace

history_reader_actor::behavior_type history_reader(
    history_reader_actor::stateful_pointer<history_reader_state> self,
    const history_reader_setup& setup) {
  auto& state = self->state;
  state.events = setup.open_events();
  state.outcomes = setup.open_outcomes();
  state.rules = setup.open_rules();
  self->set_error_handler([](caf::error&) {});
  return {
      [self](load_atom) -> caf::result<evaluation_state_ptr> {
        auto loaded = load(self->state);
        if (!loaded)
          return error_of(loaded);
        return share(std::move(loaded).value());
      },
      [self](read_atom, const order_key& after,
             uint32_t limit) -> caf::result<history_page_ptr> {
        auto page = self->state.events->read_back(after, std::nullopt, limit);
        if (!page)
          return error_of(page);
        return share(std::move(page).value());
      },
      [self](snapshot_atom,
             const std::string& rule) -> caf::result<rule_memory_ptr> {
        auto memory = remember(self->state, rule);
        if (!memory)
          return error_of(memory);
        return share(std::move(memory).value());
      },
  };
}

} // namespace eventpulse
