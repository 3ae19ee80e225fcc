#include "actors/evaluator.hpp"

#include "actors/metered.hpp"
#include "messages/protocols/errors.hpp"
#include "runtime/core/base/check.hpp"

#include <caf/local_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <optional>

namespace eventpulse {

namespace {

struct evaluator_state {
  static inline const char* name = "evaluator";

  caf::result<step_outcome_ptr> begin(const evaluator_start& how) {
    rule.emplace(how.rule, how.aloud_after, how.from);
    if (how.memory && how.memory->state) {
      if (auto restored = rule->restore(*how.memory->state); !restored)
        return error_of(restored);
    } else if (how.memory) {
      rule->adopt(how.memory->open);
    }
    return answer({});
  }

  caf::result<step_outcome_ptr> evaluate(const step& s) {
    EP_EXPECT(rule.has_value());
    return share(rule->evaluate(s));
  }

  caf::result<step_outcome_ptr> replace(const compiled_rule_ptr& version,
                                        const cursor& at) {
    EP_EXPECT(rule.has_value());
    return share(rule->replace(version, at));
  }

  caf::result<rule_snapshot_ptr> snapshot(bool full) {
    EP_EXPECT(rule.has_value());
    if (full)
      rule->take_full_snapshot_next();
    return share(rule->take_snapshot());
  }

  caf::result<step_outcome_ptr> close(const std::string& reason,
                                      int64_t at_ms) {
    EP_EXPECT(rule.has_value());
    return answer(rule->close_all(reason, at_ms));
  }

  step_outcome_ptr answer(std::vector<alert_change> changes) {
    step_outcome out;
    out.changes = std::move(changes);
    out.next_deadline_ms = rule->next_deadline_ms();
    out.at = rule->at();
    out.groups = rule->groups();
    return share(std::move(out));
  }

  std::optional<rule_evaluator> rule; // absent until `begin`
};

evaluator_actor::behavior_type
evaluator(evaluator_actor::stateful_pointer<evaluator_state> self) {
  self->set_error_handler([](caf::error&) {});
  return {
      [self](begin_atom, const evaluator_start_ptr& how) {
        return self->state.begin(*how);
      },
      [self](eval_atom, const step_ptr& s) { return self->state.evaluate(*s); },
      [self](replace_atom, const compiled_rule_ptr& version, const cursor& at) {
        return self->state.replace(version, at);
      },
      [self](snapshot_atom, bool full) { return self->state.snapshot(full); },
      [self](close_atom, const std::string& reason, int64_t at_ms) {
        return self->state.close(reason, at_ms);
      },
  };
}

} // namespace

evaluator_actor spawn_evaluator(caf::local_actor& parent, metrics* meters) {
  return spawn_metered(parent, meters, "evaluator", evaluator);
}

} // namespace eventpulse
