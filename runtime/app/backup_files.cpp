#include "runtime/app/backup_files.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace eventpulse {

namespace fs = std::filesystem;

namespace {

constexpr size_t piece_bytes = 256 << 10;

failure cannot(const std::string& what, const fs::path& path) {
  return {errc::unavailable,
          "cannot " + what + " " + path.string() + ": " + std::strerror(errno)};
}

result<void> sync_path(const fs::path& path, int flags) {
  const auto fd = open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0)
    return cannot("open", path);
  const bool synced = fsync(fd) == 0;
  const auto why = cannot("sync", path);
  close(fd);
  return synced ? result<void>{} : why;
}

} // namespace

result<std::unique_ptr<backup_writer>>
backup_writer::create(const fs::path& path) {
  std::unique_ptr<backup_writer> out{new backup_writer(path)};
  out->fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (out->fd_ < 0)
    return cannot("make", path);
  return out;
}

backup_writer::~backup_writer() {
  if (fd_ >= 0)
    close(fd_);
}

result<void> backup_writer::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto done = ::write(fd_, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return cannot("write", path_);
    bytes.remove_prefix(static_cast<size_t>(done));
  }
  return {};
}

result<void> backup_writer::finish() {
  if (fsync(fd_) != 0)
    return cannot("sync", path_);
  return {};
}

result<std::unique_ptr<backup_reader>>
backup_reader::open(const fs::path& path) {
  std::unique_ptr<backup_reader> out{new backup_reader(path)};
  out->fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (out->fd_ < 0)
    return cannot("open", path);
  return out;
}

backup_reader::~backup_reader() {
  if (fd_ >= 0)
    close(fd_);
}

result<std::string> backup_reader::next() {
  std::string piece(piece_bytes, '\0');
  for (;;) {
    const auto got = read(fd_, piece.data(), piece.size());
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return cannot("read", path_);
    piece.resize(static_cast<size_t>(got));
    return piece;
  }
}

result<backup_file> describe_file(const fs::path& directory,
                                  const std::string& name) {
  auto in = backup_reader::open(directory / name);
  if (!in)
    return in.error();
  backup_file out;
  out.name = name;
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  for (;;) {
    auto piece = (*in)->next();
    if (!piece)
      return piece.error();
    if (piece->empty())
      break;
    out.bytes += piece->size();
    crypto_hash_sha256_update(
        &state, reinterpret_cast<const unsigned char*>(piece->data()),
        piece->size());
  }
  unsigned char digest[crypto_hash_sha256_BYTES];
  crypto_hash_sha256_final(&state, digest);
  char hex[2 * sizeof digest + 1];
  sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
  out.sha256 = hex;
  return out;
}

result<void> sync_directory(const fs::path& path) {
  return sync_path(path, O_RDONLY | O_DIRECTORY);
}

result<void> sync_file(const fs::path& path) {
  return sync_path(path, O_RDONLY);
}

} // namespace eventpulse
