#include "runtime/telemetry/log_text.hpp"

#include "runtime/core/base/time.hpp"
#include "runtime/core/base/utf8.hpp"
#include "runtime/telemetry/redact.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <type_traits>

namespace eventpulse::log_text {

namespace {

// Where no more than log_value_bytes_max bytes are shown, a secret further
// back cannot appear; this much more is looked at in case masking shortens.
constexpr size_t looked_at_max = 4 * log_value_bytes_max;

constexpr std::string_view cut_mark = "…";
// `,"truncated":true` and the end of the line.
constexpr size_t end_bytes = 20;

bool is_key_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

bool must_be_escaped(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 ||
         c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069);
}

std::string escape(char32_t c) {
  constexpr std::string_view hex = "0123456789abcdef";
  switch (c) {
  case U'\n':
    return "\\n";
  case U'\r':
    return "\\r";
  case U'\t':
    return "\\t";
  case U'"':
    return "\\\"";
  case U'\\':
    return "\\\\";
  default:
    break;
  }
  std::string out = "\\u";
  for (int shift = 12; shift >= 0; shift -= 4)
    out += hex[c >> shift & 0xfu];
  return out;
}

struct escaped {
  std::string text;
  bool is_plain = true; // nothing in it that logfmt wants quotes for
};

escaped escape_text(std::string_view raw) {
  escaped out;
  for (size_t at = 0; at < raw.size();) {
    char32_t c = 0;
    auto length = utf8_take(raw, at, c);
    std::string piece;
    if (length == 0)
      piece = "\xef\xbf\xbd"; // U+FFFD
    else if (must_be_escaped(c) || c == U'"' || c == U'\\')
      piece = escape(c);
    else
      piece = raw.substr(at, length);
    if (out.text.size() + piece.size() + cut_mark.size() >
        log_value_bytes_max) {
      out.text += cut_mark;
      return out;
    }
    out.is_plain &= piece.size() <= length && c != U' ' && c != U'=';
    out.text += piece;
    at += std::max<size_t>(length, 1);
  }
  return out;
}

std::string number(double v, log_format format) {
  std::array<char, 32> digits;
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), v).ptr;
  std::string out(digits.data(), end);
  // JSON has no infinity and no NaN.
  if (!std::isfinite(v) && format == log_format::json)
    out = '"' + out + '"';
  return out;
}

} // namespace

std::string key(std::string_view key) {
  std::string out{key.substr(0, log_key_bytes_max - 1)};
  for (auto& c : out)
    if (!is_key_char(c))
      c = '_';
  if (out.empty() || out == "ts" || out == "level" || out == "event" ||
      out == "truncated")
    out += '_';
  return out;
}

std::string text(std::string_view raw, log_format format) {
  auto out = escape_text(redact(raw.substr(0, looked_at_max)));
  bool is_cut = raw.size() > looked_at_max;
  if (is_cut && !out.text.ends_with(cut_mark))
    out.text += cut_mark;
  bool is_bare =
      format == log_format::logfmt && out.is_plain && !out.text.empty();
  return is_bare ? out.text : '"' + out.text + '"';
}

std::string value(const log_field& field, log_format format) {
  if (names_a_secret(field.key()))
    return text("***", format);
  return std::visit(
      [format](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, bool>)
          return v ? "true" : "false";
        else if constexpr (std::is_same_v<T, double>)
          return number(v, format);
        else if constexpr (std::is_same_v<T, std::string_view>)
          return text(v, format);
        else
          return std::to_string(v);
      },
      field.get());
}

line::line(int64_t now_ms, log_level level, std::string_view event,
           log_format format)
    : format_(format) {
  out_.reserve(256);
  auto time = format_rfc3339_ms(now_ms);
  put("ts", format == log_format::json ? '"' + time + '"' : time);
  put("level", text(to_string(level), format));
  put("event", text(event, format));
}

void line::add(std::string_view key, std::string_view value) {
  // Two quotes, a colon and a separator more than the key and the value.
  auto size = key.size() + value.size() + 4;
  if (out_.size() + size + end_bytes > log_line_bytes_max)
    truncated_ = true;
  else
    put(key, value);
}

void line::put(std::string_view key, std::string_view value) {
  if (format_ == log_format::json) {
    out_ += out_.empty() ? "{\"" : ",\"";
    out_ += key;
    out_ += "\":";
  } else {
    if (!out_.empty())
      out_ += ' ';
    out_ += key;
    out_ += '=';
  }
  out_ += value;
}

std::string_view line::finish() {
  if (truncated_)
    put("truncated", "true");
  out_ += format_ == log_format::json ? "}\n" : "\n";
  return out_;
}

} // namespace eventpulse::log_text
