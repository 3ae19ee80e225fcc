#include "runtime/adapters/postgres/server_facts.hpp"

#include "runtime/adapters/postgres/connection.hpp"
#include "runtime/adapters/postgres/migrations.hpp"
#include "runtime/adapters/postgres/secret_box.hpp"
#include "runtime/core/base/hash.hpp"

#include <map>

namespace eventpulse::postgres {

namespace {

const statement read_settings{
    "facts_settings",
    "SELECT current_setting('server_version_num')::integer,"
    " current_setting('fsync'), current_setting('synchronous_commit'),"
    " current_setting('full_page_writes'), current_setting('server_encoding'),"
    " pg_is_in_recovery() OR current_setting('default_transaction_read_only')"
    " = 'on', current_setting('max_connections')::bigint,"
    " (SELECT count(*) FROM pg_stat_activity"
    "  WHERE backend_type = 'client backend')"};

const statement read_clock{
    "facts_clock",
    "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint"};

const statement has_table{"facts_has_table",
                          "SELECT to_regclass($1) IS NOT NULL"};

const statement read_history{
    "facts_history", "SELECT number, name, checksum FROM schema_migration"};

const statement read_lease{"facts_lease",
                           "SELECT owner FROM lease WHERE name = 'evaluation'"
                           " AND expires_at > clock_timestamp()"};

const statement read_tails{
    "facts_tails", "SELECT number, persisted_ms, persisted_seq FROM partition"
                   " ORDER BY number"};

const statement count_channels{
    "facts_channels", "SELECT count(*) FROM channel WHERE secret_key_id <> $1"};

int64_t our_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

bool is_there(session& s, const char* table) {
  return flag_of(s.run(has_table, parameters{}.text(table))[0][0]);
}

void read_migrations(session& s, postgres_facts& out) {
  std::map<int64_t, std::pair<std::string, std::string>> applied;
  if (is_there(s, "schema_migration"))
    for (auto row : s.run(read_history))
      applied[number_of(row[0])] = {text_of(row[1]), text_of(row[2])};
  for (auto& ours : embedded_migrations()) {
    auto found = applied.find(ours.number);
    if (found == applied.end())
      out.migrations_missing.push_back(ours.name);
    else if (found->second.second != sha256_hex(ours.sql))
      out.migrations_wrong = "migration " + found->second.first +
                             " is not the one that this program has";
    if (found != applied.end())
      applied.erase(found);
  }
  if (!applied.empty())
    out.migrations_wrong = "it is newer than this program: migration " +
                           applied.begin()->second.first;
}

} // namespace

result<postgres_facts> look_at_server(const options& o) {
  connection link{o};
  return link.transact([&](session& s) -> result<postgres_facts> {
    postgres_facts out;
    auto row = s.run(read_settings)[0];
    out.version = static_cast<int>(number_of(row[0]));
    out.fsync = text_of(row[1]);
    out.synchronous_commit = text_of(row[2]);
    out.full_page_writes = text_of(row[3]);
    out.encoding = text_of(row[4]);
    out.read_only = flag_of(row[5]);
    out.connections_max = number_of(row[6]);
    out.connections_used = number_of(row[7]);
    auto before = our_clock_ms();
    out.clock.theirs_ms = number_of(s.run(read_clock)[0][0]);
    out.clock.took_ms = our_clock_ms() - before;
    out.clock.ours_ms = before + out.clock.took_ms / 2;
    read_migrations(s, out);
    if (is_there(s, "lease"))
      for (auto lease : s.run(read_lease))
        out.lease_owner = text_of(lease[0]);
    if (is_there(s, "partition"))
      for (auto tail : s.run(read_tails))
        out.tails.push_back({static_cast<uint32_t>(number_of(tail[0])),
                             static_cast<uint64_t>(number_of(tail[1])),
                             static_cast<uint64_t>(number_of(tail[2]))});
    if (is_there(s, "channel"))
      out.channels_of_another_key = static_cast<uint64_t>(number_of(
          s.run(count_channels,
                parameters{}.text(secret_box{o.secret_key}.key_id()))[0][0]));
    return out;
  });
}

} // namespace eventpulse::postgres
