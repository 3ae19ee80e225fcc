#include "runtime/app/backup.hpp"

#include "runtime/adapters/postgres/dump.hpp"
#include "runtime/adapters/redis/stream_dump.hpp"
#include "runtime/app/backup_files.hpp"
#include "runtime/app/file_write.hpp"
#include "runtime/app/process.hpp"
#include "runtime/app/processes.hpp"
#include "runtime/app/program_search.hpp"
#include "runtime/core/base/time.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstring>

namespace eventpulse {

namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

constexpr auto dump_within = 24h;

int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// A backup on its way: removed with everything in it unless it is kept.
class workplace {
public:
  explicit workplace(fs::path path) : path_(std::move(path)) {}
  workplace(const workplace&) = delete;
  workplace& operator=(const workplace&) = delete;
  ~workplace() {
    std::error_code ignored;
    if (!path_.empty())
      fs::remove_all(path_, ignored);
  }

  result<void> make() const {
    std::error_code error;
    fs::remove_all(path_, error); // of a run that was killed
    fs::create_directories(path_.parent_path(), error);
    if (mkdir(path_.c_str(), 0700) != 0)
      return {errc::unavailable,
              "cannot make " + path_.string() + ": " + std::strerror(errno)};
    return {};
  }

  const fs::path& path() const { return path_; }
  void keep() { path_.clear(); }

private:
  fs::path path_;
};

result<void> check_place(const backup_plan& plan) {
  std::error_code error;
  if (!fs::exists(plan.into, error) ||
      (fs::is_directory(plan.into, error) && fs::is_empty(plan.into, error)))
    return {};
  if (!fs::exists(plan.into / "manifest.json", error))
    return {errc::conflict, plan.into.string() +
                                " is there and is no backup; choose a new "
                                "directory"};
  if (!plan.replace)
    return {errc::conflict, plan.into.string() +
                                " holds a backup; choose a new directory, or "
                                "replace it with --force"};
  return {};
}

result<redis::dumped_streams> dump_stream(const settings& s,
                                          const fs::path& path) {
  auto out = backup_writer::create(path);
  if (!out)
    return out.error();
  auto streams =
      redis::dump_streams(redis_options(s), [&](std::string_view bytes) {
        return (*out)->write(bytes);
      });
  if (!streams)
    return streams;
  if (auto done = (*out)->finish(); !done)
    return done.error();
  return streams;
}

result<void> dump_database(const settings& s, const std::string& snapshot,
                           const fs::path& path) {
  auto programs = find_postgres_programs("");
  if (!programs)
    return programs.error();
  auto environment = postgres::program_environment(database_conninfo(s));
  if (!environment)
    return environment.error();
  child_options o;
  o.name = "pg_dump";
  o.argv = {*programs + "/pg_dump",   "--format=custom",
            "--compress=1",           "--no-owner",
            "--no-privileges",        "--no-password",
            "--snapshot=" + snapshot, "--file=" + path.string()};
  o.environment = std::move(*environment);
  o.environment["PGAPPNAME"] = "pg_dump of eventpulse backup";
  const auto done = run_program(std::move(o), "", dump_within);
  if (!done)
    return done.error();
  if (done->exit.code != 0 || done->exit.signal != 0)
    return {errc::unavailable,
            "pg_dump: " + to_string(done->exit) + "\n" + done->output};
  std::error_code error;
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, error);
  return sync_file(path);
}

/// The files of an `up` directory without which its restored twin would start
/// with other keys.
result<void> copy_keys(const fs::path& from, const fs::path& into,
                       std::vector<std::string>& names) {
  for (const auto* file : {"admin_key", "secrets.key"}) {
    std::error_code error;
    if (!fs::exists(from / file, error))
      continue;
    fs::create_directories(into / "keys", error);
    fs::permissions(into / "keys", fs::perms::owner_all, error);
    auto in = backup_reader::open(from / file);
    if (!in)
      return in.error();
    auto bytes = (*in)->next(); // they are small
    if (!bytes)
      return bytes.error();
    const auto name = std::string{"keys/"} + file;
    if (auto done = write_file((into / name).string(), *bytes, 0600); !done)
      return done;
    names.push_back(name);
  }
  return {};
}

result<void> finish(const fs::path& made, const backup_plan& plan) {
  if (auto done = sync_directory(made); !done)
    return done;
  std::error_code error;
  fs::remove_all(plan.into, error); // empty, or to be replaced
  fs::rename(made, plan.into, error);
  if (error)
    return {errc::unavailable,
            "cannot rename " + made.string() + ": " + error.message()};
  return sync_directory(fs::absolute(plan.into).parent_path());
}

} // namespace

result<backup_manifest> make_backup(const settings& s,
                                    const backup_plan& plan) {
  const auto tell = [&](const std::string& text) {
    if (plan.tell)
      plan.tell(text);
  };
  if (auto done = check_place(plan); !done)
    return done.error();
  workplace place{fs::absolute(plan.into).string() + ".partial"};
  if (auto made = place.make(); !made)
    return made.error();
  backup_manifest out;
  out.program = EVENTPULSE_VERSION;
  out.created_at = format_rfc3339_ms(now_ms());
  out.partitions = s.stream.partitions;
  tell("reading the stream");
  auto streams = dump_stream(s, place.path() / "stream.resp");
  if (!streams)
    return streams.error();
  for (auto& one : streams->partitions)
    out.streams.push_back({one.entries, one.last});
  out.quarantined = streams->quarantined;
  tell("dumping the database");
  auto snapshot = postgres::dump_snapshot::open(postgres_options(s, {}));
  if (!snapshot)
    return snapshot.error();
  auto& facts = (*snapshot)->facts();
  if (auto done =
          dump_database(s, facts.snapshot, place.path() / "database.dump");
      !done)
    return done.error();
  out.postgres_version = facts.version;
  out.migration = facts.migration;
  out.tails = facts.tails;
  out.secret_key_id = facts.secret_key_id;
  std::vector<std::string> names{"stream.resp", "database.dump"};
  if (!plan.keys_of.empty())
    if (auto done = copy_keys(plan.keys_of, place.path(), names); !done)
      return done.error();
  tell("computing checksums");
  for (auto& name : names) {
    auto file = describe_file(place.path(), name);
    if (!file)
      return file.error();
    out.files.push_back(std::move(*file));
  }
  if (auto done = write_file((place.path() / "manifest.json").string(),
                             to_json(out) + "\n", 0600);
      !done)
    return done.error();
  if (auto done = finish(place.path(), plan); !done)
    return done.error();
  place.keep();
  return out;
}

} // namespace eventpulse
