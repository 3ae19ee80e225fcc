// Retention. A day of events is one partition: it is taken out of the table
// and dropped in one fenced transaction, which waits for readers of events only
// a moment, since everybody else queues behind that wait. Rows go in bounded
// statements, by the indexes that list them newest first.

#include "runtime/adapters/postgres/retention_store.hpp"

#include "runtime/adapters/postgres/connection.hpp"
#include "runtime/adapters/postgres/dead_letters.hpp"

namespace eventpulse::postgres {

namespace {

constexpr int64_t day_ms = 86'400'000;

const statement read_level{"retention_level",
                           "SELECT greatest(received_at_ms, timer_ms), "
                           "floor(extract(epoch FROM clock_timestamp())"
                           " * 1000)::bigint FROM evaluation_cursor"};

const statement read_behind{
    "retention_behind",
    "SELECT rule, greatest(received_at_ms, timer_ms) FROM rule_cursor"
    " WHERE detached ORDER BY rule"};

// Days have names of eight digits, which sort as the days do.
const statement read_oldest_day{
    "retention_oldest_day",
    "SELECT c.relname, to_date(right(c.relname, 8), 'YYYYMMDD')"
    " - date '1970-01-01', greatest(c.reltuples, 0)::bigint"
    " FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " WHERE i.inhparent = 'events'::regclass"
    " AND c.relname ~ '^events_[0-9]{8}$' ORDER BY c.relname LIMIT 1"};

const statement remove_alerts{
    "retention_alerts",
    "DELETE FROM alert WHERE id IN (SELECT a.id FROM alert a"
    " WHERE a.state = 'resolved' AND a.opened_at_ms < $1"
    " AND a.resolved_at_ms < $1 AND NOT EXISTS (SELECT FROM delivery d"
    " WHERE d.alert = a.id AND d.state = 'pending')"
    " ORDER BY a.opened_at_ms, a.id LIMIT $2)"};

const statement remove_deliveries{
    "retention_deliveries",
    "DELETE FROM delivery WHERE id IN (SELECT d.id FROM delivery d"
    " WHERE d.created_at_ms < $1 AND d.state <> 'pending'"
    " AND NOT EXISTS (SELECT FROM alert a WHERE a.id = d.alert"
    " AND a.state <> 'resolved') ORDER BY d.created_at_ms, d.id LIMIT $2)"};

const statement remove_attempts{
    "retention_attempts",
    "DELETE FROM attempt WHERE (delivery, number, started_at_ms) IN"
    " (SELECT t.delivery, t.number, t.started_at_ms FROM attempt t"
    " JOIN delivery d ON d.id = t.delivery WHERE t.started_at_ms < $1"
    " AND d.state <> 'pending' ORDER BY t.started_at_ms LIMIT $2)"};

const statement remove_audit{
    "retention_audit",
    "DELETE FROM audit WHERE id IN (SELECT id FROM audit"
    " WHERE at < to_timestamp($1::bigint / 1000.0) ORDER BY at, id LIMIT $2)"};

const statement remove_dead_letters{
    "retention_dead_letters",
    "DELETE FROM dead_letter WHERE id IN (SELECT id FROM dead_letter"
    " WHERE created_at_ms < $1 ORDER BY created_at_ms, id LIMIT $2)"};

const statement& statement_of(kept_rows what) {
  switch (what) {
  case kept_rows::alerts:
    return remove_alerts;
  case kept_rows::deliveries:
    return remove_deliveries;
  case kept_rows::attempts:
    return remove_attempts;
  case kept_rows::audit:
    return remove_audit;
  case kept_rows::dead_letters:
    return remove_dead_letters;
  }
  return remove_alerts; // not reached
}

evaluation_reach read_reach(session& s) {
  evaluation_reach out;
  for (auto row : s.run(read_level))
    out.level_ms = number_of(row[0]);
  for (auto row : s.run(read_behind))
    out.behind.emplace_back(text_of(row[0]), number_of(row[1]));
  return out;
}

class pg_retention_store final : public retention_store {
public:
  explicit pg_retention_store(const options& o) : link_(o) {}

  result<evaluation_reach> reach() override {
    return link_.transact(
        [&](session& s) -> result<evaluation_reach> { return read_reach(s); });
  }

  result<day_sweep> drop_day(const lease_token& lease, int64_t before_ms,
                             int64_t reached_ms) override {
    link_.serve(lease);
    return link_.transact([&](session& s) -> result<day_sweep> {
      if (!s.holds(lease))
        return fenced_by(lease);
      return drop_oldest(s, before_ms, reached_ms);
    });
  }

  result<size_t> remove_rows(const lease_token& lease, kept_rows what,
                             int64_t before_ms, size_t limit) override {
    link_.serve(lease);
    return link_.transact([&](session& s) -> result<size_t> {
      if (!s.holds(lease))
        return fenced_by(lease);
      auto gone = s.run(
          statement_of(what),
          parameters{}.number(before_ms).number(static_cast<int64_t>(limit)));
      return static_cast<size_t>(gone.affected_rows());
    });
  }

private:
  static result<day_sweep> drop_oldest(session& s, int64_t before_ms,
                                       int64_t reached_ms) {
    day_sweep out;
    auto found = s.run(read_oldest_day);
    if (found.empty())
      return out;
    auto table = text_of(found[0][0]); // digits but for its prefix: no quotes
    auto day = number_of(found[0][1]);
    if ((day + 1) * day_ms > before_ms)
      return out;
    auto reach = read_reach(s);
    auto last =
        number_if(s.run_text("SELECT max(received_at_ms) FROM " + table)[0][0]);
    if (last && (*last >= reached_ms || *last >= reach.level_ms)) {
      out.held = day;
      return out;
    }
    s.run_text("SET LOCAL lock_timeout = '200ms'");
    s.run_text("ALTER TABLE events DETACH PARTITION " + table);
    s.run_text("DROP TABLE " + table);
    out.dropped = day;
    out.rows = static_cast<uint64_t>(number_of(found[0][2]));
    record_overtaken(s, day, last.value_or(0), reach, out);
    return out;
  }

  static void record_overtaken(session& s, int64_t day, int64_t last_ms,
                               const evaluation_reach& reach, day_sweep& out) {
    auto now_ms = number_of(s.run(read_level)[0][1]);
    std::vector<dead_letter> letters;
    for (auto& [rule, at_ms] : reach.behind) {
      if (at_ms >= last_ms)
        continue;
      letters.push_back(overtaken_letter(rule, at_ms, day, last_ms, now_ms));
      out.overtaken.push_back(rule);
    }
    if (!letters.empty())
      insert_dead_letters(s, letters);
  }

  connection link_;
};

} // namespace

std::unique_ptr<retention_store> make_retention_store(const options& o) {
  return std::make_unique<pg_retention_store>(o);
}

} // namespace eventpulse::postgres
