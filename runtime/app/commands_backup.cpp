// `eventpulse backup` and `eventpulse restore`.

#include "runtime/app/api_client.hpp"
#include "runtime/app/backup.hpp"
#include "runtime/app/backup_files.hpp"
#include "runtime/app/commands.hpp"
#include "runtime/app/local_servers.hpp"
#include "runtime/app/servers.hpp"

#include <boost/json.hpp>

#include <unistd.h>

#include <iostream>

namespace eventpulse {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

int refuse(const char* name, const failure& why) {
  std::cerr << name << ": " << why.detail << '\n';
  return why.code == errc::invalid || why.code == errc::not_found
             ? exit_code::usage
             : exit_code_of(why.code);
}

backup_progress progress_of(const char* name, const arguments& given) {
  if (given.has("json"))
    return {};
  return [name](const std::string& text) {
    std::cerr << name << ": " << text << std::endl;
  };
}

json::object summary_of(const backup_manifest& m) {
  uint64_t bytes = 0, entries = m.quarantined;
  for (auto& file : m.files)
    bytes += file.bytes;
  for (auto& stream : m.streams)
    entries += stream.entries;
  return {{"created_at", m.created_at},
          {"program", m.program},
          {"bytes", bytes},
          {"stream_entries", entries},
          {"secret_key_id", m.secret_key_id}};
}

int run_backup(const arguments& given) {
  auto loaded = settings_of(given);
  if (!loaded)
    return refuse("backup", loaded.error());
  // The keys of an `up` directory go along; a configured key file is kept by
  // whoever keeps it.
  const bool of_up =
      loaded->secrets.key_file.empty() && loaded->database.url.empty();
  auto s = settings_with_servers(given);
  if (!s)
    return refuse("backup", s.error());
  backup_plan plan;
  plan.into = given.positional().front();
  plan.replace = given.has("force");
  plan.tell = progress_of("backup", given);
  if (of_up && !given.has("without-keys"))
    plan.keys_of = given.get("data");
  auto made = make_backup(*s, plan);
  if (!made)
    return refuse("backup", made.error());
  auto summary = summary_of(*made);
  if (given.has("json")) {
    summary["directory"] = fs::absolute(plan.into).string();
    std::cout << json::serialize(summary) << '\n';
    return exit_code::ok;
  }
  std::cout << plan.into.string() << ": everything that was answered before "
            << made->created_at << ", " << summary["bytes"] << " bytes, "
            << summary["stream_entries"] << " entries of the stream\n";
  if (!made->secret_key_id.empty() && plan.keys_of.empty())
    std::cout << "not in it: the key " << made->secret_key_id
              << " that encrypts channels' secrets (secrets.key_file)\n";
  return exit_code::ok;
}

/// Private servers on a data directory in which nothing runs yet.
result<std::unique_ptr<embedded_servers>> start_servers(settings& s,
                                                        const fs::path& data) {
  embedded_options wanted;
  wanted.data_dir = data;
  wanted.start_redis = s.stream.url.empty();
  wanted.start_postgres = s.database.url.empty();
  auto started = embedded_servers::start(std::move(wanted));
  if (!started)
    return started;
  if (s.stream.url.empty())
    s.stream.url = (*started)->redis_url();
  if (s.database.url.empty())
    s.database.url = (*started)->database_url();
  return started;
}

result<void> put_keys(const backup_manifest& m, const fs::path& from,
                      const data_directory& into) {
  for (auto& file : m.files) {
    if (!file.name.starts_with("keys/"))
      continue;
    auto in = backup_reader::open(from / file.name);
    if (!in)
      return in.error();
    auto bytes = (*in)->next();
    if (!bytes)
      return bytes.error();
    if (auto done =
            into.write_private(fs::path{file.name}.filename().string(), *bytes);
        !done)
      return done;
  }
  return {};
}

json::array gaps_json(const restore_report& r) {
  json::array out;
  for (auto& gap : r.gaps)
    out.push_back({{"partition", gap.after.partition},
                   {"after", to_string(gap.after)},
                   {"until", to_string(gap.until)}});
  return out;
}

void print(const restore_report& r) {
  std::cout << "restored what was answered before " << r.manifest.created_at
            << "; " << r.entries
            << " entries of the stream wait for a worker\n";
  for (auto& name : r.migrated)
    std::cout << "applied " << name << '\n';
  for (auto& gap : r.gaps)
    std::cout << "GAP: the database is behind the stream: entries of partition "
              << gap.after.partition << " after " << to_string(gap.after)
              << " up to " << to_string(gap.until)
              << " are in neither of the two\n";
}

int run_restore(const arguments& given) {
  auto s = settings_of(given);
  if (!s)
    return refuse("restore", s.error());
  restore_plan plan;
  plan.from = given.positional().front();
  plan.force = given.has("force");
  plan.tell = progress_of("restore", given);
  if (given.has("only")) {
    const auto only = given.get("only");
    if (only != "database" && only != "stream") {
      std::cerr << "restore: --only takes database or stream\n";
      return exit_code::usage;
    }
    plan.part =
        only == "database" ? restore_part::database : restore_part::stream;
  }
  // Before servers are started for nothing.
  if (auto good = check_backup(plan.from); !good)
    return refuse("restore", good.error());
  const bool own = s->stream.url.empty() || s->database.url.empty();
  std::unique_ptr<embedded_servers> servers;
  if (own && !given.has("data")) {
    std::cerr << "restore: say where to: --data DIR, or stream.url and "
                 "database.url\n";
    return exit_code::usage;
  }
  if (own) {
    auto started = start_servers(*s, given.get("data"));
    if (!started)
      return refuse("restore", started.error());
    servers = std::move(*started);
  }
  auto done = restore_backup(*s, plan);
  if (!done)
    return refuse("restore", done.error());
  if (servers)
    if (auto put = put_keys(done->manifest, plan.from, servers->directory());
        !put)
      return refuse("restore", put.error());
  if (given.has("json")) {
    auto out = summary_of(done->manifest);
    out["restored_entries"] = done->entries;
    out["gaps"] = gaps_json(*done);
    std::cout << json::serialize(out) << '\n';
  } else {
    print(*done);
    if (servers)
      std::cout << "start it: eventpulse up --data " << given.get("data")
                << '\n';
  }
  return done->gaps.empty() ? exit_code::ok : exit_code::failed;
}

} // namespace

command backup_command() {
  command out;
  out.name = "backup";
  out.group = "Keep it";
  out.summary = "Copy stream and database into a directory, while all runs.";
  out.operands = "DIR";
  out.help =
      "Takes the pair of Redis and PostgreSQL, consistent: the stream first, "
      "then the\ndatabase in one snapshot. Everything that was answered 202 "
      "before it began is in\nit, once. The directory appears when it is "
      "whole, with a manifest and checksums.\nOf an `eventpulse up` its keys "
      "go along (keys/): keep such a backup as you keep\nthem.";
  out.examples = {"eventpulse backup /backups/$(date +%F)",
                  "eventpulse backup /backups/today --config "
                  "/etc/eventpulse.yaml"};
  out.flags = {{"force", "", "Replace a backup that is there.", "", false, ""},
               {"without-keys", "",
                "Leave the admin key and the key of channels' secrets out.", "",
                false, ""},
               data_flag(),
               json_flag()};
  out.operands_min = 1;
  out.operands_max = 1;
  out.takes_settings = true;
  out.run = run_backup;
  return out;
}

command restore_command() {
  command out;
  out.name = "restore";
  out.group = "Keep it";
  out.summary = "Put a backup into an empty place.";
  out.operands = "DIR";
  out.help =
      "Checks the backup, then restores database and stream into the servers "
      "that are\nconfigured, or into a data directory for `eventpulse up` "
      "(--data). Stop intake\nand workers first. Refuses a place that is not "
      "empty without --force. Exit code 1\nwhere the database is behind the "
      "stream that it meets: the gap is named.\nDeliveries that were pending "
      "are sent again, with the same message ids.";
  out.examples = {"eventpulse restore /backups/2026-01-02 --data ./restored",
                  "eventpulse restore /backups/2026-01-02 --only database "
                  "--force --config /etc/eventpulse.yaml"};
  out.flags = {{"force", "", "Replace what is there.", "", false, ""},
               {"only", "PART", "database or stream, not both.", "", false, ""},
               data_flag(),
               json_flag()};
  out.operands_min = 1;
  out.operands_max = 1;
  out.takes_settings = true;
  out.run = run_restore;
  return out;
}

} // namespace eventpulse
