#pragma once
// The names of schema/redis.md. The braces make all keys of a partition one
// Redis Cluster slot, so that they can stand in one MULTI or script.

#include "runtime/adapters/redis/options.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace eventpulse::redis::keys {

inline constexpr std::string_view group = "eventpulse";

inline std::string of_partition(const options& o, uint32_t partition,
                                std::string_view what) {
  return o.prefix + ":{" + std::to_string(partition) + "}:" + std::string{what};
}

inline std::string events(const options& o, uint32_t partition) {
  return of_partition(o, partition, "events");
}

/// Acknowledged entries that are still in the stream.
inline std::string kept(const options& o, uint32_t partition) {
  return of_partition(o, partition, "kept");
}

/// Never exists: XADD NOMKSTREAM to it says whether Redis takes writes.
inline std::string probe(const options& o, uint32_t partition) {
  return of_partition(o, partition, "probe");
}

inline std::string quarantine(const options& o) {
  return o.prefix + ":quarantine";
}

inline std::string api_keys(const options& o) {
  return o.prefix + ":keys";
}

/// What every process says of itself.
inline std::string processes(const options& o) {
  return o.prefix + ":processes";
}

/// A Pub/Sub channel, not a key.
inline std::string hint(const options& o, std::string_view topic) {
  return o.prefix + ":hint:" + std::string{topic};
}

} // namespace eventpulse::redis::keys
