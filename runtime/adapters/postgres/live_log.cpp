// The live feed's logs: live_change, which triggers fill as their transactions
// commit (schema/postgres/0007), and the table events in the total order.

#include "runtime/adapters/postgres/live_log.hpp"

#include "runtime/adapters/postgres/alert_rows.hpp"
#include "runtime/adapters/postgres/event_rows.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace eventpulse::postgres {

namespace {

// As event_store has them, for the same reasons.
const char* const session_settings = "SET enable_seqscan = off; SET jit = off;";

constexpr auto read_only =
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";

const statement read_clocks{"live_read_clocks",
                            "SELECT number, clock_ms FROM partition"
                            " WHERE number < $1 ORDER BY number"};

const statement read_change_bounds{
    "live_read_change_bounds",
    "SELECT greatest(coalesce((SELECT max(number) FROM live_change), 0), "
    "value),"
    " value FROM generation WHERE name = 'live_trimmed'"};

// Days are dropped whole, so nothing is missing from the oldest one on.
const statement read_first_day{
    "live_read_first_day",
    "SELECT extract(epoch FROM to_date(min(substring(c.relname FROM"
    " '^events_([0-9]{8})$')), 'YYYYMMDD'))::bigint * 1000"
    " FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " WHERE i.inhparent = 'events'::regclass"};

const statement read_newest_event{
    "live_read_newest_event",
    "SELECT received_at_ms, position_partition, position_ms, position_seq"
    " FROM events ORDER BY received_at_ms DESC, position_partition DESC,"
    " position_ms DESC, position_seq DESC LIMIT 1"};

// Taken or not at all: every intake trims, one is enough.
const statement trim_changes{
    "live_trim",
    "WITH oldest AS (SELECT number FROM (SELECT number, at FROM live_change"
    "   ORDER BY number LIMIT $3) o"
    "   WHERE at < clock_timestamp() - $1::bigint * interval '1 millisecond'"
    "   OR number <= (SELECT max(number) FROM live_change) - $2::bigint),"
    " gone AS (DELETE FROM live_change WHERE number IN"
    "   (SELECT number FROM oldest) RETURNING number),"
    " marked AS (UPDATE generation SET value = greatest(value,"
    "   (SELECT max(number) FROM gone)) WHERE name = 'live_trimmed'"
    "   AND EXISTS (SELECT 1 FROM gone))"
    " SELECT count(*) FROM gone"};

const statement try_to_trim{"live_try_to_trim",
                            "SELECT pg_try_advisory_xact_lock("
                            "hashtextextended('eventpulse.live_trim', 0))"};

constexpr int change_column_count = 6; // after the alert's

const std::string& read_changes_sql() {
  static const std::string sql =
      std::string{"SELECT "} + alert_columns +
      ", c.number, floor(extract(epoch FROM c.at) * 1000)::bigint, c.topic,"
      " c.type, c.about, c.body"
      " FROM live_change c LEFT JOIN LATERAL json_populate_record(NULL::alert,"
      " CASE WHEN c.topic = 'alerts' THEN c.body END) a ON true"
      " WHERE c.number > $1 ORDER BY c.number LIMIT $2";
  return sql;
}

// Rows whose payloads pass the bound are not sent over; the first always is.
// How many there were tells whether there is more.
const std::string& read_events_sql() {
  static const std::string sql =
      std::string{"SELECT "} + event_columns +
      ", found FROM (SELECT *, count(*) OVER () AS found,"
      " sum(coalesce(octet_length(payload::text), octet_length(payload_bytes),"
      " 0)) OVER (ORDER BY received_at_ms, position_partition, position_ms,"
      " position_seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
      " AS before FROM (SELECT * FROM events"
      " WHERE (received_at_ms, position_partition, position_ms, position_seq)"
      " > ($1::bigint, $2::bigint, $3::bigint, $4::bigint)"
      " ORDER BY received_at_ms, position_partition, position_ms, position_seq"
      " LIMIT $5) page) measured WHERE before IS NULL OR before < $6"
      " ORDER BY received_at_ms, position_partition, position_ms,"
      " position_seq";
  return sql;
}

live_change read_change(const pqxx::row& row) {
  const int first = static_cast<int>(row.size()) - change_column_count;
  live_change out;
  out.number = number_of(row[first]);
  out.at_ms = number_of(row[first + 1]);
  auto topic = parse_live_topic(text_of(row[first + 2]));
  if (!topic)
    throw value_corrupt("no such topic: " + text_of(row[first + 2]));
  out.topic = *topic;
  out.type = text_of(row[first + 3]);
  out.about = text_of(row[first + 4]);
  if (out.topic == live_topic::alerts)
    out.after = read_alert(row);
  else
    out.body = text_of(row[first + 5]);
  return out;
}

/// The clocks of all partitions; of one that is not there yet it is 0.
class clocks {
public:
  clocks(session& s, uint32_t partitions) : all_(partitions, 0) {
    for (auto row : s.run(read_clocks, parameters{}.number(partitions)))
      all_.at(static_cast<size_t>(number_of(row[0]))) = number_of(row[1]);
  }

  int64_t least() const { return *std::min_element(all_.begin(), all_.end()); }

  /// Whether no event can come before it any more. Its own partition goes
  /// forward; another one's next event is received at its clock or later.
  bool is_settled(const order_key& key) const {
    for (uint32_t p = 0; p < all_.size(); ++p) {
      if (p == key.partition)
        continue;
      bool past = all_[p] > key.received_at_ms ||
                  (all_[p] == key.received_at_ms && p > key.partition);
      if (!past)
        return false;
    }
    return true;
  }

private:
  std::vector<int64_t> all_;
};

class pg_live_log final : public live_log {
public:
  pg_live_log(const options& o, uint32_t partitions)
      : link_(o, session_settings), partitions_(partitions) {}

  result<live_bounds> bounds() override {
    return link_.transact([&](session& s) -> result<live_bounds> {
      s.run_text(read_only);
      live_bounds out;
      auto changes = s.run(read_change_bounds);
      out.now.change = number_of(changes[0][0]);
      out.changes_trimmed = number_of(changes[0][1]);
      out.events_since_ms = number_if(s.run(read_first_day)[0][0]).value_or(0);
      out.now.event = newest_event(s, out.events_since_ms);
      return out;
    });
  }

  result<live_change_page> changes(int64_t after, size_t limit) override {
    return link_.transact([&](session& s) -> result<live_change_page> {
      live_change_page out;
      auto p = parameters{}.number(after).number(static_cast<int64_t>(limit));
      for (auto row :
           s.run({"live_read_changes", read_changes_sql().c_str()}, p))
        out.changes.push_back(read_change(row));
      out.more = out.changes.size() == limit;
      return out;
    });
  }

  result<live_event_page> events(const order_key& after, size_t limit,
                                 size_t bytes_max) override {
    return link_.transact([&](session& s) -> result<live_event_page> {
      s.run_text(read_only);
      const clocks now{s, partitions_};
      parameters p;
      p.number(after.received_at_ms).number(after.partition);
      p.number(nearest_number(after.ms)).number(nearest_number(after.seq));
      p.number(static_cast<int64_t>(limit));
      p.number(static_cast<int64_t>(bytes_max));
      auto rows = s.run({"live_read_events", read_events_sql().c_str()}, p);
      live_event_page out;
      for (auto row : rows) {
        live_event e{read_event(row), number_of(row[event_column_count - 2])};
        if (!now.is_settled(e.what.key()))
          return out;
        out.events.push_back(std::move(e));
      }
      if (!rows.empty()) {
        auto found =
            static_cast<size_t>(number_of(rows[0][event_column_count]));
        out.more = found == limit || found > out.events.size();
      }
      return out;
    });
  }

  result<size_t> trim(std::chrono::milliseconds keep, int64_t rows_max,
                      size_t limit) override {
    return link_.transact([&](session& s) -> result<size_t> {
      if (!flag_of(s.run(try_to_trim)[0][0]))
        return size_t{0};
      auto p = parameters{}
                   .number(keep.count())
                   .number(rows_max)
                   .number(static_cast<int64_t>(limit));
      return static_cast<size_t>(number_of(s.run(trim_changes, p)[0][0]));
    });
  }

private:
  /// With several partitions a place before which all is settled, which the
  /// newest event's need not be.
  order_key newest_event(session& s, int64_t since_ms) const {
    constexpr auto max = std::numeric_limits<int64_t>::max();
    if (partitions_ > 1)
      return {std::max<int64_t>(clocks{s, partitions_}.least() - 1, 0),
              std::numeric_limits<uint32_t>::max(), static_cast<uint64_t>(max),
              static_cast<uint64_t>(max)};
    auto rows = s.run(read_newest_event);
    if (rows.empty())
      return {since_ms, 0, 0, 0};
    auto row = rows[0];
    return {number_of(row[0]), static_cast<uint32_t>(number_of(row[1])),
            static_cast<uint64_t>(number_of(row[2])),
            static_cast<uint64_t>(number_of(row[3]))};
  }

  connection link_;
  uint32_t partitions_;
};

} // namespace

std::unique_ptr<live_log> make_live_log(const options& o, uint32_t partitions) {
  return std::make_unique<pg_live_log>(o, partitions);
}

} // namespace eventpulse::postgres
