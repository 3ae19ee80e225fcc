#define CAF_SUITE base_hash
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/hash.hpp"

#include <set>

using namespace eventpulse;

CAF_TEST(xxh64_matches_the_specifications_vectors) {
  CAF_CHECK_EQUAL(xxh64(""), 0xEF46DB3751D8E999u);
  CAF_CHECK_EQUAL(xxh64("a"), 0xD24EC4F1A98C6E5Bu);
  CAF_CHECK_EQUAL(xxh64("abc"), 0x44BC2CF5AD770999u);
  CAF_CHECK_EQUAL(xxh64(std::string_view("a\0b", 3)) == xxh64("a"), false);
}

CAF_TEST(sha256_matches_the_vectors_of_fips_180) {
  CAF_CHECK_EQUAL(
      sha256_hex(""),
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CAF_CHECK_EQUAL(
      sha256_hex("abc"),
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

CAF_TEST(uuid_v7_has_time_version_and_variant_in_their_places) {
  // The example of RFC 9562, appendix A.6.
  std::array<uint8_t, 10> random{0x0c, 0xc3, 0x18, 0xc4, 0xdc,
                                 0x0c, 0x0c, 0x07, 0x39, 0x8f};
  CAF_CHECK_EQUAL(uuid_v7(0x017F22E279B0, random),
                  "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  std::array<uint8_t, 10> ones;
  ones.fill(0xff);
  CAF_CHECK_EQUAL(uuid_v7(0, ones), "00000000-0000-7fff-bfff-ffffffffffff");
}

CAF_TEST(uuid_v7_orders_as_its_milliseconds_do) {
  std::array<uint8_t, 10> high;
  high.fill(0xff);
  std::array<uint8_t, 10> low{};
  CAF_CHECK_LESS(uuid_v7(1000, high), uuid_v7(1001, low));
}

CAF_TEST(uuid_v5_is_a_fixed_function_of_the_name) {
  // Alert ids are made of it, so a change of the namespace is a break.
  CAF_CHECK_EQUAL(uuid_v5("alert"), "433e9de6-4112-58eb-ada3-3f471fd4996d");
  CAF_CHECK_EQUAL(uuid_v5(""), "3230675a-6f22-5a12-b8a4-c734dd4d3c77");
  CAF_CHECK_EQUAL(uuid_v5(std::string_view("a\0b", 3)),
                  "5de9b17c-325a-5cf6-9f88-3647cb319101");
}

CAF_TEST(base64_encodes_the_vectors_of_rfc_4648) {
  CAF_CHECK_EQUAL(base64_encode(""), "");
  CAF_CHECK_EQUAL(base64_encode("f"), "Zg==");
  CAF_CHECK_EQUAL(base64_encode("fo"), "Zm8=");
  CAF_CHECK_EQUAL(base64_encode("foo"), "Zm9v");
  CAF_CHECK_EQUAL(base64_encode("foobar"), "Zm9vYmFy");
  CAF_CHECK_EQUAL(base64_encode("\xfb\xff\xfe"), "+//+");
}

CAF_TEST(base64_decodes_what_it_encodes) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    std::string out = "before";
    CAF_REQUIRE(base64_decode(base64_encode(bytes), out));
    CAF_CHECK(out == bytes);
    bytes += static_cast<char>(i * 7);
  }
}

CAF_TEST(base64_refuses_what_is_not_canonical) {
  std::string out = "kept";
  for (std::string_view text :
       {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v\n", "Zm 9v", "Zm9v=", "=",
        "====", "-_-_", "Zg==Zg==", "Zm9vY", "\xff\xff\xff\xff"})
    CAF_CHECK(!base64_decode(text, out));
  CAF_CHECK(!base64_decode(std::string_view("Zm9\0", 4), out));
  CAF_CHECK_EQUAL(out, "kept");
}

CAF_TEST(base62_has_one_width_for_one_size_and_keeps_order) {
  CAF_CHECK_EQUAL(base62_encode(""), "");
  CAF_CHECK_EQUAL(base62_encode(std::string_view("\0", 1)), "00");
  CAF_CHECK_EQUAL(base62_encode("\x01"), "01");
  CAF_CHECK_EQUAL(base62_encode("\x3d"), "0z");
  CAF_CHECK_EQUAL(base62_encode("\x3e"), "10");
  CAF_CHECK_EQUAL(base62_encode("\xff"), "47");
  CAF_CHECK_EQUAL(base62_encode(std::string(32, '\xff')).size(), 43u);
  CAF_CHECK_EQUAL(base62_encode(std::string(32, '\0')), std::string(43, '0'));
}

CAF_TEST(base62_never_gives_two_inputs_one_text) {
  std::set<std::string> seen;
  for (int i = 0; i < 65536; ++i)
    seen.insert(base62_encode(
        std::string{static_cast<char>(i >> 8), static_cast<char>(i & 255)}));
  CAF_CHECK_EQUAL(seen.size(), 65536u);
}
