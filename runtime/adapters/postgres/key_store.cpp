// API keys. The generation grows in the transaction of every change, so that
// the mirror in Redis can tell newer from older.

#include "runtime/adapters/postgres/audit.hpp"
#include "runtime/adapters/postgres/connection.hpp"
#include "runtime/core/access/audit_views.hpp"

namespace eventpulse::postgres {

namespace {

// The name's unique index covers keys that are not revoked.
const statement insert{
    "key_insert", "INSERT INTO api_key (id, name, hash, scopes, created_at_ms,"
                  " expires_at_ms, revoked_at_ms, rate_limit, rate_window_ms)"
                  " VALUES ($1, $2, $3, $4::text[], $5, $6, $7, $8, $9)"
                  " ON CONFLICT DO NOTHING RETURNING 1"};

#define EP_KEY_COLUMNS                                                         \
  "k.id, k.name, k.hash, to_json(k.scopes), k.created_at_ms,"                  \
  " k.expires_at_ms, k.revoked_at_ms, k.rate_limit, k.rate_window_ms"

const statement lock_one{"key_lock_one", "SELECT " EP_KEY_COLUMNS
                                         " FROM api_key k WHERE k.id = $1"
                                         " FOR UPDATE"};

const statement revoke_one{
    "key_revoke", "UPDATE api_key SET revoked_at_ms = $2 WHERE id = $1"};

const statement grow_generation{
    "key_grow_generation",
    "UPDATE generation SET value = value + 1 WHERE name = 'keys'"};

// One statement, one snapshot: the keys are of exactly this version.
const statement read_all{
    "key_read_all",
    "SELECT " EP_KEY_COLUMNS ", g.value"
    " FROM generation g LEFT JOIN api_key k ON true WHERE g.name = 'keys'"};

constexpr int key_column_count = 9;

#undef EP_KEY_COLUMNS

array_text scopes_text(const api_key& key) {
  array_text out;
  for (auto s : key.scopes)
    out.text(to_string(s));
  return out;
}

api_key read_key(const pqxx::row& row) {
  api_key key;
  key.id = text_of(row[0]);
  key.name = text_of(row[1]);
  key.hash = text_of(row[2]);
  for (auto& name : texts_of_json(row[3])) {
    auto known = parse_scope(name);
    if (!known)
      throw value_corrupt("key " + key.id + " has the unknown scope " + name);
    key.scopes.push_back(*known);
  }
  key.created_at_ms = number_of(row[4]);
  key.expires_at_ms = number_if(row[5]);
  key.revoked_at_ms = number_if(row[6]);
  if (auto limit = number_if(row[7]))
    key.rate = key_rate{*limit, number_of(row[8])};
  return key;
}

class pg_key_store final : public key_store {
public:
  explicit pg_key_store(const options& o) : link_(o) {}

  result<void> add(const api_key& key, const caller& by) override {
    return link_.transact([&](session& s) -> result<void> {
      parameters p;
      p.text(key.id).text(key.name).text(key.hash).array(scopes_text(key));
      p.number(key.created_at_ms)
          .number_or_null(key.expires_at_ms)
          .number_or_null(key.revoked_at_ms);
      if (key.rate)
        p.number(key.rate->limit).number(key.rate->window_ms);
      else
        p.null().null();
      if (s.run(insert, p).empty())
        return failure{errc::conflict, "a key " + key.name + " exists"};
      s.run(grow_generation);
      keep_audit(s, {by, "key.created", "key/" + key.id, {}, audit_view(key)});
      return {};
    });
  }

  result<void> revoke(const std::string& id, int64_t now_ms,
                      const caller& by) override {
    return link_.transact([&](session& s) -> result<void> {
      auto rows = s.run(lock_one, parameters{}.text(id));
      if (rows.empty())
        return failure{errc::not_found, "key " + id};
      auto key = read_key(rows[0]);
      if (key.revoked_at_ms)
        return {};
      auto before = audit_view(key);
      s.run(revoke_one, parameters{}.text(id).number(now_ms));
      s.run(grow_generation);
      key.revoked_at_ms = now_ms;
      keep_audit(s, {by, "key.revoked", "key/" + id, before, audit_view(key)});
      return {};
    });
  }

  result<key_set> load() override {
    return link_.transact([&](session& s) -> result<key_set> {
      key_set out;
      for (auto row : s.run(read_all)) {
        out.version = number_of(row[key_column_count]);
        if (row[0].is_null())
          continue;
        auto key = read_key(row);
        auto hash = key.hash;
        out.by_hash.emplace(std::move(hash), std::move(key));
      }
      return out;
    });
  }

private:
  connection link_;
};

} // namespace

std::unique_ptr<key_store> make_key_store(const options& o) {
  return std::make_unique<pg_key_store>(o);
}

} // namespace eventpulse::postgres
