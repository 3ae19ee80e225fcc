#include "runtime/core/engine/event_match.hpp"

#include "runtime/core/base/json_write.hpp"
#include "runtime/core/engine/evaluation_batch.hpp"
#include "runtime/core/rules/rule_program.hpp"

#include <span>

namespace eventpulse {

event_match match_event(const compiled_rule& rule, const event& e) {
  auto& program = rule.program();
  auto batch = evaluation_batch::make(
      std::vector{e}, rule.needs_data()
                          ? evaluation_batch::data_choice::everything()
                          : evaluation_batch::data_choice::nothing());
  const auto view = batch->view(0);
  const cel::activation in{std::span{&view, 1}};
  event_match out;
  if (!program.when)
    return out;
  const auto when = program.when->evaluate(in);
  if (when.is_error())
    out.error = "when: " + when.error_text();
  if (!when.is_true())
    return out;
  std::vector<cel::value> values;
  for (const auto& by : program.group_by) {
    values.push_back(by->evaluate(in));
    if (!values.back().is_error())
      continue;
    out.error = "group_by: " + values.back().error_text();
    return out;
  }
  out.holds = true;
  out.group_json = json_text(cel::to_json(cel::value::list(std::move(values))));
  return out;
}

} // namespace eventpulse
