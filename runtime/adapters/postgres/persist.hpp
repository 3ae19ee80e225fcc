#pragma once
// event_store::persist, inside its transaction. One object a call: it locks the
// partition, reads what is there already, decides about each entry in stream
// order, and writes. The contract is in runtime/ports/event_store.hpp.

#include "runtime/adapters/postgres/connection.hpp"
#include "runtime/adapters/postgres/event_rows.hpp"
#include "runtime/ports/event_store.hpp"

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace eventpulse::postgres {

class persisting {
public:
  /// Both must outlive the object.
  persisting(session& s, const persist_request& request)
      : s_(s), request_(request) {}

  result<persist_outcome> run();

private:
  /// An accepted event that later ones are compared with.
  struct content {
    std::string source, id, partition_key;
    position where;
  };

  result<void> lock();
  void find_taken_positions();
  void find_content();
  void find_control_rows();

  void decide_in_order();
  void decide(const incoming_event& e);
  void decide(const incoming_control& c);
  bool is_duplicate(const incoming_event& e, int64_t hash) const;
  void conflict(const position& where, const std::string& source,
                const std::string& id, const std::string& original);
  int64_t next_time(const position& where);

  void write();
  void place_controls();
  persist_outcome take_outcome();

  session& s_;
  const persist_request& request_;

  position tail_;
  int64_t clock_ms_ = 0;        // never falls
  int64_t now_ms_ = 0;          // PostgreSQL's clock
  std::vector<int64_t> hashes_; // of request_.events
  std::map<position, event> taken_by_event_;
  std::map<position, std::string> taken_by_control_; // row id
  std::unordered_multimap<int64_t, content> known_;  // by hash
  /// Rows that the entries name; placed ones have a key.
  std::unordered_map<std::string, std::pair<control_input, bool>> rows_;

  std::vector<new_event> inserts_;
  std::vector<control_input> placements_;
  std::vector<dead_letter> dead_;
  persisted_batch batch_;
  persist_outcome outcome_;
};

} // namespace eventpulse::postgres
