#pragma once
// The window of one group of a threshold rule, whatever its type. The evaluator
// pushes events and asks when the window is due: a sliding one when something
// leaves it, the others when they close.

#include "runtime/core/rules/document.hpp"
#include "runtime/core/windows/pane_window.hpp"
#include "runtime/core/windows/sliding_window.hpp"

#include <variant>

namespace eventpulse {

/// What all groups of a rule have in common.
struct window_plan {
  window_type type = window_type::sliding;
  int64_t size_ms = 0;
  int64_t every_ms = 0; // of closes: tumbling, hopping
  int64_t gap_ms = 0;
  int64_t max_ms = 0;
  int64_t pane_ms = 0;
  size_t exact_max = 0; // values a pane before a sketch

  explicit window_plan(const window_spec& spec);
  bool slides() const noexcept { return type == window_type::sliding; }
};

class group_window {
public:
  group_window(const window_plan& plan, const aggregate_specs& specs);

  void push(int64_t at_ms, const std::vector<sample>& samples,
            const window_plan& plan, const aggregate_specs& specs);

  /// The next moment at which time alone changes it.
  std::optional<int64_t> due(const window_plan& plan) const;
  bool empty() const;
  uint64_t events() const;

  struct reading {
    std::vector<cel::value> values;
    bool approximate = false;
  };
  reading read(const aggregate_specs& specs) const;

  /// Sliding: drops what has left at `now_ms`.
  void slide(int64_t now_ms, const window_plan& plan,
             const aggregate_specs& specs);

  /// The others, at the close `due` said: first the window is as it closes …
  void begin_close(int64_t at_ms, const window_plan& plan);
  /// … then it goes on to the next; `once_more` closes again though empty.
  void end_close(int64_t at_ms, const window_plan& plan, bool once_more);
  /// When the window that closes at `at_ms` began.
  int64_t began_ms(int64_t at_ms, const window_plan& plan) const;

  void save(byte_writer& to) const;
  static group_window load(byte_reader& from, const window_plan& plan,
                           const aggregate_specs& specs);

private:
  void go_over(const window_plan& plan, const aggregate_specs& specs);

  std::variant<sliding_window, pane_window> in_;
  std::optional<int64_t> close_ms_; // tumbling, hopping, session
  int64_t session_begin_ms_ = 0;
};

} // namespace eventpulse
