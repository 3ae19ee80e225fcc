#pragma once
// Rules and the control inputs that publish them. The control side commits a
// row; the entry in the stream then gives it its place in the order.

#include "messages/audit.hpp"
#include "messages/result.hpp"
#include "messages/rule.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace eventpulse {

/// A committed control row that waits for its stream entry.
struct control_row {
  std::string id;
  std::string kind; // "rule.published", "rule.deleted", "alert.resolved" …
};

struct publish_request {
  std::string id;
  std::string document;              // JSON
  caller by;                         // its name is kept with the version
  std::optional<int64_t> if_version; // If-Match; 0: must not exist yet
  std::vector<std::string> notify;   // channels that must exist
};

struct published {
  rule_version version;
  control_row control;
};

/// How far a rule's evaluation is behind what is persisted.
struct evaluation_lag {
  uint64_t events = 0; // that it has not seen; at most lag_events_max
  int64_t ms = 0;      // since the oldest of them came
};
inline constexpr uint64_t lag_events_max = 10'000;

struct removal {
  std::string id;
  caller by;
  std::optional<int64_t> if_version;
};

class rule_store {
public:
  virtual ~rule_store() = default;

  /// Commits a new version, its control row and its audit entry.
  /// errc::conflict: if_version does not match; errc::invalid: an unknown
  /// channel, named in the detail.
  virtual result<published> publish(const publish_request& request) = 0;
  virtual result<published> remove(const std::string& id, const caller& by,
                                   std::optional<int64_t> if_version) = 0;

  /// All of them or none, in one transaction, in ascending order of ids; the
  /// failure names the rule.
  virtual result<std::vector<published>>
  apply(const std::vector<publish_request>& put,
        const std::vector<removal>& remove) = 0;

  /// The newest version; not_found when there is none or it is a tombstone.
  virtual result<rule_version> get(const std::string& id) = 0;
  virtual result<std::vector<rule_version>> list(const std::string& after_id,
                                                 size_t limit) = 0;
  virtual result<std::vector<rule_version>> versions(const std::string& id) = 0;
  /// The same, ascending after a version; empty where there is no such rule.
  virtual result<std::vector<rule_version>>
  versions(const std::string& id, int64_t after, size_t limit) = 0;
  /// One of them, a tombstone too.
  virtual result<rule_version> version(const std::string& id,
                                       int64_t number) = 0;

  /// For every rule the version that is in force at `key` (its own key <= it),
  /// tombstones left out.
  virtual result<std::vector<rule_version>> in_force(const order_key& key) = 0;

  /// Grows with every publish and delete: what the version poll compares.
  virtual result<int64_t> generation() = 0;

  /// Newest version of every rule, for compiling ahead.
  virtual result<std::vector<rule_version>> newest() = 0;

  virtual result<std::optional<rule_status>> status(const std::string& id) = 0;
  virtual result<evaluation_lag> lag(const std::string& id) = 0;

  /// Control rows older than `age_ms` that have no position yet.
  virtual result<std::vector<control_row>> unplaced(int64_t age_ms) = 0;
};

} // namespace eventpulse
