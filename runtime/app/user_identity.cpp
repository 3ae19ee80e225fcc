#include "runtime/app/user_identity.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace eventpulse {

namespace {

constexpr size_t record_bytes = 16'384;

} // namespace

user_identity current_user() {
  return user_of(geteuid(), getegid());
}

result<user_identity> find_user(const std::string& name) {
  passwd record{};
  passwd* found = nullptr;
  std::array<char, record_bytes> buffer;
  if (getpwnam_r(name.c_str(), &record, buffer.data(), buffer.size(), &found) !=
          0 ||
      !found)
    return {errc::not_found, "no user '" + name + "' on this system"};
  return user_identity{record.pw_uid, record.pw_gid, name};
}

user_identity user_of(uid_t uid, gid_t gid) {
  passwd record{};
  passwd* found = nullptr;
  std::array<char, record_bytes> buffer;
  if (getpwuid_r(uid, &record, buffer.data(), buffer.size(), &found) != 0 ||
      !found)
    return {uid, gid, std::to_string(uid)};
  return {uid, gid, record.pw_name};
}

bool may_access(const user_identity& who, const std::filesystem::path& path,
                int mode) {
  const bool change = geteuid() == 0 && who.uid != 0;
  const auto text = path.string();
  const auto child = fork();
  if (child < 0)
    return false;
  if (child == 0) {
    if (change && (setgroups(0, nullptr) != 0 || setgid(who.gid) != 0 ||
                   setuid(who.uid) != 0))
      _exit(2);
    _exit(access(text.c_str(), mode) == 0 ? 0 : 1);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      return false;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace eventpulse
