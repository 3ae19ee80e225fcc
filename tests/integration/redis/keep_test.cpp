// Streams out of Redis and back, and entries that are erased from them.

#define CAF_SUITE redis_keep
#include <caf/test/unit_test.hpp>

#include "runtime/adapters/redis/eraser.hpp"
#include "runtime/adapters/redis/factories.hpp"
#include "runtime/adapters/redis/server_facts.hpp"
#include "runtime/adapters/redis/stream_dump.hpp"
#include "tests/support/redis_server.hpp"

#include <cstdlib>

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

redis::options options_of(const redis_server& server, uint32_t partitions) {
  redis::options o;
  o.url = server.url();
  o.prefix = "e*p"; // what SCAN would read as a pattern
  o.partitions = partitions;
  return o;
}

void add(const redis_server& server, const std::string& stream,
         const std::string& id, const std::string& value) {
  server.command({"XADD", stream, id, "k", "e", "d", value});
}

/// "id=value" of every entry.
std::string entries(const redis_server& server, const std::string& stream) {
  auto all = server.command({"XRANGE", stream, "-", "+"});
  redis::reply_view view{all};
  std::string out;
  for (size_t i = 0; i < view.size(); ++i)
    out += std::string{view[i][0].text()} + '=' +
           std::string{view[i][1].field("d").text()} + ' ';
  return out;
}

std::string dumped(const redis::options& o) {
  std::string out;
  auto done = redis::dump_streams(o, [&](std::string_view bytes) {
    out += bytes;
    return result<void>{};
  });
  CAF_REQUIRE(done);
  return out;
}

/// In pieces that cut entries anywhere.
result<redis::dumped_streams> load(const redis::options& o,
                                   const std::string& bytes,
                                   std::vector<position> last = {},
                                   std::vector<position> tails = {}) {
  size_t at = 0;
  return redis::load_streams(o, last, tails, [&]() -> result<std::string> {
    auto piece = bytes.substr(at, 7);
    at += piece.size();
    return piece;
  });
}

bool is_x(const stream_fields& fields) {
  return fields.back().second == "x";
}

const std::string binary("\0\r\n$5\xff", 7);

} // namespace

CAF_TEST(what_is_dumped_is_loaded_byte_for_byte) {
  redis_server from, to;
  add(from, "e*p:{0}:events", "5-1", binary);
  add(from, "e*p:{0}:events", "5-2", "");
  add(from, "e*p:{1}:events", "7-0", "b");
  add(from, "e*p:quarantine", "8-0", "q");
  from.command({"SET", "exp:other", "1"});
  auto bytes = dumped(options_of(from, 2));
  auto o = options_of(to, 2);
  CAF_REQUIRE(*redis::is_empty(o));
  auto loaded = load(o, bytes, {{0, 5, 2}, {1, 7, 0}}, {{0, 9, 0}});
  CAF_REQUIRE(loaded);
  CAF_CHECK_EQUAL(loaded->partitions[0].entries, 2u);
  CAF_CHECK_EQUAL(loaded->partitions[1].entries, 1u);
  CAF_CHECK_EQUAL(loaded->quarantined, 1u);
  CAF_CHECK_EQUAL(entries(to, "e*p:{0}:events"), "5-1=" + binary + " 5-2= ");
  CAF_CHECK_EQUAL(entries(to, "e*p:{1}:events"), "7-0=b ");
  CAF_CHECK_EQUAL(entries(to, "e*p:quarantine"), "8-0=q ");
  // Ids go on after the tail, and a worker finds nothing to mend.
  auto log = redis::make_partition_log(o, 0, 1);
  auto opening = log->open({0, 9, 0});
  CAF_REQUIRE(opening);
  CAF_CHECK(!opening->created && !opening->behind && !opening->gap_until);
  auto read = log->read(10);
  CAF_REQUIRE(read);
  CAF_CHECK_EQUAL(read->entries.size(), 2u);
}

CAF_TEST(a_place_with_our_keys_is_not_empty_until_it_is_cleared) {
  redis_server server;
  auto o = options_of(server, 1);
  server.command({"SET", "exp:other", "1"}); // the pattern's, not ours
  CAF_CHECK(*redis::is_empty(o));
  add(server, "e*p:{0}:events", "5-1", "a");
  server.command({"SET", "e*p:keys", "1"});
  CAF_CHECK(!*redis::is_empty(o));
  CAF_CHECK(redis::forget_keys(o).ok());
  CAF_CHECK(!*redis::is_empty(o));
  CAF_CHECK(redis::clear(o).ok());
  CAF_CHECK(*redis::is_empty(o));
  auto other = server.command({"GET", "exp:other"});
  CAF_CHECK_EQUAL(redis::reply_view{other}.text(), "1");
}

CAF_TEST(bytes_that_are_no_dump_are_refused) {
  redis_server server;
  auto o = options_of(server, 1);
  for (const std::string bytes :
       {"nonsense\r\n", "*1\r\n$1\r\n0\r\n",
        "*4\r\n$1\r\n9\r\n$3\r\n5-1\r\n$1\r\nk\r\n$1\r\ne\r\n"}) {
    auto done = load(o, bytes);
    CAF_REQUIRE(!done);
    CAF_CHECK(done.error().code == errc::corrupt);
  }
}

CAF_TEST(entries_are_erased_up_to_the_tail_and_one_of_them_may_stay) {
  redis_server server;
  auto o = options_of(server, 1);
  o.prefix = "ep";
  const std::string stream = "ep:{0}:events";
  const std::vector<std::pair<const char*, const char*>> all{
      {"1-0", "x"}, {"2-0", "y"}, {"3-0", "x"}, {"4-0", "x"}, {"5-0", "y"}};
  for (auto& [id, value] : all)
    add(server, stream, id, value);
  redis::eraser eraser{o};
  auto counted = eraser.count({0, 3, 0}, is_x);
  CAF_REQUIRE(counted);
  CAF_CHECK_EQUAL(counted->gone, 2u);
  CAF_CHECK_EQUAL(counted->left, 1u);
  auto erased = eraser.erase({0, 3, 0}, is_x);
  CAF_REQUIRE(erased);
  CAF_CHECK_EQUAL(erased->gone, 2u);
  CAF_CHECK_EQUAL(erased->left, 1u); // beyond the tail
  CAF_CHECK_EQUAL(entries(server, stream), "2-0=y 4-0=x 5-0=y ");
  // The only one at the tail stays while there are later ones.
  server.command({"XDEL", stream, "2-0"});
  erased = eraser.erase({0, 4, 0}, is_x);
  CAF_REQUIRE(erased);
  CAF_CHECK_EQUAL(erased->gone, 0u);
  CAF_CHECK_EQUAL(erased->left, 1u);
  erased = eraser.erase({0, 5, 0}, is_x);
  CAF_REQUIRE(erased);
  CAF_CHECK_EQUAL(erased->gone, 1u);
  CAF_CHECK_EQUAL(entries(server, stream), "5-0=y ");
  auto log = redis::make_partition_log(o, 0, 1);
  auto opening = log->open({0, 5, 0});
  CAF_REQUIRE(opening);
  CAF_CHECK(!opening->gap_until);
}

CAF_TEST(refused_requests_are_erased_without_more) {
  redis_server server;
  auto o = options_of(server, 1);
  add(server, "e*p:quarantine", "1-0", "x");
  add(server, "e*p:quarantine", "2-0", "y");
  redis::eraser eraser{o};
  CAF_CHECK_EQUAL(*eraser.count_quarantined(is_x), 1u);
  CAF_CHECK_EQUAL(*eraser.erase_quarantined(is_x), 1u);
  CAF_CHECK_EQUAL(entries(server, "e*p:quarantine"), "2-0=y ");
  CAF_CHECK(eraser.rewrite().ok());
}

CAF_TEST(a_server_tells_what_it_is_set_to) {
  redis_server server{
      {"--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"}};
  auto o = options_of(server, 2);
  add(server, "e*p:{1}:events", "5-1", "a");
  auto facts = redis::look_at_server(o);
  CAF_REQUIRE(facts);
  CAF_CHECK_EQUAL(facts->maxmemory_policy, "allkeys-lru");
  CAF_CHECK_EQUAL(facts->maxmemory, uint64_t{64} << 20);
  CAF_CHECK(facts->appendonly && !facts->replica && !facts->write_failed);
  CAF_CHECK_EQUAL(facts->appendfsync, "always");
  CAF_CHECK(std::abs(facts->clock.theirs_ms - facts->clock.ours_ms) < 5'000);
  CAF_REQUIRE_EQUAL(facts->streams.size(), 2u);
  CAF_CHECK(!facts->streams[0].exists);
  CAF_CHECK(facts->streams[1].exists);
  CAF_CHECK(facts->streams[1].first == (position{1, 5, 1}));
  CAF_CHECK(facts->streams[1].last == (position{1, 5, 1}));
}
