#pragma once
// Gathers the attributes of one event, from whichever form, and holds them to
// the rules of CloudEvents 1.0. Used by the parsers of cloud_event.hpp only.
// Promises to tell the first faults (limits::problem_errors_max), not all.

#include "runtime/core/intake/cloud_event.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eventpulse::intake {

/// Where a fault is: in a member of the object at `pointer` of the JSON text,
/// in that object itself, or, without a pointer, in no JSON at all. Cheap to
/// make, as every attribute has one and hardly any has a fault.
struct fault_place {
  std::optional<std::string_view> pointer;
  std::optional<std::string_view> member;
};

class event_builder {
public:
  /// Notes that `name` is given, be it null; false, with a fault, where it was
  /// before or where it is no attribute's name.
  bool claim(std::string_view name, const fault_place& place);

  /// A claimed attribute's value. Strings must be UTF-8.
  void add(std::string_view name, attribute_value value,
           const fault_place& place);

  void add_fault(const fault_place& place, std::string detail);

  /// Fills in what may be left out, or says what is wrong or missing; `place`
  /// points at the event. `defaults.make_id` runs for a good event only.
  event_or_problem finish(json_form form, const fault_place& place,
                          const event_defaults& defaults) &&;

  /// For the payload, and to read what was added.
  event_document& document() { return document_; }

private:
  std::optional<std::string> set(std::string_view name, attribute_value value);
  bool is_given(std::string_view name) const;
  void require(std::string_view name, const fault_place& place);

  event_document document_;
  std::vector<std::string> claimed_; // distinct, null ones too
  std::vector<std::string> given_;   // those with a value, good or bad
  std::string traceparent_;
  std::string tracestate_;
  std::vector<problem_item> faults_;
  size_t fault_count_ = 0; // those not kept too
};

} // namespace eventpulse::intake
