#pragma once
// The actor that feeds WebSockets: GET /v1/live.

#include "messages/protocols/atoms.hpp"
#include "messages/protocols/unsafe.hpp"
#include "messages/web_socket.hpp"

#include <caf/actor.hpp>
#include <caf/typed_actor.hpp>

namespace eventpulse {

using wrote_atom = caf::atom_constant<caf::atom("wrote")>;
using said_atom = caf::atom_constant<caf::atom("said")>;

using web_socket_ptr = std::shared_ptr<web_socket>;

using live_feed_actor = caf::typed_actor<
    /// A handshake; answered through its reply functor.
    caf::reacts_to<web_socket_request>,
    /// A socket is open; so many bytes have left it; it said something; it is
    /// closed. From its listener.
    caf::reacts_to<up_atom, uint64_t, web_socket_ptr>,
    caf::reacts_to<wrote_atom, uint64_t, uint64_t>,
    caf::reacts_to<said_atom, uint64_t>, caf::reacts_to<down_atom, uint64_t>,
    /// The keys that count from now on.
    caf::reacts_to<keys_atom, key_set_ptr>,
    /// A new key_keeper.
    caf::reacts_to<found_atom, std::string, caf::actor>,
    /// Looks what is new, and drops what is old (to itself).
    caf::reacts_to<pump_atom, uint64_t>, caf::reacts_to<sweep_atom>>;

} // namespace eventpulse

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::web_socket_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::web_socket_request)
