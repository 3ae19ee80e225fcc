// Operating it, as its operator sees it: a backup under load and its way back,
// an erasure, and what the doctor says.

#define CAF_SUITE e2e_keep
#include <caf/test/unit_test.hpp>

#include "tests/support/product.hpp"

#include <atomic>
#include <set>
#include <thread>

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

/// A command to its end; its exit code and what it printed.
std::pair<int, std::string> run(std::vector<std::string> words) {
  child_options o;
  o.name = "eventpulse";
  words.insert(words.begin(), product_binary());
  o.argv = std::move(words);
  o.environment = {{"EVENTPULSE_CONFIG", ""}};
  const auto done = run_program(std::move(o), "", patience);
  if (!done)
    throw std::runtime_error(to_string(done.error()));
  CAF_MESSAGE(done->output);
  return {done->exit.signal ? -1 : done->exit.code, done->output};
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string event(const std::string& id, const std::string& subject) {
  return R"({"specversion":"1.0","type":"order","source":"/shop","id":")" + id +
         R"(","subject":")" + subject + R"(","data":{"card":")" + subject +
         R"("}})";
}

struct fixture {
  product p;

  unsigned send(const std::string& body) const {
    http::client link;
    http::client_request what;
    what.method = "POST";
    what.url = p.address() + "/v1/events";
    what.headers = {{"Authorization", "Bearer " + p.key()},
                    {"Content-Type", "application/cloudevents+json"}};
    what.body = body;
    return call(link, what).status;
  }

  int64_t count(const std::string& of) const {
    return p.number("SELECT count(*) FROM " + of);
  }

  std::string data() const { return p.data().string(); }
  std::string place(const char* name) const {
    return (p.dir().path / name).string();
  }
};

const std::string rule =
    "{id: orders, kind: match, when: event.type == 'order', group_by: "
    "[event.data.card], alert: {summary: 'order of ${group[0]}'}}";

} // namespace

CAF_TEST_FIXTURE_SCOPE(keep, fixture)

CAF_TEST(a_backup_under_load_holds_all_that_was_answered_before_once) {
  p.command({"rules", "publish", p.dir().write("r.yaml", rule)});
  std::atomic<bool> stop{false};
  std::atomic<int> answered{0}; // ids 0 … answered-1 were answered 202
  std::thread load{[&] {
    for (int i = 0; !stop; ++i) {
      if (send(event("e" + std::to_string(i), "s" + std::to_string(i))) != 202)
        return;
      answered = i + 1;
    }
  }};
  CAF_CHECK(eventually([&] { return answered > 200; }, patience));
  const int before = answered;
  const auto [code, said] = run({"backup", place("b"), "--data", data()});
  const int after = answered;
  CAF_CHECK(eventually([&] { return answered > after + 20; }, patience));
  stop = true;
  load.join();
  CAF_CHECK_EQUAL(code, 0);
  CAF_CHECK(after > before); // the load went on
  // The place is taken now, and not by force.
  CAF_CHECK_EQUAL(run({"backup", place("b"), "--data", data()}).first, 1);
  p.stop();

  const auto [restored, text] =
      run({"restore", place("b"), "--data", place("data2")});
  CAF_REQUIRE_EQUAL(restored, 0);
  CAF_CHECK(holds(text, "eventpulse up --data"));
  std::filesystem::rename(p.data(), place("old"));
  std::filesystem::rename(place("data2"), p.data());
  const auto key = file_text(std::filesystem::path{place("old")} / "admin_key");
  p.start();
  CAF_CHECK_EQUAL(p.key() + "\n", key); // the key went along
  // Everything of before is there; the entries of the stream follow.
  std::set<std::string> wanted;
  for (int i = 0; i < before; ++i)
    wanted.insert("e" + std::to_string(i));
  const auto all_there = [&] {
    auto missing = wanted;
    for (auto& row : p.rows("SELECT id FROM events"))
      missing.erase(row[0]);
    return missing.empty();
  };
  CAF_CHECK(eventually(all_there, patience));
  CAF_CHECK_EQUAL(count("(SELECT id FROM events GROUP BY id HAVING count(*) > "
                        "1) AS twice"),
                  0);
  // Each is evaluated once: an alert for each event, none twice.
  CAF_CHECK(eventually(
      [&] {
        return count("events e WHERE NOT EXISTS (SELECT FROM alert a WHERE "
                     "a.summary = 'order of ' || e.subject)") == 0;
      },
      patience));
  CAF_CHECK_EQUAL(count("(SELECT summary FROM alert GROUP BY summary HAVING "
                        "count(*) > 1) AS twice"),
                  0);
  // And it goes on.
  CAF_CHECK_EQUAL(send(event("new", "new")), 202u);
  CAF_CHECK(eventually(
      [&] { return count("alert WHERE summary = 'order of new'") == 1; },
      patience));
  CAF_CHECK(!holds(p.log_of("worker"), "stream_behind"));
  CAF_CHECK(!holds(p.log_of("worker"), "stream_gap"));
}

CAF_TEST(a_restore_overwrites_nothing_by_itself) {
  CAF_CHECK_EQUAL(send(event("1", "a")), 202u);
  CAF_REQUIRE(eventually([&] { return count("events") == 1; }, patience));
  CAF_REQUIRE_EQUAL(run({"backup", place("b"), "--data", data()}).first, 0);
  // While it runs, with or without force.
  const auto running =
      run({"restore", place("b"), "--force", "--data", data()});
  CAF_CHECK_EQUAL(running.first, 1);
  CAF_CHECK(holds(running.second, "in use"));
  CAF_CHECK_EQUAL(send(event("2", "a")), 202u);
  CAF_REQUIRE(eventually([&] { return count("events") == 2; }, patience));
  p.stop();
  const auto taken = run({"restore", place("b"), "--data", data()});
  CAF_CHECK_EQUAL(taken.first, 1);
  CAF_CHECK(holds(taken.second, "--force replaces"));
  // A backup that was changed is noticed before anything is touched.
  {
    std::ofstream out{std::filesystem::path{place("b")} / "stream.resp",
                      std::ios::app};
    out << "x";
  }
  const auto broken = run({"restore", place("b"), "--force", "--data", data()});
  CAF_CHECK_EQUAL(broken.first, 1);
  CAF_CHECK(holds(broken.second, "checksum"));
  p.start();
  CAF_CHECK_EQUAL(count("events"), 2);
  p.stop();
  CAF_CHECK_EQUAL(run({"restore", place("nowhere"), "--data", data()}).first,
                  2);
}

CAF_TEST(a_database_older_than_the_stream_is_reported_with_the_gap) {
  CAF_CHECK_EQUAL(send(event("1", "a")), 202u);
  CAF_REQUIRE(eventually([&] { return count("events") == 1; }, patience));
  CAF_REQUIRE_EQUAL(run({"backup", place("b"), "--data", data()}).first, 0);
  // More than stays in a node of the stream, so that some is trimmed.
  for (int i = 0; i < 300; ++i)
    CAF_REQUIRE_EQUAL(send(event("n" + std::to_string(i), "a")), 202u);
  CAF_REQUIRE(eventually([&] { return count("events") == 301; }, patience));
  const auto trimmed = [&] {
    const auto said = run({"doctor", "--data", data(), "--json"}).second;
    const auto items = boost::json::parse(said).at("items").as_array();
    for (auto& one : items)
      if (one.at("check").as_string() == "stream of partition 0")
        return std::atoi(one.at("detail").as_string().c_str()) < 200;
    return false;
  };
  CAF_REQUIRE(eventually(trimmed, patience));
  p.stop();
  const auto [code, said] = run({"restore", place("b"), "--only", "database",
                                 "--force", "--data", data()});
  CAF_CHECK_EQUAL(code, 1);
  CAF_CHECK(holds(said, "GAP: the database is behind the stream"));
  p.start(); // it goes on all the same, with what is there
  CAF_CHECK_EQUAL(send(event("new", "a")), 202u);
  CAF_CHECK(eventually([&] { return count("events WHERE id = 'new'") == 1; },
                       patience));
}

CAF_TEST(an_erasure_leaves_nothing_of_its_subject) {
  p.command({"rules", "publish", p.dir().write("r.yaml", rule)});
  for (auto* id : {"1", "2"})
    CAF_REQUIRE_EQUAL(send(event(id, "ann@example.org")), 202u);
  CAF_REQUIRE_EQUAL(send(event("3", "bob@example.org")), 202u);
  CAF_CHECK_EQUAL(send(R"({"specversion":"1.0","subject":"ann@example.org"})"),
                  422u); // refused, and set aside
  CAF_REQUIRE(eventually([&] { return count("events") == 3; }, patience));
  CAF_REQUIRE(eventually(
      [&] {
        return count("alert WHERE state = 'resolved' AND summary LIKE "
                     "'%ann%'") >= 1;
      },
      patience));
  const auto dry = run({"erase", "--subject", "ann@example.org", "--dry-run",
                        "--data", data(), "--json"});
  CAF_CHECK_EQUAL(dry.first, 0);
  CAF_CHECK(holds(dry.second, R"("events":2)"));
  CAF_CHECK_EQUAL(count("events WHERE subject = 'ann@example.org'"), 2);
  // Something follows, so that the last entry of the stream may go.
  CAF_CHECK_EQUAL(send(event("4", "bob@example.org")), 202u);
  run({"erase", "--subject", "ann@example.org", "--data", data()});
  CAF_CHECK_EQUAL(count("events WHERE events::text LIKE '%ann@%'"), 0);
  CAF_CHECK_EQUAL(count("events"), 4); // their places stay
  CAF_CHECK_EQUAL(count("events WHERE subject = 'bob@example.org'"), 2);
  CAF_CHECK_EQUAL(
      count("alert WHERE state = 'resolved' AND alert::text LIKE '%ann@%'"), 0);
  CAF_CHECK(count("alert WHERE summary LIKE '%bob@%'") > 0);
  CAF_CHECK_EQUAL(count("audit WHERE action = 'erase' AND target LIKE "
                        "'subject sha256:%'"),
                  1);
  CAF_CHECK_EQUAL(count("audit WHERE audit::text LIKE '%ann@%'"), 0);
  // Repeated, it finds nothing more to erase.
  const auto again = run({"erase", "--subject", "ann@example.org", "--dry-run",
                          "--data", data(), "--json"});
  CAF_CHECK(holds(again.second, R"("events":0)"));
  CAF_CHECK(holds(again.second, R"("stream_entries":0)"));
  CAF_CHECK(holds(again.second, R"("refused_requests":0)"));
  // What it names is required.
  CAF_CHECK_EQUAL(run({"erase", "--data", data()}).first, 2);
}

CAF_TEST(the_doctor_finds_the_product_well_and_says_what_is_wrong) {
  const auto well = run({"doctor", "--data", data()});
  CAF_CHECK_EQUAL(well.first, 0);
  CAF_CHECK(holds(well.second, "ok      PostgreSQL fsync: on"));
  CAF_CHECK(holds(well.second, "ok      Redis appendfsync: always"));
  CAF_CHECK(holds(well.second, "ok      a worker evaluates"));
  std::filesystem::permissions(p.data() / "admin_key",
                               std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  const auto open = run({"doctor", "--data", data(), "--json"});
  CAF_CHECK_EQUAL(open.first, 1);
  CAF_CHECK(holds(open.second, "chmod 600"));
  p.stop();
  const auto none = run({"doctor", "--data", data()});
  CAF_CHECK_EQUAL(none.first, 2);
  CAF_CHECK(holds(none.second, "no EventPulse runs on"));
  const auto away = run({"doctor", "--stream.url", "unix:///nowhere/r.sock",
                         "--database.url", "postgresql:///x?host=/nowhere"});
  CAF_CHECK_EQUAL(away.first, 1);
  CAF_CHECK(holds(away.second, "WRONG   PostgreSQL answers"));
  CAF_CHECK(holds(away.second, "WRONG   Redis answers"));
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(what_is_older_than_its_time_goes_while_all_runs) {
  product p{{{"EVENTPULSE_RETENTION_SWEEP_EVERY", "1s"},
             {"EVENTPULSE_RETENTION_DEAD_LETTERS", "1d"}}};
  p.command({"send"}, "{\"type\":\"a\"}\n");
  const auto count = [&](const std::string& of) {
    return p.number("SELECT count(*) FROM " + of);
  };
  CAF_REQUIRE(eventually([&] { return count("events") == 1; }, patience));
  {
    pqxx::connection link{p.database_url()};
    pqxx::work tx{link};
    tx.exec("SELECT make_event_day(19000)"); // in 2022
    tx.exec("INSERT INTO dead_letter SELECT 'old' || n, 'old' || n, 'request',"
            " '', '', '{}', NULL, NULL, NULL, 1"
            " FROM generate_series(1, 2500) n");
    tx.commit();
  }
  CAF_CHECK(eventually([&] { return count("dead_letter") == 0; }, patience));
  CAF_CHECK(eventually(
      [&] {
        return p.rows("SELECT to_regclass('events_20220108') IS NULL")[0][0] ==
               "t";
      },
      patience));
  CAF_CHECK_EQUAL(count("events"), 1);
  CAF_CHECK(eventually(
      [&] { return holds(p.log_of("worker"), "event=retention_day_dropped"); },
      patience));
  // And the next event finds everything in its place.
  p.command({"send"}, "{\"type\":\"b\"}\n");
  CAF_CHECK(eventually([&] { return count("events") == 2; }, patience));
}
