#include "runtime/adapters/memory/memory_database.hpp"

namespace eventpulse::memory {

namespace {

class memory_lease_store final : public lease_store {
public:
  explicit memory_lease_store(database_ptr d) : database_(std::move(d)) {}

  result<std::optional<lease_token>>
  acquire(const std::string& name, const std::string& owner,
          std::chrono::milliseconds ttl) override {
    database::access db{*database_, "lease_store.acquire"};
    if (db.broken)
      return *db.broken;
    auto& held = db->leases[name];
    bool theirs =
        held.epoch > 0 && held.owner != owner && held.expires_at_ms > db->now();
    if (theirs)
      return std::optional<lease_token>{};
    held = {held.epoch + 1, owner, db->now() + ttl.count()};
    log_lease(*db.operator->(), name);
    return std::optional<lease_token>{{name, held.epoch}};
  }

  result<void> renew(const lease_token& token,
                     std::chrono::milliseconds ttl) override {
    database::access db{*database_, "lease_store.renew"};
    if (db.broken)
      return *db.broken;
    if (!db->holds(token))
      return fenced_by(token);
    db->leases[token.name].expires_at_ms = db->now() + ttl.count();
    return {};
  }

  result<void> release(const lease_token& token) override {
    database::access db{*database_, "lease_store.release"};
    if (db.broken)
      return *db.broken;
    if (db->holds(token))
      db->leases[token.name].expires_at_ms = db->now();
    return {};
  }

private:
  database_ptr database_;
};

} // namespace

std::unique_ptr<lease_store> make_lease_store(database_ptr d) {
  return std::make_unique<memory_lease_store>(std::move(d));
}

} // namespace eventpulse::memory
