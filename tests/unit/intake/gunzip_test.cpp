#define CAF_SUITE intake_gunzip
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/limits.hpp"
#include "runtime/core/intake/gunzip.hpp"
#include "runtime/core/intake/request_parser.hpp"
#include "tests/unit/intake/corpus.hpp"

#include <zlib.h>

using namespace eventpulse;
using namespace eventpulse::intake;

namespace {

std::string gzip(std::string_view text) {
  z_stream stream{};
  CAF_REQUIRE_EQUAL(
      deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
      Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  std::string in{text};
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CAF_REQUIRE_EQUAL(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// Text that does not compress well.
std::string noise(size_t size) {
  std::string out;
  uint32_t state = 1;
  while (out.size() < size) {
    state = state * 1664525 + 1013904223;
    out += static_cast<char>(state >> 24);
  }
  return out;
}

// The failure's reason, or the text.
std::string inflated(std::string_view compressed, size_t size_max = 1 << 24) {
  auto out = gunzip_all(compressed, size_max);
  return out ? *out : "!" + std::string{reason(out.error().code)};
}

std::string in_pieces(std::string_view compressed, size_t in, size_t out_max) {
  gunzip source;
  std::string out;
  for (size_t at = 0; at < compressed.size(); at += in) {
    source.give(compressed.substr(at, in));
    for (;;) {
      auto before = out.size();
      auto produced = source.take(out, out_max);
      if (!produced)
        return "!" + std::string{reason(produced.error().code)};
      CAF_REQUIRE(*produced <= out_max);
      CAF_REQUIRE_EQUAL(out.size(), before + *produced);
      if (*produced == 0)
        break;
    }
  }
  return source.finish() ? out : "!unfinished";
}

} // namespace

CAF_TEST(text_comes_back_however_the_bytes_arrive) {
  auto text = noise(3000) + std::string(3000, 'a');
  auto compressed = gzip(text);
  for (size_t in : {1, 2, 7, 100, 10'000})
    for (size_t out : {1, 3, 64, 10'000})
      CAF_CHECK(in_pieces(compressed, in, out) == text);
  CAF_CHECK(inflated(compressed) == text);
  CAF_CHECK_EQUAL(inflated(gzip("")), "");
}

CAF_TEST(several_members_are_one_text) {
  auto compressed = gzip("one ") + gzip("") + gzip("two");
  CAF_CHECK_EQUAL(inflated(compressed), "one two");
  for (size_t in = 1; in < compressed.size(); ++in)
    CAF_CHECK_EQUAL(in_pieces(compressed, in, 2), "one two");
}

CAF_TEST(every_cut_is_malformed_unless_it_ends_a_member) {
  auto compressed = gzip("some text that is some text");
  for (size_t size = 0; size < compressed.size(); ++size)
    CAF_CHECK_EQUAL(inflated(std::string_view{compressed}.substr(0, size)),
                    "!malformed");
}

CAF_TEST(bytes_after_the_last_member_are_malformed) {
  auto compressed = gzip("text");
  CAF_CHECK_EQUAL(inflated(compressed + "x"), "!malformed");
  CAF_CHECK_EQUAL(inflated(compressed + '\0'), "!malformed");
  CAF_CHECK_EQUAL(inflated(compressed + gzip("x").substr(0, 5)), "!malformed");
}

CAF_TEST(damage_is_malformed_or_shows_in_the_text_never_worse) {
  auto text = noise(500);
  auto compressed = gzip(text);
  size_t unnoticed = 0;
  for (size_t i = 0; i < compressed.size(); ++i) {
    auto damaged = compressed;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    // Only the time, the flags for hints and the system's name are unchecked.
    auto out = inflated(damaged);
    unnoticed += out == text ? 1 : 0;
    CAF_CHECK(out == text || out == "!malformed");
  }
  CAF_CHECK_LESS_OR_EQUAL(unnoticed, 6u);
  CAF_CHECK_EQUAL(inflated("plain text"), "!malformed");
  CAF_CHECK_EQUAL(inflated(""), "!malformed");
}

CAF_TEST(the_size_is_taken_at_the_limit_and_too_large_above) {
  auto compressed = gzip(noise(200'000));
  CAF_CHECK_EQUAL(inflated(compressed, 200'000).size(), 200'000u);
  CAF_CHECK_EQUAL(inflated(compressed, 199'999), "!too_large");
}

CAF_TEST(a_bomb_stops_at_the_ratio_long_before_its_end) {
  auto bomb = gzip(std::string(64 << 20, '\0'));
  gunzip source;
  source.give(bomb);
  std::string out;
  size_t total = 0;
  for (;;) {
    out.clear();
    auto produced = source.take(out, 4096);
    if (!produced) {
      CAF_CHECK(produced.error().code == errc::too_large);
      break;
    }
    CAF_REQUIRE(*produced > 0);
    total += *produced;
  }
  CAF_CHECK_LESS(total, size_t{3} << 20);
  CAF_CHECK_EQUAL(inflated(gzip(std::string(1 << 20, 'a'))).size(), 1u << 20);
}

CAF_TEST(a_gzip_request_is_read_like_a_plain_one) {
  http_headers headers{{"Content-Type", "application/json"},
                       {"Content-Encoding", "gzip"}};
  auto request = parse_request(headers, gzip(R"([{"type":"t"},{}])"),
                               test::known_defaults(), {});
  CAF_CHECK_EQUAL(request.items.size(), 2u);
  CAF_CHECK_EQUAL(request.items[1].raw, "{}");
  intake_options options;
  options.max_body_bytes = 1000;
  auto large = parse_request(headers, gzip(std::string(1001, ' ')),
                             test::known_defaults(), options);
  CAF_REQUIRE(large.refusal.has_value());
  CAF_CHECK(large.refusal->code == errc::too_large);
}
