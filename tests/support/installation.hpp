#pragma once
// A running EventPulse as end-to-end tests see it: the real binary, spoken to
// as a user would (command line, HTTP, SQL), whoever started it (product.hpp,
// cluster.hpp). The binary's path comes in EVENTPULSE_BINARY, which CTest sets.

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

class installation {
public:
  virtual ~installation() = default;

  virtual std::string address() const = 0;
  virtual std::string key() const = 0;
  virtual std::string database_url() const = 0;
  /// The end of a process's log, for a failure's message.
  virtual std::string log_of(const std::string& who) const = 0;

  const scratch_directory& dir() const { return dir_; }

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

private:
  scratch_directory dir_; // goes last
};

} // namespace eventpulse::test
