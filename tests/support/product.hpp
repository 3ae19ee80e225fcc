#pragma once
// The real binary for end-to-end tests: `eventpulse up` on a data directory of
// its own under /tmp, spoken to as a user would (command line, HTTP, SQL). What
// it started is gone with it, also where a test is aborted. The binary's path
// comes in EVENTPULSE_BINARY, which CTest sets.

#include "runtime/adapters/http/client.hpp"
#include "runtime/app/processes.hpp"
#include "tests/support/eventually.hpp"

#include <boost/json.hpp>
#include <pqxx/pqxx>

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace eventpulse::test {

/// How long a slow machine may take for one condition.
constexpr std::chrono::seconds patience{120};

inline std::string product_binary() {
  const auto* path = std::getenv("EVENTPULSE_BINARY");
  if (!path || !*path)
    throw std::runtime_error("EVENTPULSE_BINARY is not set; run it by ctest");
  return path;
}

inline std::string file_text(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// Whether a process is there; one that only waits to be reaped is not.
inline bool alive(pid_t pid) {
  const auto stat = file_text("/proc/" + std::to_string(pid) + "/stat");
  const auto name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.size() > name_end + 2 &&
         stat[name_end + 2] != 'Z';
}

class scratch_directory {
public:
  scratch_directory() {
    char name[] = "/tmp/ep-e2e-XXXXXX";
    if (!mkdtemp(name))
      throw std::runtime_error("mkdtemp failed");
    path = name;
  }
  ~scratch_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream{path / name, std::ios::binary} << text;
    return (path / name).string();
  }

  std::filesystem::path path;
};

using sql_rows = std::vector<std::vector<std::string>>;

/// Every field as text, null as an empty one. A connection a call, so that it
/// works again as soon as the server does.
inline sql_rows ask_database(const std::string& url, const std::string& sql) {
  pqxx::connection link{url};
  pqxx::work tx{link};
  sql_rows out;
  for (const auto& row : tx.exec(sql)) {
    auto& line = out.emplace_back();
    for (const auto& field : row)
      line.emplace_back(field.is_null() ? "" : field.c_str());
  }
  return out;
}

/// One HTTP request; where there was no answer, its status is 0 and its body
/// says why.
inline http::client_response call(http::client& link,
                                  const http::client_request& what) {
  auto answer = link.request(what);
  if (answer)
    return std::move(answer).value();
  http::client_response none;
  none.body = to_string(answer.error());
  return none;
}

class product {
public:
  using environment = std::map<std::string, std::string>;

  /// Returns when everything answers.
  explicit product(environment given = {}) : environment_(std::move(given)) {
    start();
  }

  void start() {
    child_options o;
    o.name = "up";
    o.argv = {product_binary(),   "up",         "--data",       data().string(),
              "--port",           "0",          "--ready-file", ready_file(),
              "--outbound.allow", "127.0.0.0/8"};
    o.environment = environment_;
    o.log_file = (dir_.path / "up.log").string();
    o.death_signal = SIGKILL; // `up` takes its own children along
    o.grace = patience;
    std::filesystem::remove(ready_file());
    auto started = child_process::start(std::move(o));
    if (!started)
      throw std::runtime_error(to_string(started.error()));
    up_ = std::move(started).value();
    if (!eventually(
            [&] { return std::filesystem::exists(ready_file()) || up_.poll(); },
            patience) ||
        !up_.running())
      throw std::runtime_error("up did not come up:\n" + said());
  }

  /// As Ctrl-C does; the exit status.
  child_exit stop() { return up_.stop(); }
  /// Ends `up` itself by SIGKILL; its children are told by the kernel.
  void kill_up() {
    up_.signal(SIGKILL);
    up_.finish_stop();
  }
  pid_t up_pid() const { return up_.pid(); }

  boost::json::object ready() const {
    return boost::json::parse(file_text(ready_file())).as_object();
  }
  std::string address() const { return ready_text("address"); }
  std::string key() const { return ready_text("admin_key"); }
  std::string database_url() const { return ready_text("database_url"); }
  pid_t pid(const char* who) const {
    const auto all = ready();
    return static_cast<pid_t>(all.at("pids").at(who).as_int64());
  }

  /// SIGKILL to one of the children; returns when `up` has another running.
  bool kill_child(const char* who) {
    const auto old = pid(who);
    ::kill(old, SIGKILL);
    return eventually([&] { return pid(who) != old; }, patience);
  }

  sql_rows rows(const std::string& sql) const {
    return ask_database(database_url(), sql);
  }
  /// The first field of the first row, as a number.
  int64_t number(const std::string& sql) const {
    return std::stoll(rows(sql).at(0).at(0));
  }

  http::client_request request(const std::string& method,
                               const std::string& path, std::string body = {},
                               const std::string& type = {}) const {
    http::client_request out;
    out.method = method;
    out.url = address() + path;
    out.headers = {{"Authorization", "Bearer " + key()}};
    if (!type.empty())
      out.headers.emplace_back("Content-Type", type);
    out.body = std::move(body);
    return out;
  }
  http::client_response get(const std::string& path) const {
    http::client link;
    return call(link, request("GET", path));
  }

  /// Runs a command of the binary; throws with what it printed if it fails.
  std::string command(std::vector<std::string> words,
                      const std::string& input = {}) const {
    child_options o;
    o.name = words.at(0);
    words.insert(words.begin(), product_binary());
    o.argv = std::move(words);
    o.environment = {{"EVENTPULSE_URL", address()}, {"EVENTPULSE_KEY", key()}};
    return run_to_end(std::move(o), input);
  }

  static std::string run_to_end(child_options o, const std::string& input) {
    const auto name = o.name;
    const auto done = run_program(std::move(o), input, patience);
    if (!done || done->exit.code != 0 || done->exit.signal != 0)
      throw std::runtime_error(
          name + " failed: " + (done ? done->output : to_string(done.error())));
    return done->output;
  }

  const scratch_directory& dir() const { return dir_; }
  std::filesystem::path data() const { return dir_.path / "data"; }
  /// What `up` printed.
  std::string said() const { return file_text(dir_.path / "up.log"); }
  /// The end of a child's log, for a failure's message.
  std::string log_of(const std::string& who) const {
    return log_tail((data() / "logs" / (who + ".log")).string(), 40);
  }

private:
  std::string ready_file() const { return (dir_.path / "ready.json").string(); }
  std::string ready_text(const char* name) const {
    return std::string{ready().at(name).as_string()};
  }

  scratch_directory dir_; // goes last
  environment environment_;
  child_process up_;
};

} // namespace eventpulse::test
