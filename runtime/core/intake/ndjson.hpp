#pragma once
// Newline-delimited JSON, a plain event a line, as its bytes arrive. Used by
// the intake actor between the pieces of a streamed body and by request_parser.
// Promises bounded memory: one line of at most max_event_bytes is held; a
// longer one becomes one rejected item and is skipped to its end. "\r\n" ends a
// line too, blank lines count but give nothing, the last line needs no end.

#include "runtime/core/intake/request_parser.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace eventpulse::intake {

class ndjson_parser {
public:
  explicit ndjson_parser(const intake_options& options);

  /// Appends the items of the lines that end in `bytes`.
  void feed(std::string_view bytes, const event_defaults& defaults,
            std::vector<intake_item>& out);

  /// Appends the item of a last line without an end.
  void finish(const event_defaults& defaults, std::vector<intake_item>& out);

  /// The number of the line that is being read, from 1.
  uint64_t line() const { return line_; }

private:
  void hold(std::string_view piece, std::vector<intake_item>& out);
  void end_line(std::string_view text, const event_defaults& defaults,
                std::vector<intake_item>& out);

  intake_options options_;
  std::string held_;         // the begun line, at most max_event_bytes + 1
  bool is_skipping_ = false; // the begun line was too long and is told
  uint64_t line_ = 1;
};

} // namespace eventpulse::intake
