#include "runtime/app/file_write.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace eventpulse {

namespace {

failure cannot_write(const std::string& path) {
  return {errc::unavailable,
          "cannot write " + path + ": " + std::strerror(errno)};
}

bool write_all(int fd, const std::string& bytes) {
  size_t at = 0;
  while (at < bytes.size()) {
    const auto done = write(fd, bytes.data() + at, bytes.size() - at);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return false;
    at += static_cast<size_t>(done);
  }
  return true;
}

} // namespace

result<void> write_file(const std::string& path, const std::string& bytes,
                        mode_t mode,
                        const std::optional<user_identity>& owner) {
  auto beside = path + ".XXXXXX";
  const auto fd = mkostemp(beside.data(), O_CLOEXEC); // mode 0600
  if (fd < 0)
    return cannot_write(path);
  const bool written = write_all(fd, bytes) && fchmod(fd, mode) == 0 &&
                       (!owner || fchown(fd, owner->uid, owner->gid) == 0) &&
                       fsync(fd) == 0;
  const auto error = errno;
  close(fd);
  if (!written || rename(beside.c_str(), path.c_str()) != 0) {
    errno = written ? errno : error;
    const auto why = cannot_write(path);
    unlink(beside.c_str());
    return why;
  }
  const auto parent = std::filesystem::path{path}.parent_path();
  const auto directory =
      open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_CLOEXEC);
  if (directory >= 0) {
    fsync(directory); // makes the rename durable; some file systems refuse
    close(directory);
  }
  return {};
}

} // namespace eventpulse
