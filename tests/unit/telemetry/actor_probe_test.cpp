#define CAF_SUITE telemetry_actor_probe
#include <caf/test/unit_test.hpp>

#include "runtime/telemetry/metrics.hpp"

#include <chrono>
#include <string>
#include <thread>

using namespace eventpulse;

namespace {

/// The value of a series in the text, or -1.
double at(const metrics& m, const std::string& series) {
  const auto text = '\n' + m.scrape();
  const auto where = text.find('\n' + series + ' ');
  return where == text.npos ? -1
                            : std::stod(text.substr(where + series.size() + 2));
}

const std::string depth = R"(eventpulse_actor_mailbox_depth{kind="persister"})";
const std::string messages =
    R"(eventpulse_actor_messages_total{kind="persister"})";
const std::string alive = R"(eventpulse_actor_alive{kind="persister"})";
const std::string seconds = "eventpulse_actor_processing_seconds_";

void handle(actor_probe& p) {
  p.begin();
  p.end();
}

} // namespace

CAF_TEST(depth_is_what_waits_summed_over_a_kind) {
  metrics m;
  auto a = m.actors().open("persister", 1, 0);
  auto b = m.actors().open("persister", 2, 0);
  for (int i = 0; i < 3; ++i)
    a->queued();
  for (int i = 0; i < 4; ++i)
    b->queued();
  CAF_CHECK_EQUAL(at(m, depth), 7.0);
  handle(*a);
  CAF_CHECK_EQUAL(at(m, depth), 6.0);
}

CAF_TEST(the_present_message_does_not_wait) {
  metrics m;
  auto a = m.actors().open("persister", 1, 0);
  a->queued();
  a->queued();
  a->begin();
  CAF_CHECK_EQUAL(a->depth(), 1u);
  CAF_CHECK(a->busy() > std::chrono::nanoseconds{0});
  a->end();
  CAF_CHECK_EQUAL(a->depth(), 1u);
  CAF_CHECK(a->busy() == std::chrono::nanoseconds{0});
}

CAF_TEST(a_message_that_was_put_back_still_waits_and_is_not_counted) {
  metrics m;
  auto a = m.actors().open("persister", 1, 0);
  a->queued();
  a->begin();
  a->skipped();
  CAF_CHECK_EQUAL(a->depth(), 1u);
  CAF_CHECK_EQUAL(at(m, messages), 0.0);
}

CAF_TEST(what_was_done_stays_when_the_actor_goes_and_what_waited_goes) {
  metrics m;
  auto a = m.actors().open("persister", 1, 0);
  a->queued();
  a->queued();
  handle(*a);
  m.actors().close(1);
  a->queued(); // somebody still had its address
  auto b = m.actors().open("persister", 2, 0);
  b->queued();
  handle(*b);
  CAF_CHECK_EQUAL(at(m, alive), 1.0);
  m.actors().close(2);
  CAF_CHECK_EQUAL(at(m, alive), 0.0);
  CAF_CHECK_EQUAL(at(m, messages), 2.0);
  CAF_CHECK_EQUAL(at(m, seconds + "count{kind=\"persister\"}"), 2.0);
  CAF_CHECK_EQUAL(at(m, depth), 0.0);
}

CAF_TEST(time_is_put_into_its_bucket) {
  metrics m;
  auto a = m.actors().open("persister", 1, 0);
  a->queued();
  a->begin();
  const auto since = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - since <
         std::chrono::milliseconds{2}) {
  }
  a->end();
  auto bucket = [&](const std::string& le) {
    return at(m, seconds + "bucket{kind=\"persister\",le=\"" + le + "\"}");
  };
  CAF_CHECK_EQUAL(bucket("0.001"), 0.0);
  CAF_CHECK_EQUAL(bucket("+Inf"), 1.0);
  CAF_CHECK(at(m, seconds + "sum{kind=\"persister\"}") >= 0.002);
}

CAF_TEST(linked_actors_are_found_by_their_owner) {
  metrics m;
  auto a = m.actors().open("partition_reader", 1, 0);
  auto b = m.actors().open("persister", 2, 1);
  auto c = m.actors().open("stream_waiter", 3, 1);
  CAF_CHECK_EQUAL(m.actors().linked_to(1).size(), 2u);
  m.actors().close(2);
  const auto left = m.actors().linked_to(1);
  CAF_REQUIRE_EQUAL(left.size(), 1u);
  CAF_CHECK_EQUAL(left[0].kind, "stream_waiter");
  const auto seen = m.actors().look({3, 2, 1});
  CAF_REQUIRE_EQUAL(seen.size(), 2u);
  CAF_CHECK_EQUAL(seen[0].id, 3u);
  CAF_CHECK_EQUAL(seen[1].kind, "partition_reader");
}

CAF_TEST(kinds_are_bounded) {
  metrics m;
  for (uint64_t i = 0; i < 100; ++i)
    handle(*m.actors().open("kind" + std::to_string(i), i + 1, 0));
  CAF_CHECK_EQUAL(at(m, R"(eventpulse_actor_messages_total{kind="kind63"})"),
                  1.0);
  CAF_CHECK_EQUAL(at(m, R"(eventpulse_actor_messages_total{kind="kind64"})"),
                  -1.0);
  CAF_CHECK_EQUAL(at(m, R"(eventpulse_actor_messages_total{kind="_other"})"),
                  36.0);
}
