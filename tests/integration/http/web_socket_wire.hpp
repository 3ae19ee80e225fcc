#pragma once
// WebSocket frames as octets, for tests that must send what no client would:
// frames are written and read by hand over a plain connection.

#include "tests/integration/http/wire.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wire {

struct frame {
  bool fin = true;
  unsigned opcode = 0;
  std::string payload;

  /// Of a close frame; 0 where it has none.
  unsigned close_code() const {
    if (payload.size() < 2)
      return 0;
    return static_cast<unsigned>(static_cast<unsigned char>(payload[0])) << 8 |
           static_cast<unsigned char>(payload[1]);
  }
};

inline constexpr unsigned op_text = 1, op_binary = 2, op_close = 8, op_ping = 9,
                          op_pong = 10;

/// As a client sends it, masked.
inline std::string client_frame(unsigned opcode, std::string_view payload) {
  std::string out{static_cast<char>(0x80 | opcode)};
  const auto size = payload.size();
  if (size < 126) {
    out += static_cast<char>(0x80 | size);
  } else {
    out += static_cast<char>(0x80 | (size < 65'536 ? 126 : 127));
    for (int shift = size < 65'536 ? 8 : 56; shift >= 0; shift -= 8)
      out += static_cast<char>(size >> shift & 0xff);
  }
  constexpr std::array<char, 4> mask{0x11, 0x22, 0x33, 0x44};
  out.append(mask.data(), mask.size());
  for (size_t i = 0; i < size; ++i)
    out += static_cast<char>(payload[i] ^ mask[i % 4]);
  return out;
}

inline std::string close_frame(unsigned code, std::string_view reason = {}) {
  std::string payload{static_cast<char>(code >> 8),
                      static_cast<char>(code & 0xff)};
  return client_frame(op_close, payload.append(reason));
}

inline std::string handshake(std::string_view target = "/echo",
                             std::string_view more = {}) {
  return "GET " + std::string{target} +
         " HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
         "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
         std::string{more} + "\r\n";
}

/// The client's end after the handshake.
class web_socket {
public:
  explicit web_socket(connection& link) : link_(link) {}

  /// The next frame; nullopt at the end of the connection or the deadline.
  std::optional<frame> read(std::chrono::milliseconds patience = 10s) {
    const auto end = std::chrono::steady_clock::now() + patience;
    for (;;) {
      if (auto found = split())
        return found;
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      auto more = link_.read_some(left);
      if (more.empty())
        return std::nullopt;
      input_ += more;
    }
  }

private:
  std::optional<frame> split() {
    if (input_.size() < 2)
      return std::nullopt;
    const auto octet = [&](size_t i) {
      return static_cast<uint64_t>(static_cast<unsigned char>(input_[i]));
    };
    uint64_t size = octet(1) & 0x7f;
    size_t head = 2;
    if (size >= 126) {
      const size_t count = size == 126 ? 2 : 8;
      if (input_.size() < head + count)
        return std::nullopt;
      size = 0;
      for (size_t i = 0; i < count; ++i)
        size = size << 8 | octet(head + i);
      head += count;
    }
    if (input_.size() < head + size)
      return std::nullopt;
    frame out{(octet(0) & 0x80) != 0, static_cast<unsigned>(octet(0) & 0xf),
              input_.substr(head, size)};
    input_.erase(0, head + size);
    return out;
  }

  connection& link_;
  std::string input_;
};

} // namespace wire
