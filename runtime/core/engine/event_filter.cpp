#include "runtime/core/engine/event_filter.hpp"

#include "runtime/core/base/query_limits.hpp"
#include "runtime/core/engine/evaluation_batch.hpp"

#include <algorithm>
#include <span>

namespace eventpulse {

event_filter::event_filter(program_ptr condition)
    : condition_(std::move(condition)),
      needs_data_(condition_->touches("event", "data")),
      left_(limits::query_steps_max) {}

std::variant<event_filter, std::vector<std::string>>
event_filter::compile(std::string_view condition) {
  auto made = cel::compile(condition, event_environment());
  std::vector<std::string> wrong;
  if (auto* all = std::get_if<1>(&made)) {
    for (auto& d : *all)
      wrong.push_back(cel::render(condition, d));
    return wrong;
  }
  auto& program = std::get<0>(made);
  auto& type = program->result_type();
  if (!type.is_dyn() && !type.is(cel::type_kind::boolean)) {
    wrong.push_back(cel::render(
        condition, cel::make_diagnostic(condition, 0,
                                        "must be a bool, not " + type.text())));
    return wrong;
  }
  return event_filter{std::move(program)};
}

bool event_filter::holds(const event& e) {
  if (spent())
    return false;
  auto choice = needs_data_ ? evaluation_batch::data_choice::everything()
                            : evaluation_batch::data_choice::nothing();
  auto batch = evaluation_batch::make(std::vector{e}, choice);
  const auto view = batch->view(0);
  cel::budget steps{std::min(left_, limits::cel_steps_default)};
  const auto before = steps.left;
  const auto out =
      condition_->evaluate(cel::activation{std::span{&view, 1}}, steps);
  left_ -= std::min(left_, before - steps.left + 1);
  if (out.is_error()) {
    ++errors_;
    last_error_ = out.error_text();
  }
  return out.is_true();
}

} // namespace eventpulse
