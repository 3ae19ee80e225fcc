#include "runtime/core/rules/source_place.hpp"

#include "runtime/core/cel/utf8.hpp"

#include <algorithm>

namespace eventpulse {

namespace {

constexpr std::string_view blanks = " \t\r\n";

size_t find_or_end(std::string_view text, char c, size_t from) {
  return std::min(text.find(c, from), text.size());
}

size_t behind(std::string_view text, std::string_view run, size_t from) {
  return std::min(text.find_first_not_of(run, from), text.size());
}

/// Bytes of the source, and those of the value that they stand for.
struct part {
  size_t source = 0;
  size_t value = 0;
};

// `source` begins with a backslash inside double quotes.
part escape(std::string_view source, std::string_view value) {
  const char kind = source.size() > 1 ? source[1] : ' ';
  if (kind == '\n' || kind == '\r')
    return {behind(source, blanks, 1), 0};
  const size_t bytes = value.empty() ? 0 : cel::code_point_bytes(value, 0);
  const size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
  // JSON writes what lies above U+FFFF as two escapes.
  return {(2 + digits) * (kind == 'u' && bytes == 4 ? 2 : 1), bytes};
}

// Nothing where the two do not agree.
part next_part(std::string_view source, std::string_view value, char quote) {
  if (quote == '"' && source[0] == '\\')
    return escape(source, value);
  if (quote == '\'' && source.starts_with("''"))
    return {2, 1};
  const auto run = behind(source, blanks, 0);
  const auto breaks = static_cast<size_t>(std::count(
      source.begin(), source.begin() + static_cast<long>(run), '\n'));
  if (breaks > 0)
    return {run, breaks == 1 ? 1 : breaks - 1};
  if (value.empty() || source[0] != value[0])
    return {};
  return {1, 1};
}

// Plain or quoted, on one line or folded over several.
size_t in_flow(std::string_view text, size_t at, std::string_view value,
               size_t offset) {
  const char quote = text[at] == '"' || text[at] == '\'' ? text[at] : '\0';
  at += quote == '\0' ? 0 : 1;
  for (size_t done = 0; done < offset && at < text.size();) {
    const auto next = next_part(text.substr(at), value.substr(done), quote);
    if (next.source == 0 || done + next.value > offset)
      break;
    at += next.source;
    done += next.value;
  }
  return at;
}

// Literal or folded. A line is found in the value by what stands behind its
// indentation, so that neither the indentation nor the folding must be known.
size_t in_block(std::string_view text, size_t at, std::string_view value,
                size_t offset) {
  size_t done = 0;
  for (auto line = find_or_end(text, '\n', at) + 1; line < text.size();) {
    const auto end = find_or_end(text, '\n', line);
    const auto from = std::min(behind(text, blanks, line), end);
    auto content = text.substr(from, end - from);
    if (content.ends_with('\r'))
      content.remove_suffix(1);
    line = end + 1;
    if (content.empty())
      continue;
    const auto found = behind(value, blanks, done);
    if (offset < found || !value.substr(found).starts_with(content))
      break;
    done = found + content.size();
    if (offset <= done)
      return from + offset - found;
    at = from + content.size();
  }
  return at;
}

} // namespace

source_place place_finder::at(size_t offset) {
  if (offset < offset_) {
    offset_ = 0;
    place_ = {};
  }
  for (; offset_ < offset && offset_ < text_.size(); ++offset_) {
    if (text_[offset_] == '\n') {
      ++place_.line;
      place_.column = 1;
    } else if ((static_cast<unsigned char>(text_[offset_]) & 0xC0) != 0x80) {
      ++place_.column;
    }
  }
  return place_;
}

size_t source_offset(std::string_view text, size_t begin,
                     std::string_view value, size_t offset) {
  offset = std::min(offset, value.size());
  auto at = begin;
  while (at < text.size() && (text[at] == '&' || text[at] == '!'))
    at = behind(text, blanks,
                std::min(text.find_first_of(blanks, at), text.size()));
  if (at >= text.size() || text[at] == '*') // an alias stands for all of it
    return begin;
  const bool block = text[at] == '|' || text[at] == '>';
  return std::min(block ? in_block(text, at, value, offset)
                        : in_flow(text, at, value, offset),
                  text.size());
}

} // namespace eventpulse
