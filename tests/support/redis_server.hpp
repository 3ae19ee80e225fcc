#pragma once
// A redis-server of one test's own: on a unix socket in a temporary directory,
// with an fsync before every answer, so that tests may kill it and look at what
// is left. Ends with the test, also when that crashes.

#include "runtime/adapters/redis/connection.hpp"
#include "tests/support/eventually.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace eventpulse::test {

class redis_server {
public:
  /// `extra` are settings as on the command line: "--maxmemory", "8mb".
  explicit redis_server(std::vector<std::string> extra = {})
      : extra_(std::move(extra)) {
    std::string pattern = "/tmp/ep-redis-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr)
      throw std::runtime_error("mkdtemp failed");
    directory_ = pattern;
    start();
  }

  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;

  ~redis_server() {
    kill();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  const std::filesystem::path& directory() const { return directory_; }
  std::string socket() const { return (directory_ / "r.sock").string(); }
  std::string url() const { return "unix://" + socket(); }

  void start() {
    launch();
    // Password-protected servers answer too: with NOAUTH, which ask() turns
    // into a failure that says so.
    bool ready = eventually([&] {
      auto answer = redis::connection{own_options()}.ask({"PING"});
      return answer.ok() ||
             answer.error().detail.find("NOAUTH") != std::string::npos;
    });
    if (!ready)
      throw std::runtime_error("redis-server did not start; its log is " +
                               (directory_ / "log").string());
  }

  /// SIGKILL; gone when it returns.
  void kill() {
    if (pid_ <= 0)
      return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  /// Kills it, and removes what it kept.
  void kill_and_forget() {
    kill();
    std::filesystem::remove_all(directory_ / "appendonlydir");
  }

  /// What it keeps, as it is now; for coming back behind. While it is stopped.
  void save_data() { copy("appendonlydir", "saved"); }
  void restore_data() { copy("saved", "appendonlydir"); }

  void freeze() { ::kill(pid_, SIGSTOP); }
  void thaw() { ::kill(pid_, SIGCONT); }

  /// One command on a connection of its own; throws on failure.
  redis::reply command(std::initializer_list<std::string_view> words) const {
    auto answer = redis::connection{own_options()}.ask(words);
    if (!answer)
      throw std::runtime_error(to_string(answer.error()));
    return std::move(*answer);
  }

private:
  redis::options own_options() const {
    redis::options o;
    o.url = url();
    return o;
  }

  void copy(const char* from, const char* to) {
    std::filesystem::remove_all(directory_ / to);
    std::filesystem::copy(directory_ / from, directory_ / to,
                          std::filesystem::copy_options::recursive);
  }

  void launch() {
    std::vector<std::string> words{
        "redis-server", "--port",      "0",
        "--unixsocket", socket(),      "--dir",
        directory_,     "--save",      "",
        "--appendonly", "yes",         "--appendfsync",
        "always",       "--daemonize", "no"};
    words.insert(words.end(), extra_.begin(), extra_.end());
    std::vector<char*> argv;
    for (auto& word : words)
      argv.push_back(word.data());
    argv.push_back(nullptr);
    ::setenv("LC_ALL", "C.UTF-8", 1); // Redis 8 refuses an unknown locale
    auto log = (directory_ / "log").string();
    auto parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0)
      throw std::runtime_error("fork failed");
    if (pid_ > 0)
      return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent)
      ::_exit(125);
    int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }

  std::vector<std::string> extra_;
  std::filesystem::path directory_;
  pid_t pid_ = 0;
};

} // namespace eventpulse::test
