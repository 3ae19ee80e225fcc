#define CAF_SUITE request_tools

// Who may ask, and for what: bearer and request_target.

#include "runtime/core/base/hash.hpp"
#include "runtime/core/intake/bearer.hpp"
#include "runtime/core/intake/request_target.hpp"

#include <caf/test/unit_test.hpp>

using namespace eventpulse;
using namespace eventpulse::intake;

namespace {

constexpr int64_t now_ms = 1'000'000;

struct fixture {
  key_set keys;
  http_request head;

  fixture() {
    add("writer", {scope::events_write});
    add("boss", {scope::admin});
  }

  /// Its text is "ep_" and its name.
  api_key& add(const std::string& name, std::vector<scope> scopes) {
    api_key key;
    key.id = name;
    key.name = name;
    key.hash = sha256_hex("ep_" + name);
    key.scopes = std::move(scopes);
    return keys.by_hash[key.hash] = key;
  }

  result<api_key> ask(std::string header, scope wanted = scope::events_write) {
    head.headers = {{"Host", "x"}, {"authorization", std::move(header)}};
    return authorize(head, keys, wanted, now_ms);
  }

  errc refused(std::string header, scope wanted = scope::events_write) {
    auto asked = ask(std::move(header), wanted);
    CAF_REQUIRE(!asked.ok());
    CAF_CHECK(asked.error().detail.find("ep_w") == std::string::npos);
    return asked.error().code;
  }
};

using segments = std::vector<std::string>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(request_tools_tests, fixture)

// --- bearer ------------------------------------------------------------------

CAF_TEST(a_known_key_with_the_scope_is_let_in) {
  auto key = ask("Bearer ep_writer");
  CAF_REQUIRE(key.ok());
  CAF_CHECK_EQUAL(key->name, "writer");
  CAF_CHECK(ask("bEARER ep_writer").ok()); // RFC 9110: the scheme has no case
  CAF_CHECK(ask("Bearer ep_boss", scope::rules_write).ok());
}

CAF_TEST(what_is_no_bearer_token_is_unauthenticated) {
  for (auto header : {"", "Bearer", "Bearer ", "ep_writer", "Basic ep_writer",
                      "Bearerep_writer", "Bearer  ep_writer",
                      "Bearer ep_writer ", "Bearer ep_WRITER", "Bearer ep_w"})
    CAF_CHECK(refused(header) == errc::unauthenticated);
  http_request bare;
  CAF_CHECK(authorize(bare, keys, scope::events_write, now_ms).error().code ==
            errc::unauthenticated);
}

CAF_TEST(a_key_in_the_query_is_not_looked_at) {
  http_request bare;
  bare.query = "access_token=ep_writer";
  CAF_CHECK(!authorize(bare, keys, scope::events_write, now_ms).ok());
}

CAF_TEST(a_key_without_the_scope_is_forbidden) {
  CAF_CHECK(refused("Bearer ep_writer", scope::rules_read) == errc::forbidden);
}

CAF_TEST(a_revoked_key_is_out) {
  add("gone", {scope::events_write}).revoked_at_ms = now_ms - 1;
  CAF_CHECK(refused("Bearer ep_gone") == errc::unauthenticated);
}

CAF_TEST(a_key_expires_at_its_time) {
  add("short", {scope::events_write}).expires_at_ms = now_ms;
  add("longer", {scope::events_write}).expires_at_ms = now_ms + 1;
  CAF_CHECK(refused("Bearer ep_short") == errc::unauthenticated);
  CAF_CHECK(ask("Bearer ep_longer").ok());
}

// --- request_target ----------------------------------------------------------

CAF_TEST(escapes_are_decoded_once) {
  CAF_CHECK(percent_decode("a%20b%2Fc") == "a b/c");
  CAF_CHECK(percent_decode("%2525") == "%25");
  CAF_CHECK(percent_decode("a+b") == "a+b");
  CAF_CHECK(percent_decode("%C3%A4") == "ä");
  CAF_CHECK(percent_decode("%22%5C%00") == std::string("\"\\\0", 3));
}

CAF_TEST(broken_escapes_and_ill_formed_utf8_are_refused) {
  for (auto text : {"%", "%4", "%zz", "a%2", "%-1", "% 1", "%C3", "%FF",
                    "%ED%A0%80", "%C0%AF", "%F4%90%80%80"})
    CAF_CHECK(!percent_decode(text));
}

CAF_TEST(a_path_is_split_before_it_is_decoded) {
  CAF_CHECK(split_path("/v1/rules/a%2Fb") == (segments{"v1", "rules", "a/b"}));
  CAF_CHECK(split_path("/v1/rules/") == (segments{"v1", "rules"}));
  CAF_CHECK(split_path("//v1") == segments{"v1"});
  CAF_CHECK(split_path("/") == segments{});
  CAF_CHECK(split_path("") == segments{});
  CAF_CHECK(!split_path("/v1/%f"));
}

CAF_TEST(a_query_is_split_before_it_is_decoded) {
  query_parameters wanted{
      {"a", "1 2"}, {"b", "x&y=z"}, {"c", ""}, {"d", ""}, {"a", "="}};
  CAF_CHECK(split_query("a=1+2&b=x%26y%3Dz&c&d=&&a==") == wanted);
  CAF_CHECK(split_query("") == query_parameters{});
  CAF_CHECK(!split_query("a=%"));
  CAF_CHECK(!split_query("%=a"));
}

CAF_TEST_FIXTURE_SCOPE_END()
