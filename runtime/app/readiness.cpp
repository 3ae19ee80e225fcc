#include "runtime/app/readiness.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace eventpulse {

namespace {

using clock = std::chrono::steady_clock;

/// One question and the beginning of its answer, on a non-blocking socket.
class probe {
public:
  probe(int family, std::chrono::milliseconds limit)
      : fd_(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
        end_(clock::now() + limit) {}
  probe(const probe&) = delete;
  probe& operator=(const probe&) = delete;
  ~probe() {
    if (fd_ >= 0)
      close(fd_);
  }

  bool reach(const sockaddr* to, socklen_t size) {
    if (fd_ < 0)
      return false;
    if (connect(fd_, to, size) == 0)
      return true;
    int error = 0;
    socklen_t length = sizeof error;
    return errno == EINPROGRESS && wait(POLLOUT) &&
           getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length) == 0 &&
           error == 0;
  }

  bool say(const std::string& text) {
    return wait(POLLOUT) && send(fd_, text.data(), text.size(), MSG_NOSIGNAL) ==
                                static_cast<ssize_t>(text.size());
  }

  std::string hear(size_t bytes) {
    std::string out;
    char piece[256];
    while (out.size() < bytes && wait(POLLIN)) {
      const auto got = recv(fd_, piece, sizeof piece, 0);
      if (got <= 0)
        break;
      out.append(piece, static_cast<size_t>(got));
    }
    return out;
  }

private:
  bool wait(short what) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end_ - clock::now());
    pollfd on{fd_, what, 0};
    return left.count() > 0 && poll(&on, 1, static_cast<int>(left.count())) > 0;
  }

  int fd_;
  clock::time_point end_;
};

struct any_address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

any_address numeric(const std::string& text, uint16_t port) {
  any_address out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.bytes);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.bytes);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    out.size = sizeof *v4;
  } else if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    out.size = sizeof *v6;
  }
  return out;
}

} // namespace

bool redis_answers(const std::string& socket_path,
                   std::chrono::milliseconds limit) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof to.sun_path)
    return false;
  std::memcpy(to.sun_path, socket_path.c_str(), socket_path.size() + 1);
  probe p{AF_UNIX, limit};
  const std::string pong = "+PONG\r\n";
  return p.reach(reinterpret_cast<const sockaddr*>(&to), sizeof to) &&
         p.say("PING\r\n") && p.hear(pong.size()) == pong;
}

bool http_answers(const std::string& address, uint16_t port,
                  const std::string& path, std::chrono::milliseconds limit) {
  const auto to = numeric(address, port);
  if (to.size == 0)
    return false;
  probe p{to.bytes.ss_family, limit};
  if (!p.reach(reinterpret_cast<const sockaddr*>(&to.bytes), to.size))
    return false;
  if (path.empty())
    return true;
  const std::string good = "HTTP/1.1 200";
  return p.say("GET " + path +
               " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") &&
         p.hear(good.size()).starts_with(good);
}

std::string why_not_listen(const std::string& address, uint16_t& port) {
  auto at = numeric(address, port);
  if (at.size == 0)
    return "'" + address + "' is no numeric address";
  const auto fd = socket(at.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return std::strerror(errno);
  // As the server does; a connection of an earlier run that lingers is no
  // obstacle to it.
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  std::string why;
  if (bind(fd, reinterpret_cast<sockaddr*>(&at.bytes), at.size) != 0 ||
      listen(fd, 1) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&at.bytes), &at.size) != 0)
    why = std::strerror(errno);
  else if (at.bytes.ss_family == AF_INET)
    port = ntohs(reinterpret_cast<sockaddr_in*>(&at.bytes)->sin_port);
  else
    port = ntohs(reinterpret_cast<sockaddr_in6*>(&at.bytes)->sin6_port);
  close(fd);
  return why;
}

} // namespace eventpulse
