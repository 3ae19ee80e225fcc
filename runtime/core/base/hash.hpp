#pragma once
// Identity: hashes and UUIDs. Pure; randomness comes in as an argument.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace eventpulse {

/// XXH64 with seed 0 (https://github.com/Cyan4973/xxHash, xxhash_spec.md).
uint64_t xxh64(std::string_view bytes);

/// Lower-case hex SHA-256 (FIPS 180-4).
std::string sha256_hex(std::string_view bytes);

/// RFC 9562 version 7: `unix_ms` and 10 random bytes.
std::string uuid_v7(int64_t unix_ms, const std::array<uint8_t, 10>& random);

/// RFC 9562 version 5 (SHA-1) of `name` in EventPulse's own namespace.
std::string uuid_v5(std::string_view name);

/// RFC 4648 section 4, padded.
std::string base64_encode(std::string_view bytes);

/// False unless `text` is canonical padded base64; then `out` holds the bytes.
bool base64_decode(std::string_view text, std::string& out);

/// `[0-9A-Za-z]`, most significant first, fixed width for a given input size.
std::string base62_encode(std::string_view bytes);

} // namespace eventpulse
