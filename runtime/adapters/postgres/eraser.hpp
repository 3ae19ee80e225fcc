#pragma once
// The part of an erasure that is PostgreSQL's: events, the copies in alerts,
// deliveries and dead letters. Used by `eventpulse erase` alone; not fenced,
// since it changes nothing that evaluation goes by.
//
// An event keeps its row, its identity and its place, so that no position
// conflict and no gap comes of it; its content goes. Interrupted, it is run
// again: events go last, so what leads to their copies is there until then.

#include "messages/position.hpp"
#include "runtime/adapters/postgres/connection.hpp"
#include "runtime/core/operate/erasure.hpp"

#include <string>
#include <vector>

namespace eventpulse::postgres {

class eraser {
public:
  /// Statements may take long: the time limits of `o` are widened.
  explicit eraser(options o);

  /// Finds everything; to be called first. Changes nothing.
  result<erase_report> find(const erase_selector& what);

  /// Erases what find() found.
  result<void> erase();

  /// Row versions that nobody sees any more leave the files. A failure means
  /// only that autovacuum does it later.
  result<void> vacuum();

  /// A row in the table audit.
  result<void> record(const std::string& who, const std::string& target,
                      const std::string& detail_json);

  /// The tail of every partition.
  result<std::vector<position>> tails();

private:
  result<void> find_events(const erase_selector& what);
  result<void> find_alerts(const erase_selector& what);
  result<void> find_letters(const erase_selector& what);
  result<uint64_t> find_groups(const erase_selector& what);
  result<bool> erase_some_events();

  options options_;
  connection link_;
  erase_report found_;
};

} // namespace eventpulse::postgres
