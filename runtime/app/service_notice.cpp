#include "runtime/app/service_notice.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace eventpulse {

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::optional<int64_t> number_of(std::string_view text) {
  int64_t out = 0;
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, out);
  if (parsed.ec != std::errc{} || parsed.ptr != end || out <= 0)
    return std::nullopt;
  return out;
}

} // namespace

service_notice service_notice::of_environment() {
  service_notice out{environment("NOTIFY_SOCKET")};
  const auto whose = number_of(environment("WATCHDOG_PID"));
  const auto within = number_of(environment("WATCHDOG_USEC"));
  if (within && (!whose || *whose == getpid()))
    out.watchdog_interval = std::chrono::milliseconds{*within / 2000};
  return out;
}

void service_notice::tell(const std::string& what) const {
  sockaddr_un where{};
  if (socket_.empty() || socket_.size() >= sizeof where.sun_path)
    return;
  where.sun_family = AF_UNIX;
  std::memcpy(where.sun_path, socket_.data(), socket_.size());
  if (where.sun_path[0] == '@')
    where.sun_path[0] = '\0'; // an abstract name
  const auto fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return;
  const auto size = offsetof(sockaddr_un, sun_path) + socket_.size();
  // Never blocks: a manager that does not read must not hold us up.
  sendto(fd, what.data(), what.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
         reinterpret_cast<const sockaddr*>(&where),
         static_cast<socklen_t>(size));
  close(fd);
}

} // namespace eventpulse
