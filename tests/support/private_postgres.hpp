#pragma once
// A PostgreSQL of the test's own: a fresh data directory under /tmp, a Unix
// socket in it, gone with the process. One a test executable; every fixture
// takes a new database of it, so that tests share nothing. PostgreSQL refuses
// root, so root runs it as the user postgres.

#include <pqxx/pqxx>

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace eventpulse::test {

class private_postgres {
public:
  private_postgres() {
    find_binaries();
    std::string name = "/tmp/ep-pg-XXXXXX";
    if (!mkdtemp(name.data()))
      throw std::runtime_error("mkdtemp failed");
    dir_ = name;
    if (auto* user = server_user();
        user && chown(name.c_str(), user->pw_uid, user->pw_gid) != 0)
      throw std::runtime_error("chown failed");
    auto init =
        start({bin_ + "/initdb", "-D", dir_ + "/data", "-A", "trust", "-E",
               "UTF8", "--locale=C.UTF-8", "-U", "ep", "--no-sync", "-N"});
    int status = 0;
    if (waitpid(init, &status, 0) != init || status != 0)
      throw std::runtime_error("initdb failed, see " + dir_ + "/log");
    launch();
    wait_until_ready();
  }

  ~private_postgres() {
    kill(server_, SIGQUIT);
    waitpid(server_, nullptr, 0);
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }

  private_postgres(const private_postgres&) = delete;
  private_postgres& operator=(const private_postgres&) = delete;

  std::string conninfo(const std::string& database) const {
    return "host=" + dir_ + " user=ep dbname=" + database;
  }

  /// The connection string of a new, empty database.
  std::string new_database() {
    auto name = "t" + std::to_string(++databases_);
    pqxx::connection link{conninfo("postgres")};
    pqxx::nontransaction tx{link};
    tx.exec("CREATE DATABASE " + name);
    tx.commit();
    return conninfo(name);
  }

  /// Ends the server at once, as a crash does.
  void crash() {
    kill(server_, SIGQUIT);
    waitpid(server_, nullptr, 0);
  }

  /// Starts it again on the same data.
  void restart() {
    launch();
    wait_until_ready();
  }

private:
  static const passwd* server_user() {
    return geteuid() == 0 ? getpwnam("postgres") : nullptr;
  }

  void launch() {
    server_ = start({bin_ + "/postgres", "-D", dir_ + "/data", "-k", dir_, "-c",
                     "listen_addresses=", "-c", "fsync=off"});
  }

  void find_binaries() {
    int best = 0;
    for (auto& entry :
         std::filesystem::directory_iterator("/usr/lib/postgresql")) {
      int version = std::atoi(entry.path().filename().c_str());
      if (version > best && std::filesystem::exists(entry.path() / "bin"))
        best = version;
    }
    if (best == 0)
      throw std::runtime_error("no PostgreSQL under /usr/lib/postgresql");
    bin_ = "/usr/lib/postgresql/" + std::to_string(best) + "/bin";
  }

  pid_t start(const std::vector<std::string>& words) {
    std::vector<char*> argv;
    for (auto& word : words)
      argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    auto* user = server_user();
    auto log = dir_ + "/log";
    auto parent = getpid();
    auto child = fork();
    if (child != 0)
      return child;
    setpgid(0, 0);
    if (user && (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 ||
                 setuid(user->pw_uid) != 0))
      _exit(126);
    // After setuid, which clears it.
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (getppid() != parent || !freopen(log.c_str(), "a", stdout) ||
        dup2(1, 2) < 0 || chdir("/") != 0)
      _exit(125);
    execv(argv[0], argv.data());
    _exit(127);
  }

  void wait_until_ready() {
    auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (;;) {
      try {
        pqxx::connection link{conninfo("postgres")};
        return;
      } catch (const std::exception&) {
        if (std::chrono::steady_clock::now() > deadline ||
            waitpid(server_, nullptr, WNOHANG) != 0)
          throw std::runtime_error("no PostgreSQL came up, see " + dir_);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    }
  }

  std::string bin_;
  std::string dir_;
  pid_t server_ = -1;
  int databases_ = 0;
};

/// The server of this test executable.
inline private_postgres& shared_postgres() {
  static private_postgres server;
  return server;
}

} // namespace eventpulse::test
