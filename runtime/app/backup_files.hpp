#pragma once
// Files of a backup: written whole and synced, read in pieces, known by their
// SHA-256.

#include "messages/result.hpp"
#include "runtime/core/operate/backup_manifest.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace eventpulse {

/// A new file of mode 0600.
class backup_writer {
public:
  static result<std::unique_ptr<backup_writer>>
  create(const std::filesystem::path& path);
  backup_writer(const backup_writer&) = delete;
  backup_writer& operator=(const backup_writer&) = delete;
  ~backup_writer();

  result<void> write(std::string_view bytes);
  /// On the disk when it returns.
  result<void> finish();

private:
  explicit backup_writer(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
  int fd_ = -1;
};

/// The file in pieces; an empty one is its end.
class backup_reader {
public:
  static result<std::unique_ptr<backup_reader>>
  open(const std::filesystem::path& path);
  backup_reader(const backup_reader&) = delete;
  backup_reader& operator=(const backup_reader&) = delete;
  ~backup_reader();

  result<std::string> next();

private:
  explicit backup_reader(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
  int fd_ = -1;
};

/// Size and checksum of directory / name.
result<backup_file> describe_file(const std::filesystem::path& directory,
                                  const std::string& name);

/// What was written into a directory is on the disk when it returns.
result<void> sync_directory(const std::filesystem::path& path);

/// Of a process that writes beside us, for what it wrote.
result<void> sync_file(const std::filesystem::path& path);

} // namespace eventpulse
