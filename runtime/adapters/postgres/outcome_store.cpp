// What evaluation leaves behind, in one fenced transaction: cursors, alerts,
// deliveries, statuses, dead letters; and snapshots in another.

#include "runtime/adapters/postgres/alert_rows.hpp"
#include "runtime/adapters/postgres/audit.hpp"
#include "runtime/adapters/postgres/dead_letters.hpp"
#include "runtime/adapters/postgres/names.hpp"
#include "runtime/adapters/postgres/snapshots.hpp"
#include "runtime/core/base/json_text.hpp"

namespace eventpulse::postgres {

namespace {

const statement move_cursor{
    "outcome_move_cursor",
    "UPDATE evaluation_cursor SET received_at_ms = $6, partition = $7, ms = $8,"
    " seq = $9, timer_ms = $10 WHERE received_at_ms = $1 AND partition = $2"
    " AND ms = $3 AND seq = $4 AND timer_ms = $5 RETURNING 1"};

const statement upsert_rule_cursor{
    "outcome_upsert_rule_cursor",
    "INSERT INTO rule_cursor (rule, received_at_ms, partition, ms, seq,"
    " timer_ms, detached) VALUES ($1, $2, $3, $4, $5, $6, $7)"
    " ON CONFLICT (rule) DO UPDATE SET"
    " received_at_ms = EXCLUDED.received_at_ms,"
    " partition = EXCLUDED.partition, ms = EXCLUDED.ms, seq = EXCLUDED.seq,"
    " timer_ms = EXCLUDED.timer_ms, detached = EXCLUDED.detached"};

const statement remove_cursors{
    "outcome_remove_cursors",
    "DELETE FROM rule_cursor WHERE rule = ANY ($1::text[])"};

const statement insert_deliveries{
    "outcome_insert_deliveries",
    "INSERT INTO delivery (id, alert, channel, type, body, state,"
    " attempt_count, created_at_ms, traceparent, tracestate, next_attempt_at,"
    " leased_by, leased_until)"
    " SELECT *, clock_timestamp(), $11::text,"
    " clock_timestamp() + $12::bigint * interval '1 millisecond'"
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],"
    " $6::text[], $7::bigint[], $8::bigint[], $9::text[], $10::text[])"
    " ON CONFLICT (id) DO NOTHING"};

const statement upsert_status{
    "outcome_upsert_status",
    "INSERT INTO rule_status (rule, version, state, owner, last_error, groups,"
    " matches, errors) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    " ON CONFLICT (rule) DO UPDATE SET version = EXCLUDED.version,"
    " state = EXCLUDED.state, owner = EXCLUDED.owner,"
    " last_error = EXCLUDED.last_error, groups = EXCLUDED.groups,"
    " matches = EXCLUDED.matches, errors = EXCLUDED.errors,"
    " updated_at = clock_timestamp()"};

const statement load_global{"outcome_load_global",
                            "SELECT received_at_ms, partition, ms, seq,"
                            " timer_ms FROM evaluation_cursor"};

const statement load_rules{
    "outcome_load_rules",
    "SELECT rule, received_at_ms, partition, ms, seq, timer_ms, detached"
    " FROM rule_cursor ORDER BY rule"};

const statement insert_action{
    "outcome_insert_action",
    "INSERT INTO control (id, kind, body) SELECT $1::text, $2::text, $3::json"
    " WHERE EXISTS (SELECT 1 FROM alert WHERE id = $4)"
    " ON CONFLICT (id) DO NOTHING RETURNING 1"};

const statement find_action{"outcome_find_action",
                            "SELECT 1 FROM control WHERE id = $1"};

void write_cursors(session& s, const outcome_commit& what) {
  if (!what.rules_removed.empty()) {
    array_text all;
    for (auto& rule : what.rules_removed)
      all.text(rule);
    s.run(remove_cursors, parameters{}.array(std::move(all)));
    remove_snapshots(s, what.rules_removed);
  }
  for (auto& r : what.rules) {
    parameters p;
    p.text(r.rule);
    add_cursor(p, r.at);
    s.run(upsert_rule_cursor, p.flag(r.detached));
  }
}

void write_deliveries(session& s, const outcome_commit& what) {
  if (what.deliveries.empty())
    return;
  array_text id, alert, channel, type, body, state, count, created, parent,
      trace;
  for (auto& d : what.deliveries) {
    id.text(d.id);
    alert.text(d.alert);
    channel.text(d.channel);
    type.text(d.type);
    body.text(d.body);
    state.text(name_of(d.state));
    count.number(d.attempt_count);
    created.number(d.created_at_ms);
    parent.text(d.traceparent);
    trace.text(d.tracestate);
  }
  parameters p;
  for (auto* column : {&id, &alert, &channel, &type, &body, &state, &count,
                       &created, &parent, &trace})
    p.array(std::move(*column));
  s.run(insert_deliveries, p.text(what.worker).number(what.delivery_lease_ms));
}

void write_statuses(session& s, const outcome_commit& what) {
  for (auto& status : what.statuses)
    s.run(upsert_status, parameters{}
                             .text(status.rule)
                             .number(status.version)
                             .text(name_of(status.state))
                             .text(status.owner)
                             .text(storable_text(status.last_error))
                             .number(stored_number(status.groups))
                             .number(stored_number(status.matches))
                             .number(stored_number(status.errors)));
}

result<void> write(session& s, const outcome_commit& what) {
  if (!s.holds(what.lease))
    return fenced_by(what.lease);
  if (what.global) {
    parameters p;
    add_cursor(p, what.global->expected);
    add_cursor(p, what.global->next);
    if (s.run(move_cursor, p).empty())
      return failure{errc::fenced,
                     "the evaluation cursor was moved by another"};
  }
  write_cursors(s, what);
  upsert_alerts(s, what.changes);
  acknowledge_alerts(s, what.acknowledged);
  write_deliveries(s, what);
  write_statuses(s, what);
  insert_dead_letters(s, what.dead);
  return {};
}

class query_text {
public:
  explicit query_text(const alert_query& q) {
    if (q.id)
      where("id = " + next(p_.text(*q.id)));
    if (q.rule)
      where("rule = " + next(p_.text(*q.rule)));
    if (q.state)
      where("state = " + next(p_.text(name_of(*q.state))));
    if (q.severity)
      where("severity = " + next(p_.text(name_of(*q.severity))));
    if (q.event)
      names(*q.event);
    if (q.acknowledged)
      where(*q.acknowledged ? "acknowledged_at_ms IS NOT NULL"
                            : "acknowledged_at_ms IS NULL");
    if (q.from_ms)
      where("opened_at_ms >= " + next(p_.number(*q.from_ms)));
    if (q.to_ms)
      where("opened_at_ms < " + next(p_.number(*q.to_ms)));
    if (q.before) {
      auto at = next(p_.number(q.before->first)) + "::bigint, ";
      where("(opened_at_ms, id) < (" + at + next(p_.text(q.before->second)) +
            ")");
    }
    sql_ = std::string{"SELECT "} + alert_columns + " FROM alert" + where_ +
           " ORDER BY opened_at_ms DESC, id DESC LIMIT " +
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

  /// By the id as the index has it, then by both.
  void names(const event_ref& e) {
    std::string id = "[", pair = "[{\"source\":";
    append_json_string(id, e.id);
    append_json_string(pair, e.source);
    pair += ",\"id\":";
    append_json_string(pair, e.id);
    where("jsonb_path_query_array(events::jsonb, '$[*].id') @> " +
          next(p_.text(id + ']')) + "::jsonb");
    where("events::jsonb @> " + next(p_.text(pair + "}]")) + "::jsonb");
  }

  parameters p_;
  std::string where_;
  std::string sql_;
};

class pg_outcome_store final : public outcome_store {
public:
  explicit pg_outcome_store(const options& o) : link_(o) {}

  result<void> commit(const outcome_commit& what) override {
    link_.serve(what.lease);
    return link_.transact([&](session& s) { return write(s, what); });
  }

  result<evaluation_start> load_start() override {
    return link_.transact([&](session& s) -> result<evaluation_start> {
      evaluation_start out;
      out.global = read_cursor(s.run(load_global)[0], 0);
      for (auto row : s.run(load_rules))
        out.rules.push_back(
            {text_of(row[0]), read_cursor(row, 1), flag_of(row[6])});
      return out;
    });
  }

  result<void> save_snapshots(const lease_token& lease,
                              const std::vector<rule_snapshot>& all) override {
    link_.serve(lease);
    return link_.transact([&](session& s) -> result<void> {
      if (!s.holds(lease))
        return fenced_by(lease);
      for (auto& snapshot : all)
        if (auto written = write_snapshot(s, snapshot); !written)
          return written;
      return {};
    });
  }

  result<std::optional<rule_snapshot>>
  load_snapshot(const std::string& rule) override {
    using answer = result<std::optional<rule_snapshot>>;
    return link_.transact(
        [&](session& s) -> answer { return read_snapshot(s, rule); });
  }

  result<std::vector<alert>> query(const alert_query& q) override {
    return link_.transact([&](session& s) -> result<std::vector<alert>> {
      query_text text{q};
      std::vector<alert> out;
      for (auto row : s.run_text(text.sql(), text.values()))
        out.push_back(read_alert(row));
      return out;
    });
  }

  result<action_taken> act(const alert_action& action,
                           const caller& by) override {
    return link_.transact([&](session& s) -> result<action_taken> {
      action_taken out{
          {control_id(action), std::string(control_kind(action.what))}, false};
      out.made = !s.run(insert_action, parameters{}
                                           .text(out.row.id)
                                           .text(out.row.kind)
                                           .text(to_json(action))
                                           .text(action.alert))
                      .empty();
      if (!out.made &&
          s.run(find_action, parameters{}.text(out.row.id)).empty())
        return failure{errc::not_found, "alert " + action.alert};
      // Not its comment, nor the group: the audit outlives an erasure.
      if (out.made)
        keep_audit(s, {by, out.row.kind, "alert/" + action.alert, "", ""});
      return out;
    });
  }

private:
  connection link_;
};

} // namespace

std::unique_ptr<outcome_store> make_outcome_store(const options& o) {
  return std::make_unique<pg_outcome_store>(o);
}

} // namespace eventpulse::postgres
