#include "runtime/adapters/redis/wire.hpp"

#include "runtime/adapters/redis/tls_session.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

namespace eventpulse::redis {

namespace {

failure away(std::string_view what, int code) {
  return {errc::unavailable,
          std::string{what} + ": " + std::generic_category().message(code)};
}

/// 0: ready; ETIMEDOUT: the deadline passed; otherwise errno.
int await(int fd, short events, deadline until) {
  for (;;) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd p{fd, events, 0};
    int ms = left.count() > 0
                 ? static_cast<int>(std::min<int64_t>(left.count(), 3'600'000))
                 : 0;
    int ready = ::poll(&p, 1, ms);
    if (ready > 0)
      return 0;
    if (ready < 0 && errno != EINTR)
      return errno;
    if (ready == 0 && std::chrono::steady_clock::now() >= until)
      return ETIMEDOUT;
  }
}

struct free_addresses {
  void operator()(addrinfo* a) const { ::freeaddrinfo(a); }
};

} // namespace

wire::wire() = default;
wire::~wire() {
  close();
}

void wire::close() {
  if (fd_ >= 0)
    ::close(fd_);
  fd_ = -1;
  tls_.reset();
}

bool wire::is_stale() const {
  pollfd p{fd_, POLLIN, 0};
  if (::poll(&p, 1, 0) <= 0)
    return false;
  // TLS 1.3 sends session tickets after the handshake; only an end is stale.
  char probe = 0;
  auto n = ::recv(fd_, &probe, 1, MSG_PEEK | MSG_DONTWAIT);
  return n == 0 || (n < 0 && errno != EAGAIN) || (n > 0 && !tls_);
}

result<void> wire::connect_to(const sockaddr* address, unsigned size,
                              deadline until) {
  close();
  fd_ = ::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                 0);
  if (fd_ < 0)
    return away("socket", errno);
  if (::connect(fd_, address, size) == 0)
    return {};
  int error = errno;
  if (error == EINPROGRESS) {
    error = await(fd_, POLLOUT, until);
    socklen_t length = sizeof error;
    if (error == 0 &&
        ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
      error = errno;
  }
  if (error == 0)
    return {};
  close();
  return away("connecting", error);
}

result<void> wire::open_unix(const endpoint& where, deadline until) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (where.socket_path.size() >= sizeof address.sun_path)
    return {errc::invalid, "the path of the Redis socket has over 107 bytes"};
  std::memcpy(address.sun_path, where.socket_path.c_str(),
              where.socket_path.size() + 1);
  return connect_to(reinterpret_cast<const sockaddr*>(&address), sizeof address,
                    until);
}

result<void> wire::open_tcp(const endpoint& where, deadline until) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int error = ::getaddrinfo(
      where.host.c_str(), std::to_string(where.port).c_str(), &wanted, &found);
  std::unique_ptr<addrinfo, free_addresses> owner{found};
  if (error != 0)
    return {errc::unavailable,
            "looking up " + where.host + ": " + ::gai_strerror(error)};
  result<void> last{errc::unavailable, where.host + " has no address"};
  for (auto* a = found; a != nullptr; a = a->ai_next) {
    last = connect_to(a->ai_addr, a->ai_addrlen, until);
    if (last) {
      int on = 1;
      ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ::setsockopt(fd_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
      return last;
    }
  }
  return last;
}

result<void> wire::open(const endpoint& where, deadline until) {
  auto opened = where.socket_path.empty() ? open_tcp(where, until)
                                          : open_unix(where, until);
  if (opened && where.encrypted)
    opened = shake_hands(where, until);
  if (!opened)
    close();
  return opened;
}

result<void> wire::shake_hands(const endpoint& where, deadline until) {
  auto made = tls_session::make(where);
  if (!made)
    return made.error();
  auto session = std::move(*made);
  std::array<char, 16384> buffer;
  for (;;) {
    auto step = session->handshake();
    // What a failed handshake has to say goes out too: it is the alert.
    if (auto out = session->take_output(); !out.empty())
      if (auto sent = send_raw(out, until); !sent)
        return sent;
    if (!step)
      return step.error();
    if (*step)
      break;
    auto n = receive_raw(buffer, until);
    if (!n)
      return {errc::unavailable, "TLS handshake: " + n.error().detail};
    session->feed({buffer.data(), *n});
  }
  tls_ = std::move(session);
  return {};
}

result<void> wire::send_raw(std::string_view bytes, deadline until) {
  while (!bytes.empty()) {
    auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n > 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
      continue;
    }
    if (n < 0 && errno != EAGAIN && errno != EINTR)
      return away("sending", errno);
    if (int error = await(fd_, POLLOUT, until); error != 0)
      return away("sending", error);
  }
  return {};
}

result<size_t> wire::receive_raw(std::span<char> into, deadline until) {
  for (;;) {
    auto n = ::recv(fd_, into.data(), into.size(), MSG_DONTWAIT);
    if (n > 0)
      return static_cast<size_t>(n);
    if (n == 0)
      return {errc::unavailable, "Redis closed the connection"};
    if (errno == EINTR)
      continue;
    if (errno != EAGAIN)
      return away("receiving", errno);
    int error = await(fd_, POLLIN, until);
    if (error == ETIMEDOUT)
      return {errc::timed_out, "Redis did not answer in time"};
    if (error != 0)
      return away("receiving", error);
  }
}

result<void> wire::send(std::string_view bytes, deadline until) {
  if (!tls_)
    return send_raw(bytes, until);
  auto sealed = tls_->encrypt(bytes);
  if (!sealed)
    return sealed;
  return send_raw(tls_->take_output(), until);
}

result<size_t> wire::receive(std::span<char> into, deadline until) {
  if (!tls_)
    return receive_raw(into, until);
  std::array<char, 16384> sealed;
  for (;;) {
    auto plain = tls_->decrypt(into);
    if (!plain || *plain > 0)
      return plain;
    // Reading may have to answer, for example a key update.
    if (auto out = tls_->take_output(); !out.empty())
      if (auto sent = send_raw(out, until); !sent)
        return sent.error();
    auto n = receive_raw(sealed, until);
    if (!n)
      return n;
    tls_->feed({sealed.data(), *n});
  }
}

} // namespace eventpulse::redis
