#pragma once
// One connection to PostgreSQL and its transactions. Made lazily, remade after
// a loss with back-off, closed in the destructor. Used by every store of this
// folder; belongs to one thread at a time.

#include "messages/lease.hpp"
#include "messages/result.hpp"
#include "runtime/adapters/postgres/fault.hpp"
#include "runtime/adapters/postgres/stores.hpp"
#include "runtime/adapters/postgres/values.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>

namespace eventpulse::postgres {

/// A statement that is prepared once a connection, under a name.
struct statement {
  const char* name;
  const char* sql;
};

class connection;

/// Runs statements inside one transaction. Throws what libpqxx throws.
class session {
public:
  session(connection& owner, pqxx::transaction_base& tx)
      : owner_(owner), tx_(tx) {}

  pqxx::result run(const statement& s, const parameters& p = {});

  /// For statements that are put together at run time.
  pqxx::result run_text(const std::string& sql, const parameters& p = {});

  /// Whether the lease is still of that epoch; if so no take-over can end
  /// before this transaction does.
  bool holds(const lease_token& lease);

private:
  connection& owner_;
  pqxx::transaction_base& tx_;
};

class connection {
public:
  /// `extra` is SQL that sets what this store needs of its sessions.
  explicit connection(options o, std::string extra = {});
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Names the session `eventpulse/<lease>/<epoch>` from the next transaction
  /// on, so that a take-over can find and end it.
  void serve(const lease_token& lease);

  /// Runs `work(session&)`, which returns some result<T>, in a transaction:
  /// COMMIT when it is ok, ROLLBACK when it is a failure or throws. `work` may
  /// run a second time on a new connection when the old one proves dead.
  template <class Work>
  auto transact(Work work) {
    using answer = std::invoke_result_t<Work&, session&>;
    std::optional<answer> out;
    auto broken = attempt([&](session& s) {
      out.emplace(work(s));
      return out->ok();
    });
    return broken ? answer{std::move(broken->what)} : std::move(*out);
  }

  /// SQLSTATE of the last failure of transact; empty where it had none.
  const std::string& last_sqlstate() const { return last_sqlstate_; }

  const options& settings() const { return options_; }

private:
  friend class session;

  std::optional<fault> attempt(const std::function<bool(session&)>& work);
  std::optional<fault> attempt_once(const std::function<bool(session&)>& work);
  std::optional<fault> connect();
  void take_name();
  void prepare(const statement& s);

  options options_;
  std::string extra_;
  std::string name_wanted_ = "eventpulse";
  std::string name_now_;
  std::unique_ptr<pqxx::connection> link_;
  std::set<std::string> prepared_; // on link_
  std::string last_sqlstate_;
  // Back-off: no connection is tried before retry_at_.
  std::chrono::milliseconds delay_{0};
  std::chrono::steady_clock::time_point retry_at_{};
  failure last_refusal_;
};

/// What every fenced write answers when its lease is gone.
failure fenced_by(const lease_token& lease);

} // namespace eventpulse::postgres
