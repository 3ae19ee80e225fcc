// Whose turn it is, without a network.

#define CAF_SUITE outbound_lanes
#include <caf/test/unit_test.hpp>

#include "runtime/adapters/outbound/host_lanes.hpp"

using namespace eventpulse;
using namespace eventpulse::outbound;
using namespace std::chrono_literals;

namespace {

const std::chrono::steady_clock::time_point start{};

job named(const std::string& name, std::chrono::milliseconds timeout = 1s) {
  job out;
  out.request.body = name;
  out.request.timeout = timeout;
  out.submitted = start;
  return out;
}

std::string next_of(host_lanes& lanes) {
  auto work = lanes.next();
  return work ? work->request.body : "-";
}

} // namespace

CAF_TEST(hosts_take_turns_and_keep_their_own_order) {
  host_lanes lanes{100, 100};
  for (const char* name : {"a1", "a2", "a3"})
    lanes.add("a", named(name));
  for (const char* name : {"b1", "b2"})
    lanes.add("b", named(name));
  std::string order;
  for (int i = 0; i < 6; ++i)
    order += next_of(lanes) + ' ';
  CAF_CHECK_EQUAL(order, "a1 b1 a2 b2 a3 - ");
}

CAF_TEST(a_host_runs_its_share_and_goes_on_when_one_ends) {
  host_lanes lanes{100, 2};
  for (const char* name : {"a1", "a2", "a3", "a4"})
    lanes.add("a", named(name));
  CAF_CHECK_EQUAL(next_of(lanes), "a1");
  CAF_CHECK_EQUAL(next_of(lanes), "a2");
  CAF_CHECK_EQUAL(next_of(lanes), "-");
  lanes.ended("a");
  CAF_CHECK_EQUAL(next_of(lanes), "a3");
  CAF_CHECK_EQUAL(next_of(lanes), "-");
}

CAF_TEST(all_hosts_together_keep_the_total) {
  host_lanes lanes{2, 2};
  for (const char* host : {"a", "b", "c"})
    lanes.add(host, named(host));
  CAF_CHECK_EQUAL(next_of(lanes), "a");
  CAF_CHECK_EQUAL(next_of(lanes), "b");
  CAF_CHECK_EQUAL(next_of(lanes), "-");
  lanes.ended("a");
  CAF_CHECK_EQUAL(next_of(lanes), "c");
}

CAF_TEST(overdue_requests_leave_and_the_rest_goes_on) {
  host_lanes lanes{100, 1};
  lanes.add("a", named("a1", 1s));
  lanes.add("a", named("a2", 1s));
  lanes.add("a", named("a3", 9s));
  lanes.add("b", named("b1", 1s));
  CAF_CHECK_EQUAL(next_of(lanes), "a1");
  CAF_CHECK(lanes.take_overdue(start + 1s).empty());
  auto overdue = lanes.take_overdue(start + 1s + 1ms);
  CAF_CHECK_EQUAL(overdue.size(), 2u);
  CAF_CHECK_EQUAL(next_of(lanes), "-"); // b is empty, a is busy
  lanes.ended("a");
  CAF_CHECK_EQUAL(next_of(lanes), "a3");
  lanes.add("b", named("b2"));
  CAF_CHECK_EQUAL(next_of(lanes), "b2");
}

CAF_TEST(the_end_gives_everything_that_waits) {
  host_lanes lanes{100, 1};
  for (const char* host : {"a", "b", "b"})
    lanes.add(host, named(host));
  CAF_CHECK_EQUAL(next_of(lanes), "a");
  CAF_CHECK_EQUAL(lanes.take_all().size(), 2u);
  CAF_CHECK_EQUAL(next_of(lanes), "-");
}
