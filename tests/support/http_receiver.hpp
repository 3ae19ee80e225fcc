#pragma once
// A small HTTP/1.1 server on plain sockets, to be somebody else's: it keeps
// what came and answers with whatever bytes a test gives it. A thread a
// connection; keep-alive; bodies by Content-Length.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace eventpulse::test {

struct received_request {
  std::string head; // as it came, up to and without the empty line
  std::string body;

  bool has_line(const std::string& line) const {
    return ("\r\n" + head + "\r\n").find("\r\n" + line + "\r\n") !=
           std::string::npos;
  }
};

/// A whole answer with its length.
inline std::string answer(int status, const std::string& body = {},
                          const std::string& headers = {}) {
  return "HTTP/1.1 " + std::to_string(status) + " Some\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class http_receiver {
public:
  /// Raw bytes to answer with; empty: close; nullopt: never answer.
  using handler =
      std::function<std::optional<std::string>(const received_request&)>;

  explicit http_receiver(handler h = [](const auto&) { return answer(204); })
      : handler_(std::move(h)), fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof a;
    auto* plain = reinterpret_cast<sockaddr*>(&a);
    if (::bind(fd_, plain, size) != 0 || ::listen(fd_, 512) != 0 ||
        ::getsockname(fd_, plain, &size) != 0)
      throw std::runtime_error("the receiver cannot listen");
    port_ = ntohs(a.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ~http_receiver() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      ::shutdown(fd_, SHUT_RDWR);
      for (int c : open_)
        ::shutdown(c, SHUT_RDWR);
    }
    changed_.notify_all();
    acceptor_.join();
    for (auto& t : threads_)
      t.join();
    ::close(fd_);
  }

  http_receiver(const http_receiver&) = delete;
  http_receiver& operator=(const http_receiver&) = delete;

  std::string port() const { return std::to_string(port_); }
  std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + port() + path;
  }

  std::vector<received_request> requests() const {
    std::lock_guard lock(mutex_);
    return requests_;
  }
  size_t connections() const {
    std::lock_guard lock(mutex_);
    return connections_;
  }
  /// Most requests that were in hand at one time.
  size_t busiest() const {
    std::lock_guard lock(mutex_);
    return busiest_;
  }

private:
  void accept_all() {
    for (;;) {
      int c = ::accept(fd_, nullptr, nullptr);
      std::lock_guard lock(mutex_);
      if (c < 0 || stopping_) {
        if (c >= 0)
          ::close(c);
        return;
      }
      ++connections_;
      open_.push_back(c);
      threads_.emplace_back([this, c] { serve(c); });
    }
  }

  void serve(int c) {
    std::string buffer;
    while (auto request = read_request(c, buffer)) {
      {
        std::lock_guard lock(mutex_);
        requests_.push_back(*request);
        busiest_ = std::max(busiest_, ++busy_);
      }
      auto bytes = handler_(*request);
      std::unique_lock lock(mutex_);
      if (!bytes)
        changed_.wait(lock, [this] { return stopping_; });
      --busy_;
      lock.unlock();
      if (!bytes || bytes->empty() || !send_all(c, *bytes))
        break;
    }
    std::lock_guard lock(mutex_);
    std::erase(open_, c);
    ::close(c);
  }

  static bool send_all(int c, std::string_view bytes) {
    while (!bytes.empty()) {
      auto n = ::send(c, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0)
        return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  static bool receive_some(int c, std::string& buffer) {
    char chunk[16384];
    auto n = ::recv(c, chunk, sizeof chunk, 0);
    if (n > 0)
      buffer.append(chunk, static_cast<size_t>(n));
    return n > 0;
  }

  static std::optional<received_request> read_request(int c,
                                                      std::string& buffer) {
    size_t end;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos)
      if (!receive_some(c, buffer))
        return std::nullopt;
    received_request out;
    out.head = buffer.substr(0, end);
    buffer.erase(0, end + 4);
    size_t length = 0;
    if (auto at = out.head.find("Content-Length: "); at != std::string::npos)
      length = std::stoul(out.head.substr(at + 16));
    while (buffer.size() < length)
      if (!receive_some(c, buffer))
        return std::nullopt;
    out.body = buffer.substr(0, length);
    buffer.erase(0, length);
    return out;
  }

  handler handler_;
  int fd_;
  uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::vector<received_request> requests_;
  std::vector<int> open_;
  size_t connections_ = 0;
  size_t busy_ = 0;
  size_t busiest_ = 0;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

} // namespace eventpulse::test
