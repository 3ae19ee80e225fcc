#pragma once
// What a receiver of webhooks does, written from Standard Webhooks 1.0 and not
// with the product's own code: checks the signature of each message and keeps
// its id, type and alert.

#include "tests/support/http_receiver.hpp"

#include <boost/json.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <ctime>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace eventpulse::test {

inline std::string header_of(const received_request& r,
                             const std::string& name) {
  const auto at = r.head.find("\r\n" + name + ": ");
  if (at == std::string::npos)
    return {};
  const auto begin = at + name.size() + 4;
  return r.head.substr(begin, r.head.find("\r\n", begin) - begin);
}

inline std::string unbase64(const std::string& text) {
  std::string out(text.size() / 4 * 3, '\0');
  const auto size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  const auto padding = text.size() - text.find_last_not_of('=') - 1;
  out.resize(size < 0 ? 0 : static_cast<size_t>(size) - padding);
  return out;
}

/// Why a receiver must refuse it; empty where it is authentic and new.
inline std::string why_refused(const received_request& r,
                               const std::string& secret) {
  const auto id = header_of(r, "webhook-id");
  const auto timestamp = header_of(r, "webhook-timestamp");
  if (id.empty() || timestamp.empty())
    return "a header is missing";
  if (std::abs(std::stoll(timestamp) - std::time(nullptr)) > 300)
    return "the timestamp is not of now: " + timestamp;
  const auto key = unbase64(secret.substr(std::string{"whsec_"}.size()));
  const auto signed_text = id + '.' + timestamp + '.' + r.body;
  unsigned char sum[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(signed_text.data()),
       signed_text.size(), sum, &size);
  unsigned char text[EVP_MAX_MD_SIZE * 2];
  const auto length = EVP_EncodeBlock(text, sum, static_cast<int>(size));
  const auto wanted = "v1," + std::string(text, text + length);
  const auto given = ' ' + header_of(r, "webhook-signature") + ' ';
  return given.find(' ' + wanted + ' ') == std::string::npos
             ? "the signature is wrong: " + given
             : "";
}

/// (alert id, message type) → message ids, bodies and how often it came.
struct webhook_record {
  std::set<std::string> ids;
  std::set<std::string> bodies;
  size_t times = 0;
};
using webhook_book =
    std::map<std::pair<std::string, std::string>, webhook_record>;

inline webhook_book read_webhooks(const http_receiver& from) {
  webhook_book out;
  for (const auto& r : from.requests()) {
    const auto message = boost::json::parse(r.body);
    auto& record = out[{std::string{message.at("data").at("id").as_string()},
                        std::string{message.at("type").as_string()}}];
    record.ids.insert(header_of(r, "webhook-id"));
    record.bodies.insert(r.body);
    ++record.times;
  }
  return out;
}

} // namespace eventpulse::test
