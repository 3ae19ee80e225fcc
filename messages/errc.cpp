#include "messages/errc.hpp"

namespace eventpulse {

std::string_view describe(errc code) noexcept {
  switch (code) {
  case errc::malformed:
    return "the input is not well-formed";
  case errc::invalid:
    return "the input is well-formed but not valid";
  case errc::too_large:
    return "the input is over a limit";
  case errc::unsupported:
    return "the content type or encoding is not supported";
  case errc::unauthenticated:
    return "an API key is required";
  case errc::forbidden:
    return "the API key does not have the scope";
  case errc::not_found:
    return "there is no such thing";
  case errc::conflict:
    return "the present state does not allow it";
  case errc::rate_limited:
    return "the API key is over its rate";
  case errc::unavailable:
    return "a server that is needed cannot be reached";
  case errc::overloaded:
    return "a limit of this server is reached";
  case errc::outcome_unknown:
    return "the answer was lost, so it may have happened";
  case errc::timed_out:
    return "there was no answer in time";
  case errc::fenced:
    return "the lease belongs to another process now";
  case errc::rejected:
    return "the database refuses this value";
  case errc::corrupt:
    return "stored data cannot be read back";
  case errc::shutting_down:
    return "the server is shutting down";
  case errc::internal:
    return "an internal fault";
  }
  return "an unknown failure";
}

bool retryable(errc code) noexcept {
  switch (code) {
  case errc::rate_limited:
  case errc::unavailable:
  case errc::overloaded:
  case errc::outcome_unknown:
  case errc::timed_out:
  case errc::shutting_down:
    return true;
  case errc::malformed:
  case errc::invalid:
  case errc::too_large:
  case errc::unsupported:
  case errc::unauthenticated:
  case errc::forbidden:
  case errc::not_found:
  case errc::conflict:
  case errc::fenced:
  case errc::rejected:
  case errc::corrupt:
  case errc::internal:
    return false;
  }
  return false;
}

std::string_view reason(errc code) noexcept {
  switch (code) {
  case errc::malformed:
    return "malformed";
  case errc::invalid:
    return "invalid";
  case errc::too_large:
    return "too_large";
  case errc::unsupported:
    return "unsupported";
  case errc::unauthenticated:
    return "unauthenticated";
  case errc::forbidden:
    return "forbidden";
  case errc::not_found:
    return "not_found";
  case errc::conflict:
    return "conflict";
  case errc::rate_limited:
    return "rate_limited";
  case errc::unavailable:
    return "unavailable";
  case errc::overloaded:
    return "overloaded";
  case errc::outcome_unknown:
    return "outcome_unknown";
  case errc::timed_out:
    return "timed_out";
  case errc::fenced:
    return "fenced";
  case errc::rejected:
    return "rejected";
  case errc::corrupt:
    return "corrupt";
  case errc::shutting_down:
    return "shutting_down";
  case errc::internal:
    return "internal";
  }
  return "unknown";
}

} // namespace eventpulse
