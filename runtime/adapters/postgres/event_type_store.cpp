// Schemas of event types. The generation grows in the transaction of every
// change; its row is taken first, so that changes come one after another and
// the bounds hold.

#include "runtime/adapters/postgres/audit.hpp"
#include "runtime/adapters/postgres/connection.hpp"
#include "runtime/adapters/postgres/intake_stores.hpp"
#include "runtime/core/access/audit_views.hpp"
#include "runtime/core/base/limits.hpp"

namespace eventpulse::postgres {

namespace {

const statement grow_generation{
    "event_type_grow_generation",
    "UPDATE generation SET value = value + 1 WHERE name = 'event_types'"};

#define EP_EVENT_TYPE_COLUMNS                                                  \
  "v.type, v.version, v.schema::text, v.deleted, v.published_at_ms,"           \
  " v.published_by"
#define EP_EVENT_TYPE_IN_FORCE                                                 \
  " FROM event_type t JOIN event_type_version v ON v.type = t.type"            \
  " AND v.version = t.version"

const statement read_newest{
    "event_type_read_newest",
    "SELECT version, deleted FROM event_type WHERE type = $1"};

const statement read_one{"event_type_read_one",
                         "SELECT " EP_EVENT_TYPE_COLUMNS EP_EVENT_TYPE_IN_FORCE
                         " WHERE t.type = $1 AND NOT t.deleted"};

const statement read_page{"event_type_read_page",
                          "SELECT " EP_EVENT_TYPE_COLUMNS EP_EVENT_TYPE_IN_FORCE
                          " WHERE t.type > $1 AND NOT t.deleted"
                          " ORDER BY t.type LIMIT $2"};

const statement read_versions{
    "event_type_read_versions",
    "SELECT " EP_EVENT_TYPE_COLUMNS " FROM event_type_version v"
    " WHERE v.type = $1 AND ($2::bigint IS NULL OR v.version < $2)"
    " ORDER BY v.version DESC LIMIT $3"};

const statement read_generation{
    "event_type_read_generation",
    "SELECT value FROM generation WHERE name = 'event_types'"};

// One statement, one snapshot: the schemas are of exactly this generation.
const statement read_all{
    "event_type_read_all",
    "SELECT g.value, " EP_EVENT_TYPE_COLUMNS
    " FROM generation g LEFT JOIN (event_type t JOIN event_type_version v"
    " ON v.type = t.type AND v.version = t.version AND NOT t.deleted) ON true"
    " WHERE g.name = 'event_types'"};

const statement measure_others{
    "event_type_measure_others",
    "SELECT count(*), coalesce(sum(octet_length(v.schema::text)), "
    "0)" EP_EVENT_TYPE_IN_FORCE " WHERE NOT t.deleted AND t.type <> $1"};

const statement write_newest{
    "event_type_write_newest",
    "INSERT INTO event_type (type, version, deleted) VALUES ($1, $2, $3)"
    " ON CONFLICT (type) DO UPDATE SET version = EXCLUDED.version,"
    " deleted = EXCLUDED.deleted"};

const statement write_version{
    "event_type_write_version",
    "INSERT INTO event_type_version (type, version, schema, deleted,"
    " published_at_ms, published_by) VALUES ($1, $2, $3, $4, $5, $6)"};

event_type_schema read_row(const pqxx::row& row, int first = 0) {
  event_type_schema out;
  out.type = text_of(row[first]);
  out.version = number_of(row[first + 1]);
  out.schema = text_of(row[first + 2]);
  out.deleted = flag_of(row[first + 3]);
  out.published_at_ms = number_of(row[first + 4]);
  out.published_by = text_of(row[first + 5]);
  return out;
}

result<void> within_bounds(session& s, const event_type_change& c) {
  auto rows = s.run(measure_others, parameters{}.text(c.type));
  if (number_of(rows[0][0]) >= static_cast<int64_t>(limits::event_types_max))
    return {errc::too_large, "there are " +
                                 std::to_string(limits::event_types_max) +
                                 " event types with a schema already"};
  auto bytes = number_of(rows[0][1]) + static_cast<int64_t>(c.schema->size());
  if (bytes > static_cast<int64_t>(limits::event_types_bytes_max))
    return {errc::too_large, "all schemas together may have " +
                                 std::to_string(limits::event_types_bytes_max) +
                                 " bytes"};
  return {};
}

class pg_event_type_store final : public event_type_store {
public:
  explicit pg_event_type_store(const options& o) : link_(o) {}

  result<event_type_schema> publish(const event_type_change& c) override {
    return link_.transact([&](session& s) -> result<event_type_schema> {
      s.run(grow_generation);
      auto rows = s.run(read_newest, parameters{}.text(c.type));
      auto newest = rows.empty() ? 0 : number_of(rows[0][0]);
      auto in_force = newest > 0 && !flag_of(rows[0][1]) ? newest : 0;
      if (c.expected_version && *c.expected_version != in_force)
        return failure{errc::conflict,
                       in_force ? "version " + std::to_string(in_force) +
                                      " is in force"
                                : "the event type has no schema"};
      if (!c.schema && !in_force)
        return failure{errc::not_found, "event type " + c.type};
      if (c.schema)
        if (auto fits = within_bounds(s, c); !fits)
          return fits.error();
      event_type_schema made{c.type,    newest + 1, c.schema.value_or(""),
                             !c.schema, c.now_ms,   c.by.name};
      std::string before;
      if (in_force)
        before =
            audit_view(read_row(s.run(read_one, parameters{}.text(c.type))[0]));
      s.run(write_newest,
            parameters{}.text(c.type).number(made.version).flag(made.deleted));
      parameters p;
      p.text(c.type).number(made.version);
      if (c.schema)
        p.text(made.schema);
      else
        p.null();
      p.flag(made.deleted).number(made.published_at_ms).text(made.published_by);
      s.run(write_version, p);
      keep_audit(s, {c.by, audit_action(made), "event_type/" + c.type, before,
                     audit_view(made)});
      return made;
    });
  }

  result<event_type_schema> get(const std::string& type) override {
    return link_.transact([&](session& s) -> result<event_type_schema> {
      auto rows = s.run(read_one, parameters{}.text(type));
      if (rows.empty())
        return failure{errc::not_found, "event type " + type};
      return read_row(rows[0]);
    });
  }

  result<std::vector<event_type_schema>> list(const std::string& after_type,
                                              size_t limit) override {
    return read_many(
        read_page,
        parameters{}.text(after_type).number(static_cast<int64_t>(limit)));
  }

  result<std::vector<event_type_schema>> versions(const std::string& type,
                                                  std::optional<int64_t> before,
                                                  size_t limit) override {
    return read_many(read_versions,
                     parameters{}.text(type).number_or_null(before).number(
                         static_cast<int64_t>(limit)));
  }

  result<std::optional<event_type_set>>
  load(std::optional<int64_t> known) override {
    using answer = std::optional<event_type_set>;
    return link_.transact([&](session& s) -> result<answer> {
      if (known && number_of(s.run(read_generation)[0][0]) == *known)
        return answer{};
      event_type_set out;
      for (auto row : s.run(read_all)) {
        out.version = number_of(row[0]);
        if (row[1].is_null())
          continue;
        auto one = read_row(row, 1);
        auto type = one.type;
        out.by_type.emplace(std::move(type), std::move(one));
      }
      return answer{std::move(out)};
    });
  }

private:
  result<std::vector<event_type_schema>> read_many(const statement& what,
                                                   const parameters& p) {
    using answer = std::vector<event_type_schema>;
    return link_.transact([&](session& s) -> result<answer> {
      answer out;
      for (auto row : s.run(what, p))
        out.push_back(read_row(row));
      return out;
    });
  }

  connection link_;
};

} // namespace

std::unique_ptr<event_type_store> make_event_type_store(const options& o) {
  return std::make_unique<pg_event_type_store>(o);
}

} // namespace eventpulse::postgres
