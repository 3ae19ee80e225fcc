#define CAF_SUITE intake_uri
#include <caf/test/unit_test.hpp>

#include "runtime/core/intake/uri.hpp"

using namespace eventpulse::intake;

CAF_TEST(uri_references_of_every_form_are_taken) {
  for (std::string_view text : {"https://cloudevents.io",
                                "//authority/path",
                                "/mycontext/4",
                                "source",
                                "mailto:cncf-wg@lists.cncf.io",
                                "urn:uuid:6e8bc430-9c3a-11d9",
                                "1-555-123-4567",
                                "?q",
                                "#f",
                                "../a/./b",
                                "http://[2001:db8::1]:80/x",
                                "http://[v1.fe:80]/",
                                "http://user:pw@host:8080/p?q=1&r=/?#f/?",
                                "tel:+1-816-555-1212",
                                "a%20b",
                                "http://host:",
                                "file:///etc/hosts",
                                "./a:b",
                                "cloudevents/spec/pull",
                                "http://[::ffff:1.2.3.4]"}) {
    CAF_MESSAGE(text);
    CAF_CHECK(is_uri_reference(text));
  }
}

CAF_TEST(texts_that_are_no_uri_reference_are_refused) {
  for (std::string_view text : {"a b",
                                "a:b c",
                                "1:2",
                                "http://host:port",
                                "%",
                                "%2",
                                "%zz",
                                "a\"b",
                                "a<b",
                                "a\\b",
                                "a^b",
                                "a`b",
                                "a{b",
                                "a|b",
                                "a#b#c",
                                "http://[::1",
                                "http://[]/",
                                "http://[gg::]/",
                                "/a[b]",
                                "?a[0]",
                                "\xc3\xa4",
                                "a\nb",
                                "http://a@b@c/",
                                "http://[v.x]/",
                                ":a"}) {
    CAF_MESSAGE(text);
    CAF_CHECK(!is_uri_reference(text));
  }
  CAF_CHECK(!is_uri_reference(std::string_view("a\0b", 3)));
}

CAF_TEST(a_uri_has_a_scheme) {
  CAF_CHECK(is_uri("http://example.com/schema"));
  CAF_CHECK(is_uri("urn:x"));
  CAF_CHECK(!is_uri("/schema"));
  CAF_CHECK(!is_uri("//host/schema"));
  CAF_CHECK(!is_uri(""));
  CAF_CHECK(!is_uri("ht tp://x"));
}

CAF_TEST(any_name_becomes_a_uri_reference_and_good_ones_stay) {
  CAF_CHECK_EQUAL(uri_reference_of("sensor-1"), "sensor-1");
  CAF_CHECK_EQUAL(uri_reference_of("team/sensor"), "team/sensor");
  CAF_CHECK_EQUAL(uri_reference_of("key one"), "key%20one");
  CAF_CHECK_EQUAL(uri_reference_of("1:2"), "1%3A2");
  for (std::string_view name :
       {"//a b", "///[", "a\"b", "\xff\xfe", ":", "%", "//[::", "//:x"}) {
    auto reference = uri_reference_of(name);
    CAF_MESSAGE(reference);
    CAF_CHECK(is_uri_reference(reference));
    CAF_CHECK(!reference.empty());
  }
}
