#pragma once
// Every bound of the product that is not a setting, in one place. Settings have
// their defaults in runtime/app/settings.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace eventpulse::limits {

using namespace std::chrono_literals;

// intake
inline constexpr size_t attribute_bytes_max = 8192; // one attribute's value
inline constexpr size_t attribute_name_bytes_max = 256;
inline constexpr size_t extensions_max = 64;         // per event
inline constexpr size_t request_items_max = 100'000; // of one array
inline constexpr size_t problem_errors_max = 20; // faults named in one answer
// Inflated bytes may be this many times the compressed ones, once there are
// more than the first; real JSON rarely passes 50.
inline constexpr size_t inflate_ratio_max = 250;
inline constexpr size_t inflate_unguarded_bytes = 1 << 20;
inline constexpr size_t rejected_items_max = 1000; // listed in an NDJSON answer

// schemas of event types
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

// stream
inline constexpr size_t append_batch_max = 1000; // entries of one MULTI/EXEC
inline constexpr size_t append_batch_bytes_max = 4 << 20;
inline constexpr size_t read_batch_max = 1000; // entries of one XREADGROUP
inline constexpr size_t batches_unpersisted_max = 2;
inline constexpr size_t batches_unevaluated_max = 8;
inline constexpr int64_t recent_ids_ms = 60'000;
inline constexpr size_t recent_ids_max = 100'000; // duplicates remembered

// rules
inline constexpr size_t rules_max = 100'000;
inline constexpr size_t groups_max = 100'000;           // per rule
inline constexpr size_t window_events_exact_max = 4096; // per group
inline constexpr size_t window_panes = 128; // of an inexact sliding window
inline constexpr size_t hopping_panes_max = 1024; // panes of one hopping window
inline constexpr size_t distinct_exact_max = 4096; // values before a sketch
inline constexpr size_t group_key_bytes_max = 1024;
inline constexpr size_t sample_bytes_max = 1024; // a value kept by first, last
inline constexpr size_t alert_events_max = 20;   // events named by an alert
inline constexpr size_t alert_summary_bytes_max = 1024;
inline constexpr size_t alert_details_bytes_max = 16'384;
inline constexpr size_t level_lag_batches_max = 64;
inline constexpr size_t payload_depth_max = 1024; // intake.max_depth is below
inline constexpr size_t catch_up_page_max = 1000; // events read back at once

// cel
inline constexpr size_t cel_source_bytes_max = 65'536;
inline constexpr size_t cel_nesting_max = 100; // brackets, ternaries, signs
inline constexpr size_t cel_depth_max = 300;   // of the syntax tree
inline constexpr size_t cel_nodes_max = 20'000;
inline constexpr size_t cel_diagnostics_max = 20;      // reported at once
inline constexpr size_t cel_text_bytes_max = 65'536; // of a value in texts
inline constexpr uint64_t cel_steps_default = 100'000; // of one evaluation

// delivery
inline constexpr size_t deliveries_in_flight_max = 256;
inline constexpr size_t answer_excerpt_bytes_max = 1024;
inline constexpr size_t answer_bytes_max = 65536;
inline constexpr size_t channel_secrets_max = 4; // that sign at one time
inline constexpr auto secret_overlap_max = 30 * 24h;

// control
inline constexpr size_t page_items_max = 1000;
inline constexpr size_t page_items_default = 100;
inline constexpr size_t request_id_bytes_max = 128;
inline constexpr size_t rule_document_bytes_max = 262'144;
inline constexpr size_t rule_document_depth_max = 64;
inline constexpr size_t rule_document_nodes_max = 50'000; // aliases followed
inline constexpr size_t rule_text_bytes_max = 16'384;     // one text field
inline constexpr size_t rule_name_bytes_max = 200;
inline constexpr size_t rule_items_max = 64; // labels, aggregates, notify …
inline constexpr size_t rule_tests_max = 200;
inline constexpr size_t rule_test_events_max = 100'000; // of one test, repeated
inline constexpr auto rule_duration_max = 366 * 24h;

// rates of API keys
inline constexpr int64_t rate_max = 1'000'000; // requests of one window
inline constexpr auto rate_window_max = 24h;
inline constexpr auto rate_debt_max = 1h; // of what one request took too much
inline constexpr size_t rated_keys_max = 10'000; // remembered at once

static_assert(append_batch_max <= 10'000);
static_assert(batches_unpersisted_max >= 2, "reading overlaps committing");

} // namespace eventpulse::limits
