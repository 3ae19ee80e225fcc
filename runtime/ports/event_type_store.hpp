#pragma once
// Schemas of event types: the truth in PostgreSQL, a mirror in Redis so that
// intake knows them while PostgreSQL is down and after its own restart.

#include "messages/audit.hpp"
#include "messages/event_type.hpp"
#include "messages/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace eventpulse {

struct event_type_change {
  std::string type;
  std::optional<std::string> schema; // absent: the type becomes free
  int64_t now_ms = 0;
  caller by; // its name is kept with the version
  /// The version that must be in force; 0: there must be none.
  std::optional<int64_t> expected_version = {};
};

class event_type_store {
public:
  virtual ~event_type_store() = default;

  /// A new version and its audit entry. conflict: another version is in force
  /// than expected; not_found: there is nothing to delete; too_large:
  /// event_types_max or event_types_bytes_max would be passed.
  virtual result<event_type_schema> publish(const event_type_change& c) = 0;

  /// The one in force, or not_found.
  virtual result<event_type_schema> get(const std::string& type) = 0;

  /// Those in force after `after_type`, by name.
  virtual result<std::vector<event_type_schema>>
  list(const std::string& after_type, size_t limit) = 0;

  /// Newest first, tombstones too; below version `before`.
  virtual result<std::vector<event_type_schema>>
  versions(const std::string& type, std::optional<int64_t> before,
           size_t limit) = 0;

  /// Nothing where the generation is still `known`.
  virtual result<std::optional<event_type_set>>
  load(std::optional<int64_t> known) = 0;
};

class event_type_mirror {
public:
  virtual ~event_type_mirror() = default;
  /// Keeps the newer version, whoever writes.
  virtual result<void> store(const event_type_set& types) = 0;
  virtual result<event_type_set> load() = 0;
};

} // namespace eventpulse
