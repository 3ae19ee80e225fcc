#include "runtime/core/intake/trace_context.hpp"

#include "runtime/core/base/limits.hpp"
#include "runtime/core/intake/media_type.hpp"

#include <algorithm>

namespace eventpulse::intake {

namespace {

constexpr char hex_digits[] = "0123456789abcdef";
constexpr size_t version_00_size = 55;
constexpr size_t members_max = 32;
constexpr size_t key_size_max = 256;
constexpr size_t value_size_max = 256;
constexpr size_t member_size_large = 128;

bool is_lower_alpha(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_lower_hex);
}

bool is_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

int hex_value(char c) {
  return is_digit(c) ? c - '0' : c - 'a' + 10;
}

std::string hex_text(std::span<const uint8_t> bytes) {
  std::string out;
  for (auto byte : bytes) {
    out += hex_digits[byte >> 4];
    out += hex_digits[byte & 15];
  }
  // All zero means "none"; random bytes never are, but arguments may be.
  if (is_zero(out))
    out.back() = '1';
  return out;
}

bool is_key(std::string_view text) {
  auto is_inner = [](char c) {
    return is_lower_alpha(c) || is_digit(c) || c == '_' || c == '-' ||
           c == '*' || c == '/' || c == '@';
  };
  return !text.empty() && text.size() <= key_size_max &&
         (is_lower_alpha(text[0]) || is_digit(text[0])) &&
         std::all_of(text.begin(), text.end(), is_inner);
}

bool is_value(std::string_view text) {
  auto is_inner = [](char c) {
    return c >= 0x20 && c <= 0x7e && c != ',' && c != '=';
  };
  return !text.empty() && text.size() <= value_size_max && text.back() != ' ' &&
         std::all_of(text.begin(), text.end(), is_inner);
}

// Adds the member that `text` is; false where it is none.
bool add_member(std::string_view text, std::vector<trace_member>& out) {
  auto equals = text.find('=');
  if (equals == std::string_view::npos)
    return false;
  auto key = text.substr(0, equals);
  auto value = text.substr(equals + 1);
  if (!is_key(key) || !is_value(value))
    return false;
  auto same = [&](const trace_member& m) { return m.key == key; };
  if (std::none_of(out.begin(), out.end(), same))
    out.push_back({std::string{key}, std::string{value}});
  return true;
}

size_t size_of(const trace_member& m) {
  return m.key.size() + 1 + m.value.size();
}

std::string_view only_header(const http_headers& headers,
                             std::string_view name) {
  std::string_view found;
  for (const auto& [key, value] : headers) {
    if (lower_case(key) != name)
      continue;
    // Two traceparents contradict each other, so neither counts.
    if (found.data() != nullptr)
      return {};
    found = trim_space(value);
  }
  return found;
}

std::vector<std::string_view> all_headers(const http_headers& headers,
                                          std::string_view name) {
  std::vector<std::string_view> found;
  for (const auto& [key, value] : headers)
    if (lower_case(key) == name)
      found.push_back(value);
  return found;
}

} // namespace

std::optional<trace_parent> parse_traceparent(std::string_view text) {
  if (text.size() < version_00_size || text[2] != '-' || text[35] != '-' ||
      text[52] != '-')
    return std::nullopt;
  auto version = text.substr(0, 2);
  auto trace_id = text.substr(3, 32);
  auto parent_id = text.substr(36, 16);
  auto flags = text.substr(53, 2);
  if (!is_hex(version) || version == "ff" || !is_hex(trace_id) ||
      is_zero(trace_id) || !is_hex(parent_id) || is_zero(parent_id) ||
      !is_hex(flags))
    return std::nullopt;
  bool is_longer = text.size() > version_00_size;
  if (is_longer && (version == "00" || text[version_00_size] != '-'))
    return std::nullopt;
  auto bits = hex_value(flags[0]) << 4 | hex_value(flags[1]);
  return trace_parent{
      std::string{trace_id}, std::string{parent_id},
      static_cast<uint8_t>(bits & (trace_flag_sampled | trace_flag_random))};
}

std::string format_traceparent(const trace_parent& parent) {
  std::string out = "00-" + parent.trace_id + '-' + parent.parent_id + '-';
  out += hex_digits[parent.flags >> 4];
  out += hex_digits[parent.flags & 15];
  return out;
}

std::optional<std::vector<trace_member>>
parse_tracestate(std::span<const std::string_view> headers) {
  std::vector<trace_member> out;
  size_t count = 0;
  for (auto header : headers) {
    while (!header.empty()) {
      auto comma = header.find(',');
      auto member = trim_space(header.substr(0, comma));
      header = comma == std::string_view::npos ? std::string_view{}
                                               : header.substr(comma + 1);
      if (member.empty()) // allowed, and means nothing
        continue;
      if (++count > members_max || !add_member(member, out))
        return std::nullopt;
    }
  }
  return out;
}

std::string format_tracestate(std::span<const trace_member> members,
                              size_t size_max) {
  size_t size = 0;
  for (const auto& m : members)
    size += size_of(m) + 1;
  std::vector<bool> kept(members.size(), true);
  auto drop = [&](size_t i) {
    kept[i] = false;
    size -= size_of(members[i]) + 1;
  };
  // The comma counted for the last member is none.
  auto is_over = [&] { return size > size_max + 1; };
  for (size_t i = members.size(); i-- > 0 && is_over();)
    if (size_of(members[i]) > member_size_large)
      drop(i);
  for (size_t i = members.size(); i-- > 0 && is_over();)
    if (kept[i])
      drop(i);
  std::string out;
  for (size_t i = 0; i < members.size(); ++i) {
    if (!kept[i])
      continue;
    if (!out.empty())
      out += ',';
    out += members[i].key + '=' + members[i].value;
  }
  return out;
}

trace_parent child_of(const trace_parent& parent, const trace_random& random) {
  return {parent.trace_id, hex_text(std::span{random}.last<8>()), parent.flags};
}

trace_context continue_trace(const http_headers& headers,
                             const trace_random& random, uint8_t new_flags) {
  auto parent = parse_traceparent(only_header(headers, "traceparent"));
  if (!parent) {
    constexpr uint8_t known = trace_flag_sampled | trace_flag_random;
    auto flags = static_cast<uint8_t>((new_flags | trace_flag_random) & known);
    trace_parent fresh{hex_text(std::span{random}.first<16>()),
                       hex_text(std::span{random}.last<8>()), flags};
    return {format_traceparent(fresh), {}};
  }
  trace_context out{format_traceparent(child_of(*parent, random)), {}};
  if (auto members = parse_tracestate(all_headers(headers, "tracestate")))
    out.tracestate = format_tracestate(*members, limits::attribute_bytes_max);
  return out;
}

std::optional<trace_context> event_trace(std::string_view traceparent,
                                         std::string_view tracestate) {
  auto parent = parse_traceparent(traceparent);
  if (!parent)
    return std::nullopt;
  // Version 00 is kept to the byte; a later one is said in the words of 00.
  trace_context out{traceparent.starts_with("00-")
                        ? std::string{traceparent}
                        : format_traceparent(*parent),
                    {}};
  if (auto members = parse_tracestate(std::array{tracestate}))
    out.tracestate = format_tracestate(*members, limits::attribute_bytes_max);
  return out;
}

} // namespace eventpulse::intake
