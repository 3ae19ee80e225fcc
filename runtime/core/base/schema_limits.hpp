#pragma once
// The bounds of event types and their schemas; the others stand in limits.hpp.

#include <cstddef>
#include <cstdint>

namespace eventpulse::limits {

inline constexpr size_t schema_bytes_max = 256 << 10;
inline constexpr size_t schema_depth_max = 64;
inline constexpr size_t schema_nodes_max = 20'000;
inline constexpr size_t schema_patterns_max = 500; // of one schema
inline constexpr size_t schema_pattern_bytes_max = 2048;
inline constexpr int schema_pattern_program_max = 2000; // RE2 instructions
inline constexpr uint64_t schema_steps_max = 1'000'000; // to check one event
inline constexpr size_t schema_check_depth_max = 2000;  // subschemas entered
inline constexpr size_t event_type_bytes_max = 1024;    // of one with a schema
inline constexpr size_t event_types_max = 5000;         // with a schema
inline constexpr size_t event_types_bytes_max = 32 << 20; // of all schemas

} // namespace eventpulse::limits
