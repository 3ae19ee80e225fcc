#pragma once
// errc as a CAF error, so that handlers answer with it and askers read it back.

#include "messages/result.hpp"

#include <caf/error.hpp>

#include <string>

namespace eventpulse {

/// CAF finds this by argument-dependent look-up: `return errc::fenced;`.
caf::error make_error(errc code);
caf::error to_error(const failure& f);

/// The failure inside a CAF error. Errors of CAF's own (a dead receiver, a
/// timeout) become unavailable or timed_out.
failure to_failure(const caf::error& e);

/// A result as a handler's answer, its value moved out.
template <class T>
caf::error error_of(const result<T>& r) {
  return to_error(r.error());
}

} // namespace eventpulse
