#include "runtime/adapters/postgres/names.hpp"

#include "runtime/adapters/postgres/values.hpp"
#include "runtime/core/base/check.hpp"

#include <initializer_list>

namespace eventpulse::postgres {

namespace {

template <class Enum>
Enum find(const std::string& name, std::initializer_list<Enum> all) {
  for (auto value : all)
    if (name == name_of(value))
      return value;
  throw value_corrupt("no such state: " + name);
}

} // namespace

const char* name_of(severity s) {
  switch (s) {
  case severity::info:
    return "info";
  case severity::warning:
    return "warning";
  case severity::critical:
    return "critical";
  }
  check_failed("a known severity", __FILE__, __LINE__);
}

const char* name_of(alert_state s) {
  switch (s) {
  case alert_state::firing:
    return "firing";
  case alert_state::resolved:
    return "resolved";
  }
  check_failed("a known alert_state", __FILE__, __LINE__);
}

const char* name_of(delivery_state s) {
  switch (s) {
  case delivery_state::pending:
    return "pending";
  case delivery_state::delivered:
    return "delivered";
  case delivery_state::failed:
    return "failed";
  }
  check_failed("a known delivery_state", __FILE__, __LINE__);
}

const char* name_of(rule_state s) {
  switch (s) {
  case rule_state::pending:
    return "pending";
  case rule_state::catching_up:
    return "catching_up";
  case rule_state::active:
    return "active";
  case rule_state::degraded:
    return "degraded";
  case rule_state::off:
    return "off";
  }
  check_failed("a known rule_state", __FILE__, __LINE__);
}

severity severity_of(const std::string& name) {
  return find(name, {severity::info, severity::warning, severity::critical});
}

alert_state alert_state_of(const std::string& name) {
  return find(name, {alert_state::firing, alert_state::resolved});
}

delivery_state delivery_state_of(const std::string& name) {
  return find(name, {delivery_state::pending, delivery_state::delivered,
                     delivery_state::failed});
}

rule_state rule_state_of(const std::string& name) {
  return find(name,
              {rule_state::pending, rule_state::catching_up, rule_state::active,
               rule_state::degraded, rule_state::off});
}

} // namespace eventpulse::postgres
