#include "runtime/adapters/postgres/values.hpp"

#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/base/json_text.hpp"
#include "runtime/core/base/utf8.hpp"

#include <boost/json.hpp>

#include <charconv>
#include <limits>

namespace eventpulse::postgres {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

bool holds_nul(std::string_view value) {
  return value.find('\0') != std::string_view::npos;
}

void append_hex(std::string& out, std::string_view value) {
  for (char c : value) {
    auto byte = static_cast<unsigned char>(c);
    out += hex_digits[byte >> 4];
    out += hex_digits[byte & 15];
  }
}

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  throw value_corrupt("a bytea is not in hex form");
}

} // namespace

// -- arrays -------------------------------------------------------------------

void array_text::separate() {
  if (out_.size() > 1)
    out_ += ',';
}

array_text& array_text::text(std::string_view value) {
  has_nul_ = has_nul_ || holds_nul(value);
  separate();
  out_ += '"';
  for (char c : value) {
    if (c == '"' || c == '\\')
      out_ += '\\';
    out_ += c;
  }
  out_ += '"';
  return *this;
}

array_text& array_text::text_or_null(std::string_view value) {
  return value.empty() ? null() : text(value);
}

array_text& array_text::number(int64_t value) {
  separate();
  out_ += std::to_string(value);
  return *this;
}

array_text& array_text::number_or_null(std::optional<int64_t> value) {
  return value ? number(*value) : null();
}

array_text& array_text::flag(bool value) {
  separate();
  out_ += value ? 't' : 'f';
  return *this;
}

array_text& array_text::bytes(std::string_view value) {
  separate();
  out_ += "\"\\\\x";
  append_hex(out_, value);
  out_ += '"';
  return *this;
}

array_text& array_text::null() {
  separate();
  out_ += "NULL";
  return *this;
}

array_text text_array(const std::vector<std::string>& all) {
  array_text out;
  for (auto& text : all)
    out.text(text);
  return out;
}

// -- parameters ---------------------------------------------------------------

parameters& parameters::text(std::string_view value) {
  has_nul_ = has_nul_ || holds_nul(value);
  all_.emplace_back(std::string{value});
  return *this;
}

parameters& parameters::text_or_null(std::string_view value) {
  return value.empty() ? null() : text(value);
}

parameters& parameters::number(int64_t value) {
  all_.emplace_back(std::to_string(value));
  return *this;
}

parameters& parameters::number_or_null(std::optional<int64_t> value) {
  return value ? number(*value) : null();
}

parameters& parameters::flag(bool value) {
  all_.emplace_back(value ? "t" : "f");
  return *this;
}

parameters& parameters::bytes(std::string_view value) {
  std::string out = "\\x";
  append_hex(out, value);
  all_.emplace_back(std::move(out));
  return *this;
}

parameters& parameters::array(array_text value) {
  has_nul_ = has_nul_ || value.has_nul_;
  value.out_ += '}';
  all_.emplace_back(std::move(value.out_));
  return *this;
}

parameters& parameters::null() {
  all_.emplace_back(std::nullopt);
  return *this;
}

// -- what can be stored -------------------------------------------------------

int64_t stored_number(uint64_t value) {
  if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
    throw value_refused("a position is beyond what a bigint holds");
  return static_cast<int64_t>(value);
}

int64_t nearest_number(uint64_t value) {
  constexpr auto max = std::numeric_limits<int64_t>::max();
  return value > static_cast<uint64_t>(max) ? max : static_cast<int64_t>(value);
}

std::string storable_text(std::string_view text) {
  constexpr std::string_view replacement = "\xef\xbf\xbd";
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    char32_t ignored = 0;
    auto length = utf8_take(text, at, ignored);
    if (length == 0 || text[at] == '\0') {
      out += replacement;
      ++at;
      continue;
    }
    out.append(text, at, length);
    at += length;
  }
  return out;
}

std::string storable_json(const std::string& text) {
  boost::json::error_code error;
  // The DOM is thrown away; PostgreSQL parses the text again.
  auto ignored = parse_kept_json(text, error);
  if (!error && text.find('\0') == std::string::npos)
    return text;
  std::string out;
  append_json_string(out, storable_text(text));
  return out;
}

// -- reading back -------------------------------------------------------------

std::string text_of(const pqxx::field& f) {
  return f.is_null() ? std::string{} : std::string{f.c_str(), f.size()};
}

std::optional<std::string> text_if(const pqxx::field& f) {
  if (f.is_null())
    return std::nullopt;
  return std::string{f.c_str(), f.size()};
}

int64_t number_of(const pqxx::field& f) {
  int64_t out = 0;
  const char* first = f.is_null() ? nullptr : f.c_str();
  const char* last = f.is_null() ? nullptr : first + f.size();
  auto [end, error] = std::from_chars(first, last, out);
  if (first == last || error != std::errc{} || end != last)
    throw value_corrupt(std::string{"not a number: "} + f.name());
  return out;
}

std::optional<int64_t> number_if(const pqxx::field& f) {
  if (f.is_null())
    return std::nullopt;
  return number_of(f);
}

bool flag_of(const pqxx::field& f) {
  auto text = text_of(f);
  if (text != "t" && text != "f")
    throw value_corrupt(std::string{"not a boolean: "} + f.name());
  return text == "t";
}

std::string bytes_of(const pqxx::field& f) {
  auto text = text_of(f);
  std::string out;
  if (text.empty())
    return out;
  if (!text.starts_with("\\x") || text.size() % 2 != 0)
    throw value_corrupt(std::string{"not a bytea: "} + f.name());
  out.reserve(text.size() / 2 - 1);
  for (size_t at = 2; at < text.size(); at += 2)
    out +=
        static_cast<char>(hex_value(text[at]) * 16 + hex_value(text[at + 1]));
  return out;
}

std::vector<std::string> texts_of_json(const pqxx::field& f) {
  boost::json::error_code error;
  auto parsed = boost::json::parse(text_of(f), error);
  auto* all = error ? nullptr : parsed.if_array();
  if (!all)
    throw value_corrupt(std::string{"not a list of texts: "} + f.name());
  std::vector<std::string> out;
  for (auto& item : *all) {
    if (!item.is_string())
      throw value_corrupt(std::string{"not a list of texts: "} + f.name());
    out.emplace_back(item.get_string());
  }
  return out;
}

std::vector<int64_t> numbers_of_json(const pqxx::field& f) {
  boost::json::error_code error;
  auto parsed = boost::json::parse(text_of(f), error);
  auto* all = error ? nullptr : parsed.if_array();
  if (!all)
    throw value_corrupt(std::string{"not a list of numbers: "} + f.name());
  std::vector<int64_t> out;
  for (auto& item : *all) {
    if (!item.is_int64())
      throw value_corrupt(std::string{"not a list of numbers: "} + f.name());
    out.push_back(item.get_int64());
  }
  return out;
}

} // namespace eventpulse::postgres
