#pragma once
// Enumerations as the words that stand in tables, and back. A word that is
// none of ours is a stored value that cannot be read (value_corrupt).

#include "messages/alert.hpp"
#include "messages/delivery.hpp"
#include "messages/rule.hpp"

#include <string>

namespace eventpulse::postgres {

const char* name_of(severity s);
const char* name_of(alert_state s);
const char* name_of(delivery_state s);
const char* name_of(rule_state s);

severity severity_of(const std::string& name);
alert_state alert_state_of(const std::string& name);
delivery_state delivery_state_of(const std::string& name);
rule_state rule_state_of(const std::string& name);

} // namespace eventpulse::postgres
