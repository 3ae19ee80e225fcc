#pragma once
// What stands in a Redis stream: an entry id and its fields. core/intake
// encodes and decodes the fields; adapters only carry them.

#include "messages/position.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace eventpulse {

/// Field names and values in order, as XADD takes them.
using stream_fields = std::vector<std::pair<std::string, std::string>>;

/// An entry read from the stream. `delivery_count` is 0 where Redis did not
/// say; it only ever starts closer looks, it never condemns an entry.
struct raw_entry {
  position where;
  stream_fields fields;
  uint32_t delivery_count = 0;
};

} // namespace eventpulse
