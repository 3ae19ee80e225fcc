#pragma once
// `eventpulse up` on a data directory of its own under /tmp. What it started is
// gone with it, also where a test is aborted.

#include "tests/support/installation.hpp"

#include <map>

namespace eventpulse::test {

class product : public installation {
public:
  using environment = std::map<std::string, std::string>;

  /// Returns when everything answers.
  explicit product(environment given = {}) : environment_(std::move(given)) {
    start();
  }
  ~product() override { up_.stop(); } // in order, before its directory goes

  void start() {
    child_options o;
    o.name = "up";
    o.argv = {product_binary(),   "up",         "--data",       data().string(),
              "--port",           "0",          "--ready-file", ready_file(),
              "--outbound.allow", "127.0.0.0/8"};
    o.environment = environment_;
    o.log_file = (dir().path / "up.log").string();
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
  std::string address() const override { return ready_text("address"); }
  std::string key() const override { return ready_text("admin_key"); }
  std::string database_url() const override {
    return ready_text("database_url");
  }
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

  std::filesystem::path data() const { return dir().path / "data"; }
  /// What `up` printed.
  std::string said() const { return file_text(dir().path / "up.log"); }
  std::string log_of(const std::string& who) const override {
    return log_tail((data() / "logs" / (who + ".log")).string(), 40);
  }

private:
  std::string ready_file() const {
    return (dir().path / "ready.json").string();
  }
  std::string ready_text(const char* name) const {
    return std::string{ready().at(name).as_string()};
  }

  environment environment_;
  child_process up_;
};

} // namespace eventpulse::test
