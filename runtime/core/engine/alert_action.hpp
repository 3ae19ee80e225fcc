#pragma once
// What an operator does to an alert: acknowledge it, resolve it by hand. Each
// is a control input, so that live evaluation, recovery and back-tests meet it
// at the same place in the order. Written by the stores, read by the router.

#include "messages/batch.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eventpulse {

struct alert_action {
  enum class kind : uint8_t { acknowledge, resolve };
  kind what = kind::acknowledge;
  std::string alert;
  std::string rule;
  std::string group_json; // JSON array, as the alert has it
  std::string by;         // the API key's name
  std::string comment;

  friend bool operator==(const alert_action&, const alert_action&) = default;
};

/// "alert.acknowledged", "alert.resolved".
std::string_view control_kind(alert_action::kind what) noexcept;

/// Of its control row: an alert is acknowledged once and resolved once, so what
/// is asked for again is the same row.
std::string control_id(const alert_action& action);

/// The body of its control row.
std::string to_json(const alert_action& action);

/// nullopt for a control of another kind, or with a body that is none.
std::optional<alert_action> parse_alert_action(const control_input& control);

/// Where it stands in the order.
struct placed_action {
  order_key key;
  alert_action what;
};

/// The resolutions among `controls`, up to `until`, of alerts of this rule.
std::vector<placed_action>
resolutions_of(const std::vector<control_input>& controls,
               const std::string& rule, const order_key& until);

} // namespace eventpulse
