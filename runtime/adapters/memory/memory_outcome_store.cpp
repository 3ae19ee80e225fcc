#include "runtime/adapters/memory/memory_database.hpp"

#include <algorithm>
#include <utility>

namespace eventpulse::memory {

namespace {

alert storable(alert a) {
  a.summary = storable_text(a.summary);
  a.details = storable_text(a.details);
  for (auto& [name, value] : a.labels) {
    name = storable_text(name);
    value = storable_text(value);
  }
  if (a.group_json.empty())
    a.group_json = "[]";
  if (a.values_json.empty())
    a.values_json = "{}";
  return a;
}

void write(database& db, const outcome_commit& what) {
  if (what.global)
    db.evaluated = what.global->next;
  for (auto& rule : what.rules_removed) {
    db.cursors.erase(rule);
    db.snapshots.erase(rule);
  }
  for (auto& r : what.rules)
    db.cursors[r.rule] = r;
  // Of several changes of one alert only the last is written.
  std::map<std::string, size_t> last;
  for (size_t i = 0; i < what.changes.size(); ++i)
    last[what.changes[i].after.id] = i;
  for (size_t i = 0; i < what.changes.size(); ++i) {
    auto after = storable(what.changes[i].after);
    if (last.at(after.id) != i)
      continue;
    auto kept = db.alerts.find(after.id);
    bool known = kept != db.alerts.end();
    if (known) { // evaluation leaves it alone
      after.acknowledged_at_ms = kept->second.acknowledged_at_ms;
      after.acknowledged_by = kept->second.acknowledged_by;
      after.acknowledge_comment = kept->second.acknowledge_comment;
    }
    log_alert(db, known ? &kept->second : nullptr, after);
    db.alerts[after.id] = std::move(after);
  }
  for (auto& a : what.acknowledged) {
    auto found = db.alerts.find(a.what.alert);
    if (found == db.alerts.end() || found->second.acknowledged_at_ms)
      continue;
    auto before = found->second;
    found->second.acknowledged_at_ms = a.key.received_at_ms;
    found->second.acknowledged_by = a.what.by;
    found->second.acknowledge_comment = a.what.comment;
    log_alert(db, &before, found->second);
  }
  for (auto& d : what.deliveries) {
    database::kept_delivery kept;
    kept.what = d;
    kept.next_attempt_at_ms = db.now();
    kept.leased_by = what.worker;
    kept.leased_until_ms = db.now() + what.delivery_lease_ms;
    if (db.deliveries.emplace(d.id, std::move(kept)).second)
      log_delivery(db, nullptr, d);
  }
  for (auto status : what.statuses) {
    status.last_error = storable_text(status.last_error);
    auto kept = db.statuses.find(status.rule);
    log_rule_status(db, kept == db.statuses.end() ? nullptr : &kept->second,
                    status);
    db.statuses[status.rule] = status;
  }
  db.keep(what.dead);
}

void write(database& db, const rule_snapshot& snapshot) {
  auto& kept = db.snapshots[snapshot.rule];
  std::map<std::string, std::string> groups;
  if (!snapshot.full)
    for (auto& group : kept.groups)
      groups.emplace(group.group_key, group.bytes);
  for (auto& key : snapshot.removed)
    groups.erase(key);
  for (auto& group : snapshot.groups)
    groups[group.group_key] = group.bytes;
  kept = snapshot;
  kept.full = true;
  kept.removed.clear();
  kept.groups.clear();
  for (auto& [key, bytes] : groups)
    kept.groups.push_back({key, bytes});
}

bool matches(const alert_query& q, const alert& a) {
  return (!q.id || *q.id == a.id) && (!q.rule || *q.rule == a.rule) &&
         (!q.state || *q.state == a.state) &&
         (!q.severity || *q.severity == a.severity) &&
         (!q.event || std::find(a.events.begin(), a.events.end(), *q.event) !=
                          a.events.end()) &&
         (!q.acknowledged ||
          *q.acknowledged == a.acknowledged_at_ms.has_value()) &&
         (!q.from_ms || a.opened_at_ms >= *q.from_ms) &&
         (!q.to_ms || a.opened_at_ms < *q.to_ms) &&
         (!q.before || std::pair{a.opened_at_ms, a.id} < *q.before);
}

class memory_outcome_store final : public outcome_store {
public:
  explicit memory_outcome_store(database_ptr d) : database_(std::move(d)) {}

  result<void> commit(const outcome_commit& what) override {
    database::access db{*database_, "outcome_store.commit"};
    if (db.broken)
      return *db.broken;
    if (!db->holds(what.lease))
      return fenced_by(what.lease);
    if (what.global && what.global->expected != db->evaluated)
      return failure{errc::fenced,
                     "the evaluation cursor was moved by another"};
    write(*db.operator->(), what);
    return {};
  }

  result<evaluation_start> load_start() override {
    database::access db{*database_, "outcome_store.load_start"};
    if (db.broken)
      return *db.broken;
    evaluation_start out{db->evaluated, {}};
    for (auto& [rule, at] : db->cursors)
      out.rules.push_back(at);
    return out;
  }

  result<void> save_snapshots(const lease_token& lease,
                              const std::vector<rule_snapshot>& all) override {
    database::access db{*database_, "outcome_store.save_snapshots"};
    if (db.broken)
      return *db.broken;
    if (!db->holds(lease))
      return fenced_by(lease);
    auto before = db->snapshots;
    for (auto& snapshot : all) {
      if (!snapshot.full && !db->snapshots.contains(snapshot.rule)) {
        db->snapshots = std::move(before);
        return failure{errc::conflict,
                       "no full snapshot of rule " + snapshot.rule};
      }
      write(*db.operator->(), snapshot);
    }
    return {};
  }

  result<std::optional<rule_snapshot>>
  load_snapshot(const std::string& rule) override {
    database::access db{*database_, "outcome_store.load_snapshot"};
    if (db.broken)
      return *db.broken;
    auto found = db->snapshots.find(rule);
    return found == db->snapshots.end()
               ? std::optional<rule_snapshot>{}
               : std::optional<rule_snapshot>{found->second};
  }

  result<std::vector<alert>> query(const alert_query& q) override {
    database::access db{*database_, "outcome_store.query"};
    if (db.broken)
      return *db.broken;
    std::vector<alert> out;
    for (auto& [id, a] : db->alerts)
      if (matches(q, a))
        out.push_back(a);
    std::sort(out.begin(), out.end(), [](auto& a, auto& b) {
      return std::pair{a.opened_at_ms, a.id} > std::pair{b.opened_at_ms, b.id};
    });
    out.resize(std::min(out.size(), q.limit));
    return out;
  }

  result<action_taken> act(const alert_action& action,
                           const caller& by) override {
    database::access db{*database_, "outcome_store.act"};
    if (db.broken)
      return *db.broken;
    action_taken out{
        {control_id(action), std::string(control_kind(action.what))}, false};
    if (db->controls.contains(out.row.id))
      return out;
    if (!db->alerts.contains(action.alert))
      return failure{errc::not_found, "alert " + action.alert};
    db->controls[out.row.id] = {
        {out.row.id, out.row.kind, to_json(action), {}}, db->now(), false};
    // Not its comment, nor the group: the audit outlives an erasure.
    db->keep_audit({by, out.row.kind, "alert/" + action.alert, "", ""});
    out.made = true;
    return out;
  }

private:
  database_ptr database_;
};

} // namespace

std::unique_ptr<outcome_store> make_outcome_store(database_ptr d) {
  return std::make_unique<memory_outcome_store>(std::move(d));
}

} // namespace eventpulse::memory
