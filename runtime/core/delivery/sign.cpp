#include "runtime/core/delivery/sign.hpp"

#include "runtime/core/base/check.hpp"
#include "runtime/core/base/hash.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace eventpulse {

namespace {

constexpr std::string_view symmetric_prefix = "whsec_";
constexpr std::string_view signing_prefix = "whsk_";
constexpr std::string_view public_prefix = "whpk_";
constexpr size_t bytes_min = 24;
constexpr size_t bytes_max = 64;

using bytes = const unsigned char*;

bytes raw(std::string_view text) {
  return reinterpret_cast<bytes>(text.data());
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  auto* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                    raw(text), text.size(), out.data(), &size);
  EP_CHECK(done != nullptr);
  return {reinterpret_cast<const char*>(out.data()), size};
}

std::string signed_text(std::string_view id, std::string_view timestamp,
                        std::string_view body) {
  std::string out;
  out.reserve(id.size() + timestamp.size() + body.size() + 2);
  out.append(id).append(1, '.').append(timestamp).append(1, '.');
  return out.append(body);
}

result<std::string> signing_key(std::string_view secret) {
  std::string key;
  if (!base64_decode(secret.substr(signing_prefix.size()), key) ||
      key.size() != crypto_sign_SECRETKEYBYTES)
    return {errc::invalid, "the signing key is not the base64 of 64 bytes"};
  return key;
}

bool is_same(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// -- the receiver's side ------------------------------------------------------

/// The bytes of base64 with or without its padding; bits of the last letter
/// that stand for nothing may be anything, as other libraries have it.
std::optional<std::string> lenient_base64(std::string_view text) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "abcdefghijklmnopqrstuvwxyz"
                                       "0123456789+/";
  while (text.ends_with('='))
    text.remove_suffix(1);
  if (text.empty())
    return std::nullopt;
  std::string padded{text};
  auto last = letters.find(padded.back());
  if (last == std::string_view::npos)
    return std::nullopt;
  size_t rest = text.size() % 4;
  size_t unused_bits = rest == 2 ? 4 : rest == 3 ? 2 : 0;
  padded.back() = letters[last >> unused_bits << unused_bits];
  padded.append((4 - rest) % 4, '=');
  std::string out;
  if (!base64_decode(padded, out))
    return std::nullopt;
  return out;
}

std::optional<std::string_view> only(const http_headers& headers,
                                     std::string_view name) {
  auto is_same_name = [&](const auto& header) {
    return std::equal(header.first.begin(), header.first.end(), name.begin(),
                      name.end(),
                      [](char a, char b) { return (a | 0x20) == (b | 0x20); });
  };
  auto found = std::find_if(headers.begin(), headers.end(), is_same_name);
  if (found == headers.end() || found->second.empty())
    return std::nullopt;
  return found->second;
}

bool is_in_time(std::string_view text, int64_t now_s, int64_t tolerance_s) {
  uint64_t then = 0;
  auto [end, wrong] =
      std::from_chars(text.data(), text.data() + text.size(), then);
  if (wrong != std::errc{} || end != text.data() + text.size() || now_s < 0)
    return false;
  auto now = static_cast<uint64_t>(now_s);
  auto apart = then > now ? then - now : now - then;
  return tolerance_s >= 0 && apart <= static_cast<uint64_t>(tolerance_s);
}

/// Whether one of the space-separated entries of `version` satisfies `is_good`,
/// which is given its base64.
template <class Predicate>
bool any_entry(std::string_view list, std::string_view version,
               Predicate is_good) {
  while (!list.empty()) {
    auto entry = list.substr(0, list.find(' '));
    list.remove_prefix(std::min(entry.size() + 1, list.size()));
    auto comma = entry.find(',');
    if (comma != std::string_view::npos && entry.substr(0, comma) == version &&
        is_good(entry.substr(comma + 1)))
      return true;
  }
  return false;
}

} // namespace

result<std::string> secret_bytes(std::string_view secret) {
  if (secret.starts_with(symmetric_prefix))
    secret.remove_prefix(symmetric_prefix.size());
  std::string out;
  if (!base64_decode(secret, out))
    return {errc::invalid, "the secret is not base64"};
  if (out.size() < bytes_min || out.size() > bytes_max)
    return {errc::invalid, "the secret must hold 24 to 64 bytes"};
  return out;
}

std::string make_secret(std::span<const uint8_t> random) {
  EP_CHECK(random.size() >= bytes_min);
  EP_CHECK(random.size() <= bytes_max);
  std::string_view text{reinterpret_cast<const char*>(random.data()),
                        random.size()};
  return std::string{symmetric_prefix} + base64_encode(text);
}

result<void> check_secret(std::string_view secret) {
  auto key = secret.starts_with(signing_prefix) ? signing_key(secret)
                                                : secret_bytes(secret);
  if (!key)
    return key.error();
  return {};
}

result<std::string> signature_of(std::string_view secret, std::string_view id,
                                 int64_t timestamp_s, std::string_view body) {
  if (timestamp_s < 0)
    return {errc::invalid, "the timestamp is before 1970"};
  if (id.empty() || id.find('.') != std::string_view::npos)
    return {errc::invalid, "the message id is empty or holds a '.'"};
  auto text = signed_text(id, std::to_string(timestamp_s), body);
  if (!secret.starts_with(signing_prefix)) {
    auto key = secret_bytes(secret);
    if (!key)
      return key;
    return "v1," + base64_encode(hmac_sha256(*key, text));
  }
  auto key = signing_key(secret);
  if (!key)
    return key;
  std::string out(crypto_sign_BYTES, '\0');
  crypto_sign_detached(reinterpret_cast<unsigned char*>(out.data()), nullptr,
                       raw(text), text.size(), raw(*key));
  return "v1a," + base64_encode(out);
}

result<std::string> signatures_of(const std::vector<std::string>& secrets,
                                  std::string_view id, int64_t timestamp_s,
                                  std::string_view body) {
  std::string out;
  for (const auto& secret : secrets) {
    auto one = signature_of(secret, id, timestamp_s, body);
    if (!one)
      return one;
    out += (out.empty() ? "" : " ") + *one;
  }
  return out;
}

result<void> verify_webhook(std::string_view key, const http_headers& headers,
                            std::string_view body, int64_t now_s,
                            int64_t tolerance_s) {
  auto id = only(headers, "webhook-id");
  auto timestamp = only(headers, "webhook-timestamp");
  auto signatures = only(headers, "webhook-signature");
  if (!id || !timestamp || !signatures)
    return {errc::unauthenticated, "a webhook header is missing"};
  if (!is_in_time(*timestamp, now_s, tolerance_s))
    return {errc::unauthenticated, "the timestamp is no number or not recent"};
  auto text = signed_text(*id, *timestamp, body);
  bool is_public = key.starts_with(public_prefix);
  if (is_public)
    key.remove_prefix(public_prefix.size());
  else if (key.starts_with(symmetric_prefix))
    key.remove_prefix(symmetric_prefix.size());
  auto decoded = lenient_base64(key);
  if (!decoded || (is_public && decoded->size() != crypto_sign_PUBLICKEYBYTES))
    return {errc::unauthenticated, "the key cannot be read"};
  bool good = false;
  if (is_public) {
    good = any_entry(*signatures, "v1a", [&](std::string_view entry) {
      std::string signature;
      return base64_decode(entry, signature) &&
             signature.size() == crypto_sign_BYTES &&
             crypto_sign_verify_detached(raw(signature), raw(text), text.size(),
                                         raw(*decoded)) == 0;
    });
  } else {
    auto expected = base64_encode(hmac_sha256(*decoded, text));
    good = any_entry(*signatures, "v1", [&](std::string_view entry) {
      return is_same(entry, expected);
    });
  }
  if (!good)
    return {errc::unauthenticated, "no signature is right"};
  return {};
}

} // namespace eventpulse
