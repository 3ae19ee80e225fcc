#include "runtime/adapters/memory/memory_database.hpp"

namespace eventpulse::memory {

namespace {

/// Of the whole name, or of what stands before the separator.
bool is_within(const std::string& text, const std::string& name,
               char separator) {
  return text == name || text.starts_with(name + separator);
}

bool matches(const audit_query& q, const audit_record& r) {
  auto& e = r.what;
  return (!q.key || *q.key == e.by.key_id || *q.key == e.by.name) &&
         (!q.action || is_within(e.action, *q.action, '.')) &&
         (!q.target || is_within(e.target, *q.target, '/')) &&
         (!q.from_ms || r.at_ms >= *q.from_ms) &&
         (!q.to_ms || r.at_ms < *q.to_ms) && (!q.before || r.id < *q.before);
}

class memory_audit_store final : public audit_store {
public:
  explicit memory_audit_store(database_ptr d) : database_(std::move(d)) {}

  result<std::vector<audit_record>> query(const audit_query& q) override {
    database::access db{*database_, "audit_store.query"};
    if (db.broken)
      return *db.broken;
    std::vector<audit_record> out;
    for (auto r = db->audit.rbegin();
         r != db->audit.rend() && out.size() < q.limit; ++r)
      if (matches(q, *r))
        out.push_back(*r);
    return out;
  }

private:
  database_ptr database_;
};

} // namespace

std::unique_ptr<audit_store> make_audit_store(database_ptr d) {
  return std::make_unique<memory_audit_store>(std::move(d));
}

} // namespace eventpulse::memory
