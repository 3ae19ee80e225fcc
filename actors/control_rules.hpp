#pragma once
// What the routes over rules share: a rule as they show it, a body as a rule,
// and the answer to a publish.

#include "actors/control_call.hpp"
#include "runtime/core/rules/compile.hpp"

#include <boost/json.hpp>

#include <optional>
#include <variant>

namespace eventpulse {

/// The document with its version, when and by whom; a tombstone has no
/// document.
boost::json::object rule_object(const rule_version& v);

/// Adds a problem for every name in `notify` that is no channel.
result<void> find_unknown_channels(const control_call& call, rule_draft& draft);

/// Whether the channels that a document names must be there: to publish it.
enum class named_channels : uint8_t { unchecked, there };

/// A body's document in its compiled form, or the answer that says all that is
/// wrong with it.
std::variant<compiled_rule_ptr, problem>
compiled_body(const control_call& call,
              named_channels channels = named_channels::unchecked);

/// Publishes `rule` in its canonical form. A precondition of the request that
/// does not hold is 412 (RFC 9110 section 13.1.1); where the request had none,
/// `expected` is what the rule must still be at, else 409.
result<control_outcome> publish_rule(control_call& call,
                                     const compiled_rule& rule,
                                     std::optional<int64_t> expected = {});

} // namespace eventpulse
