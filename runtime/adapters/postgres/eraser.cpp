#include "runtime/adapters/postgres/eraser.hpp"

#include "runtime/adapters/postgres/audit.hpp"
#include "runtime/core/operate/retention.hpp"

#include <set>

namespace eventpulse::postgres {

namespace {

using namespace std::chrono_literals;

// What stays of an event: its identity, type, times and place.
constexpr auto erased_mark = R"({"erased": true})";

const statement find_alerts_by_event{
    "erase_alerts_by_event",
    "INSERT INTO erase_alert SELECT a.id, a.state <> 'resolved' FROM alert a"
    " WHERE EXISTS (SELECT FROM json_array_elements(a.events) e"
    " JOIN erase_event x ON x.source = e->>'source' AND x.id = e->>'id')"
    " AND a.summary <> '(erased)' ON CONFLICT DO NOTHING"};

// An escaped NUL is JSON that no text function takes.
const statement find_alerts_by_group{
    "erase_alerts_by_group",
    "INSERT INTO erase_alert SELECT id, state <> 'resolved' FROM alert"
    " WHERE CASE WHEN strpos(group_values::text, '\\u0000') > 0 THEN false"
    " ELSE $1 IN (SELECT json_array_elements_text(group_values)) END"
    " ON CONFLICT DO NOTHING"};

const statement find_letters_by_place{
    "erase_letters_by_place",
    "INSERT INTO erase_letter SELECT l.id FROM dead_letter l"
    " JOIN erase_event x ON l.position_partition = x.p"
    " AND l.position_ms = x.ms AND l.position_seq = x.seq"
    " ON CONFLICT DO NOTHING"};

const statement read_letters{
    "erase_read_letters", "SELECT id, original, headers::text FROM dead_letter"
                          " WHERE position($1::bytea IN original) > 0"
                          " OR strpos(headers::text, $2) > 0"};

const statement add_letter{
    "erase_add_letter",
    "INSERT INTO erase_letter VALUES ($1) ON CONFLICT DO NOTHING"};

const statement count_found{
    "erase_count",
    "SELECT (SELECT count(*) FROM erase_event),"
    " (SELECT count(*) FROM erase_alert WHERE NOT is_open),"
    " (SELECT count(*) FROM erase_alert WHERE is_open),"
    " (SELECT count(*) FROM delivery d JOIN erase_alert a ON a.id = d.alert"
    "  WHERE NOT a.is_open),"
    " (SELECT count(*) FROM delivery d JOIN erase_alert a ON a.id = d.alert"
    "  WHERE NOT a.is_open AND d.state = 'pending'),"
    " (SELECT count(*) FROM erase_letter)"};

const statement count_groups{"erase_count_groups",
                             "SELECT group_key FROM snapshot_group"
                             " WHERE position($1::bytea IN group_key) > 0"};

const statement give_up_deliveries{
    "erase_give_up",
    "WITH given_up AS (UPDATE delivery d SET state = 'failed',"
    " attempt_count = d.attempt_count + 1, next_attempt_at = NULL,"
    " leased_by = NULL, leased_until = NULL FROM erase_alert a"
    " WHERE a.id = d.alert AND NOT a.is_open AND d.state = 'pending'"
    " RETURNING d.id, d.attempt_count)"
    " INSERT INTO attempt (delivery, number, started_at_ms, duration_ms,"
    " status, error, answer_excerpt) SELECT id, attempt_count,"
    " floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint, 0, 0,"
    " 'its content was erased', '' FROM given_up"};

const statement erase_attempts{
    "erase_attempts",
    "UPDATE attempt t SET answer_excerpt = '' FROM delivery d, erase_alert a"
    " WHERE d.id = t.delivery AND a.id = d.alert AND NOT a.is_open"
    " AND t.answer_excerpt <> ''"};

const statement erase_bodies{
    "erase_bodies",
    "UPDATE delivery d SET body = '{\"erased\":true}' FROM erase_alert a"
    " WHERE a.id = d.alert AND NOT a.is_open"};

const statement erase_alerts{
    "erase_alerts",
    "UPDATE alert SET group_values = '[]', summary = '(erased)', details = '',"
    " aggregates = '{}', labels = '[]', resolve_comment = '',"
    " acknowledge_comment = '' FROM erase_alert x"
    " WHERE x.id = alert.id AND NOT x.is_open"};

// Who did it stays.
const statement erase_actions{
    "erase_actions",
    "UPDATE control c SET body = json_build_object('alert', x.id, 'rule',"
    " c.body->>'rule', 'group', '[]', 'by', c.body->>'by', 'comment', '')"
    " FROM erase_alert x WHERE c.kind IN ('alert.acknowledged',"
    " 'alert.resolved') AND c.body->>'alert' = x.id AND NOT x.is_open"};

// What the live feed would tell of them once more. As text, since an escaped
// NUL somewhere in it is JSON that ->> does not take.
const statement erase_changes{
    "erase_changes",
    "DELETE FROM live_change c USING erase_alert x WHERE c.topic = 'alerts'"
    " AND strpos(c.body::text, '\"id\":\"' || x.id || '\"') > 0"
    " AND NOT x.is_open"};

const statement erase_letters{
    "erase_letters",
    "DELETE FROM dead_letter l USING erase_letter x WHERE x.id = l.id"};

const statement erase_events{
    "erase_events",
    "WITH part AS (DELETE FROM erase_event WHERE ctid = ANY (ARRAY("
    " SELECT ctid FROM erase_event LIMIT $1)) RETURNING p, ms, seq),"
    " done AS (UPDATE events e SET subject = NULL, payload = NULL,"
    " payload_bytes = NULL, datacontenttype = NULL, dataschema = NULL,"
    " extensions = $2::jsonb FROM part WHERE e.position_partition = part.p"
    " AND e.position_ms = part.ms AND e.position_seq = part.seq)"
    " SELECT count(*) FROM part"};

const statement read_tails{
    "erase_tails", "SELECT number, persisted_ms, persisted_seq FROM partition"
                   " ORDER BY number"};

options widened(options o) {
  o.statement_timeout = 30min;
  o.idle_in_transaction_timeout = 30min;
  o.lock_timeout = 10s;
  return o;
}

void add_condition(std::string& where, parameters& p, const char* column,
                   const std::optional<std::string>& value) {
  if (!value)
    return;
  p.text(*value);
  auto number = "$" + std::to_string(p.size());
  std::string name{column};
  // The index holds the first 200 characters.
  where += (where.empty() ? "" : " AND ") +
           ("left(" + name + ", 200) = left(") + number + ", 200) AND " + name +
           " = " + number;
}

uint64_t count_of(const pqxx::field& f) {
  return static_cast<uint64_t>(number_of(f));
}

} // namespace

eraser::eraser(options o) : options_(widened(std::move(o))), link_(options_) {}

result<erase_report> eraser::find(const erase_selector& what) {
  if (auto done = find_events(what); !done)
    return done.error();
  if (auto done = find_alerts(what); !done)
    return done.error();
  if (auto done = find_letters(what); !done)
    return done.error();
  auto groups = find_groups(what);
  if (!groups)
    return groups.error();
  auto counted = link_.transact([&](session& s) -> result<erase_report> {
    auto row = s.run(count_found)[0];
    erase_report out;
    out.events = count_of(row[0]);
    out.alerts = count_of(row[1]);
    out.alerts_open = count_of(row[2]);
    out.deliveries = count_of(row[3]);
    out.unsent = count_of(row[4]);
    out.dead_letters = count_of(row[5]);
    return out;
  });
  if (!counted)
    return counted;
  counted->rule_groups = *groups;
  found_ = *counted;
  return found_;
}

result<void> eraser::find_events(const erase_selector& what) {
  return link_.transact([&](session& s) -> result<void> {
    for (auto sql : {"CREATE TEMP TABLE IF NOT EXISTS erase_event"
                     " (source text, id text, p integer, ms bigint,"
                     " seq bigint)",
                     "CREATE TEMP TABLE IF NOT EXISTS erase_alert"
                     " (id text PRIMARY KEY, is_open boolean)",
                     "CREATE TEMP TABLE IF NOT EXISTS erase_letter"
                     " (id text PRIMARY KEY)",
                     "TRUNCATE erase_event, erase_alert, erase_letter"})
      s.run_text(sql);
    std::string where;
    parameters p;
    add_condition(where, p, "subject", what.subject);
    add_condition(where, p, "source", what.source);
    add_condition(where, p, "id", what.id);
    p.text(erased_mark);
    s.run_text("INSERT INTO erase_event SELECT source, id, position_partition,"
               " position_ms, position_seq FROM events WHERE " +
                   where + " AND extensions IS DISTINCT FROM $" +
                   std::to_string(p.size()) + "::jsonb",
               p);
    s.run_text("ANALYZE erase_event");
    return {};
  });
}

result<void> eraser::find_alerts(const erase_selector& what) {
  return link_.transact([&](session& s) -> result<void> {
    s.run(find_alerts_by_event);
    // Groups are named by subject more often than an alert names all events.
    if (what.subject && !what.source && !what.id)
      s.run(find_alerts_by_group, parameters{}.text(*what.subject));
    s.run_text("ANALYZE erase_alert");
    return {};
  });
}

result<void> eraser::find_letters(const erase_selector& what) {
  return link_.transact([&](session& s) -> result<void> {
    s.run(find_letters_by_place);
    for (auto& spelling : spellings(what.values().front())) {
      auto p = parameters{}.bytes(spelling).text(spelling);
      for (auto row : s.run(read_letters, p))
        if (mentions(what, bytes_of(row[1]) + '\n' + text_of(row[2])))
          s.run(add_letter, parameters{}.text(text_of(row[0])));
    }
    return {};
  });
}

result<uint64_t> eraser::find_groups(const erase_selector& what) {
  return link_.transact([&](session& s) -> result<uint64_t> {
    std::set<std::string> found;
    if (what.subject)
      for (auto& spelling : spellings(*what.subject))
        for (auto row : s.run(count_groups, parameters{}.bytes(spelling)))
          if (mentions({what.subject, {}, {}}, bytes_of(row[0])))
            found.insert(bytes_of(row[0]));
    return static_cast<uint64_t>(found.size());
  });
}

result<void> eraser::erase() {
  auto copies = link_.transact([&](session& s) -> result<void> {
    s.run(give_up_deliveries);
    s.run(erase_attempts);
    s.run(erase_bodies);
    s.run(erase_alerts);
    s.run(erase_actions);
    s.run(erase_changes);
    s.run(erase_letters);
    return {};
  });
  if (!copies)
    return copies;
  for (;;) {
    auto more = erase_some_events();
    if (!more)
      return more.error();
    if (!*more)
      return {};
  }
}

result<bool> eraser::erase_some_events() {
  return link_.transact([&](session& s) -> result<bool> {
    auto rows =
        s.run(erase_events, parameters{}
                                .number(static_cast<int64_t>(removed_rows_max))
                                .text(erased_mark));
    return number_of(rows[0][0]) > 0;
  });
}

result<void> eraser::vacuum() {
  try {
    pqxx::connection link{options_.url};
    pqxx::nontransaction tx{link};
    tx.exec("SET client_min_messages = error");
    if (found_.events > 0)
      tx.exec("VACUUM events");
    if (found_.alerts > 0)
      tx.exec("VACUUM alert, delivery, attempt");
    if (found_.dead_letters > 0)
      tx.exec("VACUUM dead_letter");
    return {};
  } catch (...) {
    return current_fault().what;
  }
}

result<void> eraser::record(const std::string& who, const std::string& target,
                            const std::string& detail_json) {
  return link_.transact([&](session& s) -> result<void> {
    keep_audit(s, {{{}, who, {}, {}}, "erase", target, {}, detail_json});
    return {};
  });
}

result<std::vector<position>> eraser::tails() {
  using answer = result<std::vector<position>>;
  return link_.transact([&](session& s) -> answer {
    std::vector<position> out;
    for (auto row : s.run(read_tails))
      out.push_back({static_cast<uint32_t>(number_of(row[0])),
                     static_cast<uint64_t>(number_of(row[1])),
                     static_cast<uint64_t>(number_of(row[2]))});
    return out;
  });
}

} // namespace eventpulse::postgres
