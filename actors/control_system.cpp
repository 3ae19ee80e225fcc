// GET /v1/system: every process's own report, and what the store knows. What
// cannot be asked is left out and named, since this is looked at when something
// is down.

#include "actors/control_routes.hpp"
#include "runtime/core/base/time.hpp"

#include <algorithm>

namespace eventpulse::routes {

namespace json = boost::json;

namespace {

/// Seconds since, never less than nothing.
json::value age(std::optional<int64_t> since_ms, int64_t now_ms) {
  if (!since_ms)
    return nullptr;
  return static_cast<double>(std::max<int64_t>(now_ms - *since_ms, 0)) / 1000.0;
}

json::object count_object(const bounded_count& c) {
  json::object out{{"count", c.count}};
  if (c.count == system_counted_max)
    out["at_least"] = true;
  return out;
}

const lease_fact* find_lease(const system_facts& facts,
                             const std::string& name) {
  for (const auto& l : facts.leases)
    if (l.name == name)
      return &l;
  return nullptr;
}

void add_lease(json::object& out, const lease_fact* l) {
  out["owner"] = l && l->held ? json::value(l->owner) : json::value(nullptr);
  out["epoch"] = l ? json::value(l->epoch) : json::value(nullptr);
  out["lease_expires_at"] =
      l ? json::value(format_rfc3339_ms(l->expires_at_ms)) : nullptr;
}

/// Its owner's own numbers of the stream.
void add_stream(json::object& out, uint32_t partition,
                const json::array& processes) {
  for (const auto& process : processes) {
    const auto* streams = process.as_object().if_contains("streams");
    if (!streams || !streams->is_array())
      continue;
    for (const auto& s : streams->as_array()) {
      const auto* of =
          s.is_object() ? s.as_object().if_contains("partition") : nullptr;
      if (!of || !of->is_number() || of->to_number<double>() != partition)
        continue;
      for (const auto& [key, value] : s.as_object())
        if (key != "partition")
          out[key] = value;
    }
  }
}

json::array partition_list(const system_facts& facts,
                           const json::array& processes) {
  json::array out;
  for (const auto& p : facts.partitions) {
    json::object one{{"number", p.number},
                     {"persisted", to_string(p.persisted)},
                     {"clock", format_rfc3339_ms(p.clock_ms)}};
    add_lease(one, find_lease(facts, 'p' + std::to_string(p.number)));
    add_stream(one, p.number, processes);
    out.push_back(std::move(one));
  }
  return out;
}

json::object evaluation_object(const system_facts& facts) {
  json::object out;
  add_lease(out, find_lease(facts, "evaluation"));
  out["cursor"] = to_string(facts.evaluated.key);
  out["evaluated_until"] = format_rfc3339_ms(
      std::max(facts.evaluated.key.received_at_ms, facts.evaluated.timer_ms));
  auto lag = count_object(facts.unevaluated);
  lag["lag_seconds"] = age(facts.unevaluated.oldest_ms, facts.now_ms);
  if (lag["lag_seconds"].is_null())
    lag["lag_seconds"] = 0.0;
  out["waiting"] = std::move(lag);
  json::object rules;
  for (const auto& [state, count] : facts.rules)
    rules[state] = count;
  out["rules"] = std::move(rules);
  return out;
}

json::object deliveries_object(const system_facts& facts) {
  auto due = count_object(facts.deliveries_due);
  due["oldest_seconds"] = age(facts.deliveries_due.oldest_ms, facts.now_ms);
  return {{"due", std::move(due)},
          {"waiting_for_retry",
           count_object({facts.deliveries_later, std::nullopt})}};
}

/// The reports of all; this process's own where the board has none of it.
json::array process_list(const control_stores& stores, json::array& problems) {
  std::map<std::string, json::value> by_name;
  auto take = [&](const std::string& text) {
    boost::system::error_code wrong;
    auto report = json::parse(text, wrong);
    if (!wrong && report.is_object() && report.as_object().contains("name") &&
        report.at("name").is_string())
      by_name.insert_or_assign(std::string(report.at("name").as_string()),
                               std::move(report));
  };
  if (stores.own_report)
    take(stores.own_report());
  if (stores.board) {
    auto all = stores.board->list();
    if (!all)
      problems.emplace_back("the reports of other processes: " +
                            to_string(all.error()));
    else
      for (const auto& [name, text] : *all)
        take(text);
  }
  json::array out;
  for (auto& [name, report] : by_name)
    out.push_back(std::move(report));
  return out;
}

} // namespace

result<control_outcome> get_system(control_call& call) {
  json::array problems;
  auto processes = process_list(call.stores, problems);
  json::object out{{"at", format_rfc3339_ms(call.surroundings.now_ms())}};
  auto facts = call.stores.system
                   ? call.stores.system->look()
                   : result<system_facts>{errc::unavailable, "no store"};
  if (facts) {
    out["database"] = {{"version", facts->server_version},
                       {"schema", facts->schema_version}};
    out["partitions"] = partition_list(*facts, processes);
    out["evaluation"] = evaluation_object(*facts);
    out["deliveries"] = deliveries_object(*facts);
  } else {
    problems.emplace_back("leases, cursors and deliveries: " +
                          to_string(facts.error()));
    for (const auto* part :
         {"database", "partitions", "evaluation", "deliveries"})
      out[part] = nullptr;
  }
  out["processes"] = std::move(processes);
  out["problems"] = std::move(problems);
  return control_outcome{json_answer(200, out)};
}

} // namespace eventpulse::routes
