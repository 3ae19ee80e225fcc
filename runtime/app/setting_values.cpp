#include "runtime/app/setting_values.hpp"

#include "runtime/core/base/time.hpp"

#include <arpa/inet.h>

#include <array>
#include <charconv>

namespace eventpulse::setting_values {

namespace {

struct unit {
  std::string_view name;
  uint64_t bytes;
};

constexpr std::array<unit, 5> units{{{"TiB", uint64_t{1} << 40},
                                     {"GiB", uint64_t{1} << 30},
                                     {"MiB", uint64_t{1} << 20},
                                     {"KiB", uint64_t{1} << 10},
                                     {"B", 1}}};

bool read_number(std::string_view text, uint64_t& out) {
  if (text.empty())
    return false;
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, out);
  return error == std::errc{} && at == end;
}

} // namespace

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

result<uint64_t> parse_integer(std::string_view text, uint64_t least,
                               uint64_t most) {
  uint64_t value = 0;
  if (!read_number(text, value) || value < least || value > most)
    return {errc::invalid, "a whole number from " + std::to_string(least) +
                               " to " + std::to_string(most)};
  return value;
}

result<uint64_t> parse_bytes(std::string_view text, uint64_t least,
                             uint64_t most) {
  const auto wrong =
      failure{errc::invalid, "a size from " + show_bytes(least) + " to " +
                                 show_bytes(most) + ", such as 256KiB or 8MiB"};
  uint64_t factor = 1;
  auto digits = text;
  for (const auto& u : units)
    if (text.size() > u.name.size() && text.ends_with(u.name)) {
      factor = u.bytes;
      digits = trim(text.substr(0, text.size() - u.name.size()));
      break;
    }
  uint64_t value = 0;
  if (!read_number(digits, value) || value > UINT64_MAX / factor)
    return wrong;
  value *= factor;
  if (value < least || value > most)
    return wrong;
  return value;
}

std::string show_bytes(uint64_t bytes) {
  for (const auto& u : units)
    if (bytes >= u.bytes && bytes % u.bytes == 0)
      return std::to_string(bytes / u.bytes) + std::string{u.name};
  return "0B";
}

result<std::chrono::milliseconds>
parse_duration(std::string_view text, std::chrono::milliseconds least,
               std::chrono::milliseconds most) {
  const auto value = parse_duration_ms(text);
  if (!value || *value < least.count() || *value > most.count())
    return {errc::invalid, "a duration from " +
                               format_duration_ms(least.count()) + " to " +
                               format_duration_ms(most.count()) +
                               ", such as 500ms, 10s or 1h30m"};
  return std::chrono::milliseconds{*value};
}

result<std::string> parse_cidr(std::string_view text) {
  const auto wrong =
      failure{errc::invalid, "an address range such as 10.0.0.0/8 or fd00::/8"};
  const auto slash = text.find('/');
  const std::string address{text.substr(0, slash)};
  std::array<unsigned char, 16> bytes{};
  size_t bits = 0;
  if (inet_pton(AF_INET, address.c_str(), bytes.data()) == 1)
    bits = 32;
  else if (inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1)
    bits = 128;
  else
    return wrong;
  uint64_t length = bits;
  if (slash != std::string_view::npos &&
      (!read_number(text.substr(slash + 1), length) || length > bits))
    return wrong;
  for (size_t i = length; i < bits; ++i)
    if (bytes[i / 8] >> (7 - i % 8) & 1)
      return {errc::invalid,
              "an address range: bits are set beyond its length"};
  return address + "/" + std::to_string(length);
}

result<log_format> parse_log_format(std::string_view text) {
  if (text == "logfmt")
    return log_format::logfmt;
  if (text == "json")
    return log_format::json;
  return {errc::invalid, "logfmt or json"};
}

std::string_view show(log_format value) {
  switch (value) {
  case log_format::logfmt:
    return "logfmt";
  case log_format::json:
    return "json";
  }
  return "logfmt";
}

result<log_level> parse_log_level(std::string_view text) {
  if (auto level = eventpulse::parse_log_level(text))
    return *level;
  return {errc::invalid, "debug, info, warn or error"};
}

std::string_view show(log_level value) {
  return to_string(value);
}

result<std::vector<std::string>> split_list(std::string_view text,
                                            size_t items_max) {
  std::vector<std::string> items;
  if (trim(text).empty())
    return items;
  size_t from = 0;
  while (from <= text.size()) {
    const auto comma = std::min(text.find(',', from), text.size());
    const auto item = trim(text.substr(from, comma - from));
    if (item.empty())
      return {errc::invalid, "a list: an item is empty"};
    if (items.size() == items_max)
      return {errc::too_large,
              "a list of at most " + std::to_string(items_max) + " items"};
    items.emplace_back(item);
    from = comma + 1;
  }
  return items;
}

} // namespace eventpulse::setting_values
