#include "runtime/adapters/memory/memory_retention_store.hpp"

#include <algorithm>

namespace eventpulse::memory {

namespace {

constexpr int64_t day_ms = 86'400'000;

/// Events received before this were evaluated; later ones may not be, since
/// several share a millisecond.
int64_t time_of(const cursor& c) {
  return std::max(c.key.received_at_ms, c.timer_ms);
}

evaluation_reach reach_of(database& db) {
  evaluation_reach out;
  out.level_ms = time_of(db.evaluated);
  for (auto& [rule, own] : db.cursors)
    if (own.detached)
      out.behind.emplace_back(rule, time_of(own.at));
  return out;
}

bool is_open(database& db, const std::string& alert) {
  auto found = db.alerts.find(alert);
  return found != db.alerts.end() &&
         found->second.state != alert_state::resolved;
}

bool is_pending(const database::kept_delivery& d) {
  return d.what.state == delivery_state::pending;
}

/// Erases at most `limit`, oldest first by what `age` says; what it says
/// nothing of stays.
template <class Map, class Age>
size_t erase_oldest(Map& all, size_t limit, Age age) {
  std::vector<std::pair<int64_t, typename Map::key_type>> due;
  for (auto& [key, value] : all)
    if (auto when = age(value))
      due.emplace_back(*when, key);
  std::sort(due.begin(), due.end());
  due.resize(std::min(due.size(), limit));
  for (auto& [when, key] : due)
    all.erase(key);
  return due.size();
}

size_t remove_alerts(database& db, int64_t before_ms, size_t limit) {
  return erase_oldest(
      db.alerts, limit, [&](const alert& a) -> std::optional<int64_t> {
        bool awaited = std::any_of(db.deliveries.begin(), db.deliveries.end(),
                                   [&](auto& entry) {
                                     return entry.second.what.alert == a.id &&
                                            is_pending(entry.second);
                                   });
        if (a.state != alert_state::resolved || awaited || !a.resolved_at_ms ||
            *a.resolved_at_ms >= before_ms)
          return std::nullopt;
        return a.opened_at_ms;
      });
}

size_t remove_deliveries(database& db, int64_t before_ms, size_t limit) {
  return erase_oldest(
      db.deliveries, limit,
      [&](const database::kept_delivery& d) -> std::optional<int64_t> {
        if (d.what.created_at_ms >= before_ms || is_pending(d) ||
            is_open(db, d.what.alert))
          return std::nullopt;
        return d.what.created_at_ms;
      });
}

size_t remove_attempts(database& db, int64_t before_ms, size_t limit) {
  size_t out = 0;
  for (auto& [id, d] : db.deliveries)
    if (!is_pending(d))
      out += erase_oldest(d.attempts, limit - out,
                          [&](const attempt& a) -> std::optional<int64_t> {
                            if (a.started_at_ms >= before_ms)
                              return std::nullopt;
                            return a.started_at_ms;
                          });
  return out;
}

size_t remove_audit(database& db, int64_t before_ms, size_t limit) {
  auto left = limit;
  return std::erase_if(db.audit, [&](const audit_record& r) {
    bool goes = left > 0 && r.at_ms < before_ms;
    left -= goes;
    return goes;
  });
}

class memory_retention_store final : public retention_store {
public:
  explicit memory_retention_store(database_ptr d) : database_(std::move(d)) {}

  result<evaluation_reach> reach() override {
    database::access db{*database_, "retention_store.reach"};
    if (db.broken)
      return *db.broken;
    return reach_of(*db.operator->());
  }

  result<day_sweep> drop_day(const lease_token& lease, int64_t before_ms,
                             int64_t reached_ms) override {
    database::access db{*database_, "retention_store.drop_day"};
    if (db.broken)
      return *db.broken;
    if (!db->holds(lease))
      return fenced_by(lease);
    return drop_oldest(*db.operator->(), before_ms, reached_ms);
  }

  result<size_t> remove_rows(const lease_token& lease, kept_rows what,
                             int64_t before_ms, size_t limit) override {
    database::access db{*database_, "retention_store.remove_rows"};
    if (db.broken)
      return *db.broken;
    if (!db->holds(lease))
      return fenced_by(lease);
    auto& all = *db.operator->();
    switch (what) {
    case kept_rows::alerts:
      return remove_alerts(all, before_ms, limit);
    case kept_rows::deliveries:
      return remove_deliveries(all, before_ms, limit);
    case kept_rows::attempts:
      return remove_attempts(all, before_ms, limit);
    case kept_rows::audit:
      return remove_audit(all, before_ms, limit);
    case kept_rows::dead_letters:
      return erase_oldest(all.dead, limit,
                          [&](const dead_letter& l) -> std::optional<int64_t> {
                            if (l.created_at_ms >= before_ms)
                              return std::nullopt;
                            return l.created_at_ms;
                          });
    }
    return size_t{0}; // not reached
  }

private:
  static day_sweep drop_oldest(database& db, int64_t before_ms,
                               int64_t reached_ms) {
    day_sweep out;
    std::map<int64_t, std::vector<order_key>> days;
    for (auto& [key, kept] : db.events)
      days[static_cast<int64_t>(key.ms) / day_ms].push_back(key);
    if (days.empty())
      return out;
    auto& [day, keys] = *days.begin(); // ascending keys
    if ((day + 1) * day_ms > before_ms)
      return out;
    auto reach = reach_of(db);
    auto last = keys.back().received_at_ms;
    if (last >= reached_ms || last >= reach.level_ms) {
      out.held = day;
      return out;
    }
    for (auto& key : keys) {
      db.events.erase(key);
      db.event_places.erase(key.where());
      std::erase_if(db.event_contents, [&](const auto& entry) {
        return entry.second == key.where();
      });
    }
    out.dropped = day;
    out.rows = keys.size();
    std::vector<dead_letter> letters;
    for (auto& [rule, at_ms] : reach.behind)
      if (at_ms < last) {
        letters.push_back(overtaken_letter(rule, at_ms, day, last, db.now()));
        out.overtaken.push_back(rule);
      }
    db.keep(letters);
    return out;
  }

  database_ptr database_;
};

} // namespace

std::unique_ptr<retention_store> make_retention_store(database_ptr d) {
  return std::make_unique<memory_retention_store>(std::move(d));
}

} // namespace eventpulse::memory
