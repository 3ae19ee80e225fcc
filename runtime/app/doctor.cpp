// `eventpulse doctor`: gathers facts about settings, servers and machine, has
// them judged (core/operate/diagnosis), and prints what to do.

#include "runtime/adapters/postgres/server_facts.hpp"
#include "runtime/adapters/redis/endpoint.hpp"
#include "runtime/adapters/redis/server_facts.hpp"
#include "runtime/app/commands.hpp"
#include "runtime/app/local_servers.hpp"
#include "runtime/app/process.hpp"
#include "runtime/app/program_search.hpp"
#include "runtime/app/user_identity.hpp"

#include <boost/json.hpp>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace eventpulse {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

using level = finding::level;

const char* name_of(level how) {
  switch (how) {
  case level::good:
    return "ok";
  case level::warning:
    return "warning";
  case level::wrong:
    return "wrong";
  }
  return "wrong"; // not reached
}

std::string first_line(const std::string& path) {
  std::ifstream in{path};
  std::string line;
  std::getline(in, line);
  return line;
}

std::optional<struct stat> stat_of(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0)
    return std::nullopt;
  return info;
}

/// A file that holds a secret: there, and nobody else's to read.
finding check_private(const std::string& setting, const std::string& path) {
  finding out{setting, level::good, path, {}};
  auto info = stat_of(path);
  if (!info) {
    out.how = level::wrong;
    out.detail = path + " cannot be read";
    out.advice = "give the path of a file that the processes may read";
  } else if ((info->st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    out.how = level::wrong;
    out.detail = path + " may be used by others than its owner";
    out.advice = "chmod 600 " + path;
  }
  return out;
}

void check_secret_files(const settings& s, std::vector<finding>& all) {
  if (s.secrets.key_file.empty()) {
    all.push_back({"secrets.key_file", level::warning, "not set",
                   "head -c 32 /dev/urandom > FILE; chmod 600 FILE: without "
                   "it channels cannot keep secrets"});
  } else if (auto key = read_secret_key(s); !key) {
    all.push_back({"secrets.key_file", level::wrong, key.error().detail,
                   "head -c 32 /dev/urandom > FILE; chmod 600 FILE"});
  } else {
    all.push_back(check_private("secrets.key_file", s.secrets.key_file));
  }
  const std::pair<const char*, const std::string*> others[] = {
      {"stream.url_file", &s.stream.url_file},
      {"stream.password_file", &s.stream.password_file},
      {"database.url_file", &s.database.url_file},
      {"database.password_file", &s.database.password_file},
      {"server.tls_key_file", &s.server.tls_key_file}};
  for (auto& [name, path] : others)
    if (!path->empty())
      all.push_back(check_private(name, *path));
}

void check_space(const fs::path& path, std::vector<finding>& all) {
  struct statvfs info {};
  if (statvfs(path.c_str(), &info) != 0)
    return;
  all.push_back(judge_space(path.string(),
                            uint64_t{info.f_bavail} * info.f_frsize,
                            uint64_t{info.f_blocks} * info.f_frsize));
}

/// The directory of an `up`, where there is one.
void check_data(const fs::path& path, std::vector<finding>& all) {
  auto info = stat_of(path.string());
  if (!info || !S_ISDIR(info->st_mode))
    return;
  finding out{"data directory", level::good, path.string(), {}};
  if ((info->st_mode & S_IRWXO) != 0) {
    out.how = level::wrong;
    out.detail += " is open to everybody";
    out.advice = "chmod 700 " + path.string();
  } else if (info->st_uid != geteuid() && geteuid() != 0) {
    out.how = level::warning;
    out.detail += " belongs to " + user_of(info->st_uid, info->st_gid).name;
    out.advice = "run this as its owner or as root to see everything in it";
  }
  all.push_back(std::move(out));
  for (auto* file : {"admin_key", "secrets.key"})
    if (auto one = path / file; stat_of(one.string()))
      all.push_back(check_private(file, one.string()));
  check_space(path, all);
}

bool is_here(const redis::options& o) {
  auto where = redis::parse_endpoint(o);
  return where && (!where->socket_path.empty() || where->host == "localhost" ||
                   where->host == "::1" || where->host.starts_with("127."));
}

machine_facts look_at_machine(const redis::options& o) {
  machine_facts out;
  struct rlimit files {};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0)
    out.files_max = files.rlim_cur;
  out.memory_bytes = physical_memory_bytes();
  out.redis_is_here = is_here(o);
  out.overcommit_memory = first_line("/proc/sys/vm/overcommit_memory");
  out.huge_pages = first_line("/sys/kernel/mm/transparent_hugepage/enabled");
  return out;
}

void check_programs(const postgres_facts& facts, std::vector<finding>& all) {
  auto found = find_postgres_programs("");
  finding out{"programs for backups",
              level::good,
              found ? *found : found.error().detail,
              {}};
  auto major = facts.version / 10'000;
  if (!found || !fs::exists(fs::path{*found} / "pg_dump") ||
      std::atoi(fs::path{*found}.parent_path().filename().c_str()) < major) {
    out.how = level::warning;
    out.advice = "install postgresql-client-" + std::to_string(major) +
                 " or later where `eventpulse backup` is to run";
  }
  all.push_back(std::move(out));
}

void append(std::vector<finding>& all, std::vector<finding> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()),
             std::make_move_iterator(more.end()));
}

std::vector<finding> examine(const settings& s, const fs::path& data) {
  std::vector<finding> all;
  wanted_facts wanted;
  wanted.partitions = s.stream.partitions;
  wanted.wait_replicas = s.intake.wait_replicas;
  wanted.connections_max = s.server.connections_max;
  wanted.database_connections = s.database.connections;
  auto key = read_secret_key(s); // judged with the files
  auto database =
      postgres::look_at_server(postgres_options(s, key ? *key : std::string{}));
  if (!database) {
    all.push_back({"PostgreSQL answers", level::wrong,
                   to_string(database.error()),
                   "start it, and check database.url and its password"});
  } else {
    all.push_back({"PostgreSQL answers", level::good, "yes", {}});
    append(all, judge(*database, wanted));
    check_programs(*database, all);
  }
  auto stream = redis::look_at_server(redis_options(s));
  if (!stream) {
    all.push_back({"Redis answers", level::wrong, to_string(stream.error()),
                   "start it, and check stream.url and its password"});
  } else {
    all.push_back({"Redis answers", level::good, "yes", {}});
    append(all, judge(*stream, wanted));
  }
  if (database && stream)
    append(all, judge_pair(*database, *stream, wanted));
  append(all, judge(look_at_machine(redis_options(s)),
                    stream ? &*stream : nullptr, wanted));
  check_secret_files(s, all);
  check_data(data, all);
  return all;
}

void print(const std::vector<finding>& all, bool as_json) {
  if (as_json) {
    json::array items;
    for (auto& f : all)
      items.push_back({{"check", f.what},
                       {"ok", f.how != level::wrong},
                       {"level", name_of(f.how)},
                       {"detail", f.detail},
                       {"advice", f.advice}});
    std::cout << json::serialize(json::object{{"items", std::move(items)}})
              << '\n';
    return;
  }
  for (auto& f : all) {
    const char* mark = f.how == level::good      ? "ok      "
                       : f.how == level::warning ? "warning "
                                                 : "WRONG   ";
    std::cout << mark << f.what << ": " << f.detail << '\n';
    if (!f.advice.empty())
      std::cout << "        " << f.advice << '\n';
  }
}

} // namespace

command doctor_command() {
  command out;
  out.name = "doctor";
  out.group = "Look";
  out.summary = "Check the configuration and the servers, and say what to do.";
  out.help =
      "Looks at what is configured, else at the `eventpulse up` that runs on "
      "the data\ndirectory: the servers and what they are set to, the schema, "
      "whether stream and\ndatabase belong together, clocks, files of "
      "secrets, space and limits. Changes\nnothing. Exit code 1 when "
      "something is wrong; warnings alone are 0.";
  out.examples = {"eventpulse doctor",
                  "eventpulse doctor --config /etc/eventpulse.yaml --json"};
  out.flags = {data_flag(), json_flag()};
  out.takes_settings = true;
  out.run = [](const arguments& given) {
    auto s = settings_with_servers(given);
    if (!s) {
      std::cerr << "doctor: " << s.error().detail << '\n';
      return exit_code::usage;
    }
    auto all = examine(*s, given.get("data"));
    print(all, given.has("json"));
    bool bad = std::any_of(all.begin(), all.end(),
                           [](auto& f) { return f.how == level::wrong; });
    return bad ? exit_code::failed : exit_code::ok;
  };
  return out;
}

} // namespace eventpulse
