#define CAF_SUITE delivery_receiver_url
#include <caf/test/unit_test.hpp>

#include "runtime/core/delivery/receiver_url.hpp"

#include <string>

using namespace eventpulse;

namespace {

bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

} // namespace

CAF_TEST(urls_that_can_be_dialled_are_taken) {
  for (const char* good :
       {"http://127.0.0.1/", "https://example.com", "HTTP://127.0.0.1/",
        "hTTps://Example.com:8443/hook?a=b#c", "http://[::1]:9000/x",
        "http://[2001:db8::1]", "http://x:/", "http://x:65535/", "http://x:1",
        "http://a-b.example/%7Ehook", "https://h?q=user@example.com"})
    CAF_CHECK_EQUAL(fault_of_receiver_url(good), "");
}

CAF_TEST(urls_that_cannot_are_refused_with_the_reason) {
  for (const char* bad : {"", "x", "ftp://h/", "http:/h", "http:h", "//h/",
                          "mailto:a@b", "https", "httpx://h/"})
    CAF_CHECK(holds(fault_of_receiver_url(bad), "http or https"));
  for (const char* bad :
       {"http://user:pw@h/", "http://user@h/", "https://@h/", "http://:@h"})
    CAF_CHECK(holds(fault_of_receiver_url(bad), "no password"));
  for (const char* bad : {"http://[::1", "http://%zz/", "http://x:abc/",
                          "http://a b/", "http://h/%", "http://h/\xc3\xa9",
                          "http://h/\n", "http://[::1]x/", "http://a]/"})
    CAF_CHECK(holds(fault_of_receiver_url(bad), "RFC 3986"));
  for (const char* bad :
       {"http:///x", "http://", "https://:80/", "http://?x", "http://%41/"})
    CAF_CHECK(holds(fault_of_receiver_url(bad), "name a host"));
  for (const char* bad :
       {"http://x:99999/", "http://x:65536/", "http://x:0/", "http://[::1]:0/"})
    CAF_CHECK(holds(fault_of_receiver_url(bad), "port from 1"));
}

CAF_TEST(a_url_has_a_largest_size) {
  const std::string start = "http://h/";
  const auto most = start + std::string(2048 - start.size(), 'a');
  CAF_CHECK_EQUAL(fault_of_receiver_url(most), "");
  CAF_CHECK(holds(fault_of_receiver_url(most + 'a'), "2048"));
}
