#pragma once
// How a line of the log is written: names, values and their bounds. Used by
// logger only. Pure.

#include "runtime/telemetry/log.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace eventpulse::log_text {

/// `key` with what is not [A-Za-z0-9_.-] made '_', at most log_key_bytes_max
/// long, never empty, and never one of the names every line has.
std::string key(std::string_view key);

/// The value as it stands in a line. Text is masked, cut with "…" at
/// log_value_bytes_max bytes of its written form, and escaped: controls (also
/// C1 and those that turn the direction of writing, with which a line could
/// lie to a terminal) as \uXXXX, ill-formed UTF-8 as U+FFFD.
std::string value(const log_field& field, log_format format);

/// Text alone, by the same rules.
std::string text(std::string_view text, log_format format);

/// A line under construction, which never grows over log_line_bytes_max: a
/// field that does not fit is left out, and the line then says truncated.
class line {
public:
  line(int64_t now_ms, log_level level, std::string_view event,
       log_format format);
  void add(std::string_view key, std::string_view value);
  /// The finished line with its LF.
  std::string_view finish();

private:
  void put(std::string_view key, std::string_view value);

  log_format format_;
  bool truncated_ = false;
  std::string out_;
};

} // namespace eventpulse::log_text
