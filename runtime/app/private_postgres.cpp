#include "runtime/app/private_postgres.hpp"

#include "runtime/app/program_search.hpp"

#include <algorithm>
#include <array>
#include <fstream>

namespace eventpulse::private_postgres {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto initdb_within = 180s;
constexpr auto query_within = 60s;

/// What every program of PostgreSQL's is run with here.
child_options base(const data_directory& directory, const std::string& name) {
  child_options out;
  out.name = name;
  out.user = directory.child_user();
  out.directory = "/"; // ours may be one that the user cannot enter
  out.keep_descriptors = directory.child_descriptors();
  out.environment["TZ"] = "UTC";
  return out;
}

/// The major version that wrote the cluster; empty where there is none.
std::string version_of(const fs::path& cluster) {
  std::ifstream in{cluster / "PG_VERSION"};
  std::string text;
  in >> text;
  return text;
}

result<void> run(child_options options, const std::string& input,
                 std::chrono::milliseconds limit) {
  const auto name = options.name;
  const auto done = run_program(std::move(options), input, limit);
  if (!done)
    return done.error();
  if (done->exit.code == 0 && done->exit.signal == 0)
    return {};
  return {errc::unavailable,
          name + ": " + to_string(done->exit) + "\n" + done->output};
}

/// Into a directory beside, renamed when it is whole: a run that is killed in
/// the middle of initdb must not leave half a cluster under the real name.
result<void> make_cluster(const data_directory& directory,
                          const std::string& programs, survives what) {
  const auto fresh = directory.path() / "postgres.new";
  std::error_code error;
  fs::remove_all(fresh, error);
  auto initdb = base(directory, "initdb");
  initdb.argv = {
      programs + "/initdb", "--pgdata=" + directory.child_path("postgres.new"),
      "--username=ep",
      "--auth=trust", // the socket's directory is the guard
      "--encoding=UTF8",    "--locale=C.UTF-8"};
  if (what == survives::kill)
    initdb.argv.push_back("--no-sync");
  if (auto done = run(std::move(initdb), "", initdb_within); !done)
    return done.error();
  fs::rename(fresh, directory.path() / "postgres", error);
  if (error)
    return {errc::unavailable,
            "cannot rename " + fresh.string() + ": " + error.message()};
  return {};
}

result<std::string> programs_for(const data_directory& directory) {
  const auto version = version_of(directory.path() / "postgres");
  auto found = find_postgres_programs(version);
  if (found || version.empty())
    return found;
  return {errc::unavailable,
          (directory.path() / "postgres").string() +
              " was written by PostgreSQL " + version +
              ", which is not installed: install the package postgresql-" +
              version + ", or restore a backup into a new --data directory"};
}

std::string shared_buffers() {
  constexpr uint64_t least = 64, most = 1024; // MiB
  const auto mib =
      std::clamp<uint64_t>((physical_memory_bytes() >> 20) / 8, least, most);
  return "shared_buffers=" + std::to_string(mib) + "MB";
}

} // namespace

result<managed_options> plan(const data_directory& directory, survives what) {
  const auto programs = programs_for(directory);
  if (!programs)
    return programs.error();
  if (version_of(directory.path() / "postgres").empty())
    if (auto done = make_cluster(directory, *programs, what); !done)
      return done.error();
  const auto socket_directory = directory.run().string();
  managed_options out;
  out.child = base(directory, "postgres");
  out.child.argv = {*programs + "/postgres", "-D",
                    directory.child_path("postgres")};
  for (const auto& setting : {
           std::string{"listen_addresses="},
           "unix_socket_directories=" + socket_directory,
           std::string{"unix_socket_permissions=0700"},
           std::string{"port=5432"},
           shared_buffers(),
           std::string{"max_connections=200"},
           std::string{what == survives::power_loss ? "fsync=on" : "fsync=off"},
           std::string{"synchronous_commit=on"},
           std::string{"full_page_writes=on"},
           std::string{"wal_compression=on"},
           std::string{"min_wal_size=256MB"},
           std::string{"max_wal_size=2GB"},
           std::string{"checkpoint_timeout=15min"},
           std::string{"random_page_cost=1.1"},
           std::string{"jit=off"}, // our statements are short
           std::string{"timezone=UTC"},
           std::string{"log_timezone=UTC"},
           std::string{"log_destination=stderr"},
           std::string{"logging_collector=off"},
           std::string{"log_line_prefix=%m [%p] %a "},
       }) {
    out.child.argv.push_back("-c");
    out.child.argv.push_back(setting);
  }
  out.child.log_file = directory.child_path("logs/postgres.log");
  out.child.keep_descriptors = directory.server_descriptors();
  out.child.death_signal = SIGINT; // fast shutdown: sessions are ended
  out.child.stop_signal = SIGINT;
  out.child.grace = 60s; // the shutdown checkpoint may take its time
  auto question = base(directory, "pg_isready");
  question.argv = {*programs + "/pg_isready",
                   "-q",
                   "-h",
                   socket_directory,
                   "-U",
                   "ep",
                   "-d",
                   "postgres"};
  out.ready = [question] {
    const auto done = run_program(question, "", 5s);
    return done && done->exit.code == 0 && done->exit.signal == 0;
  };
  return out;
}

result<void> make_database(const data_directory& directory) {
  const auto programs = programs_for(directory);
  if (!programs)
    return programs.error();
  auto psql = base(directory, "psql");
  psql.argv = {*programs + "/psql",
               "--no-psqlrc",
               "--quiet",
               "--set=ON_ERROR_STOP=1",
               "--username=ep",
               "--dbname=postgres",
               "--host=" + directory.run().string()};
  // CREATE DATABASE knows no IF NOT EXISTS; \gexec runs what the SELECT gives.
  return run(std::move(psql),
             "SELECT 'CREATE DATABASE eventpulse' WHERE NOT EXISTS (SELECT "
             "FROM pg_database WHERE datname = 'eventpulse')\\gexec\n",
             query_within);
}

std::string url(const data_directory& directory) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyz"
                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789-._~/";
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string host;
  for (const char c : directory.run().string()) {
    const auto byte = static_cast<unsigned char>(c);
    if (plain.find(c) != std::string_view::npos)
      host += c;
    else
      (host += '%').append({hex[byte >> 4], hex[byte & 15]});
  }
  return "postgresql:///eventpulse?host=" + host + "&user=ep";
}

} // namespace eventpulse::private_postgres
