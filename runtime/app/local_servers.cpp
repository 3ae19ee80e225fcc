#include "runtime/app/local_servers.hpp"

#include "runtime/adapters/postgres/conninfo.hpp"

#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>

namespace eventpulse {

namespace fs = std::filesystem;

namespace {

/// Where the sockets are; `up` notes it where it is not below the directory.
fs::path run_directory(const fs::path& data) {
  std::ifstream in{data / "run_directory", std::ios::binary};
  const std::string noted{std::istreambuf_iterator<char>{in}, {}};
  return noted.empty() ? data / "run" : fs::path{noted};
}

} // namespace

flag_spec data_flag() {
  return {"data",
          "DIR",
          "The data directory of an `eventpulse up` on this machine, for what "
          "is not configured.",
          "./.eventpulse",
          false,
          ""};
}

bool is_denied(const fs::path& path) {
  return ::access(path.c_str(), R_OK) != 0 && errno == EACCES;
}

failure denied(const fs::path& data) {
  return {errc::forbidden, data.string() +
                               ": permission denied; it belongs to another "
                               "user, as whom this would work"};
}

result<void> use_data_directory(settings& s, const fs::path& data) {
  if (!s.stream.url.empty() && !s.database.url.empty())
    return {};
  std::error_code ignored;
  const auto absolute = fs::absolute(data, ignored);
  const auto run = run_directory(absolute);
  const auto redis = run / "redis.sock";
  const auto postgres = run / ".s.PGSQL.5432";
  if (is_denied(redis) || is_denied(postgres))
    return denied(data);
  if ((s.stream.url.empty() && !fs::exists(redis, ignored)) ||
      (s.database.url.empty() && !fs::exists(postgres, ignored)))
    return {errc::not_found,
            "no EventPulse runs on " + data.string() +
                ": give --data DIR of a running `eventpulse up`, or set "
                "stream.url and database.url"};
  if (s.stream.url.empty())
    s.stream.url = "unix://" + redis.string() + "?db=0";
  if (s.database.url.empty())
    s.database.url = "postgresql:///eventpulse?host=" +
                     postgres::percent_encoded(run.string()) + "&user=ep";
  if (const auto key = absolute / "secrets.key";
      s.secrets.key_file.empty() && fs::exists(key, ignored))
    s.secrets.key_file = key.string();
  return {};
}

result<settings> settings_with_servers(const arguments& given) {
  auto s = settings_of(given);
  if (!s)
    return s;
  if (auto found = use_data_directory(*s, given.get("data")); !found)
    return found.error();
  return s;
}

} // namespace eventpulse
