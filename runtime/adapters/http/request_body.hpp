#pragma once
// Reads the body of a request after its head: so many octets, or chunks with
// extensions and trailers (RFC 9112 sections 6 and 7.1), as they arrive. Used
// by the session; pure. Strict: hexadecimal sizes without sign or space, CRLF
// only, extensions by their grammar. Promises to write no more than it is
// allowed to and to hold no more than one line and the trailers. Extensions are
// checked and dropped; trailers are kept apart and never become headers.

#include "runtime/adapters/http/line_reader.hpp"
#include "runtime/adapters/http/request_head.hpp"

namespace eventpulse::http {

struct body_limits {
  uint64_t bytes_max = 0; // of payload
  size_t chunk_line_bytes_max = 1024;
  size_t trailer_bytes_max = 16'384;
};

class body_reader {
public:
  enum class state { more, done, refused };

  /// Nothing to read.
  body_reader() : state_(state::done) {}

  body_reader(const request_head& head, body_limits limits);

  /// Takes octets of `input` and appends payload to `out` until `out` has
  /// `out_max` octets or the body ends; returns how many it took.
  size_t consume(std::string_view input, std::string& out, size_t out_max);

  state now() const noexcept { return state_; }

  /// Payload so far.
  uint64_t received() const noexcept { return received_; }

  /// Only in the state refused.
  const violation& refusal() const noexcept { return refusal_; }

  const http_headers& trailers() const noexcept { return trailers_; }

private:
  enum class part { data, size_line, data_end, trailer };

  size_t consume_data(std::string_view input, std::string& out, size_t out_max);
  size_t consume_line(std::string_view input);
  void on_line(std::string_view line);
  void on_size_line(std::string_view line);
  void on_trailer(std::string_view line);
  void refuse(unsigned status, std::string detail);

  body_framing framing_ = body_framing::none;
  body_limits limits_;
  part part_ = part::data;
  uint64_t left_ = 0; // of the body, or of this chunk
  uint64_t received_ = 0;
  size_t trailer_bytes_ = 0;
  line_reader line_;
  http_headers trailers_;
  state state_ = state::more;
  violation refusal_;
};

} // namespace eventpulse::http
