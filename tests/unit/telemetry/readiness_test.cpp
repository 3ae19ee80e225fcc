#define CAF_SUITE telemetry_readiness
#include <caf/test/unit_test.hpp>

#include "runtime/telemetry/readiness.hpp"

using namespace eventpulse;

CAF_TEST(a_process_is_ready_when_no_part_has_a_reason) {
  readiness r{{"keys", "stream"}};
  CAF_CHECK_EQUAL(r.reasons().size(), 2u);
  CAF_CHECK_EQUAL(r.reasons().at("keys"), "starting");
  r.report("keys", "");
  r.report("stream", "");
  CAF_CHECK(r.reasons().empty());
  r.report("database", "away");
  CAF_CHECK_EQUAL(r.reasons().at("database"), "away");
  r.report("database", "");
  CAF_CHECK(r.reasons().empty());
}

CAF_TEST(a_reason_never_shows_a_secret) {
  readiness r;
  r.report("stream", "cannot reach redis://user:hunter2@host:6379");
  const auto why = r.reasons().at("stream");
  CAF_CHECK(why.find("hunter2") == why.npos);
  CAF_CHECK(why.find("host:6379") != why.npos);
}
