#define CAF_SUITE control_events
#define FAIL CAF_FAIL

// The control routes over stored events: searched by a condition, and one with
// its story.

#include "runtime/core/base/query_limits.hpp"

#include "tests/support/control_desk.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

struct fixture : control_desk {
  lease_token lease = take_lease("p0", "me");
  uint64_t at = 0;

  /// Persists an event whose data are `data`.
  void keep(const std::string& id, const std::string& data,
            const std::string& source = "/s") {
    auto e = sample_event({0, day_start_ms + ++at, 0}, id);
    e.document.source = source;
    e.document.payload = data;
    e.accepted_at_ms = surroundings->now;
    CAF_REQUIRE(
        memory::make_event_store(db)->persist(sample_request(lease, {e})).ok());
  }

  /// Their ids, in the order given.
  static std::string ids(json::value& page) {
    std::string out;
    for (auto& item : page.at("items").as_array())
      out += std::string(item.at("id").as_string()) + ' ';
    return out;
  }

  json::value search(const std::string& query) {
    auto answer = ask_desk("GET", "/v1/events?where=" + query);
    CAF_MESSAGE(answer.body);
    CAF_REQUIRE_EQUAL(answer.status, 200u);
    return body_of(answer);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(control_events_tests, fixture)

CAF_TEST(a_condition_finds_events_newest_first_and_page_by_page) {
  for (int i = 1; i <= 9; ++i)
    keep(std::to_string(i), R"({"n":)" + std::to_string(i % 3) + "}");
  auto page = search("event.data.n+%3D%3D+1&limit=2");
  CAF_CHECK_EQUAL(ids(page), "7 4 ");
  CAF_REQUIRE(page.at("next").is_string());
  auto cursor = std::string(page.at("next").as_string());
  auto rest = search("event.data.n+%3D%3D+1&limit=2&cursor=" + cursor);
  CAF_CHECK_EQUAL(ids(rest), "1 ");
  CAF_CHECK(rest.at("next").is_null());
  CAF_CHECK_EQUAL(rest.at("looked_at").to_number<int>(), 3);
}

CAF_TEST(a_condition_goes_along_with_the_other_filters) {
  keep("1", R"({"n":1})");
  keep("2", R"({"n":1})", "/other");
  auto page = search("event.data.n+%3E+0&source=%2Fother");
  CAF_CHECK_EQUAL(ids(page), "2 ");
}

CAF_TEST(a_condition_that_fails_for_an_event_leaves_it_out_and_says_so) {
  keep("1", R"({"n":1})");
  keep("2", R"({"m":1})");
  auto page = search("event.data.n+%3E+0");
  CAF_CHECK_EQUAL(ids(page), "1 ");
  CAF_CHECK_EQUAL(page.at("errors").to_number<int>(), 1);
  CAF_CHECK(!page.at("last_error").as_string().empty());
}

CAF_TEST(a_condition_that_is_none_is_refused_with_its_place) {
  auto refused = [&](const std::string& where) {
    auto answer = ask_desk("GET", "/v1/events?where=" + where);
    CAF_CHECK_EQUAL(answer.status, 422u);
    return std::string(body_of(answer)["detail"].as_string());
  };
  auto open = refused("event.data.n+%3E");
  CAF_CHECK(open.find("1:15") != std::string::npos);
  CAF_CHECK(open.find('^') != std::string::npos);
  CAF_CHECK(refused("1+%2B+1").find("must be a bool") != std::string::npos);
  CAF_CHECK(refused("evnt.type").find("event") != std::string::npos);
}

CAF_TEST(a_search_that_finds_nothing_ends_and_may_be_gone_on_with) {
  for (size_t i = 0; i <= limits::query_events_max; ++i) {
    event e;
    e.document = sample_document(std::to_string(i));
    e.received_at_ms = static_cast<int64_t>(day_start_ms + i);
    e.where = {0, day_start_ms + i, 0};
    db->events[e.key()] = {e, 0, 0};
  }
  auto page = search("event.id+%3D%3D+%220%22");
  CAF_CHECK_EQUAL(ids(page), "");
  CAF_CHECK_EQUAL(page.at("looked_at").to_number<size_t>(),
                  limits::query_events_max);
  CAF_REQUIRE(page.at("next").is_string());
  auto rest = search("event.id+%3D%3D+%220%22&cursor=" +
                     std::string(page.at("next").as_string()));
  CAF_CHECK_EQUAL(ids(rest), "0 ");
  CAF_CHECK(rest.at("next").is_null());
}

CAF_TEST(an_event_is_shown_as_it_was_received_with_its_story) {
  ask_desk("PUT", "/v1/rules/r",
           R"({"id":"r","kind":"match","when":"event.data.n > 1",)"
           R"("group_by":["event.data.n"]})");
  ask_desk("PUT", "/v1/rules/s",
           R"({"id":"s","kind":"match","when":"event.data.m > 1"})");
  ask_desk("PUT", "/v1/rules/t",
           R"({"id":"t","kind":"match","when":"event.data.n > 9"})");
  for (auto& [id, row] : db->controls)
    row.placed = true; // before every event
  keep("1", R"({"n": 2.50})");
  auto& a = db->alerts["a1"];
  a.id = "a1";
  a.rule = "r";
  a.group_json = "[2.5]";
  a.values_json = "{}";
  a.events = {{"/s", "1"}};
  auto& d = db->deliveries["d1"].what;
  d.id = "d1";
  d.alert = "a1";
  d.channel = "desk";
  db->alerts["a2"].id = "a2"; // of another event
  auto answer = ask_desk("GET", "/v1/events/%2Fs/1");
  CAF_REQUIRE_EQUAL(answer.status, 200u);
  CAF_CHECK(answer.body.find(R"("data":{"n": 2.50})") != std::string::npos);
  auto story = body_of(answer)["event_story"].as_object();
  CAF_CHECK_EQUAL(story["accepted_by"].as_string(), "a key");
  CAF_CHECK(!story["evaluated"].as_bool());
  auto& rules = story["rules"].as_array();
  CAF_REQUIRE_EQUAL(rules.size(), 2u);
  CAF_CHECK_EQUAL(json::serialize(rules[0]),
                  R"({"rule":"r","version":1,"matched":true,"group":[2.5]})");
  CAF_CHECK_EQUAL(rules[1].at("rule").as_string(), "s");
  CAF_CHECK(!rules[1].at("matched").as_bool());
  CAF_CHECK(!rules[1].at("error").as_string().empty());
  CAF_REQUIRE_EQUAL(story["alerts"].as_array().size(), 1u);
  CAF_CHECK_EQUAL(story["alerts"].at(0).at("id").as_string(), "a1");
  CAF_REQUIRE_EQUAL(story["deliveries"].as_array().size(), 1u);
  CAF_CHECK_EQUAL(story["deliveries"].at(0).at("channel").as_string(), "desk");
  db->evaluated.key = db->events.begin()->first;
  answer = ask_desk("GET", "/v1/events/1");
  CAF_CHECK(body_of(answer)["event_story"].at("evaluated").as_bool());
}

CAF_TEST(a_story_leaves_out_what_the_key_may_not_read) {
  keep("1", "{}");
  auto answer = ask_desk("GET", "/v1/events/%2Fs/1", "", {}, "events:read");
  CAF_REQUIRE_EQUAL(answer.status, 200u);
  auto story = body_of(answer)["event_story"].as_object();
  CAF_CHECK(story.contains("persisted_at"));
  CAF_CHECK(!story.contains("rules"));
  CAF_CHECK(!story.contains("alerts"));
  CAF_CHECK(!story.contains("deliveries"));
}

CAF_TEST(an_id_of_several_sources_needs_the_source) {
  keep("1", "{}");
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/events/1").status, 200u);
  keep("1", "{}", "/other");
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/events/1").status, 409u);
  auto one = ask_desk("GET", "/v1/events/1?source=%2Fother");
  CAF_CHECK_EQUAL(body_of(one)["source"].as_string(), "/other");
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/events/2").status, 404u);
}

CAF_TEST_FIXTURE_SCOPE_END()
