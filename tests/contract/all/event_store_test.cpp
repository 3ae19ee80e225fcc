#define CAF_SUITE event_store
#include <caf/test/unit_test.hpp>

#include "tests/support/sample_events.hpp"
#include "tests/support/store_pair.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

constexpr uint64_t t0 = day_start_ms + 1000;

std::string kept(backend& b) {
  return render(b.events->read_back({}, std::nullopt, 1000));
}

} // namespace

CAF_TEST(a_new_partition_starts_at_zero) {
  EP_SAME_ANSWERS([](backend& b) {
    b.say("first", b.events->load_partition(3));
    b.say("again", b.events->load_partition(3));
  });
}

CAF_TEST(events_come_back_as_they_were_said) {
  EP_SAME_ANSWERS([](backend& b) {
    auto lease = b.lease("p0");
    auto full = sample_event({0, t0, 0}, "a \"quoted\" {id}, \\ ü");
    full.document.subject = "room 1";
    full.document.time = "2026-01-02T03:04:05.678901+02:00";
    full.document.datacontenttype = "application/json";
    full.document.dataschema = "https://example.org/schema";
    full.document.extensions = {{"a", true},
                                {"bbbb", int32_t{-2147483647 - 1}},
                                {"cc", std::string{"text, \"x\""}},
                                {"partitionkey", std::string{"k"}}};
    full.document.payload =
        "{ \"b\" :1e400,\"b\":2, \"nul\":\"\\u0000\", \"lone\":\"\\ud800\"}";
    full.document.traceparent = "00-11-22-01";
    full.document.tracestate = "a=b";
    auto bytes = sample_event({0, t0, 1}, "bytes");
    bytes.document.kind = payload_kind::binary;
    bytes.document.payload = std::string("\0\xff\\x\"{},", 8);
    auto empty = sample_event({0, t0, 2}, "empty bytes");
    empty.document.kind = payload_kind::binary;
    empty.document.payload = "";
    auto none = sample_event({0, t0, 3}, "none");
    none.document.kind = payload_kind::none;
    none.document.payload = "";
    auto odd_time = sample_event({0, t0, 4}, "odd time");
    odd_time.document.time = "0000-02-30T99:00:00Z";
    std::vector<incoming_event> all{full, bytes, empty, none, odd_time};
    auto done = b.events->persist(sample_request(lease, all));
    b.say("persisted", done);
    CAF_REQUIRE(done);
    auto back = b.events->read_back({}, std::nullopt, 10);
    b.say("read back", back);
    CAF_REQUIRE(back);
    CAF_REQUIRE_EQUAL(back->batch->events.size(), all.size());
    for (size_t i = 0; i < all.size(); ++i) {
      CAF_CHECK(done->batch->events[i].document == all[i].document);
      CAF_CHECK(back->batch->events[i].document == all[i].document);
      CAF_CHECK_EQUAL(back->batch->events[i].accepted_by, "a key");
    }
    b.say("state", b.events->load_partition(0));
  });
}

CAF_TEST(reread_gives_the_same_batch) {
  EP_SAME_ANSWERS([](backend& b) {
    auto lease = b.lease("p0");
    auto request = sample_request(lease, {sample_event({0, t0, 0}, "a"),
                                          sample_event({0, t0, 1}, "b"),
                                          sample_event({0, t0 + 5, 0}, "a")});
    auto first = b.events->persist(request);
    b.say("first", first);
    persist_request clock;
    clock.lease = lease;
    clock.time_ms = static_cast<int64_t>(t0) + 1000;
    b.say("clock", b.events->persist(clock));
    auto again = b.events->persist(request);
    b.say("again", again);
    CAF_REQUIRE(first && again);
    CAF_CHECK_EQUAL(render(first->batch->events), render(again->batch->events));
    CAF_CHECK_EQUAL(again->inserted, 0u);
    b.say("kept", b.events->read_back({}, std::nullopt, 10));
  });
}

CAF_TEST(rule_time_never_falls_within_a_partition) {
  EP_SAME_ANSWERS([](backend& b) {
    auto lease = b.lease("p0");
    persist_request clock;
    clock.lease = lease;
    clock.time_ms = static_cast<int64_t>(t0) + 500;
    b.say("clock", b.events->persist(clock));
    clock.time_ms = static_cast<int64_t>(t0);
    b.say("a clock that stepped back", b.events->persist(clock));
    auto done = b.events->persist(
        sample_request(lease, {sample_event({0, t0 + 100, 0}, "behind"),
                               sample_event({0, t0 + 900, 0}, "ahead")}));
    b.say("events", done);
    CAF_REQUIRE(done);
    CAF_CHECK_EQUAL(done->batch->events[0].received_at_ms,
                    static_cast<int64_t>(t0) + 500);
    CAF_CHECK_EQUAL(done->batch->events[1].received_at_ms,
                    static_cast<int64_t>(t0) + 900);
    b.say("state", b.events->load_partition(0));
  });
}

CAF_TEST(content_duplicates_are_one_row_within_the_window) {
  EP_SAME_ANSWERS([](backend& b) {
    auto lease = b.lease("p0");
    auto keyed = sample_event({0, t0 + 3, 0}, "a");
    keyed.document.extensions = {{"partitionkey", std::string{"other"}}};
    b.say("in one batch",
          b.events->persist(sample_request(
              lease,
              {sample_event({0, t0, 0}, "a"), sample_event({0, t0 + 1, 0}, "a"),
               sample_event({0, t0 + 2, 0}, "b"), keyed})));
    b.say("in a later batch", b.events->persist(sample_request(
                                  lease, {sample_event({0, t0 + 9, 0}, "b")})));
    constexpr uint64_t window = 86'400'000;
    b.say("last moment",
          b.events->persist(sample_request(
              lease, {sample_event({0, t0 + window - 1, 0}, "a")})));
    b.say("window over", b.events->persist(sample_request(
                             lease, {sample_event({0, t0 + window, 0}, "a")})));
    b.say("kept", b.events->read_back({}, std::nullopt, 10));
  });
}

CAF_TEST(duplicates_are_found_across_midnight) {
  EP_SAME_ANSWERS([](backend& b) {
    auto lease = b.lease("p0");
    constexpr auto midnight = day_start_ms + 86'400'000;
    auto done = b.events->persist(
        sample_request(lease, {sample_event({0, midnight - 1, 7}, "a"),
                               sample_event({0, midnight, 0}, "a")}));
    b.say("within a batch", done);
    b.say("by look-up", b.events->persist(sample_request(
                            lease, {sample_event({0, midnight + 1, 0}, "a")})));
    CAF_REQUIRE(done);
    CAF_CHECK_EQUAL(done->duplicates, 1u);
  });
}

CAF_TEST(another_event_at_a_kept_position_is_dead_lettered) {
  EP_SAME_ANSWERS([](backend& b) {
    auto lease = b.lease("p0");
    b.say("first", b.events->persist(
                       sample_request(lease, {sample_event({0, t0, 0}, "a")})));
    auto request =
        sample_request(lease, {sample_event({0, t0, 0}, "other"),
                               sample_event({0, t0 + 1, 0}, "next")});
    auto done = b.events->persist(request);
    b.say("conflict", done);
    CAF_REQUIRE(done);
    CAF_CHECK_EQUAL(done->conflicts, 1u);
    b.say("again", b.events->persist(request));
    b.say("kept", b.events->read_back({}, std::nullopt, 10));
  });
}

CAF_TEST(an_entry_before_the_tail_that_was_never_kept_is_inserted) {
  EP_SAME_ANSWERS([](backend& b) {
    auto lease = b.lease("p0");
    b.say("first", b.events->persist(sample_request(
                       lease, {sample_event({0, t0 + 10, 0}, "a")})));
    // Redis came back without its last entries and gave their ids out anew.
    auto done = b.events->persist(
        sample_request(lease, {sample_event({0, t0 + 5, 0}, "late"),
                               sample_event({0, t0 + 10, 0}, "a")}));
    b.say("behind", done);
    CAF_REQUIRE(done);
    CAF_CHECK_EQUAL(done->inserted, 1u);
    CAF_CHECK(done->batch->events[0].key() < done->batch->events[1].key());
    b.say("tail", b.events->load_partition(0));
  });
}

CAF_TEST(a_stale_epoch_writes_nothing) {
  EP_SAME_ANSWERS([](backend& b) {
    auto old = b.lease("p0");
    auto present = b.lease("p0");
    auto refused =
        b.events->persist(sample_request(old, {sample_event({0, t0, 0}, "a")}));
    b.say("stale", refused);
    CAF_CHECK(!refused && refused.error().code == errc::fenced);
    b.say("of a lease that nobody took",
          b.events->persist(sample_request({"p9", 1}, {})));
    b.say("state", b.events->load_partition(0));
    b.say("present", b.events->persist(sample_request(
                         present, {sample_event({0, t0, 0}, "a")})));
  });
}

CAF_TEST(a_refused_value_leaves_nothing_behind) {
  EP_SAME_ANSWERS([](backend& b) {
    auto lease = b.lease("p0");
    auto refuse = [&](const char* what, auto spoil) {
      auto bad = sample_event({0, t0 + 1, 0}, "bad");
      spoil(bad);
      auto done = b.events->persist(
          sample_request(lease, {sample_event({0, t0, 0}, "good"), bad}));
      b.say(what, done);
      CAF_CHECK(!done && done.error().code == errc::rejected);
    };
    refuse("no JSON", [](auto& e) { e.document.payload = "{"; });
    refuse("NUL in text",
           [](auto& e) { e.document.subject = std::string("a\0b", 3); });
    refuse("NUL in an extension", [](auto& e) {
      e.document.extensions = {{"a", std::string("\0", 1)}};
    });
    refuse("no UTF-8", [](auto& e) { e.document.type = "\xff\xfe"; });
    refuse("no UTF-8 in JSON",
           [](auto& e) { e.document.payload = "\"\xc0\x80\""; });
    refuse("far future", [](auto& e) { e.where.ms = 253'402'300'800'000; });
    b.say("state", b.events->load_partition(0));
    b.say("kept", b.events->read_back({}, std::nullopt, 10));
    // Valid again: the good one alone goes in.
    b.say("alone", b.events->persist(sample_request(
                       lease, {sample_event({0, t0, 0}, "good")})));
  });
}

CAF_TEST(attributes_of_the_greatest_length_are_kept_and_found) {
  EP_SAME_ANSWERS([](backend& b) {
    auto lease = b.lease("p0");
    auto big = sample_event({0, t0, 0}, "");
    // Incompressible enough that no B-tree entry could hold it.
    for (uint32_t i = 0, x = 1; i < 8192; ++i, x = x * 1664525 + 1013904223) {
      auto letter = static_cast<char>('!' + (x >> 16) % 90);
      for (auto* text : {&big.document.id, &big.document.source,
                         &big.document.type, &big.document.subject})
        *text += letter;
    }
    b.say("kept", b.events->persist(sample_request(lease, {big})));
    event_query q;
    q.id = big.document.id;
    q.type = big.document.type;
    q.source = big.document.source;
    q.subject = big.document.subject;
    auto found = b.events->query(q);
    b.say("found", found);
    CAF_CHECK(found && found->size() == 1);
    q.type->back() = ' ';
    b.say("another", b.events->query(q));
  });
}

CAF_TEST(controls_get_their_place_once) {
  EP_SAME_ANSWERS([](backend& b) {
    auto lease = b.lease("p0");
    publish_request publish{"r1", R"({"when": true})", me, {}, {}};
    auto row = b.rules->publish(publish);
    CAF_REQUIRE(row);
    auto request = sample_request(
        lease, {sample_event({0, t0, 0}, "a"), sample_event({0, t0, 2}, "b")});
    request.controls = {{{0, t0, 1}, row->control.id}};
    auto done = b.events->persist(request);
    b.say("placed", done);
    CAF_REQUIRE(done);
    CAF_CHECK_EQUAL(done->batch->controls.size(), 1u);
    b.say("re-read", b.events->persist(request));
    request.events.clear();
    request.controls[0].where = {0, t0 + 5, 0};
    request.last = position{0, t0 + 5, 0};
    b.say("a second entry is a duplicate", b.events->persist(request));
    request.controls[0] = {{0, t0 + 6, 0}, "no such row"};
    request.last = position{0, t0 + 6, 0};
    b.say("unknown row", b.events->persist(request));
    request.controls.clear();
    request.events = {sample_event({0, t0, 1}, "on its place")};
    b.say("an event at its position", b.events->persist(request));
    b.say("kept", b.events->read_back({}, std::nullopt, 10));
    b.say("rule", b.rules->get("r1"));
  });
}

CAF_TEST(history_is_read_back_in_pages_of_the_total_order) {
  EP_SAME_ANSWERS([](backend& b) {
    auto p0 = b.lease("p0");
    auto row = b.rules->publish({"r1", "{}", me, {}, {}});
    CAF_REQUIRE(row);
    std::vector<incoming_event> events;
    for (uint64_t i = 0; i < 7; ++i)
      events.push_back(
          sample_event({0, t0 + i * 10'000'000, i}, "e" + std::to_string(i)));
    auto request = sample_request(p0, events);
    request.controls = {{{0, t0 + 25'000'000, 0}, row->control.id}};
    CAF_REQUIRE(b.events->persist(request));
    persist_request other;
    other.lease = b.lease("p1");
    other.partition = 1;
    other.events = {sample_event({1, t0 + 10'000'000, 0}, "of p1")};
    other.last = other.events[0].where;
    other.time_ms = static_cast<int64_t>(t0) + 15'000'000;
    CAF_REQUIRE(b.events->persist(other));
    b.say("all", b.events->read_back({}, std::nullopt, 100));
    order_key from;
    for (int page = 0; page < 10; ++page) {
      auto got = b.events->read_back(from, std::nullopt, 2);
      b.say("page", got);
      CAF_REQUIRE(got);
      if (!got->batch->events.empty())
        from = std::max(from, got->batch->events.back().key());
      if (!got->batch->controls.empty())
        from = std::max(from, got->batch->controls.back().key);
      if (!got->more)
        break;
    }
    order_key until{static_cast<int64_t>(t0) + 20'000'000, UINT32_MAX,
                    UINT64_MAX, UINT64_MAX};
    b.say("until", b.events->read_back({}, until, 100));
    order_key after{static_cast<int64_t>(t0) + 20'000'000, UINT32_MAX,
                    UINT64_MAX, UINT64_MAX};
    b.say("after", b.events->read_back(after, std::nullopt, 100));
    b.say("nothing between", b.events->read_back(after, until, 100));
  });
}

CAF_TEST(the_list_of_events_is_filtered_and_newest_first) {
  EP_SAME_ANSWERS([](backend& b) {
    auto lease = b.lease("p0");
    std::vector<incoming_event> events;
    for (uint64_t i = 0; i < 6; ++i) {
      auto e = sample_event({0, t0 + i, 0}, "e" + std::to_string(i));
      e.document.type = i % 2 ? "odd" : "even";
      e.document.source = i < 3 ? "low" : "high";
      if (i == 4)
        e.document.subject = "four";
      events.push_back(e);
    }
    CAF_REQUIRE(b.events->persist(sample_request(lease, events)));
    auto ask = [&](const char* what, auto change) {
      event_query q;
      change(q);
      b.say(what, b.events->query(q));
    };
    ask("all", [](auto&) {});
    ask("type", [](auto& q) { q.type = "odd"; });
    ask("source", [](auto& q) { q.source = "low"; });
    ask("subject", [](auto& q) { q.subject = "four"; });
    ask("empty subject", [](auto& q) { q.subject = ""; });
    ask("id", [](auto& q) { q.id = "e3"; });
    ask("from", [](auto& q) { q.from_ms = static_cast<int64_t>(t0) + 2; });
    ask("to", [](auto& q) { q.to_ms = static_cast<int64_t>(t0) + 2; });
    ask("limit", [](auto& q) { q.limit = 2; });
    ask("before", [](auto& q) {
      q.before = order_key{static_cast<int64_t>(t0) + 3, 0, t0 + 3, 0};
      q.type = "even";
    });
  });
}

CAF_TEST(dead_letters_are_kept_once_whatever_they_hold) {
  EP_SAME_ANSWERS([](backend& b) {
    dead_letter odd{"01234567-0000-7000-8000-000000000001",
                    "entry",
                    std::string("NUL \0 and \xff", 10),
                    std::string("\0\xff", 2),
                    "no JSON",
                    position{0, UINT64_MAX, UINT64_MAX},
                    5};
    b.say("kept", b.events->keep_dead_letters({odd}));
    b.say("again", b.events->keep_dead_letters({odd, odd}));
  });
}

CAF_TEST(days_are_prepared_any_number_of_times) {
  EP_SAME_ANSWERS([](backend& b) {
    auto now = static_cast<int64_t>(t0);
    b.say("once", b.events->prepare_days(now, 3));
    b.say("again", b.events->prepare_days(now, 4));
    b.say("kept", kept(b));
  });
}
