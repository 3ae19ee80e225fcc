#include "runtime/adapters/http/request_body.hpp"

#include "runtime/adapters/http/syntax.hpp"

#include <algorithm>

namespace eventpulse::http {

namespace {

std::string over_limit(uint64_t bytes_max) {
  return "the body is over " + std::to_string(bytes_max) + " bytes";
}

uint64_t hex_value(char c) {
  if (c >= '0' && c <= '9')
    return static_cast<uint64_t>(c - '0');
  return static_cast<uint64_t>((c | 0x20) - 'a' + 10);
}

void skip_blanks(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
}

bool skip_token(std::string_view& text) {
  size_t n = 0;
  while (n < text.size() && is_token_char(static_cast<unsigned char>(text[n])))
    ++n;
  text.remove_prefix(n);
  return n > 0;
}

/// quoted-string; the line reader has refused control characters already.
bool skip_quoted(std::string_view& text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
    if (text[i] == '\\')
      ++i;
  }
  return false;
}

/// *( BWS ";" BWS name [ BWS "=" BWS value ] ), section 7.1.1.
bool is_extension(std::string_view text) {
  while (!text.empty()) {
    skip_blanks(text);
    if (text.empty() || text.front() != ';')
      return false;
    text.remove_prefix(1);
    skip_blanks(text);
    if (!skip_token(text))
      return false;
    auto value = text;
    skip_blanks(value);
    if (value.empty() || value.front() != '=')
      continue;
    text = value.substr(1);
    skip_blanks(text);
    const bool quoted = !text.empty() && text.front() == '"';
    if (quoted ? !skip_quoted(text) : !skip_token(text))
      return false;
  }
  return true;
}

} // namespace

body_reader::body_reader(const request_head& head, body_limits limits)
    : framing_(head.framing), limits_(limits) {
  switch (framing_) {
  case body_framing::none:
    state_ = state::done;
    break;
  case body_framing::length:
    left_ = head.length;
    if (left_ > limits_.bytes_max)
      refuse(413, over_limit(limits_.bytes_max));
    break;
  case body_framing::chunked:
    part_ = part::size_line;
    break;
  }
}

size_t body_reader::consume(std::string_view input, std::string& out,
                            size_t out_max) {
  size_t used = 0;
  while (state_ == state::more && used < input.size()) {
    const auto rest = input.substr(used);
    const size_t step = part_ == part::data ? consume_data(rest, out, out_max)
                                            : consume_line(rest);
    if (step == 0)
      break;
    used += step;
  }
  return used;
}

size_t body_reader::consume_data(std::string_view input, std::string& out,
                                 size_t out_max) {
  const size_t room = out_max > out.size() ? out_max - out.size() : 0;
  const auto n = static_cast<size_t>(
      std::min<uint64_t>(left_, std::min(input.size(), room)));
  out.append(input.substr(0, n));
  left_ -= n;
  received_ += n;
  if (left_ == 0 && framing_ == body_framing::length)
    state_ = state::done;
  else if (left_ == 0)
    part_ = part::data_end;
  return n;
}

size_t body_reader::consume_line(std::string_view input) {
  size_t bytes_max = limits_.chunk_line_bytes_max;
  if (part_ == part::data_end)
    bytes_max = 2;
  else if (part_ == part::trailer)
    bytes_max = limits_.trailer_bytes_max - trailer_bytes_;
  if (part_ == part::data_end && line_.size() == 0 && input.front() != '\r') {
    refuse(400, "a chunk is longer than its size says");
    return 0;
  }
  const size_t used = line_.consume(input, bytes_max);
  switch (line_.now()) {
  case line_reader::state::more:
    break;
  case line_reader::state::refused:
    refuse(400, line_.refusal());
    break;
  case line_reader::state::too_long:
    if (part_ == part::data_end)
      refuse(400, "a chunk is longer than its size says");
    else if (part_ == part::trailer)
      refuse(431, "the trailer section is too large");
    else
      refuse(400, "the line of a chunk size is too long");
    break;
  case line_reader::state::line:
    on_line(line_.line());
    line_.next();
    break;
  }
  return used;
}

void body_reader::on_line(std::string_view line) {
  switch (part_) {
  case part::data:
    break;
  case part::size_line:
    on_size_line(line);
    break;
  case part::data_end:
    if (!line.empty())
      return refuse(400, "a chunk is longer than its size says");
    part_ = part::size_line;
    break;
  case part::trailer:
    on_trailer(line);
    break;
  }
}

void body_reader::on_size_line(std::string_view line) {
  size_t digits = 0;
  uint64_t size = 0;
  bool huge = false;
  while (digits < line.size() &&
         is_hex_digit(static_cast<unsigned char>(line[digits]))) {
    huge = huge || size >> 60 != 0;
    size = size * 16 + hex_value(line[digits]);
    ++digits;
  }
  if (digits == 0)
    return refuse(400, "a chunk size is not hexadecimal");
  if (!is_extension(line.substr(digits)))
    return refuse(400, "what follows a chunk size is no extension");
  if (huge || size > limits_.bytes_max - received_)
    return refuse(413, over_limit(limits_.bytes_max));
  left_ = size;
  part_ = size > 0 ? part::data : part::trailer;
}

void body_reader::on_trailer(std::string_view line) {
  if (line.empty()) {
    state_ = state::done;
    return;
  }
  trailer_bytes_ += line.size() + 2;
  auto field = read_field(line);
  if (auto* wrong = std::get_if<violation>(&field))
    return refuse(wrong->status, wrong->detail);
  trailers_.push_back(std::move(std::get<0>(field)));
}

void body_reader::refuse(unsigned status, std::string detail) {
  state_ = state::refused;
  refusal_ = {status, std::move(detail)};
}

} // namespace eventpulse::http
