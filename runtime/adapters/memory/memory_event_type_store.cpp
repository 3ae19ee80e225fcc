#include "runtime/adapters/memory/memory_intake.hpp"

#include "runtime/core/access/audit_views.hpp"
#include "runtime/core/base/limits.hpp"

#include <algorithm>

namespace eventpulse::memory {

namespace {

class memory_event_type_store final : public event_type_store {
public:
  explicit memory_event_type_store(intake_tables_ptr t)
      : tables_(std::move(t)) {}

  result<event_type_schema> publish(const event_type_change& c) override {
    database::access db{*tables_->db, "event_type_store.publish"};
    if (db.broken)
      return *db.broken;
    auto found = tables_->event_types.find(c.type);
    auto known = found != tables_->event_types.end();
    auto newest = known ? found->second.back().version : 0;
    auto in_force = known && !found->second.back().deleted ? newest : 0;
    if (c.expected_version && *c.expected_version != in_force)
      return failure{errc::conflict, "another version is in force"};
    if (!c.schema && !in_force)
      return failure{errc::not_found, "event type " + c.type};
    if (c.schema && !fits(c))
      return failure{errc::too_large, "over the bounds of all schemas"};
    event_type_schema made{c.type,    newest + 1, c.schema.value_or(""),
                           !c.schema, c.now_ms,   c.by.name};
    db->keep_audit({c.by, audit_action(made), "event_type/" + c.type,
                    known ? audit_view(found->second.back()) : "",
                    audit_view(made)});
    tables_->event_types[c.type].push_back(made);
    ++tables_->event_type_generation;
    return made;
  }

  result<event_type_schema> get(const std::string& type) override {
    database::access db{*tables_->db, "event_type_store.get"};
    if (db.broken)
      return *db.broken;
    auto found = tables_->event_types.find(type);
    if (found == tables_->event_types.end() || found->second.back().deleted)
      return failure{errc::not_found, "event type " + type};
    return found->second.back();
  }

  result<std::vector<event_type_schema>> list(const std::string& after_type,
                                              size_t limit) override {
    database::access db{*tables_->db, "event_type_store.list"};
    if (db.broken)
      return *db.broken;
    std::vector<event_type_schema> out;
    for (auto t = tables_->event_types.upper_bound(after_type);
         t != tables_->event_types.end() && out.size() < limit; ++t)
      if (!t->second.back().deleted)
        out.push_back(t->second.back());
    return out;
  }

  result<std::vector<event_type_schema>> versions(const std::string& type,
                                                  std::optional<int64_t> before,
                                                  size_t limit) override {
    database::access db{*tables_->db, "event_type_store.versions"};
    if (db.broken)
      return *db.broken;
    std::vector<event_type_schema> out;
    auto found = tables_->event_types.find(type);
    if (found == tables_->event_types.end())
      return out;
    for (auto v = found->second.rbegin();
         v != found->second.rend() && out.size() < limit; ++v)
      if (!before || v->version < *before)
        out.push_back(*v);
    return out;
  }

  result<std::optional<event_type_set>>
  load(std::optional<int64_t> known) override {
    database::access db{*tables_->db, "event_type_store.load"};
    if (db.broken)
      return *db.broken;
    if (known && *known == tables_->event_type_generation)
      return std::optional<event_type_set>{};
    event_type_set out;
    out.version = tables_->event_type_generation;
    for (auto& [type, versions] : tables_->event_types)
      if (!versions.back().deleted)
        out.by_type.emplace(type, versions.back());
    return std::optional<event_type_set>{std::move(out)};
  }

private:
  bool fits(const event_type_change& c) const {
    size_t count = 0;
    size_t bytes = c.schema->size();
    for (auto& [type, versions] : tables_->event_types) {
      if (type == c.type || versions.back().deleted)
        continue;
      ++count;
      bytes += versions.back().schema.size();
    }
    return count < limits::event_types_max &&
           bytes <= limits::event_types_bytes_max;
  }

  intake_tables_ptr tables_;
};

} // namespace

std::unique_ptr<event_type_store> make_event_type_store(intake_tables_ptr t) {
  return std::make_unique<memory_event_type_store>(std::move(t));
}

} // namespace eventpulse::memory
