#include "runtime/adapters/memory/memory_database.hpp"

#include "runtime/core/access/audit_views.hpp"
#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/base/json_text.hpp"

#include <boost/json.hpp>

#include <map>

namespace eventpulse::memory {

namespace {

std::string control_body(const rule_version& v) {
  std::string out = "{\"rule\":";
  append_json_string(out, v.id);
  out += ",\"version\":" + std::to_string(v.version);
  if (!v.deleted) {
    out += ",\"document\":" + v.document + ",\"by\":";
    append_json_string(out, v.published_by);
  }
  return out + '}';
}

const database::kept_version* newest_of(database& db, const std::string& id) {
  auto found = db.rules.find(id);
  return found == db.rules.end() ? nullptr : &found->second.back();
}

rule_version with_key(database& db, const database::kept_version& kept) {
  auto v = kept.what;
  if (auto& row = db.controls.at(kept.control); row.placed)
    v.key = row.what.key;
  return v;
}

std::optional<failure> mismatch(const database::kept_version* newest,
                                std::optional<int64_t> if_version) {
  bool there = newest && !newest->what.deleted;
  auto present = there ? newest->what.version : 0;
  if (!if_version || *if_version == present)
    return std::nullopt;
  return failure{errc::conflict,
                 "the present version is " + std::to_string(present)};
}

/// A version that may be written as it is.
struct change {
  rule_version what;
  std::vector<std::string> notify;
  caller by;
};

result<change> check(database& db, const publish_request& request) {
  auto* newest = newest_of(db, request.id);
  if (auto wrong = mismatch(newest, request.if_version))
    return *wrong;
  for (auto& id : request.notify)
    if (!db.channels.contains(id))
      return failure{errc::invalid, "there is no channel " + id};
  boost::json::error_code error;
  auto ignored = parse_kept_json(request.document, error);
  if (error)
    return failure{errc::rejected, "the document is not JSON"};
  change out{{}, request.notify, request.by};
  out.what.id = request.id;
  out.what.version = newest ? newest->what.version + 1 : 1;
  out.what.document = request.document;
  return out;
}

result<change> check(database& db, const removal& request) {
  auto* newest = newest_of(db, request.id);
  if (!newest || newest->what.deleted)
    return failure{errc::not_found, "rule " + request.id};
  if (auto wrong = mismatch(newest, request.if_version))
    return *wrong;
  change out{{}, {}, request.by};
  out.what.id = request.id;
  out.what.version = newest->what.version + 1;
  out.what.deleted = true;
  return out;
}

published write(database& db, change made) {
  auto& v = made.what;
  v.published_by = made.by.name;
  v.published_at_ms = db.now();
  auto* newest = newest_of(db, v.id);
  control_row row{uuid_v5("control/" + v.id + '/' + std::to_string(v.version)),
                  v.deleted ? "rule.deleted" : "rule.published"};
  db.keep_audit({made.by, row.kind, "rule/" + v.id,
                 newest ? audit_view(newest->what) : "", audit_view(v)});
  db.controls[row.id] = {
      {row.id, row.kind, control_body(v), {}}, db.now(), false};
  db.rules[v.id].push_back({v, row.id, made.notify});
  log_rule_version(db, v);
  ++db.rule_generation;
  return {std::move(v), std::move(row)};
}

class memory_rule_store final : public rule_store {
public:
  explicit memory_rule_store(database_ptr d) : database_(std::move(d)) {}

  result<published> publish(const publish_request& request) override {
    database::access db{*database_, "rule_store.publish"};
    if (db.broken)
      return *db.broken;
    auto made = check(*db.operator->(), request);
    if (!made)
      return made.error();
    return write(*db.operator->(), std::move(made).value());
  }

  result<published> remove(const std::string& id, const caller& by,
                           std::optional<int64_t> if_version) override {
    database::access db{*database_, "rule_store.remove"};
    if (db.broken)
      return *db.broken;
    auto made = check(*db.operator->(), removal{id, by, if_version});
    if (!made)
      return made.error();
    return write(*db.operator->(), std::move(made).value());
  }

  result<std::vector<published>>
  apply(const std::vector<publish_request>& put,
        const std::vector<removal>& gone) override {
    database::access access{*database_, "rule_store.apply"};
    if (access.broken)
      return *access.broken;
    auto& db = *access.operator->();
    std::map<std::string, result<change>> changes;
    for (auto& request : put)
      changes.emplace(request.id, check(db, request));
    for (auto& request : gone)
      changes.emplace(request.id, check(db, request));
    for (auto& [id, made] : changes)
      if (!made)
        return failure{made.error().code,
                       "rule " + id + ": " + made.error().detail};
    std::vector<published> out;
    for (auto& [id, made] : changes)
      out.push_back(write(db, std::move(made).value()));
    return out;
  }

  result<rule_version> get(const std::string& id) override {
    database::access db{*database_, "rule_store.get"};
    if (db.broken)
      return *db.broken;
    auto* newest = newest_of(*db.operator->(), id);
    if (!newest || newest->what.deleted)
      return failure{errc::not_found, "rule " + id};
    return with_key(*db.operator->(), *newest);
  }

  result<std::vector<rule_version>> list(const std::string& after_id,
                                         size_t limit) override {
    database::access db{*database_, "rule_store.list"};
    if (db.broken)
      return *db.broken;
    std::vector<rule_version> out;
    for (auto rule = db->rules.upper_bound(after_id);
         rule != db->rules.end() && out.size() < limit; ++rule)
      if (!rule->second.back().what.deleted)
        out.push_back(with_key(*db.operator->(), rule->second.back()));
    return out;
  }

  result<std::vector<rule_version>> versions(const std::string& id) override {
    database::access db{*database_, "rule_store.versions"};
    if (db.broken)
      return *db.broken;
    if (!db->rules.contains(id))
      return failure{errc::not_found, "rule " + id};
    std::vector<rule_version> out;
    for (auto& kept : db->rules[id])
      out.push_back(with_key(*db.operator->(), kept));
    return out;
  }

  result<std::vector<rule_version>>
  versions(const std::string& id, int64_t after, size_t limit) override {
    database::access db{*database_, "rule_store.versions"};
    if (db.broken)
      return *db.broken;
    std::vector<rule_version> out;
    if (auto found = db->rules.find(id); found != db->rules.end())
      for (auto& kept : found->second)
        if (kept.what.version > after && out.size() < limit)
          out.push_back(with_key(*db.operator->(), kept));
    return out;
  }

  result<rule_version> version(const std::string& id, int64_t number) override {
    auto found = versions(id, number - 1, 1);
    if (!found)
      return found.error();
    if (found->empty() || found->front().version != number)
      return failure{errc::not_found,
                     "rule " + id + " version " + std::to_string(number)};
    return std::move(found->front());
  }

  result<std::vector<rule_version>> in_force(const order_key& key) override {
    database::access db{*database_, "rule_store.in_force"};
    if (db.broken)
      return *db.broken;
    std::vector<rule_version> out;
    for (auto& [id, versions] : db->rules)
      for (auto kept = versions.rbegin(); kept != versions.rend(); ++kept) {
        auto v = with_key(*db.operator->(), *kept);
        if (!v.key || *v.key > key)
          continue;
        if (!v.deleted)
          out.push_back(std::move(v));
        break;
      }
    return out;
  }

  result<int64_t> generation() override {
    database::access db{*database_, "rule_store.generation"};
    if (db.broken)
      return *db.broken;
    return db->rule_generation;
  }

  result<std::vector<rule_version>> newest() override {
    return list({}, std::string::npos);
  }

  result<std::optional<rule_status>> status(const std::string& id) override {
    database::access db{*database_, "rule_store.status"};
    if (db.broken)
      return *db.broken;
    auto found = db->statuses.find(id);
    return found == db->statuses.end()
               ? std::optional<rule_status>{}
               : std::optional<rule_status>{found->second};
  }

  result<evaluation_lag> lag(const std::string& id) override {
    database::access db{*database_, "rule_store.lag"};
    if (db.broken)
      return *db.broken;
    auto at = db->evaluated;
    if (auto own = db->cursors.find(id); own != db->cursors.end())
      at = own->second.detached ? own->second.at : std::max(at, own->second.at);
    evaluation_lag out;
    for (auto e = db->events.upper_bound(at.key);
         e != db->events.end() && out.events < lag_events_max; ++e)
      if (++out.events == 1)
        out.ms = std::max<int64_t>(0, db->now() - e->first.received_at_ms);
    return out;
  }

  result<std::vector<control_row>> unplaced(int64_t age_ms) override {
    database::access db{*database_, "rule_store.unplaced"};
    if (db.broken)
      return *db.broken;
    std::map<std::pair<int64_t, std::string>, control_row> oldest_first;
    for (auto& [id, row] : db->controls)
      if (!row.placed && row.created_at_ms <= db->now() - age_ms)
        oldest_first[{row.created_at_ms, id}] = {id, row.what.kind};
    std::vector<control_row> out;
    for (auto& [key, row] : oldest_first)
      out.push_back(row);
    return out;
  }

private:
  database_ptr database_;
};

} // namespace

std::unique_ptr<rule_store> make_rule_store(database_ptr d) {
  return std::make_unique<memory_rule_store>(std::move(d));
}

} // namespace eventpulse::memory
