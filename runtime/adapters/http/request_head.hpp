#pragma once
// Reads the head of a request: request line and fields up to the empty line
// (RFC 9112 sections 2 to 6), octet by octet as they arrive, and decides how
// the body is framed. Used by the session; pure, so the corpus of hostile
// requests runs against it without a socket.
//
// It is our own and stricter than Boost.Beast's parser, which takes obs-fold,
// spaces it should not, several Host fields and Transfer-Encoding beside
// Content-Length: a second reader in front of Beast's could disagree with it,
// and two readers that disagree are what request smuggling needs.
//
// Promises: never holds more than the limits; whatever is refused has a status
// and a reason. Refuses each optional leniency of RFC 9112.

#include "messages/http.hpp"
#include "runtime/adapters/http/line_reader.hpp"
#include "runtime/adapters/http/violation.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace eventpulse::http {

enum class body_framing { none, length, chunked };
enum class expectation { none, go_on };

struct request_head {
  http_request request; // without `remote` and `encrypted`
  unsigned minor = 1;   // HTTP/1.minor
  bool keep_alive = true;
  body_framing framing = body_framing::none;
  uint64_t length = 0; // where framing is length
  expectation expect = expectation::none;
};

struct head_limits {
  size_t bytes_max = 16'384; // request line and fields with their CRLFs
  size_t fields_max = 100;
};

class head_reader {
public:
  enum class state { more, done, refused };

  explicit head_reader(head_limits limits) : limits_(limits) {}

  /// Takes octets up to the end of the head; returns how many it took.
  size_t consume(std::string_view input);

  state now() const noexcept { return state_; }

  /// Whether anything but empty lines has arrived.
  bool begun() const noexcept { return line_seen_ || line_.size() > 0; }

  /// Only in the state done.
  request_head& head() noexcept { return head_; }

  /// Only in the state refused.
  const violation& refusal() const noexcept { return refusal_; }

private:
  void on_line(std::string_view line);
  void on_request_line(std::string_view line);
  void on_field(std::string_view line);
  void on_end();
  void refuse(unsigned status, std::string detail);

  head_limits limits_;
  line_reader line_;
  size_t bytes_ = 0; // of the lines before this one
  bool line_seen_ = false;
  state state_ = state::more;
  request_head head_;
  std::optional<std::string> authority_;
  violation refusal_;
};

/// One field line "name: value" without its CRLF, or what is wrong with it.
/// Also for trailers.
std::variant<std::pair<std::string, std::string>, violation>
read_field(std::string_view line);

} // namespace eventpulse::http
