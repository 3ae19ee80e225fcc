#pragma once
// The database's side of `eventpulse backup` and `restore`: one snapshot that
// pg_dump and the manifest share, and what must hold before and after a
// restore. Running the programs is app's.

#include "messages/position.hpp"
#include "runtime/adapters/postgres/stores.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace eventpulse::postgres {

/// A connection string as PostgreSQL's programs take it from their environment
/// (PGHOST, PGPASSWORD …), where no other user sees it.
/// errc::invalid: libpq cannot read it.
result<std::map<std::string, std::string>>
program_environment(const std::string& conninfo);

struct dump_facts {
  std::string snapshot; // for pg_dump --snapshot
  int version = 0;      // 150004
  std::string migration;
  std::vector<position> tails;
  std::string secret_key_id; // of the newest channel that has secrets
};

/// Holds the snapshot for as long as it lives.
class dump_snapshot {
public:
  static result<std::unique_ptr<dump_snapshot>> open(const options& o);
  dump_snapshot(const dump_snapshot&) = delete;
  dump_snapshot& operator=(const dump_snapshot&) = delete;
  ~dump_snapshot();

  const dump_facts& facts() const { return facts_; }

private:
  struct link;
  dump_snapshot();
  std::unique_ptr<link> link_;
  dump_facts facts_;
};

struct restore_target {
  bool empty = true;                 // no table at all
  bool ours = false;                 // the tables are EventPulse's
  std::vector<std::string> sessions; // of our processes, by name
};
result<restore_target> look_at_target(const options& o);

/// Drops every table and function of the schema. Only for what is ours.
result<void> clear_database(const options& o);

/// Ends every lease with a new epoch, so that nobody of before goes on; gives
/// the tails.
result<std::vector<position>> settle_restored(const options& o);

} // namespace eventpulse::postgres
