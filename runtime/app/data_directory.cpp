#include "runtime/app/data_directory.hpp"

#include "runtime/app/file_write.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>

namespace eventpulse {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr size_t socket_path_bytes_max = 107; // sun_path, unix(7)
constexpr std::string_view longest_socket = "/.s.PGSQL.5432";
constexpr std::string_view private_run = "eventpulse-";
constexpr auto servers_gone_within = 60s; // a fast shutdown writes a checkpoint

failure cannot(const std::string& what, const fs::path& path) {
  return {errc::unavailable,
          "cannot " + what + " " + path.string() + ": " + std::strerror(errno)};
}

bool is_root() {
  return geteuid() == 0;
}

/// Only plain files, so that nobody's home or system directory is given away.
bool holds_only_files(const fs::path& path) {
  std::error_code error;
  for (fs::directory_iterator it{path, error}, end; !error && it != end;
       it.increment(error))
    if (fs::is_directory(it->symlink_status()))
      return false;
  return !error;
}

/// The directory's owner, else its parent's, else the one that PostgreSQL's
/// package makes; never root.
result<user_identity> choose_owner(const fs::path& path) {
  struct stat is {};
  if (stat(path.c_str(), &is) == 0 && is.st_uid != 0)
    return user_of(is.st_uid, is.st_gid);
  if (stat(path.parent_path().c_str(), &is) == 0 && is.st_uid != 0)
    return user_of(is.st_uid, is.st_gid);
  auto found = find_user("postgres");
  if (!found)
    return {errc::unavailable,
            "PostgreSQL does not run as root, and there is no user 'postgres' "
            "to run it as: install the package postgresql, or choose a --data "
            "directory that belongs to an ordinary user"};
  return found;
}

result<int> open_lock(const fs::path& path) {
  const auto fd =
      open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return cannot("open", path);
  return fd;
}

std::string holder_of(int fd) {
  char text[64] = {};
  const auto got = pread(fd, text, sizeof text - 1, 0);
  return got > 0 ? std::string{text, static_cast<size_t>(got)} : "unknown";
}

} // namespace

result<std::unique_ptr<data_directory>>
data_directory::open(const fs::path& path) {
  std::unique_ptr<data_directory> out{new data_directory};
  std::error_code error;
  out->path_ = fs::weakly_canonical(fs::absolute(path, error), error);
  if (error || path.empty())
    return failure{errc::invalid,
                   "'" + path.string() + "' is no path of a directory"};
  if (auto done = out->settle_owner(); !done)
    return done.error();
  if (auto done = out->take_locks(); !done)
    return done.error();
  if (auto done = out->make_layout(); !done)
    return done.error();
  if (auto done = out->choose_run_directory(); !done)
    return done.error();
  return out;
}

data_directory::~data_directory() {
  std::error_code ignored; // what is left is removed at the next start
  if (run_is_ours_)
    fs::remove_all(run_, ignored);
  for (int fd : {directory_fd_, servers_lock_fd_, lock_fd_})
    if (fd >= 0)
      close(fd);
}

result<void> data_directory::settle_owner() {
  std::error_code error;
  const bool existed = fs::exists(path_, error);
  if (existed && !fs::is_directory(path_, error))
    return {errc::invalid, path_.string() + " is not a directory"};
  if (!existed) {
    fs::create_directories(path_.parent_path(), error);
    if (mkdir(path_.c_str(), 0700) != 0)
      return cannot("make", path_);
  }
  owner_ = current_user();
  if (is_root()) {
    auto chosen = choose_owner(path_);
    if (!chosen)
      return chosen.error();
    owner_ = std::move(chosen).value();
    struct stat is {};
    if (stat(path_.c_str(), &is) != 0)
      return cannot("look at", path_);
    const bool top = path_.parent_path() == path_.root_path();
    if (is.st_uid == 0 && existed && (top || !holds_only_files(path_)))
      return {errc::conflict,
              path_.string() + " belongs to root and is in use for something "
                               "else; choose an empty --data directory"};
    if (is.st_uid == 0 && chown(path_.c_str(), owner_.uid, owner_.gid) != 0)
      return cannot("give " + owner_.name + " the directory", path_);
    reachable_ = may_access(owner_, path_, X_OK);
  }
  if (access(path_.c_str(), R_OK | W_OK | X_OK) != 0)
    return {errc::forbidden, owner_.name + " may not write to " +
                                 path_.string() +
                                 "; choose another --data directory"};
  directory_fd_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory_fd_ < 0)
    return cannot("open", path_);
  return {};
}

result<void> data_directory::take_locks() {
  const auto lock = open_lock(path_ / "lock");
  if (!lock)
    return lock.error();
  lock_fd_ = *lock;
  if (flock(lock_fd_, LOCK_EX | LOCK_NB) != 0)
    return {errc::conflict, path_.string() + " is in use by process " +
                                holder_of(lock_fd_) +
                                "; stop that one or choose another --data "
                                "directory"};
  const auto pid = std::to_string(getpid());
  if (ftruncate(lock_fd_, 0) != 0 ||
      pwrite(lock_fd_, pid.data(), pid.size(), 0) < 0)
    return cannot("write", path_ / "lock");
  const auto servers = open_lock(path_ / "servers.lock");
  if (!servers)
    return servers.error();
  servers_lock_fd_ = *servers;
  const auto end = std::chrono::steady_clock::now() + servers_gone_within;
  while (flock(servers_lock_fd_, LOCK_EX | LOCK_NB) != 0) {
    if (std::chrono::steady_clock::now() >= end)
      return {errc::conflict, "servers of an earlier run still use " +
                                  path_.string() + "; find them with: fuser " +
                                  (path_ / "servers.lock").string()};
    std::this_thread::sleep_for(20ms); // flock has no deadline of its own
  }
  return {};
}

result<void> data_directory::make_directory(const fs::path& path) const {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return cannot("make", path);
  struct stat is {};
  if (lstat(path.c_str(), &is) != 0 || !S_ISDIR(is.st_mode))
    return {errc::conflict, path.string() + " is not a directory"};
  if (is.st_uid != owner_.uid && is_root() &&
      lchown(path.c_str(), owner_.uid, owner_.gid) != 0)
    return cannot("give " + owner_.name + " the directory", path);
  return {};
}

result<void> data_directory::make_layout() {
  for (const auto* name : {"redis", "logs", "run"})
    if (auto done = make_directory(path_ / name); !done)
      return done.error();
  return {};
}

result<void> data_directory::choose_run_directory() {
  // A private one of a run that was killed is ours to remove, if it is what it
  // claims to be.
  const auto record = path_ / "run_directory";
  std::error_code ignored;
  if (const auto old = read_private("run_directory"); old) {
    const fs::path left{*old};
    struct stat is {};
    if (left.filename().string().starts_with(private_run) &&
        lstat(left.c_str(), &is) == 0 && S_ISDIR(is.st_mode) &&
        is.st_uid == owner_.uid)
      fs::remove_all(left, ignored);
    fs::remove(record, ignored);
  }
  run_ = path_ / "run";
  if (reachable_ &&
      run_.string().size() + longest_socket.size() <= socket_path_bytes_max)
    return {};
  const char* runtime = is_root() ? nullptr : std::getenv("XDG_RUNTIME_DIR");
  fs::path base = runtime && *runtime ? runtime : "/tmp";
  if (access(base.c_str(), W_OK | X_OK) != 0 || base.string().size() > 60)
    base = "/tmp";
  auto name = (base / (std::string{private_run} + "XXXXXX")).string();
  if (!mkdtemp(name.data()))
    return cannot("make", name);
  run_ = name;
  run_is_ours_ = true;
  if (is_root() && lchown(name.c_str(), owner_.uid, owner_.gid) != 0)
    return cannot("give " + owner_.name + " the directory", run_);
  return write_private("run_directory", name);
}

std::optional<user_identity> data_directory::child_user() const {
  if (is_root())
    return owner_;
  return std::nullopt;
}

std::string data_directory::child_path(const std::string& relative) const {
  if (reachable_)
    return (path_ / relative).string();
  return "/proc/self/fd/" + std::to_string(directory_fd_) + "/" + relative;
}

std::vector<int> data_directory::child_descriptors() const {
  if (reachable_)
    return {};
  return {directory_fd_};
}

std::vector<int> data_directory::server_descriptors() const {
  auto out = child_descriptors();
  out.push_back(servers_lock_fd_);
  return out;
}

result<void> data_directory::write_private(const std::string& relative,
                                           const std::string& bytes) const {
  return write_file((path_ / relative).string(), bytes, 0600, child_user());
}

result<std::string>
data_directory::read_private(const std::string& relative) const {
  const auto path = path_ / relative;
  std::ifstream in{path, std::ios::binary};
  if (!in)
    return {errno == ENOENT ? errc::not_found : errc::unavailable,
            "cannot read " + path.string() + ": " + std::strerror(errno)};
  return std::string{std::istreambuf_iterator<char>{in}, {}};
}

} // namespace eventpulse
