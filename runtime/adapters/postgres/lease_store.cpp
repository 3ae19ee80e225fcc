// Leases on PostgreSQL's clock. Take-over waits for the old owner's writing
// transactions, which hold the row FOR KEY SHARE; a worker that was stopped in
// the middle of one never ends it, so after a while its sessions are ended.

#include "runtime/adapters/postgres/connection.hpp"

namespace eventpulse::postgres {

namespace {

constexpr int takeover_tries_max = 3;

const statement make{"lease_make",
                     "INSERT INTO lease (name, epoch, owner, expires_at)"
                     " VALUES ($1, 1, $2, clock_timestamp()"
                     "   + $3 * interval '1 millisecond')"
                     " ON CONFLICT (name) DO NOTHING RETURNING epoch"};

// The same owner is not "somebody else": it may take over from itself at once.
const statement take{
    "lease_take",
    "UPDATE lease SET epoch = epoch + 1, owner = $2,"
    " taken_at = clock_timestamp(),"
    " expires_at = clock_timestamp() + $3 * interval '1 millisecond'"
    " WHERE name = $1 AND (expires_at <= clock_timestamp() OR owner = $2)"
    " RETURNING epoch"};

const statement prolong{
    "lease_prolong",
    "UPDATE lease SET"
    " expires_at = clock_timestamp() + $3 * interval '1 millisecond'"
    " WHERE name = $1 AND epoch = $2 RETURNING 1"};

const statement end_sessions{
    "lease_end_sessions",
    "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a, lease l"
    " WHERE l.name = $1 AND a.pid <> pg_backend_pid()"
    " AND a.datname = current_database()"
    " AND a.application_name = 'eventpulse/' || l.name || '/' || l.epoch"};

class pg_lease_store final : public lease_store {
public:
  explicit pg_lease_store(const options& o)
      : link_(o, "SET lock_timeout = " +
                     std::to_string(o.takeover_lock_timeout.count()) + ";") {}

  result<std::optional<lease_token>>
  acquire(const std::string& name, const std::string& owner,
          std::chrono::milliseconds ttl) override {
    for (int tries = 0;; ++tries) {
      auto taken = try_acquire(name, owner, ttl);
      bool blocked = !taken && link_.last_sqlstate() == "55P03";
      if (!blocked || tries == takeover_tries_max)
        return taken;
      auto ended = link_.transact([&](session& s) -> result<void> {
        s.run(end_sessions, parameters{}.text(name));
        return {};
      });
      if (!ended)
        return ended.error();
    }
  }

  result<void> renew(const lease_token& token,
                     std::chrono::milliseconds ttl) override {
    return link_.transact([&](session& s) -> result<void> {
      auto rows = s.run(prolong, parameters{}
                                     .text(token.name)
                                     .number(token.epoch)
                                     .number(ttl.count()));
      if (rows.empty())
        return fenced_by(token);
      return {};
    });
  }

  result<void> release(const lease_token& token) override {
    return link_.transact([&](session& s) -> result<void> {
      s.run(prolong,
            parameters{}.text(token.name).number(token.epoch).number(0));
      return {};
    });
  }

private:
  result<std::optional<lease_token>>
  try_acquire(const std::string& name, const std::string& owner,
              std::chrono::milliseconds ttl) {
    using answer = result<std::optional<lease_token>>;
    return link_.transact([&](session& s) -> answer {
      auto p = parameters{}.text(name).text(owner).number(ttl.count());
      auto rows = s.run(make, p);
      if (rows.empty())
        rows = s.run(take, p);
      if (rows.empty())
        return std::optional<lease_token>{};
      return std::optional<lease_token>{{name, number_of(rows[0][0])}};
    });
  }

  connection link_;
};

} // namespace

std::unique_ptr<lease_store> make_lease_store(const options& o) {
  return std::make_unique<pg_lease_store>(o);
}

} // namespace eventpulse::postgres
