#include "runtime/core/base/trace_stage.hpp"

#include "runtime/core/base/hash.hpp"

#include <cstdio>

namespace eventpulse::trace_stage {

namespace {

bool is_traceparent(std::string_view text) noexcept {
  return text.size() == size && text[2] == '-' && text[35] == '-' &&
         text[52] == '-';
}

// NUL stands in no attribute, id or rule name.
template <class... Parts>
std::string name_of(std::string_view stage, const Parts&... parts) {
  std::string out{stage};
  ((out += '\0', out += parts), ...);
  return out;
}

} // namespace

std::string child(std::string_view traceparent, std::string_view name) {
  if (!is_traceparent(traceparent))
    return std::string{traceparent};
  std::string seed{traceparent.substr(3, 49)}; // trace id, '-', span id
  seed += '\0';
  seed += name;
  auto id = xxh64(seed);
  if (id == 0)
    id = 1; // an all-zero id is invalid
  char hex[17];
  std::snprintf(hex, sizeof hex, "%016llx",
                static_cast<unsigned long long>(id));
  std::string out{traceparent};
  out.replace(36, 16, hex);
  return out;
}

std::string stream(std::string_view traceparent, std::string_view source,
                   std::string_view id) {
  return child(traceparent, name_of("stream", source, id));
}

std::string persist(std::string_view stream) {
  return child(stream, "persist");
}

std::string evaluate(std::string_view persist, std::string_view rule) {
  return child(persist, name_of("evaluate", rule));
}

std::string evaluation_of(std::string_view traceparent, std::string_view source,
                          std::string_view id, std::string_view rule) {
  return evaluate(persist(stream(traceparent, source, id)), rule);
}

std::string alert(std::string_view traceparent, std::string_view alert_id) {
  return child(traceparent, name_of("alert", alert_id));
}

std::string attempt(std::string_view alert, std::string_view delivery_id,
                    uint32_t number) {
  return child(alert, name_of("attempt", delivery_id, std::to_string(number)));
}

bool is_sampled(std::string_view traceparent) noexcept {
  if (!is_traceparent(traceparent))
    return false;
  auto digit = traceparent[54];
  auto value = digit <= '9' ? digit - '0' : digit - 'a' + 10;
  return (value & 1) != 0;
}

} // namespace eventpulse::trace_stage
