#include "runtime/adapters/memory/memory_database.hpp"

#include <algorithm>

namespace eventpulse::memory {

namespace {

const char* name_of(rule_state s) {
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

void take(bounded_count& into, int64_t since_ms) {
  if (into.count == system_counted_max)
    return;
  ++into.count;
  into.oldest_ms = std::min(into.oldest_ms.value_or(since_ms), since_ms);
}

bounded_count deliveries_due(database::access& db) {
  bounded_count out;
  for (const auto& [id, d] : db->deliveries)
    if (d.what.state == delivery_state::pending &&
        d.next_attempt_at_ms <= db->now())
      take(out, d.next_attempt_at_ms);
  return out;
}

class memory_system_store final : public system_store {
public:
  explicit memory_system_store(database_ptr d) : database_(std::move(d)) {}

  result<system_facts> look() override {
    database::access db{*database_, "system_store.look"};
    if (db.broken)
      return *db.broken;
    system_facts out;
    out.now_ms = db->now();
    out.server_version = "memory";
    for (const auto& [name, held] : db->leases)
      out.leases.push_back({name, held.epoch, held.owner,
                            held.expires_at_ms > db->now(),
                            held.expires_at_ms});
    for (const auto& [number, p] : db->partitions)
      out.partitions.push_back({number, p.persisted, p.clock_ms});
    out.evaluated = db->evaluated;
    for (auto e = db->events.upper_bound(db->evaluated.key);
         e != db->events.end(); ++e)
      take(out.unevaluated, e->first.received_at_ms);
    for (const auto& [id, versions] : db->rules) {
      if (versions.empty() || versions.back().what.deleted)
        continue;
      auto status = db->statuses.find(id);
      ++out.rules[status == db->statuses.end() ? "pending"
                                               : name_of(status->second.state)];
    }
    out.deliveries_due = deliveries_due(db);
    for (const auto& [id, d] : db->deliveries)
      if (d.what.state == delivery_state::pending &&
          d.next_attempt_at_ms > db->now() &&
          out.deliveries_later < system_counted_max)
        ++out.deliveries_later;
    return out;
  }

  result<bounded_count> look_at_deliveries() override {
    database::access db{*database_, "system_store.look_at_deliveries"};
    if (db.broken)
      return *db.broken;
    return deliveries_due(db);
  }

private:
  database_ptr database_;
};

} // namespace

std::unique_ptr<system_store> make_system_store(database_ptr d) {
  return std::make_unique<memory_system_store>(std::move(d));
}

} // namespace eventpulse::memory
