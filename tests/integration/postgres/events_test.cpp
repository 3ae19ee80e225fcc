#define CAF_SUITE postgres_events
#include <caf/test/unit_test.hpp>

#include "tests/support/corpora.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/store_pair.hpp"

#include <boost/json.hpp>

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

constexpr uint64_t t0 = day_start_ms + 1000;

struct fixture {
  std::string url = migrated_database();
  backend b = make_backend("postgres", options_of(url));
  lease_token lease = b.lease("p0");

  std::string value(const std::string& sql) {
    pqxx::connection link{url};
    pqxx::work tx{link};
    auto rows = tx.exec(sql);
    return rows.empty() ? "nothing" : rows[0][0].c_str();
  }

  result<persist_outcome> persist(std::vector<incoming_event> events) {
    return b.events->persist(sample_request(lease, std::move(events)));
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(postgres_events_tests, fixture)

CAF_TEST(a_row_that_postgresql_refuses_is_rejected_and_nothing_is_written) {
  auto poison = sample_event({0, t0 + 1, 0}, "poison");
  // Beyond the stack of PostgreSQL's parser: SQLSTATE 54001.
  poison.document.payload =
      std::string(200'000, '[') + std::string(200'000, ']');
  auto refused = persist({sample_event({0, t0, 0}, "good"), poison});
  CAF_REQUIRE(!refused);
  CAF_CHECK(refused.error().code == errc::rejected);
  CAF_CHECK_EQUAL(value("SELECT count(*) FROM events"), "0");
  CAF_CHECK_EQUAL(value("SELECT coalesce(max(persisted_ms), 0) FROM partition"),
                  "0");
  // Its detail never quotes the row.
  CAF_CHECK(refused.error().detail.size() < 300);
  persist_request r = sample_request(lease, {});
  r.dead = {
      {"d1", "row", "refused", poison.document.payload, "{}", poison.where, 1}};
  r.last = poison.where;
  CAF_REQUIRE(b.events->persist(r));
  CAF_CHECK_EQUAL(value("SELECT length(original) FROM dead_letter"), "400000");
  CAF_CHECK_EQUAL(value("SELECT persisted_ms FROM partition"),
                  std::to_string(t0 + 1));
}

CAF_TEST(numbers_beyond_every_type_are_kept_as_text) {
  auto e = sample_event({0, t0, 0}, "a");
  e.document.payload = R"([1e400, -0, 123456789012345678901234567890, 1E+2])";
  CAF_REQUIRE(persist({e}));
  CAF_CHECK_EQUAL(value("SELECT payload FROM events"), e.document.payload);
}

CAF_TEST(the_table_can_be_asked_with_plain_sql) {
  auto e = sample_event({0, t0, 0}, "a");
  e.document.time = "2026-01-02T03:04:05.5+01:00";
  e.document.subject = "room";
  CAF_REQUIRE(persist({e}));
  CAF_CHECK_EQUAL(value("SELECT time = '2026-01-02 02:04:05.5+00'"
                        " AND received_at = '2026-01-02 00:00:01+00'"
                        " AND subject = 'room' AND type = 'temperature'"
                        " AND (payload->>'celsius')::numeric = 21.5"
                        " AND time_text LIKE '%+01:00' AND accepted_at_ms = 17"
                        " FROM events"),
                  "t");
}

CAF_TEST(each_utc_day_has_its_partition) {
  constexpr auto midnight = day_start_ms + 86'400'000;
  CAF_REQUIRE(persist({sample_event({0, midnight - 1, 0}, "a"),
                       sample_event({0, midnight, 0}, "b"),
                       sample_event({0, midnight, 1}, "a")}));
  CAF_CHECK_EQUAL(value("SELECT count(*) FROM events_20260102"), "1");
  CAF_CHECK_EQUAL(value("SELECT count(*) FROM events_20260103"), "1");
}

CAF_TEST(a_day_that_was_dropped_is_made_again) {
  CAF_REQUIRE(persist({sample_event({0, t0, 0}, "a")}));
  pqxx::connection link{url};
  pqxx::work tx{link};
  tx.exec("ALTER TABLE events DETACH PARTITION events_20260102");
  tx.exec("DROP TABLE events_20260102");
  tx.commit();
  auto done = persist({sample_event({0, t0 + 1, 0}, "b")});
  CAF_REQUIRE(done);
  CAF_CHECK_EQUAL(done->inserted, 1u);
}

CAF_TEST(two_who_find_a_day_missing_make_it_once) {
  auto other = make_backend("postgres", options_of(url));
  CAF_REQUIRE(b.events->prepare_days(static_cast<int64_t>(t0), 3));
  CAF_REQUIRE(other.events->prepare_days(static_cast<int64_t>(t0), 4));
  CAF_CHECK_EQUAL(value("SELECT count(*) FROM pg_inherits"
                        " WHERE inhparent = 'events'::regclass"),
                  "5");
}

CAF_TEST(a_batch_larger_than_one_statement_is_one_transaction) {
  std::vector<incoming_event> all;
  for (uint64_t i = 0; i < 100; ++i) {
    all.push_back(sample_event({0, t0, i}, std::to_string(i)));
    all.back().document.payload = '"' + std::string(200'000, 'x') + '"';
  }
  auto bad = all;
  bad.back().document.payload = "{";
  CAF_CHECK(!persist(bad));
  CAF_CHECK_EQUAL(value("SELECT count(*) FROM events"), "0");
  auto done = persist(all);
  CAF_REQUIRE(done);
  CAF_CHECK_EQUAL(done->inserted, 100u);
  CAF_CHECK_EQUAL(value("SELECT count(*) FROM events"), "100");
}

CAF_TEST(every_document_of_the_corpora_is_stored_byte_true) {
  auto files = corpus_files("events", ".jsonl");
  size_t documents = 0;
  uint64_t seq = 0;
  for (auto& file : files) {
    std::vector<incoming_event> batch;
    auto flush = [&] {
      auto done = persist(batch);
      CAF_REQUIRE(done);
      CAF_REQUIRE_EQUAL(done->inserted, batch.size());
      order_key from{static_cast<int64_t>(t0), 0, t0, batch[0].where.seq - 1};
      auto back = b.events->read_back(from, std::nullopt, batch.size());
      CAF_REQUIRE(back);
      CAF_REQUIRE_EQUAL(back->batch->events.size(), batch.size());
      for (size_t i = 0; i < batch.size(); ++i)
        CAF_REQUIRE(back->batch->events[i].document == batch[i].document);
      documents += batch.size();
      batch.clear();
    };
    for (auto& line : corpus_lines(file)) {
      auto at = line.find("\"payload\": ");
      CAF_REQUIRE(at != std::string::npos);
      auto entry = boost::json::parse(line).as_object();
      auto e = sample_event({0, t0, ++seq},
                            std::string{entry.at("name").as_string()} + "#" +
                                std::to_string(seq));
      e.document.source = std::string{entry.at("source").as_string()};
      e.document.type = std::string{entry.at("kind").as_string()};
      // The document as it stands in the line: up to the line's last brace.
      at += std::string_view{"\"payload\": "}.size();
      e.document.payload = line.substr(at, line.rfind('}') - at);
      batch.push_back(e);
      if (batch.size() == 500)
        flush();
    }
    if (!batch.empty())
      flush();
  }
  CAF_MESSAGE("documents stored: " << documents);
  CAF_CHECK_EQUAL(documents > 0, !files.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
