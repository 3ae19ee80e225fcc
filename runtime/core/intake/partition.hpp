#pragma once
// Which partition an event goes to. Intake chooses with it; everything that
// must agree with intake about it does too. The number of partitions is fixed
// for the life of an installation, so a plain modulus is enough.

#include "runtime/core/base/check.hpp"
#include "runtime/core/base/hash.hpp"

#include <cstdint>
#include <string_view>

namespace eventpulse::intake {

/// xxh64(key) mod count; `key` is partition_key(document).
inline uint32_t partition_of(std::string_view key, uint32_t count) {
  EP_CHECK(count > 0);
  return static_cast<uint32_t>(xxh64(key) % count);
}

} // namespace eventpulse::intake
