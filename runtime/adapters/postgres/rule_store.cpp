// Rules: immutable versions, each committed together with the control row whose
// stream entry then gives it its place in the order.

#include "runtime/adapters/postgres/audit.hpp"
#include "runtime/adapters/postgres/connection.hpp"
#include "runtime/adapters/postgres/names.hpp"
#include "runtime/adapters/postgres/snapshots.hpp"
#include "runtime/core/access/audit_views.hpp"
#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/json_text.hpp"

#include <functional>
#include <map>

namespace eventpulse::postgres {

namespace {

// A rule's row is made before it is locked, so that two who publish the same
// new rule meet at it; version 0 stands for none until the COMMIT.
const statement make_rule{"rule_make",
                          "INSERT INTO rule (id, version) VALUES ($1, 0)"
                          " ON CONFLICT DO NOTHING"};

const statement lock_rule{
    "rule_lock", "SELECT version, deleted FROM rule WHERE id = $1 FOR UPDATE"};

const statement move_rule{
    "rule_move", "UPDATE rule SET version = $2, deleted = $3 WHERE id = $1"};

// The shared lock keeps a channel from going while a rule that names it comes.
const statement lock_channels{
    "rule_lock_channels",
    "SELECT id FROM channel WHERE id = ANY ($1::text[]) FOR KEY SHARE"};

const statement insert_control{
    "rule_insert_control",
    "INSERT INTO control (id, kind, body) VALUES ($1, $2, $3)"};

const statement insert_version{
    "rule_insert_version",
    "INSERT INTO rule_version (rule, version, document, deleted,"
    " published_at_ms, published_by, notify, control)"
    " VALUES ($1, $2, $3, $4,"
    " floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint, $5,"
    " $6::text[], $7) RETURNING published_at_ms"};

const statement grow_generation{
    "rule_grow_generation",
    "UPDATE generation SET value = value + 1 WHERE name = 'rules'"};

const statement read_generation{
    "rule_read_generation",
    "SELECT value FROM generation WHERE name = 'rules'"};

#define EP_VERSION_COLUMNS                                                     \
  " v.rule, v.version, v.document, v.deleted, v.published_at_ms,"              \
  " v.published_by, c.received_at_ms, c.position_partition, c.position_ms,"    \
  " c.position_seq FROM rule_version v JOIN control c ON c.id = v.control "

#define EP_NEWEST                                                              \
  "SELECT" EP_VERSION_COLUMNS                                                  \
  "JOIN rule r ON r.id = v.rule AND r.version = v.version WHERE NOT r.deleted"

const statement read_one{"rule_read_one", EP_NEWEST " AND r.id = $1"};

const statement read_page{"rule_read_page",
                          EP_NEWEST " AND r.id > $1 ORDER BY r.id LIMIT $2"};

const statement read_newest{"rule_read_newest", EP_NEWEST " ORDER BY r.id"};

const statement read_versions{"rule_read_versions",
                              "SELECT" EP_VERSION_COLUMNS
                              "WHERE v.rule = $1 ORDER BY v.version"};

const statement read_version_page{"rule_read_version_page",
                                  "SELECT" EP_VERSION_COLUMNS
                                  "WHERE v.rule = $1 AND v.version > $2"
                                  " ORDER BY v.version LIMIT $3"};

const statement read_version_one{"rule_read_version_one",
                                 "SELECT" EP_VERSION_COLUMNS
                                 "WHERE v.rule = $1 AND v.version = $2"};

// The highest version, not the latest key: a version whose entry was lost and
// added again by the sweep may get its place after its successor's, and was
// replaced before it came.
const statement read_in_force{
    "rule_read_in_force",
    "SELECT * FROM (SELECT DISTINCT ON (v.rule)" EP_VERSION_COLUMNS
    "WHERE (c.received_at_ms, c.position_partition, c.position_ms,"
    " c.position_seq) <= ($1::bigint, $2::bigint, $3::bigint, $4::bigint)"
    " ORDER BY v.rule, v.version DESC) AS newest"
    " WHERE NOT deleted ORDER BY rule"};

#undef EP_NEWEST
#undef EP_VERSION_COLUMNS

const statement read_status{
    "rule_read_status",
    "SELECT rule, version, state, owner, last_error, groups, matches, errors"
    " FROM rule_status WHERE rule = $1"};

const statement read_global_cursor{
    "rule_read_global_cursor",
    "SELECT received_at_ms, partition, ms, seq, timer_ms"
    " FROM evaluation_cursor"};

const statement read_own_cursor{
    "rule_read_own_cursor",
    "SELECT received_at_ms, partition, ms, seq, timer_ms, detached"
    " FROM rule_cursor WHERE rule = $1"};

const statement read_lag{
    "rule_read_lag",
    "SELECT count(*), greatest(0,"
    " floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    " - coalesce(min(received_at_ms), 0)) FROM"
    " (SELECT received_at_ms FROM events"
    " WHERE (received_at_ms, position_partition, position_ms, position_seq)"
    " > ($1::bigint, $2::bigint, $3::bigint, $4::bigint)"
    " ORDER BY received_at_ms, position_partition, position_ms, position_seq"
    " LIMIT $5) AS unseen"};

const statement read_unplaced{
    "rule_read_unplaced",
    "SELECT id, kind FROM control WHERE position_ms IS NULL AND created_at <="
    " clock_timestamp() - $1::bigint * interval '1 millisecond'"
    " ORDER BY created_at, id LIMIT 1000"};

rule_version read_version(const pqxx::row& row) {
  rule_version v;
  v.id = text_of(row[0]);
  v.version = number_of(row[1]);
  v.document = text_of(row[2]);
  v.deleted = flag_of(row[3]);
  v.published_at_ms = number_of(row[4]);
  v.published_by = text_of(row[5]);
  if (!row[6].is_null())
    v.key =
        order_key{number_of(row[6]), static_cast<uint32_t>(number_of(row[7])),
                  static_cast<uint64_t>(number_of(row[8])),
                  static_cast<uint64_t>(number_of(row[9]))};
  return v;
}

std::vector<rule_version> read_all(const pqxx::result& rows) {
  std::vector<rule_version> out;
  for (auto row : rows)
    out.push_back(read_version(row));
  return out;
}

/// The document goes in as it is: it has been stored as json, so it is JSON.
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

struct newest_row {
  int64_t version = 0;
  bool there = false; // published, and not deleted since
};

newest_row lock(session& s, const std::string& id) {
  auto p = parameters{}.text(id);
  auto rows = s.run(lock_rule, p);
  if (rows.empty())
    return {};
  auto version = number_of(rows[0][0]);
  return {version, version > 0 && !flag_of(rows[0][1])};
}

/// nullopt when the precondition holds.
std::optional<failure> mismatch(const newest_row& newest,
                                std::optional<int64_t> if_version) {
  auto present = newest.there ? newest.version : 0;
  if (!if_version || *if_version == present)
    return std::nullopt;
  return failure{errc::conflict, present == 0 ? "there is no such rule"
                                              : "the present version is " +
                                                    std::to_string(present)};
}

published write_version(session& s, rule_version v,
                        const std::vector<std::string>& notify,
                        const caller& by) {
  auto replaced = s.run(read_one, parameters{}.text(v.id));
  auto before = replaced.empty() ? "" : audit_view(read_version(replaced[0]));
  auto control = uuid_v5("control/" + v.id + '/' + std::to_string(v.version));
  auto kind = v.deleted ? "rule.deleted" : "rule.published";
  s.run(insert_control,
        parameters{}.text(control).text(kind).text(control_body(v)));
  parameters p;
  p.text(v.id).number(v.version).text_or_null(v.document).flag(v.deleted);
  p.text(v.published_by).array(text_array(notify)).text(control);
  v.published_at_ms = number_of(s.run(insert_version, p)[0][0]);
  s.run(move_rule, parameters{}.text(v.id).number(v.version).flag(v.deleted));
  s.run(grow_generation);
  keep_audit(s, {by, kind, "rule/" + v.id, before, audit_view(v)});
  return {std::move(v), {control, kind}};
}

std::optional<failure> unknown_channel(session& s,
                                       const std::vector<std::string>& wanted) {
  if (wanted.empty())
    return std::nullopt;
  std::set<std::string> found;
  for (auto row : s.run(lock_channels, parameters{}.array(text_array(wanted))))
    found.insert(text_of(row[0]));
  for (auto& id : wanted)
    if (!found.contains(id))
      return failure{errc::invalid, "there is no channel " + id};
  return std::nullopt;
}

result<published> put_one(session& s, const publish_request& request) {
  s.run(make_rule, parameters{}.text(request.id));
  auto newest = lock(s, request.id);
  if (auto wrong = mismatch(newest, request.if_version))
    return *wrong;
  if (auto wrong = unknown_channel(s, request.notify))
    return *wrong;
  rule_version v;
  v.id = request.id;
  v.version = newest.version + 1;
  v.document = request.document;
  v.published_by = request.by.name;
  return write_version(s, std::move(v), request.notify, request.by);
}

result<published> remove_one(session& s, const removal& request) {
  auto newest = lock(s, request.id);
  if (!newest.there)
    return failure{errc::not_found, "rule " + request.id};
  if (auto wrong = mismatch(newest, request.if_version))
    return *wrong;
  rule_version v;
  v.id = request.id;
  v.version = newest.version + 1;
  v.deleted = true;
  v.published_by = request.by.name;
  return write_version(s, std::move(v), {}, request.by);
}

class pg_rule_store final : public rule_store {
public:
  explicit pg_rule_store(const options& o) : link_(o) {}

  result<published> publish(const publish_request& request) override {
    return link_.transact([&](session& s) { return put_one(s, request); });
  }

  result<published> remove(const std::string& id, const caller& by,
                           std::optional<int64_t> if_version) override {
    return link_.transact([&](session& s) {
      return remove_one(s, {id, by, if_version});
    });
  }

  result<std::vector<published>>
  apply(const std::vector<publish_request>& put,
        const std::vector<removal>& gone) override {
    using answer = result<std::vector<published>>;
    std::map<std::string, std::function<result<published>(session&)>> changes;
    for (auto& r : put)
      changes[r.id] = [&r](session& s) { return put_one(s, r); };
    for (auto& r : gone)
      changes[r.id] = [&r](session& s) { return remove_one(s, r); };
    return link_.transact([&](session& s) -> answer {
      std::vector<published> out;
      for (auto& [id, change] : changes) { // rows are locked in one order
        auto done = change(s);
        if (!done)
          return failure{done.error().code,
                         "rule " + id + ": " + done.error().detail};
        out.push_back(std::move(done).value());
      }
      return out;
    });
  }

  result<rule_version> get(const std::string& id) override {
    return link_.transact([&](session& s) -> result<rule_version> {
      auto rows = s.run(read_one, parameters{}.text(id));
      if (rows.empty())
        return failure{errc::not_found, "rule " + id};
      return read_version(rows[0]);
    });
  }

  result<std::vector<rule_version>> list(const std::string& after_id,
                                         size_t limit) override {
    return read(read_page, parameters{}.text(after_id).number(
                               static_cast<int64_t>(limit)));
  }

  result<std::vector<rule_version>> versions(const std::string& id) override {
    auto all = read(read_versions, parameters{}.text(id));
    if (all && all->empty())
      return failure{errc::not_found, "rule " + id};
    return all;
  }

  result<std::vector<rule_version>>
  versions(const std::string& id, int64_t after, size_t limit) override {
    return read(read_version_page, parameters{}.text(id).number(after).number(
                                       static_cast<int64_t>(limit)));
  }

  result<rule_version> version(const std::string& id, int64_t number) override {
    auto found = read(read_version_one, parameters{}.text(id).number(number));
    if (!found)
      return found.error();
    if (found->empty())
      return failure{errc::not_found,
                     "rule " + id + " version " + std::to_string(number)};
    return std::move(found->front());
  }

  result<std::vector<rule_version>> in_force(const order_key& key) override {
    return read(read_in_force, parameters{}
                                   .number(key.received_at_ms)
                                   .number(key.partition)
                                   .number(nearest_number(key.ms))
                                   .number(nearest_number(key.seq)));
  }

  result<int64_t> generation() override {
    return link_.transact([&](session& s) -> result<int64_t> {
      return number_of(s.run(read_generation)[0][0]);
    });
  }

  result<std::vector<rule_version>> newest() override {
    return read(read_newest, {});
  }

  result<std::optional<rule_status>> status(const std::string& id) override {
    using answer = result<std::optional<rule_status>>;
    return link_.transact([&](session& s) -> answer {
      auto rows = s.run(read_status, parameters{}.text(id));
      if (rows.empty())
        return std::optional<rule_status>{};
      auto row = rows[0];
      return std::optional<rule_status>{
          {text_of(row[0]), number_of(row[1]), rule_state_of(text_of(row[2])),
           text_of(row[3]), text_of(row[4]),
           static_cast<uint64_t>(number_of(row[5])),
           static_cast<uint64_t>(number_of(row[6])),
           static_cast<uint64_t>(number_of(row[7]))}};
    });
  }

  result<evaluation_lag> lag(const std::string& id) override {
    return link_.transact([&](session& s) -> result<evaluation_lag> {
      auto at = read_cursor(s.run(read_global_cursor)[0], 0);
      for (auto row : s.run(read_own_cursor, parameters{}.text(id))) {
        auto own = read_cursor(row, 0);
        at = flag_of(row[5]) ? own : std::max(at, own);
      }
      auto row =
          s.run(read_lag, parameters{}
                              .number(at.key.received_at_ms)
                              .number(at.key.partition)
                              .number(nearest_number(at.key.ms))
                              .number(nearest_number(at.key.seq))
                              .number(static_cast<int64_t>(lag_events_max)))[0];
      evaluation_lag out;
      out.events = static_cast<uint64_t>(number_of(row[0]));
      if (out.events > 0)
        out.ms = number_of(row[1]);
      return out;
    });
  }

  result<std::vector<control_row>> unplaced(int64_t age_ms) override {
    using answer = result<std::vector<control_row>>;
    return link_.transact([&](session& s) -> answer {
      std::vector<control_row> out;
      for (auto row : s.run(read_unplaced, parameters{}.number(age_ms)))
        out.push_back({text_of(row[0]), text_of(row[1])});
      return out;
    });
  }

private:
  result<std::vector<rule_version>> read(const statement& what,
                                         const parameters& p) {
    using answer = result<std::vector<rule_version>>;
    return link_.transact(
        [&](session& s) -> answer { return read_all(s.run(what, p)); });
  }

  connection link_;
};

} // namespace

std::unique_ptr<rule_store> make_rule_store(const options& o) {
  return std::make_unique<pg_rule_store>(o);
}

} // namespace eventpulse::postgres
