#include "messages/api_key.hpp"

#include <algorithm>
#include <array>

namespace eventpulse {

namespace {

constexpr std::array<std::pair<scope, std::string_view>, 7> scope_names{{
    {scope::events_write, "events:write"},
    {scope::events_read, "events:read"},
    {scope::rules_write, "rules:write"},
    {scope::rules_read, "rules:read"},
    {scope::alerts_write, "alerts:write"},
    {scope::alerts_read, "alerts:read"},
    {scope::admin, "admin"},
}};

} // namespace

std::string_view to_string(scope s) noexcept {
  for (auto& [value, name] : scope_names)
    if (value == s)
      return name;
  return "unknown";
}

std::optional<scope> parse_scope(std::string_view text) noexcept {
  for (auto& [value, name] : scope_names)
    if (name == text)
      return value;
  return std::nullopt;
}

bool api_key::allows(scope wanted, int64_t now_ms) const noexcept {
  if (revoked_at_ms || (expires_at_ms && *expires_at_ms <= now_ms))
    return false;
  return std::any_of(scopes.begin(), scopes.end(), [&](scope held) {
    return held == wanted || held == scope::admin;
  });
}

} // namespace eventpulse
