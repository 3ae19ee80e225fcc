#include "runtime/adapters/postgres/secret_box.hpp"

#include "runtime/core/base/check.hpp"

#include <boost/json.hpp>
#include <sodium.h>

namespace eventpulse::postgres {

namespace {

const unsigned char* bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

std::string id_of(const std::string& key) {
  unsigned char hash[crypto_generichash_BYTES];
  crypto_generichash(hash, sizeof hash, bytes(key), key.size(), nullptr, 0);
  char text[17];
  sodium_bin2hex(text, sizeof text, hash, 8);
  return text;
}

} // namespace

secret_box::secret_box(std::string key) : key_(std::move(key)) {
  EP_CHECK(key_.empty() || key_.size() == crypto_secretbox_KEYBYTES);
  EP_CHECK(sodium_init() >= 0); // 1: it was done already
  if (!key_.empty())
    key_id_ = id_of(key_);
}

secret_box::~secret_box() {
  sodium_memzero(key_.data(), key_.size());
}

result<std::string>
secret_box::seal(const std::string& channel,
                 const std::vector<std::string>& secrets) const {
  if (key_.empty())
    return failure{errc::invalid, "no key to encrypt secrets with is set"};
  boost::json::array list;
  for (auto& secret : secrets)
    list.emplace_back(secret);
  auto plain = boost::json::serialize(
      boost::json::object{{"channel", channel}, {"secrets", std::move(list)}});
  std::string out(crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES +
                      plain.size(),
                  '\0');
  randombytes_buf(out.data(), crypto_secretbox_NONCEBYTES);
  auto sealed = crypto_secretbox_easy(bytes(out) + crypto_secretbox_NONCEBYTES,
                                      bytes(plain), plain.size(), bytes(out),
                                      bytes(key_));
  sodium_memzero(plain.data(), plain.size());
  EP_CHECK(sealed == 0);
  return out;
}

result<std::vector<std::string>>
secret_box::open(const std::string& channel, const std::string& sealed,
                 const std::string& key_id) const {
  if (key_.empty() || key_id != key_id_)
    return failure{errc::corrupt, "the secrets of channel " + channel +
                                      " are encrypted with another key, " +
                                      key_id};
  failure unreadable{errc::corrupt, "the secrets of channel " + channel +
                                        " do not decrypt with key " + key_id};
  constexpr auto head = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
  if (sealed.size() < head)
    return unreadable;
  std::string plain(sealed.size() - head, '\0');
  if (crypto_secretbox_open_easy(bytes(plain),
                                 bytes(sealed) + crypto_secretbox_NONCEBYTES,
                                 sealed.size() - crypto_secretbox_NONCEBYTES,
                                 bytes(sealed), bytes(key_)) != 0)
    return unreadable;
  boost::json::error_code error;
  auto parsed = boost::json::parse(plain, error);
  sodium_memzero(plain.data(), plain.size());
  auto* box = error ? nullptr : parsed.if_object();
  auto* owner = box ? box->if_contains("channel") : nullptr;
  auto* list = box ? box->if_contains("secrets") : nullptr;
  if (!owner || !list || !list->is_array() || !owner->is_string() ||
      owner->get_string() != channel)
    return unreadable;
  std::vector<std::string> out;
  for (auto& secret : list->get_array()) {
    if (!secret.is_string())
      return unreadable;
    out.emplace_back(secret.get_string());
  }
  return out;
}

} // namespace eventpulse::postgres
