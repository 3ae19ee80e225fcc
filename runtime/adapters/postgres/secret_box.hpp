#pragma once
// Secrets of channels, encrypted before they leave the process: libsodium's
// crypto_secretbox (XSalsa20-Poly1305) under a 32-byte key that the settings
// give. The channel's id is inside the box, so that a box moved to another row
// does not open there. Refuses to work without a key.

#include "messages/result.hpp"

#include <string>
#include <vector>

namespace eventpulse::postgres {

class secret_box {
public:
  /// `key`: 32 bytes, or empty.
  explicit secret_box(std::string key);
  ~secret_box(); // wipes the key

  secret_box(const secret_box&) = delete;
  secret_box& operator=(const secret_box&) = delete;

  /// Names the key without telling it: 16 hex digits of its BLAKE2b hash.
  const std::string& key_id() const { return key_id_; }

  /// Nonce and box. errc::invalid without a key.
  result<std::string> seal(const std::string& channel,
                           const std::vector<std::string>& secrets) const;

  /// errc::corrupt: another key, another channel, or not what was sealed.
  result<std::vector<std::string>> open(const std::string& channel,
                                        const std::string& sealed,
                                        const std::string& key_id) const;

private:
  std::string key_;
  std::string key_id_;
};

} // namespace eventpulse::postgres
