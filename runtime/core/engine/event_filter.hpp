#pragma once
// A CEL condition over stored events, as queries give it: checked at once,
// bounded in what it may cost, never fatal. Pure.

#include "messages/event.hpp"
#include "runtime/core/rules/rule_program.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace eventpulse {

class event_filter {
public:
  /// The filter, or all that is wrong with it: position and message, the line,
  /// and a caret below, for each fault.
  static std::variant<event_filter, std::vector<std::string>>
  compile(std::string_view condition);

  /// False also where it fails; that is counted.
  bool holds(const event& e);

  uint64_t errors() const noexcept { return errors_; }
  const std::string& last_error() const noexcept { return last_error_; }
  /// All evaluations together have cost too much; nothing holds any more.
  bool spent() const noexcept { return left_ == 0; }

private:
  explicit event_filter(program_ptr condition);

  program_ptr condition_;
  bool needs_data_;
  uint64_t left_; // steps
  uint64_t errors_ = 0;
  std::string last_error_;
};

} // namespace eventpulse
