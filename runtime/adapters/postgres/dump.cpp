#include "runtime/adapters/postgres/dump.hpp"

#include "runtime/adapters/postgres/connection.hpp"

#include <libpq-fe.h>

namespace eventpulse::postgres {

namespace {

using namespace std::chrono_literals;

const statement find_tables{
    "restore_tables",
    "SELECT count(*), coalesce(bool_or(relname = 'schema_migration'), false)"
    " FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
    " AND relkind IN ('r', 'p')"};

const statement find_sessions{
    "restore_sessions",
    "SELECT DISTINCT application_name FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND application_name LIKE 'eventpulse%' ORDER BY 1"};

const statement list_tables{
    "restore_list_tables",
    "SELECT quote_ident(relname) FROM pg_class"
    " WHERE relnamespace = current_schema()::regnamespace"
    " AND relkind IN ('r', 'p') AND NOT relispartition"};

const statement list_functions{
    "restore_list_functions",
    "SELECT p.oid::regprocedure::text FROM pg_proc p"
    " WHERE pronamespace = current_schema()::regnamespace AND NOT EXISTS"
    " (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"};

const statement end_leases{
    "restore_end_leases",
    "UPDATE lease SET epoch = epoch + 1, expires_at = clock_timestamp()"};

const statement read_tails{
    "restore_tails", "SELECT number, persisted_ms, persisted_seq FROM partition"
                     " ORDER BY number"};

std::vector<position> tails_of(const pqxx::result& rows) {
  std::vector<position> out;
  for (auto row : rows)
    out.push_back({static_cast<uint32_t>(number_of(row[0])),
                   static_cast<uint64_t>(number_of(row[1])),
                   static_cast<uint64_t>(number_of(row[2]))});
  return out;
}

options patient(options o) {
  o.statement_timeout = 30min;
  o.lock_timeout = 30s;
  return o;
}

} // namespace

result<std::map<std::string, std::string>>
program_environment(const std::string& conninfo) {
  char* wrong = nullptr;
  std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed{
      PQconninfoParse(conninfo.c_str(), &wrong), PQconninfoFree};
  std::unique_ptr<char, decltype(&PQfreemem)> freed{
      wrong, [](void* p) { PQfreemem(p); }};
  if (!parsed)
    return {errc::invalid, "database.url cannot be read"};
  std::map<std::string, std::string> out;
  for (auto* one = parsed.get(); one->keyword; ++one)
    if (one->envvar && one->val)
      out[one->envvar] = one->val;
  return out;
}

// -- dump_snapshot ------------------------------------------------------------

struct dump_snapshot::link {
  explicit link(const std::string& url) : connection(url), tx(connection) {}
  pqxx::connection connection;
  pqxx::work tx;
};

dump_snapshot::dump_snapshot() = default;
dump_snapshot::~dump_snapshot() = default;

result<std::unique_ptr<dump_snapshot>> dump_snapshot::open(const options& o) {
  try {
    std::unique_ptr<dump_snapshot> out{new dump_snapshot};
    out->link_ = std::make_unique<link>(o.url);
    auto& tx = out->link_->tx;
    auto& facts = out->facts_;
    const auto ask = [&](const char* sql) {
      return driver::run_text(tx, sql, {});
    };
    ask("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    auto first = ask("SELECT pg_export_snapshot(),"
                     " current_setting('server_version_num')::integer");
    facts.snapshot = text_of(first[0][0]);
    facts.version = static_cast<int>(number_of(first[0][1]));
    for (auto row : ask("SELECT name FROM schema_migration"
                        " ORDER BY number DESC LIMIT 1"))
      facts.migration = text_of(row[0]);
    facts.tails = tails_of(ask("SELECT number, persisted_ms, persisted_seq"
                               " FROM partition ORDER BY number"));
    for (auto row : ask("SELECT secret_key_id FROM channel WHERE secret_key_id"
                        " IS NOT NULL ORDER BY updated_at_ms DESC LIMIT 1"))
      facts.secret_key_id = text_of(row[0]);
    return out;
  } catch (...) {
    return current_fault().what;
  }
}

// -- restoring ----------------------------------------------------------------

result<restore_target> look_at_target(const options& o) {
  connection link{o};
  return link.transact([&](session& s) -> result<restore_target> {
    restore_target out;
    auto tables = s.run(find_tables)[0];
    out.empty = number_of(tables[0]) == 0;
    out.ours = flag_of(tables[1]);
    for (auto row : s.run(find_sessions))
      out.sessions.push_back(text_of(row[0]));
    return out;
  });
}

result<void> clear_database(const options& o) {
  connection link{patient(o)};
  return link.transact([&](session& s) -> result<void> {
    for (auto row : s.run(list_tables))
      s.run_text("DROP TABLE " + text_of(row[0]) + " CASCADE");
    for (auto row : s.run(list_functions))
      s.run_text("DROP ROUTINE " + text_of(row[0]) + " CASCADE");
    return {};
  });
}

result<std::vector<position>> settle_restored(const options& o) {
  connection link{patient(o)};
  using answer = result<std::vector<position>>;
  return link.transact([&](session& s) -> answer {
    s.run(end_leases);
    return tails_of(s.run(read_tails));
  });
}

} // namespace eventpulse::postgres
