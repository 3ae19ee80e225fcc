#include "runtime/core/delivery/sign.hpp"

#include "runtime/core/base/hash.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace eventpulse {

namespace {

constexpr std::string_view prefix = "whsec_";
constexpr size_t bytes_min = 24;
constexpr size_t bytes_max = 64;

std::string hmac_sha256(const std::string& key, const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       out.data(), &size);
  return {reinterpret_cast<const char*>(out.data()), size};
}

} // namespace

result<std::string> secret_bytes(std::string_view secret) {
  if (secret.starts_with(prefix))
    secret.remove_prefix(prefix.size());
  std::string bytes;
  if (!base64_decode(secret, bytes))
    return failure{errc::invalid, "the secret is not base64"};
  if (bytes.size() < bytes_min || bytes.size() > bytes_max)
    return failure{errc::invalid, "the secret must hold 24 to 64 bytes"};
  return bytes;
}

result<std::string> signature_of(std::string_view secret, std::string_view id,
                                 int64_t timestamp_s, std::string_view body) {
  auto key = secret_bytes(secret);
  if (!key)
    return key;
  if (timestamp_s < 0)
    return failure{errc::invalid, "the timestamp is before 1970"};
  std::string text(id);
  text += '.' + std::to_string(timestamp_s) + '.';
  text += body;
  return "v1," + base64_encode(hmac_sha256(*key, text));
}

result<std::string> signatures_of(const std::vector<std::string>& secrets,
                                  std::string_view id, int64_t timestamp_s,
                                  std::string_view body) {
  std::string out;
  for (auto& secret : secrets) {
    auto one = signature_of(secret, id, timestamp_s, body);
    if (!one)
      return one;
    out += (out.empty() ? "" : " ") + *one;
  }
  return out;
}

} // namespace eventpulse
