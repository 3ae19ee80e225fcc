#pragma once
// The actor that says how the process is: /healthz, /readyz, /metrics.

#include "messages/protocols/atoms.hpp"
#include "messages/protocols/unsafe.hpp"

#include <caf/actor.hpp>
#include <caf/typed_actor.hpp>

namespace eventpulse {

using health_actor = caf::typed_actor<
    /// Answered through its reply functor.
    caf::reacts_to<http_exchange>,
    /// A part of the process is ready (empty text) or not, and why.
    caf::reacts_to<report_atom, std::string, std::string>,
    /// A new stream_writer, which readiness asks.
    caf::reacts_to<found_atom, std::string, caf::actor>>;

} // namespace eventpulse
