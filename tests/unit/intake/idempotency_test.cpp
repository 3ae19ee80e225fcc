#define CAF_SUITE idempotency
#include <caf/test/unit_test.hpp>

#include "runtime/core/intake/idempotency.hpp"

using namespace eventpulse;
using namespace eventpulse::intake;

namespace {

std::string key_of(const std::string& value) {
  auto key = idempotency_key({{"Idempotency-Key", value}});
  return key && *key ? **key : "none";
}

bool is_refused(const http_headers& headers) {
  auto key = idempotency_key(headers);
  return !key && key.error().code == errc::malformed;
}

event_document said(const std::string& payload) {
  event_document out;
  out.type = "t";
  out.payload = payload;
  return out;
}

} // namespace

CAF_TEST(a_string_of_rfc_8941_and_a_bare_token_are_one_key) {
  CAF_CHECK_EQUAL(key_of("\"8e03978e\""), "8e03978e");
  CAF_CHECK_EQUAL(key_of("8e03978e"), "8e03978e");
  CAF_CHECK_EQUAL(key_of(R"("a \"b\" \\ c")"), R"(a "b" \ c)");
  auto none = idempotency_key({{"Content-Type", "application/json"}});
  CAF_CHECK(none && !*none);
}

CAF_TEST(what_is_no_key_is_refused) {
  for (const auto* text : {"", "\"", "\"\"", "\"a", "\"a\" b", "\"a\\x\"",
                           "a b", "a\"b", "\"\x01\"", "\xc3\xa9"})
    CAF_CHECK(is_refused({{"idempotency-key", text}}));
  CAF_CHECK(is_refused({{"Idempotency-Key", "a"}, {"idempotency-key", "a"}}));
  std::string longest(idempotency_key_bytes_max, 'k');
  CAF_CHECK(!is_refused({{"Idempotency-Key", longest}}));
  CAF_CHECK(is_refused({{"Idempotency-Key", longest + 'k'}}));
}

CAF_TEST(an_id_follows_from_client_key_number_and_all_that_is_said) {
  auto id = stable_id("c", "k", 0, said("1"));
  CAF_CHECK_EQUAL(stable_id("c", "k", 0, said("1")), id);
  CAF_CHECK_NOT_EQUAL(stable_id("d", "k", 0, said("1")), id);
  CAF_CHECK_NOT_EQUAL(stable_id("c", "l", 0, said("1")), id);
  CAF_CHECK_NOT_EQUAL(stable_id("c", "k", 1, said("1")), id);
  CAF_CHECK_NOT_EQUAL(stable_id("c", "k", 0, said("2")), id);
  auto more = said("1");
  more.extensions.emplace_back("x", int32_t{1});
  CAF_CHECK_NOT_EQUAL(stable_id("c", "k", 0, more), id);
}

CAF_TEST(a_key_is_for_one_body_of_one_client_while_it_is_remembered) {
  idempotency_keys keys{2};
  CAF_CHECK(keys.fits("c", "k", 1));
  keys.remember("c", "k", 1);
  CAF_CHECK(keys.fits("c", "k", 1));
  CAF_CHECK(!keys.fits("c", "k", 2));
  CAF_CHECK(keys.fits("d", "k", 2));
  keys.remember("c", "k", 2); // the first stays
  CAF_CHECK(!keys.fits("c", "k", 2));
  keys.remember("c", "l", 1);
  keys.remember("c", "m", 1);
  CAF_CHECK(keys.fits("c", "k", 2)); // forgotten
  CAF_CHECK(!keys.fits("c", "l", 2));
}
