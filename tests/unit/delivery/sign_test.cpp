#define CAF_SUITE delivery_sign
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/hash.hpp"
#include "runtime/core/delivery/retry.hpp"
#include "runtime/core/delivery/sign.hpp"

#include <boost/json.hpp>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>

using namespace eventpulse;
namespace json = boost::json;

namespace {

const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

std::string text_of(const json::object& o, const char* name) {
  return o.contains(name) ? json::value_to<std::string>(o.at(name)) : "";
}

std::string payload_of(const json::object& o) {
  if (!o.contains("payload_repeat"))
    return text_of(o, "payload");
  const auto& repeat = o.at("payload_repeat").as_object();
  return std::string(
      static_cast<size_t>(repeat.at("count").to_number<int64_t>()),
      text_of(repeat, "char").at(0));
}

bool sign_holds(const json::object& o) {
  if (!o.at("timestamp").is_number())
    return text_of(o, "expected") == "reject"; // ours is a number by its type
  auto got =
      signature_of(text_of(o, "secret"), text_of(o, "msg_id"),
                   o.at("timestamp").to_number<int64_t>(), payload_of(o));
  return got ? *got == text_of(o, "expected")
             : text_of(o, "expected") == "reject";
}

bool verify_holds(const json::object& o) {
  http_headers headers;
  for (const auto& h : o.at("headers").as_object())
    headers.emplace_back(h.key(), json::value_to<std::string>(h.value()));
  auto key = o.contains("public_key") ? text_of(o, "public_key")
                                      : text_of(o, "secret");
  auto got = verify_webhook(key, headers, payload_of(o),
                            o.at("now").to_number<int64_t>(),
                            o.at("tolerance_s").to_number<int64_t>());
  return got.ok() == (text_of(o, "expected") == "ok");
}

bool retry_after_holds(const json::object& o) {
  constexpr int64_t now = 1'600'000'000'000;
  auto value = text_of(o, "value");
  const auto& expected = o.at("expected");
  if (expected.is_null())
    return !retry_after_ms(value, now);
  if (auto* at = expected.as_object().if_contains("at_unix")) {
    auto date = parse_http_date_ms(value, now);
    return date && *date == at->to_number<int64_t>() * 1000;
  }
  auto after = expected.as_object().at("after_s").to_number<int64_t>() * 1000;
  // Ours never waits above a day.
  return retry_after_ms(value, now) ==
         now + std::min<int64_t>(after, 86'400'000);
}

bool status_holds(const json::object& o) {
  auto status = o.at("status").to_number<unsigned>();
  auto wish = wish_of(status);
  std::string advice = wish == receiver_wish::less      ? "throttle"
                       : wish == receiver_wish::no_more ? "disable"
                                                        : "";
  return is_success(status) == (text_of(o, "expected") == "success") &&
         advice == text_of(o, "advice");
}

bool holds(const json::object& o) {
  auto op = text_of(o, "op");
  if (op == "sign")
    return sign_holds(o);
  if (op == "verify")
    return verify_holds(o);
  if (op == "secret")
    return check_secret(text_of(o, "secret")).ok() ==
           (text_of(o, "expected") == "accept");
  if (op == "retry_after")
    return retry_after_holds(o);
  return op == "delivery_status" && status_holds(o);
}

} // namespace

CAF_TEST(every_vector_of_the_corpus_holds) {
  const char* root = std::getenv("EVENTPULSE_CORPORA");
  if (root == nullptr) {
    const char* ci = std::getenv("CI");
    CAF_CHECK(ci == nullptr || std::string{ci} != "true");
    std::cerr << "skipped: 58 cases, EVENTPULSE_CORPORA is not set\n";
    return;
  }
  std::ifstream lines{std::string{root} + "/standard-webhooks/vectors.jsonl"};
  std::map<std::string, int> counts;
  for (std::string line; std::getline(lines, line);) {
    auto value = json::parse(line);
    const auto& o = value.as_object();
    ++counts[text_of(o, "op")];
    if (!holds(o))
      CAF_ERROR(text_of(o, "name") << " does not hold");
  }
  CAF_CHECK_EQUAL(counts.size(), 5u);
}

CAF_TEST(every_secret_signs_so_that_receivers_may_rotate) {
  std::string older = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
  auto both = signatures_of({secret, older}, "m1", 1614265330, "{}");
  CAF_REQUIRE(both.ok());
  auto first = signature_of(secret, "m1", 1614265330, "{}");
  auto second = signature_of(older, "m1", 1614265330, "{}");
  CAF_CHECK_EQUAL(*both, *first + ' ' + *second);
  for (const auto& known : {secret, older}) {
    http_headers headers{{"webhook-id", "m1"},
                         {"webhook-timestamp", "1614265330"},
                         {"webhook-signature", *both}};
    CAF_CHECK(verify_webhook(known, headers, "{}", 1614265330).ok());
    CAF_CHECK(verify_webhook(known, headers, "{}", 1614265630).ok());
    CAF_CHECK(!verify_webhook(known, headers, "{}", 1614265631).ok());
    CAF_CHECK(!verify_webhook(known, headers, "{} ", 1614265330).ok());
  }
}

CAF_TEST(what_would_make_the_signed_text_ambiguous_is_refused) {
  CAF_CHECK(signature_of(secret, "a.b", 1, "").error().code == errc::invalid);
  CAF_CHECK(signature_of(secret, "", 1, "").error().code == errc::invalid);
  CAF_CHECK(signature_of(secret, "a", -1, "").error().code == errc::invalid);
  CAF_CHECK(!signatures_of({secret, "whsec_%"}, "a", 1, "").ok());
}

CAF_TEST(secrets_hold_24_to_64_bytes) {
  for (size_t size : {24u, 32u, 64u}) {
    std::vector<uint8_t> random(size, 0xfb);
    auto made = make_secret(random);
    CAF_CHECK(made.starts_with("whsec_"));
    CAF_CHECK(check_secret(made).ok());
    CAF_CHECK_EQUAL(secret_bytes(made)->size(), size);
  }
  for (size_t size : {0u, 23u, 65u})
    CAF_CHECK(
        !check_secret("whsec_" + base64_encode(std::string(size, 'x'))).ok());
}

CAF_TEST(signing_keys_sign_with_ed25519) {
  // Standard Webhooks' own pair of keys.
  std::string signing = "whsk_6Xb/dCcHpPea21PS1N9VY/"
                        "NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4A"
                        "J6p9lMicMFs6Kvg==";
  std::string verifying = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
  CAF_CHECK(check_secret(signing).ok());
  auto entry = signature_of(signing, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                            "{\"test\": 2432232314}");
  CAF_REQUIRE(entry.ok());
  CAF_CHECK_EQUAL(*entry, "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/"
                          "enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+"
                          "m7TBAg==");
  http_headers headers{{"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
                       {"webhook-timestamp", "1614265330"},
                       {"webhook-signature", "v1,AAAA " + *entry}};
  CAF_CHECK(
      verify_webhook(verifying, headers, "{\"test\": 2432232314}", 1614265330)
          .ok());
  CAF_CHECK(!verify_webhook(verifying, headers, "{}", 1614265330).ok());
  CAF_CHECK(!verify_webhook("whpk_AAAA", headers, "{}", 1614265330).ok());
}
