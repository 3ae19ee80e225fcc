// Logs that children append to: read for messages, kept within a bound.

#include "runtime/app/processes.hpp"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

namespace eventpulse {

std::string log_tail(const std::string& path, size_t lines) {
  constexpr std::streamoff bytes_max = 8192;
  std::ifstream in{path, std::ios::binary | std::ios::ate};
  if (!in)
    return {};
  const auto size = static_cast<std::streamoff>(in.tellg());
  in.seekg(size > bytes_max ? size - bytes_max : 0);
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  size_t from = text.size();
  for (size_t i = 0; i < lines && from != std::string::npos && from > 0; ++i)
    from = text.rfind('\n', from - 1);
  return from == std::string::npos || from == 0 ? text : text.substr(from + 1);
}

void bound_log(const std::string& path, size_t bytes_max) {
  // Copy and cut, not rename: the writers hold the file open for appending. The
  // lines written between the two steps are lost, which a log can bear. Links
  // are not followed: the directory may belong to a less trusted user.
  const auto from = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (from < 0)
    return;
  struct stat is {};
  if (fstat(from, &is) == 0 && static_cast<size_t>(is.st_size) > bytes_max) {
    const auto old = path + ".1";
    unlink(old.c_str());
    const auto to =
        open(old.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (to >= 0) {
      off_t at = 0;
      while (at < is.st_size &&
             sendfile(to, from, &at, static_cast<size_t>(is.st_size - at)) >
                 0) {
      }
      close(to);
    }
    // Cut even where the copy failed: a full disk is the likeliest reason.
    [[maybe_unused]] const auto cut = ftruncate(from, 0);
  }
  close(from);
}

} // namespace eventpulse
