#include "messages/protocols/errors.hpp"

#include <caf/atom.hpp>
#include <caf/deep_to_string.hpp>
#include <caf/make_message.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

namespace eventpulse {

namespace {

constexpr auto category = caf::atom("eventpulse");

} // namespace

caf::error make_error(errc code) {
  return {static_cast<uint8_t>(code), category};
}

caf::error to_error(const failure& f) {
  return {static_cast<uint8_t>(f.code), category, caf::make_message(f.detail)};
}

failure to_failure(const caf::error& e) {
  if (e.category() == category) {
    failure f{static_cast<errc>(e.code()), {}};
    if (e.context().match_elements<std::string>())
      f.detail = e.context().get_as<std::string>(0);
    return f;
  }
  if (e == caf::sec::request_timeout)
    return {errc::timed_out, "no answer from an actor"};
  if (e == caf::sec::request_receiver_down)
    return {errc::unavailable, "an actor is being restarted"};
  return {errc::internal, caf::deep_to_string(e)};
}

} // namespace eventpulse
