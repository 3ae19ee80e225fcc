#include "runtime/core/engine/alert_action.hpp"

#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/json_text.hpp"

#include <boost/json.hpp>

#include <array>

namespace eventpulse {

namespace {

using text_field = std::pair<const char*, std::string alert_action::*>;

constexpr std::array<text_field, 5> fields{
    {{"alert", &alert_action::alert},
     {"rule", &alert_action::rule},
     {"group", &alert_action::group_json},
     {"by", &alert_action::by},
     {"comment", &alert_action::comment}}};

} // namespace

std::string_view control_kind(alert_action::kind what) noexcept {
  switch (what) {
  case alert_action::kind::acknowledge:
    return "alert.acknowledged";
  case alert_action::kind::resolve:
    return "alert.resolved";
  }
  return "unknown";
}

std::string control_id(const alert_action& action) {
  return uuid_v5("control/" + std::string(control_kind(action.what)) + '/' +
                 action.alert);
}

std::string to_json(const alert_action& action) {
  std::string out;
  for (auto& [name, member] : fields) {
    out += out.empty() ? '{' : ',';
    append_json_string(out, name);
    out += ':';
    append_json_string(out, action.*member);
  }
  return out + '}';
}

std::optional<alert_action> parse_alert_action(const control_input& control) {
  alert_action out;
  if (control.kind == control_kind(alert_action::kind::resolve))
    out.what = alert_action::kind::resolve;
  else if (control.kind != control_kind(alert_action::kind::acknowledge))
    return std::nullopt;
  boost::system::error_code wrong;
  auto parsed = boost::json::parse(control.body, wrong);
  auto* body = wrong ? nullptr : parsed.if_object();
  if (!body)
    return std::nullopt;
  for (auto& [name, member] : fields) {
    auto* text = body->if_contains(name);
    if (!text || !text->is_string())
      return std::nullopt;
    out.*member = text->as_string();
  }
  return out;
}

std::vector<placed_action>
resolutions_of(const std::vector<control_input>& controls,
               const std::string& rule, const order_key& until) {
  std::vector<placed_action> out;
  for (auto& control : controls)
    if (auto action = parse_alert_action(control);
        action && action->what == alert_action::kind::resolve &&
        action->rule == rule && control.key <= until)
      out.push_back({control.key, std::move(*action)});
  return out;
}

} // namespace eventpulse
