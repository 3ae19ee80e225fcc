#include "runtime/adapters/memory/memory_database.hpp"

#include "runtime/core/access/audit_views.hpp"

#include <algorithm>

namespace eventpulse::memory {

namespace {

using kept_delivery = database::kept_delivery;

bool is_due(const database& db, const kept_delivery& d) {
  return d.what.state == delivery_state::pending &&
         d.next_attempt_at_ms <= db.now();
}

bool is_free(const database& db, const kept_delivery& d) {
  return d.leased_by.empty() || d.leased_until_ms <= db.now();
}

/// Fails what has nowhere to go. True where it had.
bool fail_if_lost(database& db, kept_delivery& d) {
  auto to = db.channels.find(d.what.channel);
  bool gone = to == db.channels.end();
  if (!gone && !to->second.disabled)
    return false;
  const auto before = d.what;
  attempt a;
  a.delivery = d.what.id;
  a.number = ++d.what.attempt_count;
  a.started_at_ms = db.now();
  a.error = gone ? "the channel is gone" : "the channel is disabled";
  d.attempts[{a.number, a.started_at_ms}] = a;
  d.what.state = delivery_state::failed;
  d.leased_by.clear();
  log_delivery(db, &before, d.what);
  return true;
}

due_delivery lease_to(database& db, kept_delivery& d, const std::string& worker,
                      std::chrono::milliseconds lease) {
  d.leased_by = worker;
  d.leased_until_ms = db.now() + lease.count();
  return {d.what, db.channels.at(d.what.channel)};
}

void sort_by_age(std::vector<due_delivery>& all) {
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::pair{a.what.created_at_ms, a.what.id} <
           std::pair{b.what.created_at_ms, b.what.id};
  });
}

void write(database& db, const recorded_attempt& one) {
  auto found = db.deliveries.find(one.what.delivery);
  if (found == db.deliveries.end())
    return;
  auto& d = found->second;
  const auto before = d.what;
  auto a = one.what;
  a.error = storable_text(a.error);
  a.answer_excerpt = storable_text(a.answer_excerpt);
  d.attempts.emplace(std::pair{a.number, a.started_at_ms}, a);
  d.what.attempt_count = std::max(d.what.attempt_count, a.number);
  bool was_pending = d.what.state == delivery_state::pending;
  if (was_pending || one.verdict.state == delivery_state::delivered)
    d.what.state = one.verdict.state;
  d.next_attempt_at_ms = one.verdict.next_attempt_at_ms.value_or(db.now());
  d.leased_by.clear();
  log_delivery(db, &before, d.what);
  auto to = db.channels.find(d.what.channel);
  if (one.verdict.disable_channel && to != db.channels.end() &&
      !to->second.disabled) {
    auto disabled = to->second;
    disabled.disabled = true;
    log_channel(db, to->second, disabled);
    to->second.disabled = true;
    db.keep_audit({{{}, "notifier", {}, {}},
                   "channel.disabled",
                   "channel/" + to->first,
                   R"({"disabled":false})",
                   R"({"disabled":true})"});
    to->second.updated_at_ms = db.now();
  }
}

/// Why nothing can be sent there now.
std::optional<failure> why_closed(const database& db,
                                  const std::string& channel) {
  auto to = db.channels.find(channel);
  if (to == db.channels.end())
    return failure{errc::not_found, "there is no channel " + channel};
  if (to->second.disabled)
    return failure{errc::conflict, "channel " + channel + " is disabled"};
  return std::nullopt;
}

bool matches(const delivery_query& q, const delivery& d) {
  return (!q.id || *q.id == d.id) && (!q.alert || *q.alert == d.alert) &&
         (!q.channel || *q.channel == d.channel) &&
         (!q.type || *q.type == d.type) && (!q.state || *q.state == d.state) &&
         (!q.from_ms || d.created_at_ms >= *q.from_ms) &&
         (!q.to_ms || d.created_at_ms < *q.to_ms) &&
         (!q.before || std::pair{d.created_at_ms, d.id} < *q.before);
}

class memory_delivery_store final : public delivery_store {
public:
  explicit memory_delivery_store(database_ptr d) : database_(std::move(d)) {}

  result<std::vector<due_delivery>>
  claim(const std::string& kind, const std::string& worker, size_t limit,
        std::chrono::milliseconds lease) override {
    database::access db{*database_, "delivery_store.claim"};
    if (db.broken)
      return *db.broken;
    auto& tables = *db.operator->();
    std::map<std::pair<int64_t, std::string>, kept_delivery*> soonest_first;
    for (auto& [id, d] : tables.deliveries) {
      auto to = tables.channels.find(d.what.channel);
      bool ours = to == tables.channels.end() || to->second.kind == kind;
      if (ours && is_due(tables, d) && is_free(tables, d) &&
          !fail_if_lost(tables, d))
        soonest_first[{d.next_attempt_at_ms, id}] = &d;
    }
    std::vector<due_delivery> out;
    for (auto& [key, d] : soonest_first)
      if (out.size() < limit)
        out.push_back(lease_to(tables, *d, worker, lease));
    sort_by_age(out);
    return out;
  }

  result<std::vector<due_delivery>>
  take(const std::vector<std::string>& ids, const std::string& worker,
       std::chrono::milliseconds lease) override {
    database::access db{*database_, "delivery_store.take"};
    if (db.broken)
      return *db.broken;
    auto& tables = *db.operator->();
    std::vector<due_delivery> out;
    for (auto& id : std::set<std::string>(ids.begin(), ids.end())) {
      auto found = tables.deliveries.find(id);
      if (found == tables.deliveries.end())
        continue;
      auto& d = found->second;
      bool ours = d.leased_by == worker || is_free(tables, d);
      bool pending = d.what.state == delivery_state::pending;
      if (pending && !fail_if_lost(tables, d) && ours && is_due(tables, d))
        out.push_back(lease_to(tables, d, worker, lease));
    }
    sort_by_age(out);
    return out;
  }

  result<void> record(const std::vector<recorded_attempt>& all) override {
    database::access db{*database_, "delivery_store.record"};
    if (db.broken)
      return *db.broken;
    for (auto& one : all)
      write(*db.operator->(), one);
    return {};
  }

  result<void> release(const std::vector<std::string>& ids,
                       const std::string& worker) override {
    database::access db{*database_, "delivery_store.release"};
    if (db.broken)
      return *db.broken;
    for (auto& id : ids)
      if (auto d = db->deliveries.find(id);
          d != db->deliveries.end() && d->second.leased_by == worker)
        d->second.leased_by.clear();
    return {};
  }

  result<std::vector<delivery_story>> query(const delivery_query& q) override {
    database::access db{*database_, "delivery_store.query"};
    if (db.broken)
      return *db.broken;
    std::vector<delivery_story> out;
    for (auto& [id, d] : db->deliveries) {
      if (!matches(q, d.what))
        continue;
      delivery_story story{d.what, {}, std::nullopt};
      if (d.what.state == delivery_state::pending)
        story.next_attempt_at_ms = d.next_attempt_at_ms;
      for (auto& [key, a] : d.attempts)
        story.attempts.push_back(a);
      out.push_back(std::move(story));
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
      return std::pair{a.what.created_at_ms, a.what.id} >
             std::pair{b.what.created_at_ms, b.what.id};
    });
    out.resize(std::min(out.size(), q.limit));
    return out;
  }

  result<void> add_test(const delivery& d, const caller& by) override {
    database::access db{*database_, "delivery_store.add_test"};
    if (db.broken)
      return *db.broken;
    if (auto closed = why_closed(*db.operator->(), d.channel))
      return *closed;
    db->deliveries[d.id] = {d, db->now(), {}, 0, {}};
    log_delivery(*db.operator->(), nullptr, d);
    db->keep_audit(
        {by, "channel.tested", "channel/" + d.channel, {}, audit_view(d)});
    return {};
  }

  result<void> retry(const std::string& id, const caller& by) override {
    database::access db{*database_, "delivery_store.retry"};
    if (db.broken)
      return *db.broken;
    auto& tables = *db.operator->();
    auto found = tables.deliveries.find(id);
    if (found == tables.deliveries.end())
      return failure{errc::not_found, "delivery " + id};
    auto& d = found->second;
    if (d.what.state == delivery_state::delivered)
      return failure{errc::conflict, "it was delivered already"};
    if (d.what.state == delivery_state::pending && !is_free(tables, d))
      return failure{errc::conflict, "a worker is about to send it"};
    if (auto closed = why_closed(tables, d.what.channel))
      return failure{errc::conflict, closed->detail};
    auto before = d.what;
    d.what.state = delivery_state::pending;
    d.what.attempts_before = d.what.attempt_count;
    d.next_attempt_at_ms = db->now();
    d.leased_by.clear();
    log_delivery(tables, &before, d.what);
    db->keep_audit({by, "delivery.retried", "delivery/" + id,
                    audit_view(before), audit_view(d.what)});
    return {};
  }

private:
  database_ptr database_;
};

} // namespace

std::unique_ptr<delivery_store> make_delivery_store(database_ptr d) {
  return std::make_unique<memory_delivery_store>(std::move(d));
}

} // namespace eventpulse::memory
