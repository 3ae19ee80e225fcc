#include "runtime/app/up_children.hpp"

#include "runtime/app/readiness.hpp"
#include "runtime/core/base/check.hpp"
#include "runtime/core/base/hash.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <sys/random.h>
#include <unistd.h>

#include <fstream>

namespace eventpulse::up_detail {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr size_t key_bytes = 32;
constexpr auto probe_within = 500ms;

std::string random_bytes(size_t count) {
  std::string out(count, '\0');
  // Up to 256 bytes come whole and are never interrupted (getrandom(2)).
  EP_CHECK(getrandom(out.data(), out.size(), 0) ==
           static_cast<ssize_t>(out.size()));
  return out;
}

/// The first port that a user without privileges may take.
uint16_t first_free_port() {
  std::ifstream in{"/proc/sys/net/ipv4/ip_unprivileged_port_start"};
  uint16_t first = 1024;
  in >> first;
  return first;
}

managed_options plan_child(const up_options& options, const settings& s,
                           const data_directory& directory,
                           const std::string& role) {
  managed_options out;
  out.child.name = role;
  out.child.argv = {options.program, role};
  out.child.environment = settings_environment(s);
  out.child.environment["EVENTPULSE_CONFIG"] = ""; // all is in the environment
  out.child.directory = "/";
  out.child.log_file = directory.child_path("logs/" + role + ".log");
  out.child.keep_descriptors = directory.child_descriptors();
  // A binary that only root may execute runs as root: the lesser evil.
  const auto user = directory.child_user();
  if (user && may_access(*user, options.program, X_OK))
    out.child.user = user;
  // Crash-only: after a kill -9 of `up` nothing may linger. Graceful is
  // SIGTERM.
  out.child.death_signal = SIGKILL;
  out.child.stop_signal = SIGTERM;
  out.child.grace = s.worker.stop_timeout + 5s;
  return out;
}

} // namespace

result<void> settle_port(settings& s, const data_directory& directory) {
  const auto wanted = s.server.port;
  const auto place = s.server.address + ":" + std::to_string(wanted);
  if (const auto why = why_not_listen(s.server.address, s.server.port);
      !why.empty())
    return {errc::conflict, "cannot listen on " + place + ": " + why +
                                "; choose another port with --port"};
  if (directory.child_user() && s.server.port < first_free_port())
    return {errc::forbidden, "cannot listen on " + place + ": intake runs as " +
                                 directory.owner().name +
                                 ", and only root may take that port; choose "
                                 "one with --port"};
  return {};
}

result<void> settle_files(settings& s, const data_directory& directory) {
  for (auto* file : {&s.secrets.key_file, &s.server.tls_certificate_file,
                     &s.server.tls_key_file, &s.stream.tls_ca_file}) {
    if (file->empty())
      continue;
    *file = fs::absolute(*file).string();
    if (!may_access(directory.owner(), *file, R_OK))
      return {errc::forbidden, directory.owner().name +
                                   ", as whom intake and "
                                   "worker run, cannot read " +
                                   *file};
  }
  if (!s.secrets.key_file.empty())
    return {};
  const auto kept = directory.read_private("secrets.key");
  if (!kept && kept.error().code != errc::not_found)
    return kept.error();
  if (kept && kept->size() != key_bytes)
    return {errc::corrupt, (directory.path() / "secrets.key").string() +
                               " does not hold 32 bytes; it encrypts the "
                               "channels' secrets: restore it from a backup"};
  if (!kept)
    if (auto done =
            directory.write_private("secrets.key", random_bytes(key_bytes));
        !done)
      return done.error();
  s.secrets.key_file = directory.child_path("secrets.key");
  return {};
}

result<std::optional<std::string>>
settle_admin_key(const settings& s, const data_directory& directory,
                 const up_hooks& hooks) {
  using answer = std::optional<std::string>;
  const auto first_line = [](const std::string& text) {
    return text.substr(0, text.find('\n'));
  };
  if (const auto kept = directory.read_private("admin_key"); kept) {
    auto key = first_line(*kept);
    const auto good = hooks.admin_key(s, key, key_origin::kept);
    if (!good)
      return good.error();
    return *good ? answer{std::move(key)} : answer{};
  } else if (kept.error().code != errc::not_found) {
    return kept.error();
  }
  // Written down before it is added: a kill between the two steps must not
  // leave a key in the database that nobody knows.
  const auto begun = directory.read_private("admin_key.new");
  auto key = begun ? first_line(*begun)
                   : "ep_" + base62_encode(random_bytes(key_bytes));
  if (!begun)
    if (auto done = directory.write_private("admin_key.new", key + "\n"); !done)
      return done.error();
  const auto good = hooks.admin_key(s, key, key_origin::fresh);
  if (!good)
    return good.error();
  std::error_code error;
  fs::rename(directory.path() / "admin_key.new", directory.path() / "admin_key",
             error);
  if (error)
    return failure{errc::unavailable,
                   "cannot keep the admin key: " + error.message()};
  return *good ? answer{std::move(key)} : answer{};
}

managed_options plan_intake(const up_options& options, const settings& s,
                            const data_directory& directory) {
  auto out = plan_child(options, s, directory, "intake");
  const auto any = s.server.address == "0.0.0.0" ? "127.0.0.1"
                   : s.server.address == "::"    ? "::1"
                                                 : s.server.address;
  const std::string path = s.server.tls_key_file.empty() ? "/readyz" : "";
  if (options.intake_ready)
    out.ready = [ask = options.intake_ready, s] { return ask(s); };
  else
    out.ready = [any, path, port = s.server.port] {
      return http_answers(any, port, path, probe_within);
    };
  return out;
}

managed_options plan_worker(const up_options& options, const settings& s,
                            const data_directory& directory) {
  auto out = plan_child(options, s, directory, "worker");
  const auto file = directory.child_path("run/worker.ready");
  out.child.argv.push_back("--ready-file");
  out.child.argv.push_back(file);
  out.prepare = [file] { unlink(file.c_str()); };
  out.ready = [file] { return access(file.c_str(), F_OK) == 0; };
  return out;
}

std::string client_address(const settings& s) {
  auto host = s.server.address;
  if (host == "0.0.0.0")
    host = "127.0.0.1";
  else if (host == "::")
    host = "::1";
  if (host.find(':') != std::string::npos)
    host = "[" + host + "]";
  return (s.server.tls_key_file.empty() ? "http://" : "https://") + host + ":" +
         std::to_string(s.server.port);
}

std::string ready_text(const settings& s, const std::optional<std::string>& key,
                       const process_ids& pids) {
  using boost::json::value; // value{x} would be an array of one
  const auto id = [](pid_t pid) { return pid ? value(pid) : value(nullptr); };
  boost::json::object out;
  out["address"] = client_address(s);
  out["admin_key"] = key ? value(*key) : value(nullptr);
  out["database_url"] = s.database.url;
  out["redis_url"] = s.stream.url;
  out["pids"] = boost::json::object{{"intake", id(pids.intake)},
                                    {"worker", id(pids.worker)},
                                    {"redis", id(pids.redis)},
                                    {"postgres", id(pids.postgres)}};
  return boost::json::serialize(out) + "\n";
}

std::string welcome_text(const settings& s,
                         const std::optional<std::string>& key,
                         const data_directory& directory) {
  const auto address = client_address(s);
  std::string out = "\nEventPulse is up at " + address +
                    " (Ctrl-C stops it; the data stays)\n\n";
  if (key)
    out += "  admin key  " + *key + "\n";
  else
    out += "  admin key  the first one was revoked; use one of your own\n";
  out += "  data       " + directory.path().string() + "\n" + "  logs       " +
         (directory.path() / "logs").string() + "\n\n" +
         "Send an event:\n\n  curl -sS " + address + "/v1/events" +
         " -H 'Authorization: Bearer " + key.value_or("YOUR_KEY") + "'" +
         " -H 'Content-Type: application/json'" +
         " -d '{\"type\":\"demo.greeting\",\"data\":{\"text\":\"hello\"}}'\n\n";
  return out;
}

} // namespace eventpulse::up_detail
