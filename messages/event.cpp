#include "messages/event.hpp"

#include <algorithm>

namespace eventpulse {

const attribute_value* find_extension(const event_document& document,
                                      std::string_view name) {
  auto found =
      std::find_if(document.extensions.begin(), document.extensions.end(),
                   [&](const auto& e) { return e.first == name; });
  return found == document.extensions.end() ? nullptr : &found->second;
}

std::string partition_key(const event_document& document) {
  if (auto* value = find_extension(document, "partitionkey"))
    if (auto* text = std::get_if<std::string>(value))
      return *text;
  return document.source + '\0' + document.id;
}

} // namespace eventpulse
