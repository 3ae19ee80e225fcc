#pragma once
// A progress bar for commands that take long, on a terminal alone. On anything
// else nothing is written, so logs and pipes stay clean.

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

namespace eventpulse {

struct progress {
  std::string what;              // "events.ndjson"
  uint64_t done = 0;             // of total, in whatever is counted
  std::optional<uint64_t> total; // not known: no bar, no end in sight
  uint64_t items = 0;            // what people count
  std::string unit = "events";
  std::chrono::milliseconds elapsed{0};
};

/// One line of at most `columns` columns, without an end:
/// "events.ndjson [#####.....]  50 %  1,200,000 events  40,000/s  30s left".
std::string progress_line(const progress& p, size_t columns);

class progress_bar {
public:
  using clock = std::chrono::steady_clock;

  /// On standard error, if that is a terminal that can go back in a line.
  static progress_bar on_terminal();
  progress_bar(std::ostream& out, bool shown, size_t columns,
               std::function<clock::time_point()> now = clock::now);

  /// Draws at most ten times a second. `elapsed` is filled in.
  void show(progress p);
  /// Takes the bar away, so that a line can be printed.
  void clear();

private:
  std::ostream* out_;
  bool shown_;
  size_t columns_;
  std::function<clock::time_point()> now_;
  clock::time_point begun_;
  std::optional<clock::time_point> drawn_;
  bool on_screen_ = false;
};

} // namespace eventpulse
