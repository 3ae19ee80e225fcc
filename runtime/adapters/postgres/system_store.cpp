// How the installation stands: leases, tails, cursors and what waits. Read in
// one transaction, so that the numbers are of one moment.

#include "runtime/adapters/postgres/connection.hpp"

namespace eventpulse::postgres {

namespace {

#define EP_MS(expression) "(extract(epoch FROM " expression ") * 1000)::bigint"

const statement read_server{
    "system_server",
    "SELECT " EP_MS("clock_timestamp()") ", current_setting('server_version'),"
                                         " (SELECT coalesce(max(number), 0) "
                                         "FROM schema_migration)"};

const statement read_leases{
    "system_leases",
    "SELECT name, epoch, owner, expires_at > clock_timestamp(), " EP_MS(
        "expires_at") " FROM lease ORDER BY name"};

const statement read_partitions{
    "system_partitions",
    "SELECT number, persisted_ms, persisted_seq, clock_ms FROM partition"
    " ORDER BY number"};

const statement read_cursor{
    "system_cursor", "SELECT received_at_ms, partition, ms, seq, timer_ms"
                     " FROM evaluation_cursor"};

const statement count_unevaluated{
    "system_unevaluated",
    "SELECT count(*), min(received_at_ms) FROM (SELECT received_at_ms"
    " FROM events WHERE (received_at_ms, position_partition, position_ms,"
    " position_seq) > ($1, $2::bigint, $3, $4)"
    " ORDER BY received_at_ms, position_partition, position_ms, position_seq"
    " LIMIT $5) AS waiting"};

const statement count_rules{
    "system_rules",
    "SELECT coalesce(s.state, 'pending'), count(*) FROM rule r"
    " LEFT JOIN rule_status s ON s.rule = r.id WHERE NOT r.deleted"
    " GROUP BY 1 ORDER BY 1"};

const statement count_due{
    "system_due",
    "SELECT count(*), " EP_MS(
        "min(next_attempt_at)") " FROM (SELECT"
                                " next_attempt_at FROM delivery WHERE state = "
                                "'pending'"
                                " AND next_attempt_at <= clock_timestamp()"
                                " ORDER BY next_attempt_at LIMIT $1) AS due"};

const statement count_later{
    "system_later",
    "SELECT count(*) FROM (SELECT 1 FROM delivery WHERE state = 'pending'"
    " AND next_attempt_at > clock_timestamp() LIMIT $1) AS later"};

#undef EP_MS

constexpr auto counted_max = static_cast<int64_t>(system_counted_max);

uint64_t unsigned_of(const pqxx::field& f) {
  return static_cast<uint64_t>(number_of(f));
}

bounded_count count_of(const pqxx::result& rows) {
  return {unsigned_of(rows[0][0]), number_if(rows[0][1])};
}

bounded_count deliveries_due(session& s) {
  return count_of(s.run(count_due, parameters{}.number(counted_max)));
}

class pg_system_store final : public system_store {
public:
  explicit pg_system_store(const options& o) : link_(o) {}

  result<system_facts> look() override {
    return link_.transact([&](session& s) -> result<system_facts> {
      system_facts out;
      auto server = s.run(read_server);
      out.now_ms = number_of(server[0][0]);
      out.server_version = text_of(server[0][1]);
      out.schema_version = number_of(server[0][2]);
      for (const auto& row : s.run(read_leases))
        out.leases.push_back({text_of(row[0]), number_of(row[1]),
                              text_of(row[2]), flag_of(row[3]),
                              number_of(row[4])});
      for (const auto& row : s.run(read_partitions)) {
        auto number = static_cast<uint32_t>(number_of(row[0]));
        out.partitions.push_back(
            {number,
             {number, unsigned_of(row[1]), unsigned_of(row[2])},
             number_of(row[3])});
      }
      read_evaluation(s, out);
      for (const auto& row : s.run(count_rules))
        out.rules[text_of(row[0])] = unsigned_of(row[1]);
      out.deliveries_due = deliveries_due(s);
      auto later = s.run(count_later, parameters{}.number(counted_max));
      out.deliveries_later = unsigned_of(later[0][0]);
      return out;
    });
  }

  result<bounded_count> look_at_deliveries() override {
    return link_.transact(
        [&](session& s) -> result<bounded_count> { return deliveries_due(s); });
  }

private:
  static void read_evaluation(session& s, system_facts& out) {
    auto row = s.run(read_cursor)[0];
    out.evaluated = {{number_of(row[0]),
                      static_cast<uint32_t>(number_of(row[1])),
                      unsigned_of(row[2]), unsigned_of(row[3])},
                     number_of(row[4])};
    out.unevaluated =
        count_of(s.run(count_unevaluated, parameters{}
                                              .number(number_of(row[0]))
                                              .number(number_of(row[1]))
                                              .number(number_of(row[2]))
                                              .number(number_of(row[3]))
                                              .number(counted_max)));
  }

  connection link_;
};

} // namespace

std::unique_ptr<system_store> make_system_store(const options& o) {
  return std::make_unique<pg_system_store>(o);
}

} // namespace eventpulse::postgres
