#pragma once
// Where an event stands: its position in the stream, and its place in the one
// total order in which rules see everything.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace eventpulse {

/// The partition and the Redis entry id. Clients treat the text form,
/// `<partition>-<ms>-<seq>`, as opaque.
struct position {
  uint32_t partition = 0;
  uint64_t ms = 0; // Redis's clock when the entry was added, Unix milliseconds
  uint64_t seq = 0;

  friend auto operator<=>(const position&, const position&) = default;
};

std::string to_string(const position& p);

/// nullopt unless `text` is exactly what to_string gives.
std::optional<position> parse_position(std::string_view text);

/// The total order over all partitions: (received_at ms, partition, position
/// ms, seq). Member order is the comparison order.
struct order_key {
  int64_t received_at_ms = 0; // rule time, Unix milliseconds
  uint32_t partition = 0;
  uint64_t ms = 0;
  uint64_t seq = 0;

  friend auto operator<=>(const order_key&, const order_key&) = default;

  position where() const { return {partition, ms, seq}; }
};

/// "<received_at_ms>/<partition>-<ms>-<seq>", stable, for ids and logs.
std::string to_string(const order_key& k);

/// How far evaluation has come: every event up to `key` was evaluated, and
/// every timer with a deadline up to `timer_ms` has acted.
struct cursor {
  order_key key;
  int64_t timer_ms = 0;

  friend auto operator<=>(const cursor&, const cursor&) = default;
};

} // namespace eventpulse
