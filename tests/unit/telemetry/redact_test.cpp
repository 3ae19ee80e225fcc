#define CAF_SUITE telemetry_redact
#include <caf/test/unit_test.hpp>

#include "runtime/telemetry/redact.hpp"

#include <string>

using namespace eventpulse;

namespace {

const std::string key = "ep_4fN0dZ8sQ1xY7kLmPq3RtUv5";

} // namespace

CAF_TEST(user_info_of_urls_is_masked) {
  CAF_CHECK_EQUAL(redact("postgres://ep:pw@db:5432/x"),
                  "postgres://***@db:5432/x");
  CAF_CHECK_EQUAL(redact("redis://:p@ss@h/0 and http://u@h/"),
                  "redis://***@h/0 and http://***@h/");
  CAF_CHECK_EQUAL(redact("https://h/a@b?c=d@e"), "https://h/a@b?c=d@e");
  CAF_CHECK_EQUAL(redact("https://h"), "https://h");
}

CAF_TEST(values_of_secret_names_are_masked) {
  CAF_CHECK_EQUAL(redact("host=h password=pw dbname=x"),
                  "host=h password=*** dbname=x");
  CAF_CHECK_EQUAL(redact("password='two words' user=u"),
                  "password='***' user=u");
  CAF_CHECK_EQUAL(redact(R"({"api_key": "abc", "a": 1})"),
                  R"({"api_key": "***", "a": 1})");
  CAF_CHECK_EQUAL(redact("?access_token=abc&x=1"), "?access_token=***&x=1");
  CAF_CHECK_EQUAL(redact("Authorization: Bearer abc.def x"),
                  "Authorization: *** x");
  CAF_CHECK_EQUAL(redact("PASSWORD = abc"), "PASSWORD = ***");
  CAF_CHECK_EQUAL(redact("password='no end"), "password='***");
}

CAF_TEST(secrets_are_known_by_their_look) {
  CAF_CHECK_EQUAL(redact("got " + key + "!"), "got ep_***!");
  CAF_CHECK_EQUAL(redact("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw."),
                  "whsec_***");
  CAF_CHECK_EQUAL(redact("bearer abc"), "bearer ***");
}

CAF_TEST(ordinary_text_stays) {
  for (std::string_view text :
       {"", "FATAL: password authentication failed for user \"ep\"",
        "ep_stream", "step_0123456789abcdefgh", "token",
        "password=", "password", "://", "a://@b", "the secretary"})
    CAF_CHECK_EQUAL(redact(text), text);
}

CAF_TEST(names_that_hold_a_secret_word_are_known) {
  for (std::string_view name :
       {"password", "db_password", "PASSWD", "webhook_secrets", "api_key",
        "x-api-token", "cookie", "Authorization", "credentials"})
    CAF_CHECK(names_a_secret(name));
  for (std::string_view name : {"", "key", "rows", "pass", "lease", "author"})
    CAF_CHECK(!names_a_secret(name));
}
