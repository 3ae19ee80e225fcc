#include "runtime/app/live_lines.hpp"

#include <array>
#include <cctype>
#include <cstdio>

namespace eventpulse {

namespace json = boost::json;

namespace {

constexpr size_t type_columns = 18;

std::string text_of(const json::object& from, std::string_view name) {
  auto* found = from.if_contains(name);
  if (!found || found->is_null())
    return {};
  return found->is_string() ? std::string(found->as_string())
                            : json::serialize(*found);
}

/// "12:03:04.123" of an RFC 3339 time.
std::string time_of_day(const std::string& rfc3339) {
  const auto from = rfc3339.find('T');
  if (from == rfc3339.npos || rfc3339.size() < from + 13)
    return rfc3339;
  return rfc3339.substr(from + 1, 12);
}

std::string event_text(const json::object& data) {
  auto out = text_of(data, "type") + "  " + text_of(data, "source") + ' ' +
             text_of(data, "id");
  if (auto subject = text_of(data, "subject"); !subject.empty())
    out += "  " + subject;
  if (auto payload = text_of(data, "data"); !payload.empty())
    out += "  " + payload;
  else if (data.contains("data_base64"))
    out += "  (binary)";
  return out;
}

std::string alert_text(const json::object& data) {
  auto out = text_of(data, "severity") + "  " + text_of(data, "rule") + "  " +
             text_of(data, "summary");
  if (auto group = text_of(data, "group"); !group.empty() && group != "[]")
    out += ' ' + group;
  return out;
}

std::string delivery_text(const json::object& data) {
  auto out = text_of(data, "channel") + "  " + text_of(data, "type") +
             "  alert " + text_of(data, "alert");
  if (auto count = text_of(data, "attempt_count");
      !count.empty() && count != "0")
    out += "  attempt " + count;
  return out;
}

/// Members without quotes, for what has no form of its own.
std::string members_text(const json::object& data) {
  std::string out;
  for (auto& [name, value] : data)
    if (auto text = text_of(data, name); !text.empty())
      out += (out.empty() ? "" : "  ") + std::string(name) + '=' + text;
  return out;
}

std::string data_text(const std::string& topic, const json::object& data) {
  if (topic == "events")
    return event_text(data);
  if (topic == "alerts")
    return alert_text(data);
  if (topic == "deliveries")
    return delivery_text(data);
  return members_text(data);
}

std::string harmless(const std::string& text) {
  std::string out;
  for (unsigned char c : text) {
    // C1 controls come as 0xC2 0x80…0x9F; terminals that read UTF-8 act on
    // them only where they are told to, so C0 and DEL are what matters.
    if (c >= 0x20 && c != 0x7f) {
      out += static_cast<char>(c);
      continue;
    }
    std::array<char, 8> escape{};
    std::snprintf(escape.data(), escape.size(), "\\x%02x", c);
    out += escape.data();
  }
  return out;
}

/// At most so many code points, the last one a mark that something is missing.
std::string cut(const std::string& text, size_t columns) {
  size_t points = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (begins && ++points > columns) {
      auto end = i; // where the last point that fits begins
      do
        --end;
      while ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80);
      return text.substr(0, end) + "…";
    }
  }
  return text;
}

const char* colour_of(const std::string& type, const json::object& data) {
  const auto severity = text_of(data, "severity");
  if (type == "alert.resolved" || type == "delivery.delivered")
    return "\033[32m";
  if (severity == "critical" || type == "delivery.failed" ||
      type == "rule.degraded" || type == "dead_letter.kept")
    return "\033[31m";
  if (severity == "warning" || type == "delivery.retrying")
    return "\033[33m";
  return nullptr;
}

} // namespace

std::string live_line(const json::object& message,
                      const live_line_options& options) {
  const auto topic = text_of(message, "topic");
  const auto type = text_of(message, "type");
  static const json::object nothing;
  auto* found = message.if_contains("data");
  const auto& data = found && found->is_object() ? found->as_object() : nothing;
  auto line = time_of_day(text_of(message, "at")) + "  ";
  if (topic != "events") {
    line += type;
    if (type.size() < type_columns)
      line += std::string(type_columns - type.size(), ' ');
    line += "  ";
  }
  line = harmless(line + data_text(topic, data));
  if (options.columns > 0)
    line = cut(line, options.columns);
  if (const auto* colour = options.colours ? colour_of(type, data) : nullptr)
    line = colour + line + "\033[0m";
  return line;
}

std::string query_value(const std::string& text) {
  std::string out;
  for (unsigned char c : text) {
    const bool plain = c < 0x80 && (std::isalnum(c) || c == '-' || c == '.' ||
                                    c == '_' || c == '~');
    if (plain) {
      out += static_cast<char>(c);
      continue;
    }
    std::array<char, 4> escape{};
    std::snprintf(escape.data(), escape.size(), "%%%02X", c);
    out += escape.data();
  }
  return out;
}

} // namespace eventpulse
