#pragma once
// The text of an API key. Made once, shown once, kept only as its hash.

#include "runtime/core/base/hash.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace eventpulse {

/// `ep_` and 32 random bytes in base62.
inline std::string key_text(const std::array<char, 32>& random) {
  return "ep_" + base62_encode({random.data(), random.size()});
}

/// What is stored of it: lower-case hex SHA-256. A plain hash is enough, since
/// the text has 256 bits that nobody chose.
inline std::string key_hash(const std::string& text) {
  return sha256_hex(text);
}

} // namespace eventpulse
