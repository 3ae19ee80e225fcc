// The live feed's logs in memory, and what is logged: the same as the triggers
// of schema/postgres/0007 log.

#include "runtime/adapters/memory/memory_database.hpp"
#include "runtime/core/base/time.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <limits>

namespace eventpulse::memory {

namespace {

namespace json = boost::json;

std::string name_of(alert_state s) {
  return s == alert_state::firing ? "firing" : "resolved";
}

std::string name_of(delivery_state s) {
  switch (s) {
  case delivery_state::pending:
    return "pending";
  case delivery_state::delivered:
    return "delivered";
  case delivery_state::failed:
    return "failed";
  }
  return "unknown";
}

std::string name_of(rule_state s) {
  switch (s) {
  case rule_state::pending:
    return "pending";
  case rule_state::catching_up:
    return "catching_up";
  case rule_state::active:
    return "active";
  case rule_state::degraded:
    return "degraded";
  case rule_state::off:
    return "off";
  }
  return "unknown";
}

void log_body(database& db, live_topic topic, std::string type,
              std::string about, const json::object& body) {
  db.log({0, 0, topic, std::move(type), std::move(about), json::serialize(body),
          std::nullopt});
}

class memory_live_log final : public live_log {
public:
  memory_live_log(database_ptr d, uint32_t partitions)
      : database_(std::move(d)), partitions_(partitions) {}

  result<live_bounds> bounds() override {
    database::access db{*database_, "live_log.bounds"};
    if (db.broken)
      return *db.broken;
    constexpr auto max = std::numeric_limits<int64_t>::max();
    live_bounds out;
    out.now.change = db->change_number;
    out.changes_trimmed = db->changes_trimmed;
    if (partitions_ > 1) {
      auto least = max;
      for (uint32_t p = 0; p < partitions_; ++p)
        least = std::min(least, clock_of(*db.operator->(), p));
      out.now.event = {std::max<int64_t>(least - 1, 0),
                       std::numeric_limits<uint32_t>::max(),
                       static_cast<uint64_t>(max), static_cast<uint64_t>(max)};
    } else if (!db->events.empty()) {
      out.now.event = db->events.rbegin()->first;
    }
    return out;
  }

  result<live_change_page> changes(int64_t after, size_t limit) override {
    database::access db{*database_, "live_log.changes"};
    if (db.broken)
      return *db.broken;
    live_change_page out;
    for (auto& change : db->changes)
      if (change.number > after && out.changes.size() < limit)
        out.changes.push_back(change);
    out.more = out.changes.size() == limit;
    return out;
  }

  result<live_event_page> events(const order_key& after, size_t limit,
                                 size_t bytes_max) override {
    database::access db{*database_, "live_log.events"};
    if (db.broken)
      return *db.broken;
    live_event_page out;
    size_t bytes = 0;
    for (auto e = db->events.upper_bound(after);
         e != db->events.end() && is_settled(*db.operator->(), e->first); ++e) {
      out.more = out.events.size() == limit || bytes >= bytes_max;
      if (out.more)
        return out;
      bytes += e->second.what.document.payload.size();
      out.events.push_back({e->second.what, e->second.persisted_at_ms});
    }
    return out;
  }

  result<size_t> trim(std::chrono::milliseconds keep, int64_t rows_max,
                      size_t limit) override {
    database::access db{*database_, "live_log.trim"};
    if (db.broken)
      return *db.broken;
    const auto beyond = db->change_number - rows_max;
    const auto oldest = db->now() - keep.count();
    size_t dropped = 0;
    while (dropped < std::min(limit, db->changes.size()) &&
           (db->changes[dropped].at_ms < oldest ||
            db->changes[dropped].number <= beyond))
      db->changes_trimmed = db->changes[dropped++].number;
    db->changes.erase(db->changes.begin(),
                      db->changes.begin() + static_cast<int64_t>(dropped));
    return dropped;
  }

private:
  static int64_t clock_of(const database& db, uint32_t partition) {
    auto found = db.partitions.find(partition);
    return found == db.partitions.end() ? 0 : found->second.clock_ms;
  }

  bool is_settled(const database& db, const order_key& key) const {
    for (uint32_t p = 0; p < partitions_; ++p) {
      auto clock = clock_of(db, p);
      if (p != key.partition &&
          (clock < key.received_at_ms ||
           (clock == key.received_at_ms && p < key.partition)))
        return false;
    }
    return true;
  }

  database_ptr database_;
  uint32_t partitions_;
};

} // namespace

void database::log(live_change change) {
  change.number = ++change_number;
  change.at_ms = now();
  changes.push_back(std::move(change));
}

void log_alert(database& db, const alert* before, const alert& after) {
  std::string type = "alert.opened";
  if (before && before->state != after.state)
    type = "alert." + name_of(after.state);
  else if (before && before->acknowledged_at_ms != after.acknowledged_at_ms)
    type = "alert.acknowledged";
  else if (before)
    return;
  db.log({0, 0, live_topic::alerts, type, after.rule, "", after});
}

void log_delivery(database& db, const delivery* before, const delivery& after) {
  if (before && before->state == after.state &&
      before->attempt_count == after.attempt_count)
    return;
  bool again = before && before->state == delivery_state::pending &&
               after.state == delivery_state::pending;
  log_body(db, live_topic::deliveries,
           "delivery." + (again ? "retrying" : name_of(after.state)),
           after.channel,
           {{"id", after.id},
            {"alert", after.alert},
            {"channel", after.channel},
            {"type", after.type},
            {"state", name_of(after.state)},
            {"attempt_count", after.attempt_count},
            {"created_at", format_rfc3339_ms(after.created_at_ms)}});
}

void log_rule_version(database& db, const rule_version& v) {
  log_body(db, live_topic::rules, v.deleted ? "rule.deleted" : "rule.published",
           v.id,
           {{"rule", v.id},
            {"version", v.version},
            {"published_at", format_rfc3339_ms(v.published_at_ms)},
            {"published_by", v.published_by}});
}

void log_rule_status(database& db, const rule_status* before,
                     const rule_status& after) {
  if (before && before->state == after.state &&
      before->version == after.version && before->owner == after.owner)
    return;
  log_body(db, live_topic::rules, "rule." + name_of(after.state), after.rule,
           {{"rule", after.rule},
            {"version", after.version},
            {"state", name_of(after.state)},
            {"owner", after.owner},
            {"last_error", after.last_error}});
}

void log_lease(database& db, const std::string& name) {
  auto& held = db.leases.at(name);
  log_body(db, live_topic::system, "lease.taken", name,
           {{"name", name}, {"epoch", held.epoch}, {"owner", held.owner}});
}

void log_channel(database& db, const channel& before, const channel& after) {
  if (before.disabled != after.disabled)
    log_body(db, live_topic::system,
             after.disabled ? "channel.disabled" : "channel.enabled", after.id,
             {{"id", after.id}, {"kind", after.kind}});
}

std::unique_ptr<live_log> make_live_log(database_ptr d, uint32_t partitions) {
  return std::make_unique<memory_live_log>(std::move(d), partitions);
}

} // namespace eventpulse::memory
