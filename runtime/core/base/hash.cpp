#include "runtime/core/base/hash.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>
#include <sodium.h>
#include <xxhash.h>

namespace eventpulse {

namespace {

constexpr char hex_digits[] = "0123456789abcdef";

// UUIDv5(DNS, "eventpulse"). It is part of the contract: alert ids are made
// in it, so it never changes.
constexpr boost::uuids::uuid own_namespace = {
    {0x4d, 0xf4, 0x48, 0x87, 0x50, 0x15, 0x55, 0x5c, 0x96, 0xab, 0x64, 0x76,
     0x74, 0x7a, 0xed, 0x80}};

constexpr std::array<int8_t, 256> base64_values = [] {
  std::array<int8_t, 256> values{};
  values.fill(-1);
  int8_t next = 0;
  for (char c : std::string_view{"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/"})
    values[static_cast<uint8_t>(c)] = next++;
  return values;
}();

std::string uuid_text(const uint8_t* bytes) {
  std::string out;
  out.reserve(36);
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      out += '-';
    out += hex_digits[bytes[i] >> 4];
    out += hex_digits[bytes[i] & 15];
  }
  return out;
}

} // namespace

uint64_t xxh64(std::string_view bytes) {
  return XXH64(bytes.data(), bytes.size(), 0);
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest;
  crypto_hash_sha256(digest.data(),
                     reinterpret_cast<const unsigned char*>(bytes.data()),
                     bytes.size());
  std::string out;
  out.reserve(2 * digest.size());
  for (auto byte : digest) {
    out += hex_digits[byte >> 4];
    out += hex_digits[byte & 15];
  }
  return out;
}

std::string uuid_v7(int64_t unix_ms, const std::array<uint8_t, 10>& random) {
  std::array<uint8_t, 16> bytes;
  auto ms = static_cast<uint64_t>(unix_ms);
  for (size_t i = 0; i < 6; ++i)
    bytes[i] = static_cast<uint8_t>(ms >> (8 * (5 - i)));
  std::copy(random.begin(), random.end(), bytes.begin() + 6);
  bytes[6] = static_cast<uint8_t>(0x70 | (bytes[6] & 0x0f)); // version
  bytes[8] = static_cast<uint8_t>(0x80 | (bytes[8] & 0x3f)); // variant
  return uuid_text(bytes.data());
}

std::string uuid_v5(std::string_view name) {
  boost::uuids::name_generator_sha1 make{own_namespace};
  auto id = make(name.data(), name.size());
  return uuid_text(&*id.begin());
}

std::string base64_encode(std::string_view bytes) {
  constexpr auto variant = sodium_base64_VARIANT_ORIGINAL;
  std::string out;
  // The length that libsodium wants counts its closing NUL.
  out.resize(sodium_base64_encoded_len(bytes.size(), variant));
  sodium_bin2base64(out.data(), out.size(),
                    reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), variant);
  out.pop_back();
  return out;
}

bool base64_decode(std::string_view text, std::string& out) {
  // libsodium's decoder takes some bytes above U+007F for digits, hence ours.
  if (text.size() % 4 != 0)
    return false;
  size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  auto digits = text.substr(0, text.size() - padding);
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  uint32_t bits = 0;
  int count = 0; // of bits not yet written
  for (char c : digits) {
    auto digit = base64_values[static_cast<uint8_t>(c)];
    if (digit < 0)
      return false;
    bits = (bits << 6 | static_cast<uint32_t>(digit)) & 0xfff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xff);
    }
  }
  // Spare bits must be zero, or several texts would mean the same bytes.
  if ((bits & ((1u << count) - 1)) != 0)
    return false;
  out = std::move(bytes);
  return true;
}

std::string base62_encode(std::string_view bytes) {
  constexpr char digits[] =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  auto width = static_cast<size_t>(
      std::ceil(static_cast<double>(bytes.size()) * 8 / std::log2(62.0)));
  std::string out(width, '0');
  // Long division of the big-endian number by 62, a digit a round.
  std::vector<uint8_t> number(bytes.begin(), bytes.end());
  for (size_t at = width; at-- > 0;) {
    unsigned rest = 0;
    for (auto& byte : number) {
      unsigned value = rest * 256 + byte;
      byte = static_cast<uint8_t>(value / 62);
      rest = value % 62;
    }
    out[at] = digits[rest];
  }
  return out;
}

} // namespace eventpulse
