#pragma once
// Who changed what: one entry a change that was made through the API (or by
// the program on its own behalf). Whatever store makes a change writes its
// entry in the same transaction, so there is none without the other.

#include <cstdint>
#include <string>

namespace eventpulse {

/// On whose behalf a store changes something. Every call that changes anything
/// takes one.
struct caller {
  std::string key_id;     // the API key's; empty: the program itself
  std::string name;       // the API key's name, or the program's part
  std::string request_id; // of the HTTP request; empty where there was none
  std::string trace_id;   // 32 hex digits; empty where the request had none
};

/// `before` and `after` are JSON objects, or empty where there was or is
/// nothing. They never hold a secret.
struct audit_entry {
  caller by;
  std::string action; // "rule.published": what it is about, and what was done
  std::string target; // "rule/card-testing": what it is about, and its id
  std::string before;
  std::string after;
};

struct audit_record {
  int64_t id = 0; // ascending
  int64_t at_ms = 0;
  audit_entry what;
};

} // namespace eventpulse
