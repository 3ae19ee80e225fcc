#define CAF_SUITE dead_letter_store
#include <caf/test/unit_test.hpp>

#include "tests/support/intake_pair.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

kept_letter sample_letter(const std::string& id, int64_t at_ms,
                          const std::string& type = "order") {
  dead_letter what;
  what.id = id;
  what.kind = "request";
  what.reason = "wrong";
  what.original = std::string("\0\xff{}\n", 5);
  what.headers_json = R"({"content-type":"application/json"})";
  what.created_at_ms = at_ms;
  request_facts facts;
  facts.errors = {{"#/data/ä", "must be \"x\""}, {"", "y"}};
  facts.event_type = type;
  facts.event_id = "e-" + id;
  facts.key_id = "k";
  facts.key_name = "shop";
  facts.bytes = 9;
  return {what, facts};
}

std::string ids(const result<std::vector<kept_letter>>& page) {
  if (!page)
    return to_string(page.error());
  std::string out;
  for (auto& k : *page)
    out += k.what.id + ' ';
  return out;
}

} // namespace

CAF_TEST(a_letter_is_kept_once_with_all_it_says) {
  EP_SAME_INTAKE_ANSWERS([](intake_backend& b) {
    // As the persister keeps one of its own.
    auto placed = sample_letter("b", 6).what;
    placed.kind = "row";
    placed.where = position{0, 12, 18'446'744'073'709'551'615u};
    b.say("row", b.events->keep_dead_letters({placed}));
    b.say("keep", b.dead_letters->keep({sample_letter("a", 5)}));
    b.say("again", b.dead_letters->keep({sample_letter("a", 5)}));
    dead_letter_query q;
    b.say("without bytes", b.dead_letters->query(q));
    q.with_original = true;
    b.say("with bytes", b.dead_letters->query(q));
    q.id = "a";
    auto one = b.dead_letters->query(q);
    CAF_REQUIRE(one && one->size() == 1);
    CAF_CHECK_EQUAL((*one)[0].what.original, std::string("\0\xff{}\n", 5));
    b.say("one", one);
  });
}

CAF_TEST(letters_are_found_by_what_they_are_of) {
  EP_SAME_INTAKE_ANSWERS([](intake_backend& b) {
    auto row = sample_letter("c", 7);
    row.what.kind = "row";
    row.facts.key_name = "other";
    CAF_REQUIRE(b.dead_letters->keep({sample_letter("a", 5),
                                      sample_letter("b", 6, "payment"), row,
                                      sample_letter("d", 7)}));
    dead_letter_query q;
    b.say("newest first", ids(b.dead_letters->query(q)));
    q.limit = 2;
    b.say("first two", ids(b.dead_letters->query(q)));
    q.beyond = std::pair{int64_t{7}, std::string("c")};
    b.say("rest", ids(b.dead_letters->query(q)));
    q.oldest_first = true;
    b.say("other way", ids(b.dead_letters->query(q)));
    q = {};
    q.kind = "row";
    b.say("kind", ids(b.dead_letters->query(q)));
    q = {};
    q.event_type = "payment";
    b.say("type", ids(b.dead_letters->query(q)));
    q = {};
    q.key_name = "other";
    b.say("key", ids(b.dead_letters->query(q)));
    q = {};
    q.from_ms = 6;
    q.to_ms = 7;
    b.say("time", ids(b.dead_letters->query(q)));
  });
}

CAF_TEST(a_letter_is_settled_once) {
  EP_SAME_INTAKE_ANSWERS([](intake_backend& b) {
    CAF_REQUIRE(
        b.dead_letters->keep({sample_letter("a", 5), sample_letter("b", 6)}));
    b.say("failed", b.dead_letters->note_failure("a", "still\nwrong"));
    b.say("unknown", b.dead_letters->note_failure("x", "y"));
    b.say("replayed",
          b.dead_letters->settle("a", letter_state::replayed, 9, me));
    b.say("twice", b.dead_letters->settle("a", letter_state::discarded, 10,
                                          caller{"k-2", "you", {}, {}}));
    b.say("nothing changes", b.dead_letters->note_failure("a", "late"));
    b.say("discarded",
          b.dead_letters->settle("b", letter_state::discarded, 11, me));
    b.say("none", b.dead_letters->settle("x", letter_state::replayed, 9, me));
    dead_letter_query q;
    q.with_original = true;
    b.say("all", b.dead_letters->query(q));
    // Moved in a second time it stays settled, without its bytes.
    b.say("again", b.dead_letters->keep({sample_letter("b", 6)}));
    q.state = letter_state::discarded;
    b.say("still", b.dead_letters->query(q));
    q.state = letter_state::pending;
    b.say("no more", ids(b.dead_letters->query(q)));
  });
}

CAF_TEST(who_settles_a_letter_is_audited) {
  EP_SAME_INTAKE_ANSWERS([](intake_backend& b) {
    CAF_REQUIRE(
        b.dead_letters->keep({sample_letter("a", 5), sample_letter("b", 6)}));
    CAF_REQUIRE(b.dead_letters->settle("a", letter_state::replayed, 9, me));
    CAF_CHECK(!b.dead_letters->settle("a", letter_state::discarded, 10, me));
    CAF_REQUIRE(b.dead_letters->settle("b", letter_state::discarded, 11, me));
    CAF_CHECK(!b.dead_letters->settle("x", letter_state::replayed, 9, me));
    auto all = b.audit->query({});
    CAF_REQUIRE(all);
    CAF_CHECK_EQUAL(all->size(), 2u);
    b.say("all", all);
  });
}
