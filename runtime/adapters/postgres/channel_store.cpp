// Notification channels, their secrets encrypted.

#include "runtime/adapters/postgres/audit.hpp"
#include "runtime/adapters/postgres/channel_rows.hpp"
#include "runtime/core/access/audit_views.hpp"

namespace eventpulse::postgres {

namespace {

const statement upsert{
    "channel_upsert",
    "INSERT INTO channel (id, kind, url, secrets, secret_key_id, disabled,"
    " created_at_ms, updated_at_ms, secret_ends_at_ms)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::bigint[])"
    " ON CONFLICT (id) DO UPDATE SET kind = EXCLUDED.kind, url = EXCLUDED.url,"
    " secrets = EXCLUDED.secrets, secret_key_id = EXCLUDED.secret_key_id,"
    " disabled = EXCLUDED.disabled, updated_at_ms = EXCLUDED.updated_at_ms,"
    " secret_ends_at_ms = EXCLUDED.secret_ends_at_ms"};

const statement read_one{"channel_read_one", "SELECT " EP_CHANNEL_COLUMNS
                                             " FROM channel c WHERE c.id = $1"};

const statement read_page{"channel_read_page", "SELECT " EP_CHANNEL_COLUMNS
                                               " FROM channel c WHERE c.id > $1"
                                               " ORDER BY c.id LIMIT $2"};

// Waits for publishers that hold the row's shared lock, so that the next
// statement sees the rules they published.
const statement lock_one{"channel_lock_one", "SELECT " EP_CHANNEL_COLUMNS
                                             " FROM channel c WHERE c.id = $1"
                                             " FOR UPDATE"};

const statement find_user{
    "channel_find_user",
    "SELECT v.rule FROM rule_version v JOIN rule r ON r.id = v.rule"
    " AND r.version = v.version WHERE v.notify @> ARRAY[$1::text]"
    " AND NOT r.deleted ORDER BY v.rule LIMIT 1"};

const statement remove_one{"channel_remove_one",
                           "DELETE FROM channel WHERE id = $1"};

class pg_channel_store final : public channel_store {
public:
  explicit pg_channel_store(const options& o) : link_(o), box_(o.secret_key) {}

  result<void> put(const channel& c, const caller& by) override {
    auto row = to_row(c);
    if (!row)
      return row.error();
    return link_.transact([&](session& s) -> result<void> {
      auto rows = s.run(lock_one, parameters{}.text(c.id));
      s.run(upsert, *row);
      result<channel> before = failure{};
      if (!rows.empty())
        before = read_channel(rows[0], 0, box_);
      keep_audit(s, {by, rows.empty() ? "channel.created" : "channel.changed",
                     "channel/" + c.id, before ? audit_view(*before) : "",
                     audit_view(c, before ? &*before : nullptr)});
      return {};
    });
  }

  result<channel> change(const std::string& id, const std::string& action,
                         const std::function<result<void>(channel&)>& edit,
                         const caller& by) override {
    return link_.transact([&](session& s) -> result<channel> {
      auto rows = s.run(lock_one, parameters{}.text(id));
      if (rows.empty())
        return failure{errc::not_found, "channel " + id};
      auto before = read_channel(rows[0], 0, box_);
      if (!before)
        return before.error();
      auto after = *before;
      if (auto done = edit(after); !done)
        return done.error();
      auto row = to_row(after);
      if (!row)
        return row.error();
      s.run(upsert, *row);
      keep_audit(s, {by, action, "channel/" + id, audit_view(*before),
                     audit_view(after, &*before)});
      return after;
    });
  }

  result<channel> get(const std::string& id) override {
    return link_.transact([&](session& s) -> result<channel> {
      auto rows = s.run(read_one, parameters{}.text(id));
      if (rows.empty())
        return failure{errc::not_found, "channel " + id};
      return read_channel(rows[0], 0, box_);
    });
  }

  result<std::vector<channel>> list(const std::string& after_id,
                                    size_t limit) override {
    auto p = parameters{}.text(after_id).number(static_cast<int64_t>(limit));
    return link_.transact([&](session& s) -> result<std::vector<channel>> {
      std::vector<channel> out;
      for (auto row : s.run(read_page, p)) {
        auto c = read_channel(row, 0, box_);
        if (!c)
          return c.error();
        out.push_back(std::move(*c));
      }
      return out;
    });
  }

  result<void> remove(const std::string& id, const caller& by) override {
    auto p = parameters{}.text(id);
    return link_.transact([&](session& s) -> result<void> {
      auto rows = s.run(lock_one, p);
      if (rows.empty())
        return failure{errc::not_found, "channel " + id};
      auto users = s.run(find_user, p);
      if (!users.empty())
        return failure{errc::conflict,
                       "rule " + text_of(users[0][0]) + " names it"};
      s.run(remove_one, p);
      keep_audit(
          s, {by, "channel.deleted", "channel/" + id, view_of(rows[0]), {}});
      return {};
    });
  }

private:
  result<parameters> to_row(const channel& c) const {
    parameters p;
    p.text(c.id).text(c.kind).text(c.url);
    if (c.secrets.empty()) {
      p.null().null();
    } else {
      auto sealed = box_.seal(c.id, c.secrets);
      if (!sealed)
        return sealed.error();
      p.bytes(*sealed).text(box_.key_id());
    }
    p.flag(c.disabled).number(c.created_at_ms).number(c.updated_at_ms);
    array_text ends;
    for (auto at_ms : c.secret_ends_at_ms)
      ends.number(at_ms);
    p.array(std::move(ends));
    return p;
  }

  /// One whose secrets cannot be decrypted can be deleted, too.
  std::string view_of(const pqxx::row& row) const {
    auto c = read_channel(row, 0, box_);
    return c ? audit_view(*c) : std::string{};
  }

  connection link_;
  secret_box box_;
};

} // namespace

result<channel> read_channel(const pqxx::row& row, int first,
                             const secret_box& box) {
  channel c;
  c.id = text_of(row[first]);
  c.kind = text_of(row[first + 1]);
  c.url = text_of(row[first + 2]);
  if (!row[first + 3].is_null()) {
    auto secrets =
        box.open(c.id, bytes_of(row[first + 3]), text_of(row[first + 4]));
    if (!secrets)
      return secrets.error();
    c.secrets = std::move(*secrets);
  }
  c.disabled = flag_of(row[first + 5]);
  c.created_at_ms = number_of(row[first + 6]);
  c.updated_at_ms = number_of(row[first + 7]);
  c.secret_ends_at_ms = numbers_of_json(row[first + 8]);
  return c;
}

std::unique_ptr<channel_store> make_channel_store(const options& o) {
  return std::make_unique<pg_channel_store>(o);
}

} // namespace eventpulse::postgres
