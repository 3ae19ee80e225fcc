#pragma once
// Every failure that EventPulse expects. Adapters turn foreign failures into
// one of these; messages/problem.cpp turns them into HTTP answers.
// Each value has a sentence for people, says whether trying again may help, and
// has a short name for metric labels.

#include <cstdint>
#include <string_view>

namespace eventpulse {

enum class errc : uint8_t {
  // what the caller sent
  malformed = 1,   // not the syntax it claims to be (JSON, UTF-8, YAML)
  invalid,         // well-formed but against its rules
  too_large,       // over a stated limit
  unsupported,     // a content type or encoding we do not take
  unauthenticated, // no key, or one we do not know
  forbidden,       // the key lacks the scope
  not_found,       // no such thing
  conflict,        // the state forbids it (version, in use, exists)
  rate_limited,    // over the key's rate
  // what we depend on
  unavailable,     // server away, loading, read-only; later it may work
  overloaded,      // a bound of ours is reached
  outcome_unknown, // sent, but the answer was lost: it may have happened
  timed_out,       // no answer in time, and nothing has happened
  fenced,          // the lease is somebody else's now
  rejected,        // the server refuses this very value (SQLSTATE 22, 23)
  corrupt,         // stored data that cannot be read back
  // ourselves
  shutting_down, // draining
  internal,      // a fault of ours
};

/// A sentence for people, without a full stop.
std::string_view describe(errc code) noexcept;

/// Whether the same call may succeed later without anybody changing it.
bool retryable(errc code) noexcept;

/// The value of a `reason` metric label: `[a-z_]+`.
std::string_view reason(errc code) noexcept;

} // namespace eventpulse
