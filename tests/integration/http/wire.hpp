#pragma once
// The other end of a connection in the tests of the HTTP server: a plain TCP
// socket that sends exactly the octets it is given and reads what comes, each
// wait with a deadline. Knows just enough HTTP to split answers.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wire {

using namespace std::chrono_literals;

struct answer {
  unsigned status = 0;
  std::string head;
  std::string body;

  bool has(std::string_view text) const {
    return head.find(text) != std::string::npos;
  }
};

class connection {
public:
  explicit connection(uint16_t port, int receive_buffer = 0)
      : handle_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0)
      ::setsockopt(handle_, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
                   sizeof receive_buffer);
    const int on = 1;
    ::setsockopt(handle_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(handle_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
      throw std::runtime_error("cannot connect");
  }

  ~connection() {
    if (handle_ >= 0)
      ::close(handle_);
  }

  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// As much as the server takes before the deadline; returns how much.
  size_t send(std::string_view text, std::chrono::milliseconds patience = 5s) {
    const auto end = std::chrono::steady_clock::now() + patience;
    size_t sent = 0;
    while (sent < text.size() && ready(POLLOUT, end)) {
      const auto n = ::send(handle_, text.data() + sent, text.size() - sent,
                            MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno != EAGAIN)
        break;
      sent += n > 0 ? static_cast<size_t>(n) : 0;
    }
    return sent;
  }

  void half_close() { ::shutdown(handle_, SHUT_WR); }

  /// Ends it with a reset, as a crashed client does.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(handle_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ::close(handle_);
    handle_ = -1;
  }

  /// The next final answer (`head_only`: to HEAD), or nullopt at the end of the
  /// connection or the deadline.
  std::optional<answer> read(std::chrono::milliseconds patience = 10s,
                             bool head_only = false) {
    const auto end = std::chrono::steady_clock::now() + patience;
    for (;;) {
      if (auto found = split(head_only)) {
        if (found->status != 100)
          return found;
        ++interim_;
        continue;
      }
      if (!more(end))
        return std::nullopt;
    }
  }

  // Of the next answer; 0 and "no answer" where there is none.
  unsigned read_status() {
    const auto got = read();
    return got ? got->status : 0;
  }

  std::string read_body() {
    const auto got = read();
    return got ? got->body : "no answer";
  }

  /// All answers up to the end of the connection.
  std::vector<answer> read_all(std::chrono::milliseconds patience = 10s,
                               bool head_only = false) {
    std::vector<answer> out;
    while (auto next = read(patience, head_only))
      out.push_back(std::move(*next));
    return out;
  }

  /// Whether the server ends the connection without another octet.
  bool ends(std::chrono::milliseconds patience = 10s) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (more(end)) {
    }
    return ended_ && input_.empty();
  }

  /// Whether an octet comes before the deadline.
  bool hears(std::chrono::milliseconds patience) {
    return more(std::chrono::steady_clock::now() + patience);
  }

  /// What has come after the answers that were read, or comes before the
  /// deadline; empty at the end of the connection too.
  std::string read_some(std::chrono::milliseconds patience) {
    if (input_.empty())
      more(std::chrono::steady_clock::now() + patience);
    return std::exchange(input_, {});
  }

  int interim_answers() const { return interim_; }
  bool ended() const { return ended_; }

private:
  using time_point = std::chrono::steady_clock::time_point;

  bool ready(short what, time_point end) const {
    pollfd waiting{handle_, what, 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    return left.count() > 0 &&
           ::poll(&waiting, 1, static_cast<int>(left.count())) > 0;
  }

  bool more(time_point end) {
    if (ended_ || !ready(POLLIN, end))
      return false;
    char text[65536];
    const auto n = ::recv(handle_, text, sizeof text, 0);
    ended_ = n <= 0;
    if (n > 0)
      input_.append(text, static_cast<size_t>(n));
    return n > 0;
  }

  std::optional<answer> split(bool head_only) {
    const size_t end = input_.find("\r\n\r\n");
    if (end == std::string::npos)
      return std::nullopt;
    answer out;
    out.head = input_.substr(0, end + 2);
    out.status =
        static_cast<unsigned>(std::strtoul(out.head.c_str() + 9, nullptr, 10));
    size_t length = 0;
    if (const size_t at = out.head.find("Content-Length: ");
        at != std::string::npos && !head_only)
      length = std::strtoul(out.head.c_str() + at + 16, nullptr, 10);
    if (input_.size() < end + 4 + length)
      return std::nullopt;
    out.body = input_.substr(end + 4, length);
    input_.erase(0, end + 4 + length);
    return out;
  }

  int handle_;
  std::string input_;
  bool ended_ = false;
  int interim_ = 0;
};

/// Polls a condition of the other side; false after the deadline.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds patience = 10s) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

} // namespace wire
