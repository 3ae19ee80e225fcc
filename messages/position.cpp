#include "messages/position.hpp"

#include <charconv>

namespace eventpulse {

namespace {

template <class Number>
bool take_number(std::string_view& text, Number& out) {
  // A leading zero would give one position two spellings.
  if (text.empty() || (text.size() > 1 && text[0] == '0' && text[1] != '-'))
    return false;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end == text.data())
    return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

bool take_dash(std::string_view& text) {
  if (!text.starts_with('-'))
    return false;
  text.remove_prefix(1);
  return true;
}

} // namespace

std::string to_string(const position& p) {
  return std::to_string(p.partition) + '-' + std::to_string(p.ms) + '-' +
         std::to_string(p.seq);
}

std::optional<position> parse_position(std::string_view text) {
  position p;
  if (take_number(text, p.partition) && take_dash(text) &&
      take_number(text, p.ms) && take_dash(text) && take_number(text, p.seq) &&
      text.empty())
    return p;
  return std::nullopt;
}

std::string to_string(const order_key& k) {
  return std::to_string(k.received_at_ms) + '/' + to_string(k.where());
}

} // namespace eventpulse
