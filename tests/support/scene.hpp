#pragma once
// The three rules of the end-to-end tests over real documents, and what must
// have come of them, counted anew from the table of events. Include it after
// CAF's test framework.

#include "tests/support/installation.hpp"
#include "tests/support/recount.hpp"
#include "tests/support/senders.hpp"
#include "tests/support/webhooks.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

namespace eventpulse::test {

namespace json = boost::json;

constexpr auto match_rule = R"(
id: something-created
kind: match
when: event.type.startsWith("github.") && event.data.action == "created"
alert: {summary: "created: ${event.type}"}
notify: [desk]
)";

// Grouped by source too, so that a group's window stays below the size from
// which on it is only approximate.
constexpr auto sliding_rule = R"(
id: busy-host
kind: threshold
severity: critical
when: event.type.startsWith("zeek.") && has(event.data.id_orig_h)
group_by: [event.source, event.data.id_orig_h]
window: {type: sliding, size: 1500ms}
aggregate: {n: count()}
condition: n >= 12
alert: {summary: "${n} of ${group[1]}", cooldown: 2s, resolve_after: 700ms}
notify: [desk]
)";

constexpr auto tumbling_rule = R"(
id: money-moved
kind: threshold
when: event.type.startsWith("stripe.") && has(event.data.currency)
group_by: [event.data.currency]
window: {type: tumbling, size: 1s}
aggregate: {n: count(), total: sum(event.data.amount)}
condition: total >= 2000 && n >= 2
notify: [desk]
)";

/// A document that raises one more alert: whatever came before it has been
/// evaluated when that is there.
inline const document last_one{"last", "github.issues.created",
                               R"({"action":"created","last":true})"};

struct stored_event {
  std::string source, id, type, payload;
  int64_t received_at_ms = 0;

  std::string ref() const { return source + '|' + id; }
};

/// In the order in which rules see them.
inline std::vector<stored_event> stored_events(const installation& p) {
  std::vector<stored_event> out;
  for (auto& row :
       p.rows("SELECT source, id, type, payload::text, received_at_ms"
              " FROM events ORDER BY received_at_ms, position_partition,"
              " position_ms, position_seq"))
    out.push_back({row[0], row[1], row[2], row[3], std::stoll(row[4])});
  return out;
}

/// A member of an object, or null.
inline json::value member(const json::value& of, const char* name) {
  const auto* object = of.if_object();
  const auto* found = object ? object->if_contains(name) : nullptr;
  return found ? *found : json::value{};
}

inline std::string group_text(std::vector<json::value> values) {
  return json::serialize(json::array(values.begin(), values.end()));
}

/// Sorted lines, one an alert.
inline std::vector<std::string>
expected_alerts(const std::vector<stored_event>& events) {
  const counted_rule busy{
      "busy-host", true, 1500,
      2000,        700,  [](const counted_values& v) { return v.n >= 12; }};
  const counted_rule moved{
      "money-moved", false, 1000, 0, 0, [](const counted_values& v) {
        return v.total >= 2000 && v.n >= 2;
      }};
  std::map<std::string, std::vector<counted_event>> hosts, currencies;
  std::vector<counted_alert> all;
  for (const auto& e : events) {
    const auto data = json::parse(e.payload);
    const auto at = e.received_at_ms;
    if (e.type.starts_with("github.") && member(data, "action") == "created") {
      all.push_back({"something-created", "[]", at, 1, at, at, {}, {e.ref()}});
    } else if (e.type.starts_with("zeek.")) {
      const auto host = member(data, "id_orig_h");
      if (!host.is_null())
        hosts[group_text({json::value(e.source), host})].push_back(
            {e.ref(), at});
    } else if (e.type.starts_with("stripe.")) {
      const auto currency = member(data, "currency");
      const auto amount = member(data, "amount");
      if (!currency.is_null())
        currencies[group_text({currency})].push_back(
            {e.ref(), at, amount.is_number() ? amount.to_number<double>() : 0,
             amount.is_number()});
    }
  }
  for (auto& more : {recount(busy, hosts), recount(moved, currencies)})
    all.insert(all.end(), more.begin(), more.end());
  std::vector<std::string> out;
  for (const auto& a : all)
    out.push_back(a.line());
  std::sort(out.begin(), out.end());
  return out;
}

/// The same lines of what the table of alerts says.
inline std::vector<std::string> recorded_alerts(const installation& p) {
  std::vector<std::string> out;
  for (auto& row :
       p.rows("SELECT rule, group_values, opened_at_ms, count, last_seen_ms,"
              " coalesce(resolved_at_ms, 0), aggregates, events FROM alert"
              " WHERE NOT approximate AND NOT shadow")) {
    counted_alert a{row[0],
                    json::serialize(json::parse(row[1])),
                    std::stoll(row[2]),
                    std::stoll(row[3]),
                    std::stoll(row[4]),
                    std::stoll(row[5]),
                    {},
                    {}};
    const auto values = json::parse(row[6]);
    if (const auto n = member(values, "n"); n.is_number())
      a.values.n = n.to_number<int64_t>();
    if (const auto total = member(values, "total"); total.is_number())
      a.values.total = total.to_number<double>();
    const auto events = json::parse(row[7]);
    for (const auto& e : events.as_array())
      a.events.push_back(std::string{e.at("source").as_string()} + '|' +
                         std::string{e.at("id").as_string()});
    out.push_back(a.line());
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// What is on one side only, for a failure's message.
inline std::string difference(const std::vector<std::string>& expected,
                              const std::vector<std::string>& found) {
  std::string out;
  const auto tell = [&](const char* mark, const auto& a, const auto& b) {
    std::vector<std::string> only;
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(),
                        std::back_inserter(only));
    for (size_t i = 0; i < std::min<size_t>(only.size(), 5); ++i)
      out += mark + only[i] + '\n';
  };
  tell("missing: ", expected, found);
  tell("too much: ", found, expected);
  return out;
}

/// An installation with a channel and three rules, and what must be true of it
/// after a crowd has sent `all`.
struct scene {
  installation& p;
  std::vector<document> all;
  http_receiver desk{};
  std::string secret{};

  /// As the README has it: a channel, rules, then events.
  void set_up() {
    const auto told =
        p.command({"channels", "put", "desk", desk.url("/hooks/desk")});
    secret = told.substr(told.find("whsec_"));
    secret.erase(secret.find('\n'));
    const auto published =
        p.command({"rules", "publish", p.dir().write("match.yaml", match_rule),
                   p.dir().write("sliding.yaml", sliding_rule),
                   p.dir().write("tumbling.yaml", tumbling_rule)});
    CAF_MESSAGE(published);
    CAF_REQUIRE(published.find("busy-host version 1 active") !=
                std::string::npos);
  }

  int64_t persisted() { return p.number("SELECT count(*) FROM events"); }

  size_t sent() const { return all.size() * std::size(content_types); }

  void all_are_stored_once_byte_for_byte() {
    CAF_REQUIRE(eventually(
        [&] { return persisted() >= static_cast<int64_t>(sent()); }, patience));
    std::map<std::string, const document*> unseen;
    for (const auto how : content_types)
      for (const auto& d : all)
        unseen[source_of(how) + '|' + d.id] = &d;
    CAF_REQUIRE_EQUAL(unseen.size(), sent());
    size_t strange = 0, changed = 0;
    for (const auto& e : stored_events(p)) {
      const auto found = unseen.find(e.ref());
      if (found == unseen.end()) {
        ++strange; // or there a second time
        continue;
      }
      changed += found->second->bytes != e.payload;
      changed += found->second->type != e.type;
      unseen.erase(found);
    }
    CAF_CHECK_EQUAL(strange, 0u);
    CAF_CHECK_EQUAL(changed, 0u);
    CAF_CHECK_EQUAL(unseen.size(), 0u);
    CAF_CHECK_EQUAL(p.number("SELECT count(*) FROM dead_letter"), 0);
  }

  void alerts_are_those_counted_anew() {
    const auto expected = expected_alerts(stored_events(p));
    std::map<std::string, size_t> a_rule;
    for (const auto& line : expected)
      ++a_rule[line.substr(0, line.find(' '))];
    for (const auto& [rule, count] : a_rule)
      CAF_MESSAGE(rule << ": " << count << " alerts");
    CAF_CHECK_EQUAL(a_rule.size(), 3u); // else they prove nothing
    std::vector<std::string> found;
    const auto same = eventually(
        [&] { return (found = recorded_alerts(p)) == expected; }, patience);
    if (!same)
      CAF_MESSAGE(difference(expected, found) << p.log_of("worker"));
    CAF_CHECK(same);
  }

  /// (alert, type) of every message that must be sent.
  std::set<std::pair<std::string, std::string>> messages_due() {
    std::set<std::pair<std::string, std::string>> out;
    for (auto& row : p.rows("SELECT id, rule FROM alert")) {
      out.insert({row[0], "alert.opened"});
      if (row[1] != "something-created")
        out.insert({row[0], "alert.resolved"});
    }
    return out;
  }

  void webhooks_came(bool exactly_once) {
    const auto due = messages_due();
    CAF_CHECK(eventually(
        [&] { return read_webhooks(desk).size() >= due.size(); }, patience));
    CAF_CHECK(eventually(
        [&] {
          return p.number("SELECT count(*) FROM delivery WHERE state <>"
                          " 'delivered'") == 0;
        },
        patience));
    std::set<std::pair<std::string, std::string>> came;
    std::set<std::string> ids;
    size_t repeated = 0, changed = 0;
    for (const auto& [message, record] : read_webhooks(desk)) {
      came.insert(message);
      ids.insert(record.ids.begin(), record.ids.end());
      changed += record.ids.size() != 1 || record.bodies.size() != 1;
      repeated += record.times - 1;
    }
    CAF_MESSAGE(due.size() << " messages, " << repeated << " repeated");
    CAF_CHECK_EQUAL(changed, 0u); // the same id and the same bytes, always
    CAF_CHECK(came == due);
    CAF_CHECK_EQUAL(ids.size(), due.size());
    if (exactly_once)
      CAF_CHECK_EQUAL(repeated, 0u);
    size_t strange = 0;
    for (const auto& r : desk.requests()) {
      if (const auto why = why_refused(r, secret); !why.empty())
        CAF_FAIL(why);
      strange += !r.head.starts_with("POST /hooks/desk HTTP/1.1\r\n");
    }
    CAF_CHECK_EQUAL(strange, 0u);
  }

  void send_last_one() {
    CAF_REQUIRE_EQUAL(
        (sender_client{p, content_type::structured}.send({last_one})), "");
    CAF_REQUIRE(eventually(
        [&] {
          return p.number("SELECT count(*) FROM alert WHERE events::text LIKE"
                          " '%\"last\"%'") == 1;
        },
        patience));
  }
};

} // namespace eventpulse::test
