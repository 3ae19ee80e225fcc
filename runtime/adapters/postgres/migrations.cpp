#include "runtime/adapters/postgres/migrations.hpp"

#include "runtime/adapters/postgres/fault.hpp"
#include "runtime/adapters/postgres/values.hpp"
#include "runtime/core/base/check.hpp"
#include "runtime/core/base/hash.hpp"

#include <algorithm>
#include <map>

namespace eventpulse::postgres {

namespace {

struct applied_migration {
  std::string name;
  std::string checksum;
};

// Readers of the schema's history; also the record that makes it one.
constexpr auto make_history =
    "CREATE TABLE IF NOT EXISTS schema_migration ("
    "  number     integer     NOT NULL PRIMARY KEY,"
    "  name       text        NOT NULL,"
    "  checksum   text        NOT NULL,"
    "  applied_at timestamptz NOT NULL DEFAULT clock_timestamp());"
    "COMMENT ON TABLE schema_migration IS"
    "  'the migrations that made this schema, with their SHA-256'";

std::map<int, applied_migration> read_history(pqxx::connection& link) {
  pqxx::work tx{link};
  tx.exec(make_history);
  std::map<int, applied_migration> out;
  for (auto row : driver::run_text(
           tx, "SELECT number, name, checksum FROM schema_migration", {}))
    out[static_cast<int>(number_of(row[0]))] = {text_of(row[1]),
                                                text_of(row[2])};
  tx.commit();
  return out;
}

/// Whether `history` knows all that was applied, as it was.
result<void> compare(const std::map<int, applied_migration>& applied,
                     const std::vector<migration>& history) {
  for (auto& [number, was] : applied) {
    auto known = std::find_if(
        history.begin(), history.end(),
        [n = number](const migration& m) { return m.number == n; });
    if (known == history.end())
      return failure{errc::conflict,
                     "the database is newer than this program: it has "
                     "migration " +
                         was.name + ", which this program does not know"};
    auto& ours = *known;
    if (sha256_hex(ours.sql) != was.checksum)
      return failure{errc::conflict,
                     "migration " + ours.name +
                         " was changed after it was applied; a change needs a "
                         "migration of its own"};
  }
  return {};
}

void apply(pqxx::connection& link, const migration& m) {
  pqxx::work tx{link};
  tx.exec(m.sql);
  driver::run_text(
      tx,
      "INSERT INTO schema_migration (number, name, checksum)"
      " VALUES ($1, $2, $3)",
      parameters{}.number(m.number).text(m.name).text(sha256_hex(m.sql)).all());
  tx.commit();
}

result<std::vector<std::string>> run(const std::string& conninfo,
                                     const std::vector<migration>& history,
                                     std::string& under_way) {
  pqxx::connection link{conninfo};
  {
    // The lock is the session's, so it goes when the link does, however that
    // happens. Whoever waits a minute for another's migration gives up.
    pqxx::nontransaction tx{link};
    tx.exec("SET client_min_messages = error; SET lock_timeout = '60s';"
            "SELECT pg_advisory_lock(hashtextextended('eventpulse.migrate',"
            " 0))");
    tx.commit();
  }
  auto applied = read_history(link);
  if (auto same = compare(applied, history); !same)
    return same.error();
  std::vector<std::string> names;
  for (auto& m : history) {
    if (applied.contains(m.number))
      continue;
    under_way = m.name;
    apply(link, m);
    names.push_back(m.name);
  }
  return names;
}

} // namespace

result<std::vector<std::string>>
migrate(const std::string& conninfo, const std::vector<migration>& history) {
  for (size_t i = 1; i < history.size(); ++i)
    EP_CHECK(history[i - 1].number < history[i].number);
  std::string under_way;
  try {
    return run(conninfo, history, under_way);
  } catch (...) {
    auto broken = current_fault().what;
    if (!under_way.empty())
      broken.detail = "migration " + under_way + ": " + broken.detail;
    return broken;
  }
}

result<std::vector<std::string>> migrate(const std::string& conninfo) {
  return migrate(conninfo, embedded_migrations());
}

} // namespace eventpulse::postgres
