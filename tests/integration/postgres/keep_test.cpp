// The database's side of erasing, backups and the doctor.

#define CAF_SUITE postgres_keep
#include <caf/test/unit_test.hpp>

#include "runtime/adapters/postgres/conninfo.hpp"
#include "runtime/adapters/postgres/dump.hpp"
#include "runtime/adapters/postgres/eraser.hpp"
#include "runtime/adapters/postgres/server_facts.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/store_pair.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

struct fixture {
  std::string url = migrated_database();
  backend b = make_backend("postgres", options_of(url));

  pqxx::result sql(const std::string& text) {
    pqxx::connection link{url};
    pqxx::work tx{link};
    auto out = tx.exec(text);
    tx.commit();
    return out;
  }
  int64_t count(const std::string& of) {
    return sql("SELECT count(*) FROM " + of)[0][0].as<int64_t>();
  }

  incoming_event event_of(uint64_t seq, const std::string& id,
                          const std::string& subject) {
    auto e = sample_event({0, day_start_ms + 1000, seq}, id);
    e.document.subject = subject;
    e.document.payload = "{\"who\":\"" + subject + "\"}";
    e.document.extensions = {{"owner", subject}};
    return e;
  }
  void keep(std::vector<incoming_event> all) {
    auto done = b.events->persist(sample_request(b.lease("p0"), all));
    CAF_REQUIRE(done);
  }

  static erase_selector ann() {
    erase_selector out;
    out.subject = "ann";
    return out;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(keep, fixture)

CAF_TEST(an_erased_event_keeps_its_place_and_nothing_else) {
  keep({event_of(0, "1", "ann"), event_of(1, "2", "anna"),
        event_of(2, "3", "ann")});
  postgres::eraser eraser{options_of(url)};
  auto found = eraser.find(ann());
  CAF_REQUIRE(found);
  CAF_CHECK_EQUAL(found->events, 2u);
  CAF_CHECK_EQUAL(count("events WHERE subject = 'ann'"), 2);
  CAF_REQUIRE(eraser.erase().ok());
  CAF_CHECK_EQUAL(count("events WHERE subject = 'anna'"), 1);
  CAF_CHECK_EQUAL(
      count("events e WHERE id IN ('1', '3') AND e::text LIKE '%ann%'"), 0);
  // It still reads back as an event, in its place.
  auto page = b.events->read_back({}, std::nullopt, 10);
  CAF_REQUIRE(page);
  CAF_REQUIRE_EQUAL(page->batch->events.size(), 3u);
  auto& e = page->batch->events[0];
  CAF_CHECK_EQUAL(e.document.id, "1");
  CAF_CHECK_EQUAL(e.document.type, "temperature");
  CAF_CHECK(e.document.kind == payload_kind::none);
  auto* mark = find_extension(e.document, "erased");
  CAF_CHECK(mark && std::get<bool>(*mark));
  // The same entry read from the stream again is still the same event.
  auto again = b.events->persist(
      sample_request(b.lease("p0"), {event_of(0, "1", "ann")}));
  CAF_REQUIRE(again);
  CAF_CHECK_EQUAL(again->inserted, 0u);
  CAF_CHECK_EQUAL(again->conflicts, 0u);
  CAF_CHECK_EQUAL(count("events WHERE subject = 'ann'"), 0);
  found = eraser.find(ann());
  CAF_REQUIRE(found);
  CAF_CHECK_EQUAL(found->events, 0u);
  CAF_CHECK(eraser.vacuum().ok());
}

CAF_TEST(copies_in_what_came_of_it_go_but_for_what_is_open) {
  keep({event_of(0, "1", "ann"), event_of(1, "2", "bob")});
  outcome_commit c;
  c.lease = b.lease("evaluation");
  const auto add = [&](const std::string& id, alert_state state,
                       const std::string& group, const std::string& event) {
    alert a;
    a.id = id;
    a.state = state;
    a.group_json = group;
    a.summary = "about " + id;
    a.values_json = "{}";
    a.events = {{"/sensors/1", event}};
    c.changes.push_back({alert_change::kind::opened, a, {}});
    c.deliveries.push_back({"d-" + id, id, "c", "alert.opened", "{\"a\":1}",
                            delivery_state::pending, 0, 1, "", ""});
  };
  add("by-event", alert_state::resolved, "[]", "1");
  add("by-group", alert_state::resolved, R"(["ann", 1])", "9");
  add("open", alert_state::firing, R"(["ann"])", "1");
  add("other", alert_state::resolved, R"(["bob \u0000"])", "2");
  c.changes[1].after.resolve_comment = "ann again";
  CAF_REQUIRE(b.outcomes->commit(c).ok());
  for (auto& change : c.changes)
    CAF_REQUIRE(b.outcomes->act({alert_action::kind::resolve, change.after.id,
                                 "r", change.after.group_json, "op", "ann"},
                                me));
  dead_letter mine, others;
  mine.id = "m";
  mine.kind = "request";
  mine.original = R"({"subject":"ann","data":)";
  mine.headers_json = "{}";
  others.id = "o";
  others.kind = "request";
  others.original = R"({"subject":"anna"})";
  others.headers_json = "{}";
  CAF_REQUIRE(b.events->keep_dead_letters({mine, others}).ok());
  postgres::eraser eraser{options_of(url)};
  auto found = eraser.find(ann());
  CAF_REQUIRE(found);
  CAF_CHECK_EQUAL(found->alerts, 2u);
  CAF_CHECK_EQUAL(found->alerts_open, 1u);
  CAF_CHECK_EQUAL(found->deliveries, 2u);
  CAF_CHECK_EQUAL(found->unsent, 2u);
  CAF_CHECK_EQUAL(found->dead_letters, 1u);
  CAF_CHECK(!found->is_complete());
  CAF_REQUIRE(eraser.erase().ok());
  CAF_CHECK_EQUAL(count("alert WHERE summary = '(erased)'"), 2);
  CAF_CHECK_EQUAL(count("alert WHERE id IN ('open', 'other') AND summary LIKE "
                        "'about%'"),
                  2);
  CAF_CHECK_EQUAL(count("delivery WHERE state = 'failed' AND body = "
                        "'{\"erased\":true}'"),
                  2);
  CAF_CHECK_EQUAL(count("delivery WHERE state = 'pending'"), 2);
  CAF_CHECK_EQUAL(count("attempt WHERE error = 'its content was erased'"), 2);
  CAF_CHECK_EQUAL(count("dead_letter"), 1);
  CAF_CHECK_EQUAL(count("alert WHERE resolve_comment <> ''"), 0);
  CAF_CHECK_EQUAL(count("control WHERE body->>'comment' = '' AND"
                        " body->>'group' = '[]' AND body->>'by' = 'op'"),
                  2);
  CAF_CHECK_EQUAL(count("control WHERE body->>'comment' = 'ann'"), 2);
  auto told = [this](const std::string& alert) {
    return count("live_change WHERE topic = 'alerts' AND strpos(body::text,"
                 " '\"id\":\"" +
                 alert + "\"') > 0");
  };
  CAF_CHECK_EQUAL(told("by-event"), 0);
  CAF_CHECK_EQUAL(told("by-group"), 0);
  CAF_CHECK_EQUAL(told("open"), 1);
  CAF_CHECK_EQUAL(told("other"), 1);
}

CAF_TEST(more_events_than_one_transaction_takes_are_erased) {
  std::vector<incoming_event> all;
  for (uint64_t i = 0; i < 2'500; ++i)
    all.push_back(event_of(i, std::to_string(i), "ann"));
  keep(all);
  postgres::eraser eraser{options_of(url)};
  CAF_REQUIRE(eraser.find(ann()));
  CAF_REQUIRE(eraser.erase().ok());
  CAF_CHECK_EQUAL(count("events WHERE payload IS NULL"), 2'500);
}

CAF_TEST(a_dump_is_of_the_moment_of_its_snapshot) {
  keep({event_of(0, "1", "ann")});
  auto held = postgres::dump_snapshot::open(options_of(url));
  CAF_REQUIRE(held);
  auto& facts = (*held)->facts();
  CAF_CHECK(!facts.snapshot.empty());
  CAF_CHECK(facts.version >= 150'000);
  CAF_CHECK(facts.migration.starts_with("00"));
  CAF_REQUIRE_EQUAL(facts.tails.size(), 1u);
  CAF_CHECK(facts.tails[0] == (position{0, day_start_ms + 1000, 0}));
}

CAF_TEST(a_place_is_empty_or_ours_or_somebody_elses) {
  postgres::options empty = options_of(shared_postgres().new_database());
  auto target = postgres::look_at_target(empty);
  CAF_REQUIRE(target);
  CAF_CHECK(target->empty && !target->ours && target->sessions.empty());
  target = postgres::look_at_target(options_of(url));
  CAF_REQUIRE(target);
  CAF_CHECK(!target->empty && target->ours);
  CAF_CHECK(b.leases->acquire("evaluation", "w", std::chrono::minutes(1)).ok());
  target = postgres::look_at_target(options_of(url));
  CAF_CHECK(!target->sessions.empty()); // the store's connection
  b.leases.reset();
  CAF_CHECK(postgres::clear_database(options_of(url)).ok());
  target = postgres::look_at_target(options_of(url));
  CAF_CHECK(target->empty);
  CAF_CHECK(postgres::migrate(url).ok()); // functions went too
}

CAF_TEST(a_server_tells_what_it_is_set_to) {
  auto facts = postgres::look_at_server(options_of(url));
  CAF_REQUIRE(facts);
  CAF_CHECK(facts->version >= 150'000);
  CAF_CHECK_EQUAL(facts->fsync, "off"); // that of the tests
  CAF_CHECK_EQUAL(facts->encoding, "UTF8");
  CAF_CHECK(facts->migrations_missing.empty());
  CAF_CHECK_EQUAL(facts->migrations_wrong, "");
  CAF_CHECK_EQUAL(facts->lease_owner, "");
  b.lease("evaluation");
  sql("UPDATE schema_migration SET checksum = 'x' WHERE number = 1");
  facts = postgres::look_at_server(options_of(url));
  CAF_CHECK_EQUAL(facts->lease_owner, "w1");
  CAF_CHECK(!facts->migrations_wrong.empty());
  facts =
      postgres::look_at_server(options_of(shared_postgres().new_database()));
  CAF_REQUIRE(facts);
  CAF_CHECK(!facts->migrations_missing.empty());
}

CAF_TEST(a_password_goes_into_both_forms_of_a_connection_string) {
  using postgres::with_password;
  CAF_CHECK_EQUAL(with_password("host=x", ""), "host=x");
  CAF_CHECK_EQUAL(with_password("host=x", "a'b\\c"),
                  "host=x password='a\\'b\\\\c'");
  CAF_CHECK_EQUAL(with_password("postgresql://u@h/d", "a b&c"),
                  "postgresql://u@h/d?password=a%20b%26c");
  CAF_CHECK_EQUAL(with_password("postgresql://u@h/d?x=1", "p"),
                  "postgresql://u@h/d?x=1&password=p");
  auto environment = postgres::program_environment(
      with_password("postgresql://u@h/d?sslmode=require", "a b&c"));
  CAF_REQUIRE(environment);
  CAF_CHECK_EQUAL((*environment)["PGPASSWORD"], "a b&c");
  CAF_CHECK_EQUAL((*environment)["PGHOST"], "h");
  CAF_CHECK_EQUAL((*environment)["PGDATABASE"], "d");
  CAF_CHECK_EQUAL((*environment)["PGSSLMODE"], "require");
  CAF_CHECK(!postgres::program_environment("postgresql://[").ok());
}

CAF_TEST_FIXTURE_SCOPE_END()
