#include "runtime/adapters/postgres/alert_rows.hpp"

#include "runtime/adapters/postgres/names.hpp"

#include <boost/json.hpp>

#include <array>
#include <string_view>
#include <unordered_map>

namespace eventpulse::postgres {

const char* const alert_columns =
    "id, rule, rule_version, severity, state, shadow, group_values, summary,"
    " details, aggregates, count, opened_at_ms, last_seen_ms, resolved_at_ms,"
    " resolve_reason, labels, events, approximate, traceparent, tracestate,"
    " resolved_by, resolve_comment, acknowledged_at_ms, acknowledged_by,"
    " acknowledge_comment";

namespace {

constexpr size_t column_count = 22; // that evaluation writes

// Rule, version, group and opening are what the id is made of: they stay.
const statement upsert{
    "alert_upsert",
    "INSERT INTO alert (id, rule, rule_version, severity, state, shadow,"
    " group_values, summary, details, aggregates, count, opened_at_ms,"
    " last_seen_ms, resolved_at_ms, resolve_reason, labels, events,"
    " approximate, traceparent, tracestate, resolved_by, resolve_comment)"
    " SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[],"
    " $5::text[], $6::boolean[], $7::json[], $8::text[], $9::text[],"
    " $10::json[], $11::bigint[], $12::bigint[], $13::bigint[],"
    " $14::bigint[], $15::text[], $16::json[], $17::json[], $18::boolean[],"
    " $19::text[], $20::text[], $21::text[], $22::text[])"
    " ON CONFLICT (id) DO UPDATE SET rule_version = EXCLUDED.rule_version,"
    " severity = EXCLUDED.severity, state = EXCLUDED.state,"
    " shadow = EXCLUDED.shadow, group_values = EXCLUDED.group_values,"
    " summary = EXCLUDED.summary, details = EXCLUDED.details,"
    " aggregates = EXCLUDED.aggregates, count = EXCLUDED.count,"
    " opened_at_ms = EXCLUDED.opened_at_ms,"
    " last_seen_ms = EXCLUDED.last_seen_ms,"
    " resolved_at_ms = EXCLUDED.resolved_at_ms,"
    " resolve_reason = EXCLUDED.resolve_reason, labels = EXCLUDED.labels,"
    " events = EXCLUDED.events, approximate = EXCLUDED.approximate,"
    " traceparent = EXCLUDED.traceparent, tracestate = EXCLUDED.tracestate,"
    " resolved_by = EXCLUDED.resolved_by,"
    " resolve_comment = EXCLUDED.resolve_comment"};

const statement acknowledge{
    "alert_acknowledge",
    "UPDATE alert SET acknowledged_at_ms = $2, acknowledged_by = $3,"
    " acknowledge_comment = $4 WHERE id = $1 AND acknowledged_at_ms IS NULL"};

std::string labels_json(const alert& a) {
  boost::json::array out;
  for (auto& [name, value] : a.labels)
    out.push_back(
        boost::json::array{storable_text(name), storable_text(value)});
  return boost::json::serialize(out);
}

std::string events_json(const alert& a) {
  boost::json::array out;
  for (auto& e : a.events)
    out.push_back(boost::json::object{{"source", e.source}, {"id", e.id}});
  return boost::json::serialize(out);
}

boost::json::array read_array(const pqxx::field& f) {
  boost::json::error_code error;
  auto parsed = boost::json::parse(text_of(f), error);
  if (error || !parsed.is_array())
    throw value_corrupt(std::string{"not a JSON array: "} + f.name());
  return std::move(parsed.get_array());
}

std::string text_in(const boost::json::value* v) {
  if (!v || !v->is_string())
    throw value_corrupt("an alert's list holds what is no text");
  return std::string{v->get_string()};
}

void add(std::array<array_text, column_count>& to, const alert& a) {
  size_t i = 0;
  auto next = [&]() -> array_text& { return to[i++]; };
  next().text(a.id);
  next().text(a.rule);
  next().number(a.rule_version);
  next().text(name_of(a.severity));
  next().text(name_of(a.state));
  next().flag(a.shadow);
  next().text(a.group_json.empty() ? "[]" : a.group_json);
  // Rendered from event data, which may hold U+0000.
  next().text(storable_text(a.summary));
  next().text(storable_text(a.details));
  next().text(a.values_json.empty() ? "{}" : a.values_json);
  next().number(stored_number(a.count));
  next().number(a.opened_at_ms);
  next().number(a.last_seen_ms);
  next().number_or_null(a.resolved_at_ms);
  next().text(a.resolve_reason);
  next().text(labels_json(a));
  next().text(events_json(a));
  next().flag(a.approximate);
  next().text(a.traceparent);
  next().text(a.tracestate);
  next().text(a.resolved_by);
  next().text(a.resolve_comment);
}

} // namespace

alert read_alert(const pqxx::row& row) {
  alert a;
  a.id = text_of(row[0]);
  a.rule = text_of(row[1]);
  a.rule_version = number_of(row[2]);
  a.severity = severity_of(text_of(row[3]));
  a.state = alert_state_of(text_of(row[4]));
  a.shadow = flag_of(row[5]);
  a.group_json = text_of(row[6]);
  a.summary = text_of(row[7]);
  a.details = text_of(row[8]);
  a.values_json = text_of(row[9]);
  a.count = static_cast<uint64_t>(number_of(row[10]));
  a.opened_at_ms = number_of(row[11]);
  a.last_seen_ms = number_of(row[12]);
  a.resolved_at_ms = number_if(row[13]);
  a.resolve_reason = text_of(row[14]);
  for (auto& pair : read_array(row[15])) {
    auto* both = pair.if_array();
    if (!both || both->size() != 2)
      throw value_corrupt("a label is no pair");
    a.labels.emplace_back(text_in(&both->at(0)), text_in(&both->at(1)));
  }
  for (auto& item : read_array(row[16])) {
    auto* e = item.if_object();
    if (!e)
      throw value_corrupt("an alert's event is no object");
    a.events.push_back(
        {text_in(e->if_contains("source")), text_in(e->if_contains("id"))});
  }
  a.approximate = flag_of(row[17]);
  a.traceparent = text_of(row[18]);
  a.tracestate = text_of(row[19]);
  a.resolved_by = text_of(row[20]);
  a.resolve_comment = text_of(row[21]);
  a.acknowledged_at_ms = number_if(row[22]);
  a.acknowledged_by = text_of(row[23]);
  a.acknowledge_comment = text_of(row[24]);
  return a;
}

void upsert_alerts(session& s, const std::vector<alert_change>& changes) {
  // One statement cannot touch a row twice, and only the last change of an
  // alert is its state after all of them. In order, so that the log of changes
  // has them in order.
  std::unordered_map<std::string_view, const alert_change*> last;
  for (auto& c : changes)
    last[c.after.id] = &c;
  std::array<array_text, column_count> columns;
  for (auto& c : changes)
    if (last.at(c.after.id) == &c)
      add(columns, c.after);
  if (last.empty())
    return;
  parameters p;
  for (auto& column : columns)
    p.array(std::move(column));
  s.run(upsert, p);
}

void acknowledge_alerts(session& s, const std::vector<placed_action>& all) {
  for (auto& a : all)
    s.run(acknowledge, parameters{}
                           .text(a.what.alert)
                           .number(a.key.received_at_ms)
                           .text(a.what.by)
                           .text(a.what.comment));
}

} // namespace eventpulse::postgres
