#include "messages/live.hpp"

#include <charconv>

namespace eventpulse {

namespace {

/// The number up to the first '_', which is taken off as well.
std::optional<int64_t> take_number(std::string_view& text) {
  auto end = text.find('_');
  if (end == 0 || end == text.npos)
    return std::nullopt;
  int64_t out = 0;
  auto [stop, wrong] = std::from_chars(text.data(), text.data() + end, out);
  if (wrong != std::errc{} || stop != text.data() + end || out < 0)
    return std::nullopt;
  text.remove_prefix(end + 1);
  return out;
}

} // namespace

std::string_view to_string(live_topic t) noexcept {
  switch (t) {
  case live_topic::events:
    return "events";
  case live_topic::alerts:
    return "alerts";
  case live_topic::deliveries:
    return "deliveries";
  case live_topic::rules:
    return "rules";
  case live_topic::system:
    return "system";
  }
  return "unknown";
}

std::optional<live_topic> parse_live_topic(std::string_view name) noexcept {
  for (auto topic : live_topics)
    if (to_string(topic) == name)
      return topic;
  return std::nullopt;
}

std::string to_string(const live_cursor& c) {
  return std::to_string(c.change) + '_' +
         std::to_string(c.event.received_at_ms) + '_' +
         to_string(c.event.where());
}

std::optional<live_cursor> parse_live_cursor(std::string_view text) {
  auto change = take_number(text);
  auto received = change ? take_number(text) : std::nullopt;
  auto where = received ? parse_position(text) : std::nullopt;
  if (!where)
    return std::nullopt;
  return live_cursor{{*received, where->partition, where->ms, where->seq},
                     *change};
}

} // namespace eventpulse
