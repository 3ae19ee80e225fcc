#pragma once
// The parts of a rule document that are objects of their own. Used by the
// document reader alone.

#include "runtime/core/rules/field_reader.hpp"

namespace eventpulse {

void read_window(reading& all, field_reader& in, rule_document& out);
void read_absence(reading& all, field_reader& in, rule_document& out);
void read_sequence(reading& all, field_reader& in, rule_document& out);
void read_anomaly(reading& all, field_reader& in, rule_document& out);
void read_alert(reading& all, field_reader& in, rule_document& out);
void read_tests(reading& all, field_reader& in, rule_document& out);

} // namespace eventpulse
