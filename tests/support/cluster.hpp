#pragma once
// The production processes one by one, for tests that end them one by one: the
// embedded servers in this process's care, an intake and any number of workers,
// none of which is started again by anybody but the test.

#include "runtime/adapters/postgres/migrations.hpp"
#include "runtime/adapters/postgres/stores.hpp"
#include "runtime/app/readiness.hpp"
#include "runtime/app/servers.hpp"
#include "runtime/core/base/key_text.hpp"
#include "tests/support/installation.hpp"

#include <map>
#include <memory>

namespace eventpulse::test {

class cluster : public installation {
public:
  /// Servers and an intake; workers are the test's to start. `more` is added to
  /// the environment of both.
  explicit cluster(const std::map<std::string, std::string>& more = {}) {
    embedded_options o;
    o.data_dir = dir().path / "data";
    o.durability = survives::kill; // no test takes the power away
    servers_ = good(embedded_servers::start(o));
    database_url_ = servers_->database_url();
    good(postgres::migrate(database_url_));
    add_key();
    environment_ = {{"EVENTPULSE_CONFIG", ""},
                    {"EVENTPULSE_STREAM_URL", servers_->redis_url()},
                    {"EVENTPULSE_DATABASE_URL", database_url_},
                    {"EVENTPULSE_SECRETS_KEY_FILE",
                     dir().write("secrets.key", std::string(32, 'k'))},
                    {"EVENTPULSE_OUTBOUND_ALLOW", "127.0.0.0/8"},
                    {"EVENTPULSE_LOG_LEVEL", "info"},
                    // Short, so that a take-over is, too.
                    {"EVENTPULSE_OUTBOUND_TIMEOUT", "5s"},
                    {"EVENTPULSE_OUTBOUND_DELIVERY_LEASE", "11s"},
                    {"EVENTPULSE_LEASE_TTL", "3s"},
                    {"EVENTPULSE_LEASE_RENEW", "500ms"},
                    {"EVENTPULSE_DATABASE_STATEMENT_TIMEOUT", "2s"},
                    {"EVENTPULSE_DATABASE_LOCK_TIMEOUT", "1s"},
                    {"EVENTPULSE_DATABASE_IDLE_TIMEOUT", "2s"}};
    if (!why_not_listen("127.0.0.1", port_).empty())
      throw std::runtime_error("no free port");
    environment_["EVENTPULSE_SERVER_PORT"] = std::to_string(port_);
    environment_.insert(more.begin(), more.end());
    // They die with this thread, so the servers above and these are started
    // here and nowhere else.
    start_intake();
  }

  ~cluster() override {
    for (auto& [name, child] : children_) {
      child.signal(SIGCONT);
      child.begin_stop();
    }
    children_.clear(); // killed where they have not ended
  }

  embedded_servers& servers() { return *servers_; }
  std::string address() const override {
    return "http://127.0.0.1:" + std::to_string(port_);
  }
  uint16_t port() const { return port_; }
  std::string key() const override { return key_; }
  std::string database_url() const override { return database_url_; }
  std::string log_of(const std::string& who) const override {
    return log_tail(log_file(who), 30);
  }
  std::string whole_log_of(const std::string& who) const {
    return file_text(log_file(who));
  }

  void start_intake() { start("intake", {"intake"}, {}); }
  /// Returns once it takes events; it needs a worker's stream for that.
  bool intake_ready() {
    return eventually(
        [&] {
          return http_answers("127.0.0.1", port_, "/readyz",
                              std::chrono::milliseconds(500));
        },
        patience);
  }
  void start_worker(const std::string& name) {
    start(name, {"worker"}, {{"EVENTPULSE_WORKER_NAME", name}});
  }

  child_process& process(const std::string& name) { return children_.at(name); }
  /// SIGKILL; gone when it returns.
  void kill(const std::string& name) {
    process(name).signal(SIGKILL);
    process(name).finish_stop();
  }

  /// Whether all leases are this worker's. Leases of one owner only, or none.
  bool owns(const std::string& name) const {
    const auto found = rows("SELECT DISTINCT owner FROM lease"
                            " WHERE expires_at > clock_timestamp()");
    return found.size() == 1 && found[0][0].starts_with(name);
  }

private:
  template <class T>
  static T good(result<T> r) {
    if (!r)
      throw std::runtime_error(to_string(r.error()));
    if constexpr (!std::is_void_v<T>)
      return std::move(r).value();
  }

  void add_key() {
    postgres::options o;
    o.url = database_url_;
    api_key k;
    k.id = "00000000-0000-7000-8000-000000000000";
    k.name = "admin";
    k.hash = key_hash(key_);
    k.scopes = {scope::admin};
    good(postgres::make_key_store(o)->add(k, {}));
  }

  void start(const std::string& name, const std::vector<std::string>& words,
             const std::map<std::string, std::string>& more) {
    child_options o;
    o.name = name;
    o.argv = {product_binary()};
    o.argv.insert(o.argv.end(), words.begin(), words.end());
    o.environment = environment_;
    o.environment.insert(more.begin(), more.end());
    o.log_file = log_file(name);
    children_[name] = good(child_process::start(std::move(o)));
  }

  std::string log_file(const std::string& who) const {
    return (dir().path / (who + ".log")).string();
  }

  std::unique_ptr<embedded_servers> servers_;
  std::string database_url_;
  std::string key_ = "ep_" + std::string(43, 'a');
  uint16_t port_ = 0;
  std::map<std::string, std::string> environment_;
  std::map<std::string, child_process> children_;
};

} // namespace eventpulse::test
