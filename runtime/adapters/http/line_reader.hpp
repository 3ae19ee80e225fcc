#pragma once
// Takes one CRLF-ended line out of a stream of octets, as the head, the chunk
// framing and the trailers of a request are made of. Strict where RFC 9112
// section 2.2 allows leniency: bare CR, bare LF and control characters are
// refused as soon as they arrive, since intermediaries that read them
// differently are how requests are smuggled. Never holds more than its limit.

#include "runtime/adapters/http/violation.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace eventpulse::http {

class line_reader {
public:
  enum class state { more, line, refused, too_long };

  /// Takes octets up to the end of the line; returns how many it took. The line
  /// with its CRLF may have `bytes_max`. In the states line, refused and
  /// too_long it takes nothing.
  size_t consume(std::string_view input, size_t bytes_max);

  state now() const noexcept { return state_; }

  /// Without its CRLF; only in the state line.
  std::string_view line() const noexcept { return line_; }

  /// What was wrong; only in the state refused.
  const std::string& refusal() const noexcept { return refusal_; }

  /// Octets of the line so far, its CR included.
  size_t size() const noexcept { return line_.size() + (cr_seen_ ? 1 : 0); }

  /// Makes ready for the next line.
  void next();

private:
  void accept(unsigned char c);

  std::string line_;
  std::string refusal_;
  bool cr_seen_ = false;
  state state_ = state::more;
};

} // namespace eventpulse::http
