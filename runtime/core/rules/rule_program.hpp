#pragma once
// The compiled expressions of a rule and how their variables are numbered. Used
// by the rule compiler, the evaluator and the rule index; nobody else looks
// inside a compiled rule.

#include "runtime/core/aggregates/aggregate.hpp"
#include "runtime/core/cel/program.hpp"
#include "runtime/core/rules/text_template.hpp"

namespace eventpulse {

using program_ptr = std::shared_ptr<const cel::program>;

/// Slots of variables. `when`, `group_by` and arguments of aggregates know
/// `event` alone; `condition` and texts know all, aggregates last.
enum : size_t { slot_event = 0, slot_group = 1, slot_aggregates = 2 };

struct rule_program {
  program_ptr when;
  std::vector<program_ptr> group_by;
  std::vector<std::string> names; // of aggregates
  aggregate_specs specs;
  std::vector<program_ptr> arguments; // nullptr: the aggregate has none
  program_ptr condition;              // nullptr: the kind has none
  text_template summary;
  text_template details;
  /// Condition or texts look at `event`, so a group keeps its newest one.
  bool keeps_event = false;
  bool condition_sees_event = false;
  bool needs_data = false;
};

/// The variable `event`.
cel::type event_type();

/// `event` alone.
cel::environment event_environment();

} // namespace eventpulse
