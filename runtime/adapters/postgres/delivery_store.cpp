// Deliveries: taking what is due, recording what came of it, and telling it.
// Due is judged by PostgreSQL's clock. A delivery that two workers have in
// hand, since a lease ran out, is sent twice with one id; a success, once
// recorded, stays.

#include "runtime/adapters/postgres/audit.hpp"
#include "runtime/adapters/postgres/channel_rows.hpp"
#include "runtime/adapters/postgres/names.hpp"
#include "runtime/core/access/audit_views.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace eventpulse::postgres {

namespace {

#define EP_DELIVERY_COLUMNS                                                    \
  "d.id, d.alert, d.channel, d.type, d.body, d.state, d.attempt_count,"        \
  " d.created_at_ms, d.traceparent, d.tracestate, d.attempts_before"

#define EP_IS_DUE                                                              \
  "d.state = 'pending' AND d.next_attempt_at <= clock_timestamp()"

#define EP_IS_FREE                                                             \
  "(d.leased_until IS NULL OR d.leased_until <= clock_timestamp())"

// What has nowhere to go is failed, with an attempt that says why.
#define EP_FAIL_LOST                                                           \
  " failed AS (UPDATE delivery d SET state = 'failed',"                        \
  " attempt_count = d.attempt_count + 1, next_attempt_at = NULL,"              \
  " leased_by = NULL, leased_until = NULL FROM lost WHERE d.id = lost.id"      \
  " RETURNING d.id, d.attempt_count, lost.reason)"                             \
  " INSERT INTO attempt (delivery, number, started_at_ms, duration_ms,"        \
  " status, error, answer_excerpt) SELECT id, attempt_count,"                  \
  " floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint, 0, 0,"        \
  " reason, '' FROM failed"

#define EP_LOST_REASON                                                         \
  "CASE WHEN c.id IS NULL THEN 'the channel is gone'"                          \
  " ELSE 'the channel is disabled' END"

const statement fail_lost{
    "delivery_fail_lost",
    "WITH lost AS (SELECT d.id, " EP_LOST_REASON " AS reason FROM delivery d"
    " LEFT JOIN channel c ON c.id = d.channel WHERE " EP_IS_DUE
    " AND " EP_IS_FREE " AND (c.id IS NULL OR (c.disabled AND c.kind = $1))"
    " FOR UPDATE OF d SKIP LOCKED)," EP_FAIL_LOST};

const statement fail_lost_of{
    "delivery_fail_lost_of",
    "WITH lost AS (SELECT d.id, " EP_LOST_REASON " AS reason FROM delivery d"
    " LEFT JOIN channel c ON c.id = d.channel WHERE d.id = ANY ($1::text[])"
    " AND d.state = 'pending' AND (c.id IS NULL OR c.disabled)"
    " FOR UPDATE OF d)," EP_FAIL_LOST};

#define EP_LEASE_CHOSEN                                                        \
  " UPDATE delivery d SET leased_by = $2, leased_until = clock_timestamp()"    \
  " + $3::bigint * interval '1 millisecond'"                                   \
  " FROM chosen, channel c WHERE d.id = chosen.id AND c.id = d.channel"        \
  " RETURNING " EP_DELIVERY_COLUMNS ", " EP_CHANNEL_COLUMNS

const statement claim_due{
    "delivery_claim",
    "WITH chosen AS (SELECT d.id FROM delivery d"
    " JOIN channel c ON c.id = d.channel WHERE " EP_IS_DUE " AND " EP_IS_FREE
    " AND c.kind = $1 AND NOT c.disabled ORDER BY d.next_attempt_at, d.id"
    " LIMIT $4 FOR UPDATE OF d SKIP LOCKED)" EP_LEASE_CHOSEN};

const statement take_named{
    "delivery_take",
    "WITH chosen AS (SELECT d.id FROM delivery d"
    " JOIN channel c ON c.id = d.channel WHERE d.id = ANY ($1::text[])"
    " AND " EP_IS_DUE " AND (d.leased_by = $2 OR " EP_IS_FREE ")"
    " AND NOT c.disabled FOR UPDATE OF d)" EP_LEASE_CHOSEN};

const statement insert_attempt{
    "delivery_insert_attempt",
    "INSERT INTO attempt (delivery, number, started_at_ms, duration_ms,"
    " status, error, answer_excerpt) SELECT $1, $2, $3, $4, $5, $6, $7"
    " WHERE EXISTS (SELECT 1 FROM delivery WHERE id = $1)"
    " ON CONFLICT DO NOTHING"};

const statement move_delivery{
    "delivery_move",
    "UPDATE delivery SET attempt_count = greatest(attempt_count, $2::bigint),"
    " state = CASE WHEN state = 'pending' OR $3 = 'delivered' THEN $3"
    "   ELSE state END,"
    " next_attempt_at = CASE WHEN state = 'pending' AND $3 = 'pending' THEN"
    "   coalesce(to_timestamp($4::bigint / 1000.0), clock_timestamp()) END,"
    " leased_by = NULL, leased_until = NULL WHERE id = $1"};

const statement disable_channel{
    "delivery_disable_channel",
    "UPDATE channel SET disabled = true, updated_at_ms ="
    " floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    " WHERE id = (SELECT channel FROM delivery WHERE id = $1)"
    " AND NOT disabled RETURNING id"};

// The shared lock keeps the channel as it is until the delivery is there.
const statement lock_channel{
    "delivery_lock_channel",
    "SELECT disabled FROM channel WHERE id = $1 FOR KEY SHARE"};

const statement insert_test{
    "delivery_insert_test",
    "INSERT INTO delivery (id, alert, channel, type, body, state,"
    " attempt_count, created_at_ms, traceparent, tracestate, next_attempt_at)"
    " VALUES ($1, $2, $3, $4, $5, 'pending', 0, $6, $7, $8,"
    " clock_timestamp())"};

const statement lock_delivery{"delivery_lock",
                              "SELECT " EP_DELIVERY_COLUMNS
                              ", d.state = 'pending' AND NOT " EP_IS_FREE
                              " FROM delivery d WHERE d.id = $1 FOR UPDATE"};

const statement begin_anew{
    "delivery_begin_anew",
    "UPDATE delivery SET state = 'pending', attempts_before = attempt_count,"
    " next_attempt_at = clock_timestamp(), leased_by = NULL,"
    " leased_until = NULL WHERE id = $1"};

const statement give_back{
    "delivery_give_back",
    "UPDATE delivery SET leased_by = NULL, leased_until = NULL"
    " WHERE id = ANY ($1::text[]) AND leased_by = $2"};

const statement read_attempts{
    "delivery_read_attempts",
    "SELECT delivery, number, started_at_ms, duration_ms, status, error,"
    " answer_excerpt FROM attempt WHERE delivery = ANY ($1::text[])"
    " ORDER BY delivery, number, started_at_ms"};

constexpr auto select_stories =
    "SELECT " EP_DELIVERY_COLUMNS
    ", floor(extract(epoch FROM d.next_attempt_at) * 1000)::bigint"
    " FROM delivery d";

constexpr int delivery_column_count = 11;

#undef EP_LEASE_CHOSEN
#undef EP_LOST_REASON
#undef EP_FAIL_LOST
#undef EP_IS_FREE
#undef EP_IS_DUE
#undef EP_DELIVERY_COLUMNS

delivery read_delivery(const pqxx::row& row) {
  delivery d;
  d.id = text_of(row[0]);
  d.alert = text_of(row[1]);
  d.channel = text_of(row[2]);
  d.type = text_of(row[3]);
  d.body = text_of(row[4]);
  d.state = delivery_state_of(text_of(row[5]));
  d.attempt_count = static_cast<uint32_t>(number_of(row[6]));
  d.created_at_ms = number_of(row[7]);
  d.traceparent = text_of(row[8]);
  d.tracestate = text_of(row[9]);
  d.attempts_before = static_cast<uint32_t>(number_of(row[10]));
  return d;
}

attempt read_attempt(const pqxx::row& row) {
  return {text_of(row[0]),
          static_cast<uint32_t>(number_of(row[1])),
          number_of(row[2]),
          number_of(row[3]),
          static_cast<unsigned>(number_of(row[4])),
          text_of(row[5]),
          text_of(row[6])};
}

class query_text {
public:
  explicit query_text(const delivery_query& q) {
    if (q.id)
      where("d.id = " + next(p_.text(*q.id)));
    if (q.alert)
      where("d.alert = " + next(p_.text(*q.alert)));
    if (q.channel)
      where("d.channel = " + next(p_.text(*q.channel)));
    if (q.type)
      where("d.type = " + next(p_.text(*q.type)));
    if (q.state)
      where("d.state = " + next(p_.text(name_of(*q.state))));
    if (q.from_ms)
      where("d.created_at_ms >= " + next(p_.number(*q.from_ms)) + "::bigint");
    if (q.to_ms)
      where("d.created_at_ms < " + next(p_.number(*q.to_ms)) + "::bigint");
    if (q.before) {
      auto at = next(p_.number(q.before->first)) + "::bigint, ";
      where("(d.created_at_ms, d.id) < (" + at +
            next(p_.text(q.before->second)) + ")");
    }
    sql_ = select_stories + where_ +
           " ORDER BY d.created_at_ms DESC, d.id DESC LIMIT " +
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

  parameters p_;
  std::string where_;
  std::string sql_;
};

class pg_delivery_store final : public delivery_store {
public:
  explicit pg_delivery_store(const options& o) : link_(o), box_(o.secret_key) {}

  result<std::vector<due_delivery>>
  claim(const std::string& kind, const std::string& worker, size_t limit,
        std::chrono::milliseconds lease) override {
    auto wanted = static_cast<int64_t>(limit);
    return answer(link_.transact([&](session& s) -> result<taken> {
      auto out = read_due(s.run(claim_due, parameters{}
                                               .text(kind)
                                               .text(worker)
                                               .number(lease.count())
                                               .number(wanted)));
      // It looks through all that is due, so not while there is a backlog.
      if (out.due.size() < limit)
        s.run(fail_lost, parameters{}.text(kind));
      return out;
    }));
  }

  result<std::vector<due_delivery>>
  take(const std::vector<std::string>& ids, const std::string& worker,
       std::chrono::milliseconds lease) override {
    return answer(link_.transact([&](session& s) -> result<taken> {
      auto list = text_array(ids);
      s.run(fail_lost_of, parameters{}.array(list));
      return read_due(
          s.run(take_named,
                parameters{}.array(list).text(worker).number(lease.count())));
    }));
  }

  result<void> record(const std::vector<recorded_attempt>& all) override {
    return link_.transact([&](session& s) -> result<void> {
      for (auto& one : all)
        write(s, one);
      return {};
    });
  }

  result<void> release(const std::vector<std::string>& ids,
                       const std::string& worker) override {
    return link_.transact([&](session& s) -> result<void> {
      s.run(give_back, parameters{}.array(text_array(ids)).text(worker));
      return {};
    });
  }

  result<std::vector<delivery_story>> query(const delivery_query& q) override {
    using answer = result<std::vector<delivery_story>>;
    return link_.transact([&](session& s) -> answer {
      query_text text{q};
      std::vector<delivery_story> out;
      std::map<std::string, size_t> index;
      std::vector<std::string> ids;
      for (auto row : s.run_text(text.sql(), text.values())) {
        out.push_back(
            {read_delivery(row), {}, number_if(row[delivery_column_count])});
        index.emplace(out.back().what.id, out.size() - 1);
        ids.push_back(out.back().what.id);
      }
      for (auto row : s.run(read_attempts, parameters{}.array(text_array(ids))))
        out[index.at(text_of(row[0]))].attempts.push_back(read_attempt(row));
      return out;
    });
  }

  result<void> add_test(const delivery& d, const caller& by) override {
    parameters p;
    p.text(d.id).text(d.alert).text(d.channel).text(d.type).text(d.body);
    p.number(d.created_at_ms).text(d.traceparent).text(d.tracestate);
    return link_.transact([&](session& s) -> result<void> {
      if (auto closed = why_closed(s, d.channel))
        return *closed;
      s.run(insert_test, p);
      keep_audit(
          s, {by, "channel.tested", "channel/" + d.channel, {}, audit_view(d)});
      return {};
    });
  }

  result<void> retry(const std::string& id, const caller& by) override {
    return link_.transact([&](session& s) -> result<void> {
      auto rows = s.run(lock_delivery, parameters{}.text(id));
      if (rows.empty())
        return failure{errc::not_found, "delivery " + id};
      auto d = read_delivery(rows[0]);
      if (d.state == delivery_state::delivered)
        return failure{errc::conflict, "it was delivered already"};
      if (flag_of(rows[0][delivery_column_count]))
        return failure{errc::conflict, "a worker is about to send it"};
      if (auto closed = why_closed(s, d.channel))
        return failure{errc::conflict, closed->detail};
      s.run(begin_anew, parameters{}.text(id));
      auto before = audit_view(d);
      d.state = delivery_state::pending;
      keep_audit(
          s, {by, "delivery.retried", "delivery/" + id, before, audit_view(d)});
      return {};
    });
  }

private:
  /// Why nothing can be sent there now.
  static std::optional<failure> why_closed(session& s,
                                           const std::string& channel) {
    auto rows = s.run(lock_channel, parameters{}.text(channel));
    if (rows.empty())
      return failure{errc::not_found, "there is no channel " + channel};
    if (flag_of(rows[0][0]))
      return failure{errc::conflict, "channel " + channel + " is disabled"};
    return std::nullopt;
  }

  struct taken {
    std::vector<due_delivery> due;
    std::optional<failure> unreadable;
  };

  /// One whose channel's secrets cannot be decrypted must not hold up the
  /// others: it stays leased and comes again after that.
  taken read_due(const pqxx::result& rows) {
    taken out;
    for (auto row : rows) {
      auto to = read_channel(row, delivery_column_count, box_);
      if (to)
        out.due.push_back({read_delivery(row), std::move(*to)});
      else
        out.unreadable = to.error();
    }
    std::sort(out.due.begin(), out.due.end(), [](const auto& a, const auto& b) {
      return std::pair{a.what.created_at_ms, a.what.id} <
             std::pair{b.what.created_at_ms, b.what.id};
    });
    return out;
  }

  /// After the COMMIT, so that what is unreadable is leased all the same.
  static result<std::vector<due_delivery>> answer(result<taken> from) {
    if (!from)
      return from.error();
    if (from->due.empty() && from->unreadable)
      return *from->unreadable;
    return std::move(from->due);
  }

  static void write(session& s, const recorded_attempt& one) {
    auto& a = one.what;
    parameters p;
    p.text(a.delivery).number(a.number).number(a.started_at_ms);
    p.number(a.duration_ms).number(a.status);
    // The receiver's words, whatever they are.
    p.text(storable_text(a.error)).text(storable_text(a.answer_excerpt));
    s.run(insert_attempt, p);
    auto next = one.verdict.state == delivery_state::pending
                    ? one.verdict.next_attempt_at_ms
                    : std::nullopt;
    s.run(move_delivery, parameters{}
                             .text(a.delivery)
                             .number(a.number)
                             .text(name_of(one.verdict.state))
                             .number_or_null(next));
    if (one.verdict.disable_channel)
      for (auto row : s.run(disable_channel, parameters{}.text(a.delivery)))
        keep_audit(s, {{{}, "notifier", {}, {}},
                       "channel.disabled",
                       "channel/" + text_of(row[0]),
                       R"({"disabled":false})",
                       R"({"disabled":true})"});
  }

  connection link_;
  secret_box box_;
};

} // namespace

std::unique_ptr<delivery_store> make_delivery_store(const options& o) {
  return std::make_unique<pg_delivery_store>(o);
}

} // namespace eventpulse::postgres
