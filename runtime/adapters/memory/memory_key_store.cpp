#include "runtime/adapters/memory/memory_database.hpp"

#include "runtime/core/access/audit_views.hpp"

namespace eventpulse::memory {

namespace {

class memory_key_store final : public key_store {
public:
  explicit memory_key_store(database_ptr d) : database_(std::move(d)) {}

  result<void> add(const api_key& key, const caller& by) override {
    database::access db{*database_, "key_store.add"};
    if (db.broken)
      return *db.broken;
    for (auto& [id, kept] : db->keys) {
      bool same_name =
          kept.name == key.name && !kept.revoked_at_ms && !key.revoked_at_ms;
      if (same_name || id == key.id || kept.hash == key.hash)
        return failure{errc::conflict, "a key " + key.name + " exists"};
    }
    db->keys[key.id] = key;
    ++db->key_generation;
    db->keep_audit({by, "key.created", "key/" + key.id, {}, audit_view(key)});
    return {};
  }

  result<void> revoke(const std::string& id, int64_t now_ms,
                      const caller& by) override {
    database::access db{*database_, "key_store.revoke"};
    if (db.broken)
      return *db.broken;
    auto found = db->keys.find(id);
    if (found == db->keys.end())
      return failure{errc::not_found, "key " + id};
    auto& key = found->second;
    if (key.revoked_at_ms)
      return {};
    auto before = audit_view(key);
    key.revoked_at_ms = now_ms;
    ++db->key_generation;
    db->keep_audit({by, "key.revoked", "key/" + id, before, audit_view(key)});
    return {};
  }

  result<key_set> load() override {
    database::access db{*database_, "key_store.load"};
    if (db.broken)
      return *db.broken;
    key_set out{db->key_generation, {}};
    for (auto& [id, key] : db->keys)
      out.by_hash.emplace(key.hash, key);
    return out;
  }

private:
  database_ptr database_;
};

} // namespace

std::unique_ptr<key_store> make_key_store(database_ptr d) {
  return std::make_unique<memory_key_store>(std::move(d));
}

} // namespace eventpulse::memory
