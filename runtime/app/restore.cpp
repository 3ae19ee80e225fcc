// restore_backup: the way back of backup.hpp.

#include "runtime/adapters/postgres/dump.hpp"
#include "runtime/adapters/postgres/migrations.hpp"
#include "runtime/adapters/redis/server_facts.hpp"
#include "runtime/adapters/redis/stream_dump.hpp"
#include "runtime/app/backup.hpp"
#include "runtime/app/backup_files.hpp"
#include "runtime/app/process.hpp"
#include "runtime/app/processes.hpp"
#include "runtime/app/program_search.hpp"

#include <algorithm>
#include <chrono>

namespace eventpulse {

namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

constexpr auto restore_within = 24h;

bool wants_database(const restore_plan& plan) {
  return plan.part != restore_part::stream;
}
bool wants_stream(const restore_plan& plan) {
  return plan.part != restore_part::database;
}

result<void> check_program(const backup_manifest& m) {
  const auto& ours = postgres::embedded_migrations();
  const bool known = std::any_of(ours.begin(), ours.end(), [&](auto& one) {
    return one.name == m.migration;
  });
  if (!known && !m.migration.empty())
    return {errc::conflict, "the backup was made by a newer program (" +
                                m.program + ", migration " + m.migration +
                                "); restore it with that one"};
  return {};
}

/// Nothing is touched before all of this holds.
result<void> check_target(const settings& s, const restore_plan& plan) {
  auto database = postgres::look_at_target(postgres_options(s, {}));
  if (!database)
    return database.error();
  if (!database->sessions.empty())
    return {errc::conflict, "EventPulse runs on this database (" +
                                database->sessions.front() +
                                "); stop intake and workers first"};
  if (wants_database(plan) && !database->empty && !database->ours)
    return {errc::conflict, "the database holds tables of somebody else; "
                            "make a new one"};
  if (wants_database(plan) && !database->empty && !plan.force)
    return {errc::conflict, "the database is not empty; --force replaces what "
                            "is in it"};
  auto stream = redis::is_empty(redis_options(s));
  if (!stream)
    return stream.error();
  if (wants_stream(plan) && !*stream && !plan.force)
    return {errc::conflict, "Redis has keys under " + s.stream.prefix +
                                ": already; --force replaces them"};
  return {};
}

result<void> restore_database(const settings& s, const fs::path& dump) {
  auto programs = find_postgres_programs("");
  if (!programs)
    return programs.error();
  auto environment = postgres::program_environment(database_conninfo(s));
  if (!environment)
    return environment.error();
  child_options o;
  o.name = "pg_restore";
  o.argv = {*programs + "/pg_restore", "--single-transaction",
            "--exit-on-error", "--no-owner", "--no-privileges", "--no-password",
            // A database that is there; the rest comes by the environment.
            "--dbname=" + (*environment)["PGDATABASE"], dump.string()};
  o.environment = std::move(*environment);
  const auto done = run_program(std::move(o), "", restore_within);
  if (!done)
    return done.error();
  if (done->exit.code != 0 || done->exit.signal != 0)
    return {errc::unavailable,
            "pg_restore: " + to_string(done->exit) + "\n" + done->output};
  return {};
}

result<uint64_t> restore_stream(const settings& s, const restore_plan& plan,
                                const backup_manifest& m,
                                const std::vector<position>& tails) {
  if (auto done = redis::clear(redis_options(s)); !done)
    return done.error();
  auto in = backup_reader::open(plan.from / "stream.resp");
  if (!in)
    return in.error();
  std::vector<position> last;
  for (auto& one : m.streams)
    last.push_back(one.last);
  auto loaded = redis::load_streams(redis_options(s), last, tails,
                                    [&] { return (*in)->next(); });
  if (!loaded)
    return loaded.error();
  uint64_t entries = loaded->quarantined;
  for (auto& one : loaded->partitions)
    entries += one.entries;
  return entries;
}

result<std::vector<restore_gap>> find_gaps(const settings& s,
                                           const std::vector<position>& tails) {
  auto streams = redis::look_at_streams(redis_options(s));
  if (!streams)
    return streams.error();
  std::vector<restore_gap> out;
  for (auto& tail : tails)
    for (auto& stream : *streams)
      if (stream.partition == tail.partition)
        if (auto until = gap_after(tail, stream))
          out.push_back({tail, *until});
  return out;
}

} // namespace

result<backup_manifest> check_backup(const fs::path& from) {
  auto in = backup_reader::open(from / "manifest.json");
  if (!in)
    return failure{errc::invalid,
                   from.string() + " is no backup: it has no manifest.json"};
  std::string text;
  for (;;) {
    auto piece = (*in)->next();
    if (!piece)
      return piece.error();
    if (piece->empty())
      break;
    text += *piece;
  }
  auto m = parse_manifest(text);
  if (!m)
    return m;
  for (auto& file : m->files) {
    auto found = describe_file(from, file.name);
    if (!found)
      return found.error();
    if (found->sha256 != file.sha256)
      return failure{errc::corrupt, (from / file.name).string() +
                                        " is not what was backed up: its "
                                        "checksum is another"};
  }
  return m;
}

result<restore_report> restore_backup(const settings& s,
                                      const restore_plan& plan) {
  const auto tell = [&](const std::string& text) {
    if (plan.tell)
      plan.tell(text);
  };
  tell("checking the backup");
  auto m = check_backup(plan.from);
  if (!m)
    return m.error();
  if (auto done = check_program(*m); !done)
    return done.error();
  if (wants_stream(plan) && m->partitions != s.stream.partitions)
    return failure{errc::conflict,
                   "the backup has " + std::to_string(m->partitions) +
                       " partitions; set stream.partitions to that"};
  if (auto done = check_target(s, plan); !done)
    return done.error();
  restore_report out;
  out.manifest = *m;
  const auto database = postgres_options(s, {});
  if (wants_database(plan)) {
    tell("restoring the database");
    if (auto done = postgres::clear_database(database); !done)
      return done.error();
    if (auto done = restore_database(s, plan.from / "database.dump"); !done)
      return done.error();
    auto migrated = postgres::migrate(database_conninfo(s));
    if (!migrated)
      return migrated.error();
    out.migrated = std::move(*migrated);
    // It may name keys that this database does not know.
    if (auto done = redis::forget_keys(redis_options(s)); !done)
      return done.error();
  }
  auto tails = postgres::settle_restored(database);
  if (!tails)
    return tails.error();
  if (wants_stream(plan)) {
    tell("restoring the stream");
    auto entries = restore_stream(s, plan, *m, *tails);
    if (!entries)
      return entries.error();
    out.entries = *entries;
  }
  auto gaps = find_gaps(s, *tails);
  if (!gaps)
    return gaps.error();
  out.gaps = std::move(*gaps);
  return out;
}

} // namespace eventpulse
