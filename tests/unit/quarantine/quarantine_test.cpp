#define CAF_SUITE quarantine
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/hash.hpp"
#include "runtime/core/intake/quarantine.hpp"

using namespace eventpulse;
using namespace eventpulse::intake;

namespace {

refused_input sample_input() {
  refused_input out;
  out.why = {errc::invalid, "wrong", {{"#/data", "must be \"x\""}}};
  out.raw = "{\"type\":\"order\",\"data\":1}";
  out.raw_bytes = out.raw.size();
  out.known = {"order", "e1"};
  out.headers = {{"content-type", "application/json"}};
  out.key_id = "k-1";
  out.key_name = "shop";
  out.at_ms = 1'700'000'000'123;
  return out;
}

std::vector<accepted_event> events_of(const kept_letter& letter,
                                      const data_check& check = {}) {
  auto outcome = replay(letter, check, {});
  if (auto* why = std::get_if<problem>(&outcome))
    CAF_FAIL(why->detail);
  return std::get<0>(outcome);
}

problem problem_of(const kept_letter& letter, const data_check& check = {}) {
  auto outcome = replay(letter, check, {});
  CAF_REQUIRE(std::holds_alternative<problem>(outcome));
  return std::get<problem>(outcome);
}

} // namespace

CAF_TEST(a_refused_input_comes_back_as_a_letter) {
  auto fields = encode(sample_input());
  auto letter = to_letter("1700000000456-7", fields);
  CAF_CHECK_EQUAL(letter.what.kind, "request");
  CAF_CHECK_EQUAL(letter.what.reason, "wrong");
  CAF_CHECK_EQUAL(letter.what.original, sample_input().raw);
  CAF_CHECK_EQUAL(letter.what.headers_json,
                  R"({"content-type":"application/json"})");
  CAF_CHECK((letter.facts.errors == sample_input().why.errors));
  CAF_CHECK_EQUAL(letter.facts.event_type, "order");
  CAF_CHECK_EQUAL(letter.facts.event_id, "e1");
  CAF_CHECK_EQUAL(letter.facts.key_id, "k-1");
  CAF_CHECK_EQUAL(letter.facts.key_name, "shop");
  CAF_CHECK_EQUAL(letter.what.created_at_ms, 1'700'000'000'123);
  CAF_CHECK_EQUAL(letter.facts.bytes, letter.what.original.size());
}

CAF_TEST(the_same_entry_is_the_same_letter) {
  auto fields = encode(sample_input());
  auto id = to_letter("5-0", fields).what.id;
  CAF_CHECK(to_letter("5-0", fields).what.id == id);
  CAF_CHECK(to_letter("5-1", fields).what.id != id);
  fields[1].second = "other";
  CAF_CHECK(to_letter("5-0", fields).what.id != id);
}

CAF_TEST(what_the_fields_do_not_say_stays_empty) {
  auto letter = to_letter("9-0", {{"reason", "r"},
                                  {"errors", "{no json"},
                                  {"bytes", "-5"},
                                  {"content_type", "text/x"}});
  CAF_CHECK_EQUAL(letter.what.reason, "r");
  CAF_CHECK(letter.facts.errors.empty());
  CAF_CHECK_EQUAL(letter.facts.bytes, 0u);
  CAF_CHECK_EQUAL(letter.what.created_at_ms, 9);
  CAF_CHECK_EQUAL(letter.what.headers_json, R"({"content-type":"text/x"})");
}

CAF_TEST(a_replayed_event_is_the_one_it_would_have_been) {
  auto letter = to_letter("5-0", encode(sample_input()));
  auto events = events_of(letter);
  CAF_REQUIRE_EQUAL(events.size(), 1u);
  auto& d = events[0].document;
  CAF_CHECK_EQUAL(d.id, "e1"); // the one that it was given then
  CAF_CHECK_EQUAL(d.source, "shop");
  CAF_CHECK_EQUAL(d.time, "2023-11-14T22:13:20.123Z");
  CAF_CHECK_EQUAL(d.payload, "1");
  CAF_CHECK_EQUAL(events[0].accepted_by, "shop");
  CAF_CHECK((events_of(letter) == events)); // each time the same
  letter.facts.event_id.clear();
  auto made = events_of(letter)[0].document.id;
  CAF_CHECK(!made.empty());
  CAF_CHECK(events_of(letter)[0].document.id == made);
}

CAF_TEST(what_is_still_wrong_is_still_refused) {
  auto letter = to_letter("5-0", encode(sample_input()));
  auto why = problem_of(letter, [](const event_document& d, auto pointer) {
    return std::optional{
        problem{errc::invalid, d.type + " at " + std::string(pointer), {}}};
  });
  CAF_CHECK_EQUAL(why.detail, "order at /data");
  letter.what.original = "{";
  letter.facts.bytes = 1;
  CAF_CHECK(problem_of(letter).code == errc::malformed);
}

CAF_TEST(binary_mode_and_batches_are_read_by_their_headers) {
  kept_letter letter;
  letter.what.kind = "request";
  letter.what.id = "l";
  letter.what.original = "true";
  letter.what.headers_json =
      R"({"content-type":"application/json","ce-id":"b",)"
      R"("ce-source":"/s","ce-type":"t",)"
      R"("ce-specversion":"1.0"})";
  CAF_CHECK(events_of(letter)[0].document.id == "b");
  letter.what.headers_json = R"({"content-type":"application/x-ndjson"})";
  letter.what.original = "{\"type\":\"a\"}\n{\"type\":\"b\"}\n";
  auto both = events_of(letter);
  CAF_REQUIRE_EQUAL(both.size(), 2u);
  CAF_CHECK_NOT_EQUAL(both[0].document.id, both[1].document.id);
  // All or nothing.
  letter.what.original = "{\"type\":\"a\"}\n{}\n";
  CAF_CHECK(problem_of(letter).detail.starts_with("item 2: "));
}

CAF_TEST(what_was_cut_short_is_not_replayed) {
  auto input = sample_input();
  input.raw_bytes = input.raw.size() + 1;
  auto why = problem_of(to_letter("5-0", encode(input)));
  CAF_CHECK(why.code == errc::conflict);
}

CAF_TEST(a_row_that_could_not_be_kept_is_read_back_from_its_entry) {
  accepted_event event;
  event.document.id = "r";
  event.document.source = "/s";
  event.document.type = "t";
  event.document.kind = payload_kind::json;
  event.document.payload = "{\"a\":\n1}\n";
  event.accepted_by = "shop";
  event.accepted_at_ms = 5;
  kept_letter letter;
  letter.what.kind = "row";
  for (auto& [name, value] : encode(event))
    letter.what.original += name + '=' + value + '\n';
  auto events = events_of(letter);
  CAF_REQUIRE_EQUAL(events.size(), 1u);
  CAF_CHECK((events[0] == event));
  letter.what.original = "alert JSON or anything";
  CAF_CHECK(problem_of(letter).code == errc::invalid);
}

CAF_TEST(kinds_without_an_event_say_so) {
  for (auto kind : {"evaluation", "trimmed", "position_conflict"}) {
    kept_letter letter;
    letter.what.kind = kind;
    CAF_CHECK(problem_of(letter).code == errc::conflict);
  }
}

CAF_TEST(only_headers_that_matter_are_kept) {
  http_headers all{{"Authorization", "Bearer ep_x"},
                   {"Content-Type", "a/b"},
                   {"CE-Id", "1"},
                   {"Content-Encoding", "gzip"}};
  CAF_CHECK((kept_headers(all, false) ==
             http_headers{{"content-type", "a/b"}, {"ce-id", "1"}}));
  CAF_CHECK_EQUAL(kept_headers(all, true).size(), 3u);
}
