#define CAF_SUITE intake_partition
#include <caf/test/unit_test.hpp>

#include "messages/event.hpp"
#include "runtime/core/intake/partition.hpp"

#include <vector>

using namespace eventpulse;
using namespace eventpulse::intake;

CAF_TEST(the_partition_is_xxh64_of_the_key_modulo_the_count) {
  CAF_CHECK_EQUAL(partition_of("a", 1), 0u);
  CAF_CHECK_EQUAL(partition_of("a", 7), 0xD24EC4F1A98C6E5Bu % 7);
  CAF_CHECK_EQUAL(partition_of("", 4096), 0xEF46DB3751D8E999u % 4096);
}

CAF_TEST(equal_events_share_a_partition_and_keys_override_identity) {
  event_document a;
  a.source = "/s";
  a.id = "1";
  CAF_CHECK_EQUAL(partition_key(a), std::string("/s\0"
                                                "1",
                                                4));
  auto b = a;
  b.id = "2";
  a.extensions = b.extensions = {{"partitionkey", std::string{"k"}}};
  CAF_CHECK_EQUAL(partition_of(partition_key(a), 4096),
                  partition_of(partition_key(b), 4096));
  CAF_CHECK_EQUAL(partition_key(a), "k");
}

CAF_TEST(keys_spread_over_all_partitions) {
  std::vector<size_t> counts(8);
  for (int i = 0; i < 8000; ++i)
    ++counts[partition_of("key-" + std::to_string(i), 8)];
  for (auto count : counts)
    CAF_CHECK(count > 800 && count < 1200);
}
