// The table events: persisting (persist.cpp has the transaction), reading back
// in the total order, and the event list of the API.

#include "runtime/adapters/postgres/dead_letters.hpp"
#include "runtime/adapters/postgres/event_rows.hpp"
#include "runtime/adapters/postgres/persist.hpp"
#include "runtime/core/base/check.hpp"

#include <algorithm>
#include <limits>
#include <set>

namespace eventpulse::postgres {

namespace {

constexpr int64_t day_ms = 86'400'000;
// 9999-12-31: beyond it a day has no name of eight digits.
constexpr int64_t day_max = 2'932'896;

// A plan made while today's table was empty would go on scanning it when it is
// not; every query here has an index. Compiling plans costs more than they do.
const char* const session_settings = "SET enable_seqscan = off; SET jit = off;";

const statement load{
    "event_load_partition",
    "WITH made AS (INSERT INTO partition (number) VALUES ($1)"
    " ON CONFLICT DO NOTHING RETURNING 0::bigint, 0::bigint, 0::bigint)"
    " SELECT persisted_ms, persisted_seq, clock_ms FROM partition"
    " WHERE number = $1 UNION ALL SELECT * FROM made"};

const statement make_day{"event_make_day", "SELECT make_event_day($1)"};

const statement read_clock{"event_read_clock",
                           "SELECT min(clock_ms) FROM partition"};

const statement read_controls{
    "event_read_controls",
    "SELECT id, kind, body, received_at_ms, position_partition, position_ms,"
    " position_seq FROM control"
    " WHERE (received_at_ms, position_partition, position_ms, position_seq)"
    " > ($1::bigint, $2::bigint, $3::bigint, $4::bigint)"
    " AND (received_at_ms, position_partition, position_ms, position_seq)"
    " <= ($5::bigint, $6::bigint, $7::bigint, $8::bigint)"
    " ORDER BY received_at_ms, position_partition, position_ms, position_seq"
    " LIMIT $9"};

const std::string& read_events_sql() {
  // received_at_ms is never below position_ms, so the upper bound also spares
  // the days after it.
  static const std::string sql =
      std::string{"SELECT "} + event_columns +
      " FROM events"
      " WHERE (received_at_ms, position_partition, position_ms, position_seq)"
      " > ($1::bigint, $2::bigint, $3::bigint, $4::bigint)"
      " AND (received_at_ms, position_partition, position_ms, position_seq)"
      " <= ($5::bigint, $6::bigint, $7::bigint, $8::bigint)"
      " AND position_ms <= $5::bigint"
      " ORDER BY received_at_ms, position_partition, position_ms, position_seq"
      " LIMIT $9";
  return sql;
}

void add_key(parameters& p, const order_key& key) {
  p.number(key.received_at_ms)
      .number(key.partition)
      .number(nearest_number(key.ms))
      .number(nearest_number(key.seq));
}

control_input read_control(const pqxx::row& row) {
  return {text_of(row[0]),
          text_of(row[1]),
          text_of(row[2]),
          {number_of(row[3]), static_cast<uint32_t>(number_of(row[4])),
           static_cast<uint64_t>(number_of(row[5])),
           static_cast<uint64_t>(number_of(row[6]))}};
}

/// The first `limit` of both together; true when there was more.
bool cut_to(persisted_batch& batch, size_t limit) {
  auto e = batch.events.begin();
  auto c = batch.controls.begin();
  for (size_t taken = 0; taken < limit; ++taken) {
    bool no_event = e == batch.events.end();
    bool no_control = c == batch.controls.end();
    if (no_event && no_control)
      return false;
    if (no_control || (!no_event && e->key() < c->key))
      ++e;
    else
      ++c;
  }
  bool more = e != batch.events.end() || c != batch.controls.end();
  batch.events.erase(e, batch.events.end());
  batch.controls.erase(c, batch.controls.end());
  return more;
}

int64_t last_time(const persisted_batch& batch) {
  auto out = std::numeric_limits<int64_t>::min();
  if (!batch.events.empty())
    out = batch.events.back().received_at_ms;
  if (!batch.controls.empty())
    out = std::max(out, batch.controls.back().key.received_at_ms);
  return out;
}

/// The WHERE of an event_query, with its parameters.
class query_text {
public:
  explicit query_text(const event_query& q) {
    attribute("type", q.type);
    attribute("source", q.source);
    attribute("subject", q.subject);
    attribute("id", q.id);
    if (q.from_ms)
      where("received_at_ms >= " + next(p_.number(*q.from_ms)));
    if (q.to_ms)
      where("received_at_ms < " + next(p_.number(*q.to_ms)));
    if (q.before)
      before(*q.before);
    sql_ = std::string{"SELECT "} + event_columns +
           ", accepted_at_ms FROM events" + where_ +
           " ORDER BY received_at_ms DESC, position_partition DESC,"
           " position_ms DESC, position_seq DESC LIMIT " +
           next(p_.number(static_cast<int64_t>(q.limit)));
  }

  const std::string& sql() const { return sql_; }
  const parameters& values() const { return p_; }

private:
  std::string next(const parameters& p) {
    return "$" + std::to_string(p.size());
  }

  void where(const std::string& condition) {
    where_ += (where_.empty() ? " WHERE " : " AND ") + condition;
  }

  /// The index holds a prefix, so both are compared.
  void attribute(const std::string& column,
                 const std::optional<std::string>& value) {
    if (!value)
      return;
    auto wanted = next(p_.text(*value)) + "::text";
    where("left(" + column + ", 200) = left(" + wanted + ", 200)");
    where(column + " = " + wanted);
  }

  void before(const order_key& key) {
    auto at = p_.size();
    add_key(p_, key);
    std::string list;
    while (at < p_.size())
      list += (list.empty() ? "$" : ", $") + std::to_string(++at) + "::bigint";
    where(
        "(received_at_ms, position_partition, position_ms, position_seq) < (" +
        list + ")");
  }

  parameters p_;
  std::string where_;
  std::string sql_;
};

class pg_event_store final : public event_store {
public:
  explicit pg_event_store(const options& o) : link_(o, session_settings) {}

  result<partition_state> load_partition(uint32_t partition) override {
    return link_.transact([&](session& s) -> result<partition_state> {
      auto row = s.run(load, parameters{}.number(partition))[0];
      return partition_state{{partition,
                              static_cast<uint64_t>(number_of(row[0])),
                              static_cast<uint64_t>(number_of(row[1]))},
                             number_of(row[2])};
    });
  }

  result<persist_outcome> persist(const persist_request& request) override {
    link_.serve(request.lease);
    if (auto made = make_days_of(request); !made)
      return made.error();
    auto attempt = [&](session& s) { return persisting{s, request}.run(); };
    auto done = link_.transact(attempt);
    // Retention dropped a day that was there a moment ago.
    if (!done && link_.last_sqlstate() == "23514") {
      days_.clear();
      if (auto made = make_days_of(request); !made)
        return made.error();
      done = link_.transact(attempt);
    }
    return done;
  }

  result<history_page> read_back(const order_key& after,
                                 std::optional<order_key> until,
                                 size_t limit) override {
    return link_.transact([&](session& s) {
      return result<history_page>{read_page(s, after, until, limit)};
    });
  }

  result<std::vector<stored_event>> query(const event_query& q) override {
    using answer = result<std::vector<stored_event>>;
    return link_.transact([&](session& s) -> answer {
      query_text text{q};
      std::vector<stored_event> out;
      for (auto row : s.run_text(text.sql(), text.values()))
        out.push_back({read_event(row), number_of(row[event_column_count - 2]),
                       number_of(row[event_column_count])});
      return out;
    });
  }

  result<void> prepare_days(int64_t now_ms, int days) override {
    for (int i = 0; i <= days; ++i)
      if (auto made = have_day(now_ms / day_ms + i); !made)
        return made;
    return {};
  }

  result<void> keep_dead_letters(const std::vector<dead_letter>& all) override {
    return link_.transact([&](session& s) -> result<void> {
      insert_dead_letters(s, all);
      return {};
    });
  }

private:
  result<void> make_days_of(const persist_request& request) {
    for (auto& e : request.events) {
      if (e.where.ms / day_ms > static_cast<uint64_t>(day_max))
        return failure{errc::rejected, "position " + to_string(e.where) +
                                           " lies after the year 9999"};
      if (auto made = have_day(static_cast<int64_t>(e.where.ms) / day_ms);
          !made)
        return made;
    }
    return {};
  }

  /// In a transaction of its own: making a table waits for other locks than a
  /// batch should hold.
  result<void> have_day(int64_t day) {
    if (days_.contains(day))
      return {};
    if (day < 0 || day > day_max)
      return failure{errc::invalid, "a day before 1970 or after the year 9999"};
    auto made = link_.transact([&](session& s) -> result<void> {
      s.run(make_day, parameters{}.number(day));
      return {};
    });
    if (made)
      days_.insert(day);
    return made;
  }

  history_page read_page(session& s, const order_key& after,
                         std::optional<order_key> until, size_t limit) {
    constexpr auto max = std::numeric_limits<int64_t>::max();
    parameters p;
    add_key(p, after);
    add_key(p, until.value_or(order_key{
                   max, std::numeric_limits<uint32_t>::max(),
                   static_cast<uint64_t>(max), static_cast<uint64_t>(max)}));
    p.number(static_cast<int64_t>(std::min<size_t>(limit, max - 1)) + 1);
    // One snapshot for all three: a control must not be seen without the
    // events before it, nor they without it.
    s.run_text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    // The clocks first: whatever is committed after them is at or after them.
    auto clock = number_if(s.run(read_clock)[0][0]).value_or(0);
    auto batch = std::make_shared<persisted_batch>();
    for (auto row : s.run({"event_read_back", read_events_sql().c_str()}, p))
      batch->events.push_back(read_event(row));
    for (auto row : s.run(read_controls, p))
      batch->controls.push_back(read_control(row));
    history_page out;
    out.more = cut_to(*batch, limit);
    // A partition that lags may still add events before the last one read.
    if (out.more)
      clock = std::min(clock, last_time(*batch));
    if (until)
      clock = std::min(clock, until->received_at_ms);
    batch->clock_ms = clock;
    out.batch = std::move(batch);
    return out;
  }

  connection link_;
  std::set<int64_t> days_; // known to have a partition
};

} // namespace

std::unique_ptr<event_store> make_event_store(const options& o) {
  return std::make_unique<pg_event_store>(o);
}

} // namespace eventpulse::postgres
