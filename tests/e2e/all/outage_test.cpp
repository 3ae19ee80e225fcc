// What the product is built on goes away and comes back: PostgreSQL, Redis, and
// intake itself in the middle of its clients.

#define CAF_SUITE e2e_outage
#include <caf/test/unit_test.hpp>

#include "tests/support/cluster.hpp"
#include "tests/support/scene.hpp"

#include <atomic>
#include <mutex>

using namespace eventpulse;
using namespace eventpulse::test;
using namespace std::chrono_literals;

namespace {

std::vector<document> some_documents() {
  auto out = documents();
  std::vector<document> fewer;
  for (size_t i = 0; i < out.size(); i += 7)
    fewer.push_back(out[i]);
  return fewer;
}

/// Clients that send event after event, and each again until it is answered:
/// what a careful sender does.
class insistent_clients {
public:
  explicit insistent_clients(const installation& to) {
    for (int i = 0; i < clients; ++i)
      threads_.emplace_back(
          [this, i, base = to.request("POST", "/v1/events")] { run(i, base); });
  }
  ~insistent_clients() { end(); }
  insistent_clients(const insistent_clients&) = delete;
  insistent_clients& operator=(const insistent_clients&) = delete;

  void end() {
    ending_ = true;
    for (auto& t : threads_)
      t.join();
    threads_.clear();
  }

  size_t accepted() const { return accepted_; }
  /// Answers 503, and how many of them said when to come again.
  size_t refused() const { return refused_; }
  size_t refused_well() const { return refused_well_; }
  size_t unanswered() const { return unanswered_; }
  /// Answers that no client should ever see.
  std::string strange() const {
    std::lock_guard lock(mutex_);
    return strange_;
  }
  std::vector<std::string> accepted_ids() const {
    std::lock_guard lock(mutex_);
    return ids_;
  }

private:
  static constexpr int clients = 4;

  void run(int client, http::client_request what) {
    http::client_options options;
    options.answer_timeout = 30s;
    http::client link{options};
    what.headers.emplace_back("Content-Type", "application/json");
    for (int n = 0; !ending_; ++n) {
      const auto id = std::to_string(client) + '-' + std::to_string(n);
      what.body = R"({"id":")" + id +
                  R"(","source":"urn:e2e:insistent","type":"t","data":1})";
      const auto done =
          eventually([&] { return answered(link, what); }, patience);
      std::lock_guard lock(mutex_);
      if (done)
        ids_.push_back(id);
      else
        strange_ += id + " was never taken\n";
    }
  }

  bool answered(http::client& link, const http::client_request& what) {
    const auto answer = call(link, what);
    switch (answer.status) {
    case 200:
    case 202:
      ++accepted_;
      return true;
    case 503:
      ++refused_;
      refused_well_ += !http::find_header(answer, "Retry-After").empty();
      return false;
    case 0:
      ++unanswered_;
      return false;
    }
    std::lock_guard lock(mutex_);
    strange_ += std::to_string(answer.status) + ' ' + answer.body + '\n';
    return true;
  }

  std::atomic<bool> ending_ = false;
  std::atomic<size_t> accepted_ = 0, refused_ = 0, refused_well_ = 0,
                      unanswered_ = 0;
  mutable std::mutex mutex_;
  std::string strange_;
  std::vector<std::string> ids_;
  std::vector<std::thread> threads_;
};

struct fixture {
  cluster p;

  fixture() {
    p.start_worker("worker");
    CAF_REQUIRE(p.intake_ready());
  }

  void taken(const insistent_clients& from, size_t more) {
    const auto wanted = from.accepted() + more;
    CAF_REQUIRE(
        eventually([&] { return from.accepted() >= wanted; }, patience));
  }

  /// Everything that was answered is in the table, once, and nothing else.
  void all_is_kept_once(const insistent_clients& from) {
    CAF_CHECK_EQUAL(from.strange(), "");
    auto expected = from.accepted_ids();
    std::sort(expected.begin(), expected.end());
    std::vector<std::string> found;
    CAF_CHECK(eventually(
        [&] {
          found.clear();
          for (auto& row : p.rows("SELECT id FROM events"))
            found.push_back(row[0]);
          std::sort(found.begin(), found.end());
          return found == expected;
        },
        patience));
    CAF_MESSAGE(expected.size() << " accepted, " << from.refused()
                                << " refused, " << from.unanswered()
                                << " unanswered, " << found.size() << " kept");
    CAF_CHECK_EQUAL(p.number("SELECT count(*) FROM dead_letter"), 0);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(outage, fixture)

CAF_TEST(while PostgreSQL is away intake goes on and the backlog drains) {
  scene s{p, some_documents()};
  s.set_up();
  p.servers().kill_postgres();
  CAF_REQUIRE_EQUAL((crowd{p, s.all}.join()), ""); // every one was answered 202
  const auto back = p.servers().start_postgres();
  CAF_REQUIRE(back.ok());
  s.all_are_stored_once_byte_for_byte();
  s.alerts_are_those_counted_anew();
  s.webhooks_came(false);
  CAF_CHECK(p.process("intake").running());
  CAF_CHECK(p.process("worker").running());
}

CAF_TEST(while Redis is away intake says when to come again) {
  insistent_clients clients{p};
  taken(clients, 200);
  p.servers().kill_redis();
  CAF_REQUIRE(eventually([&] { return clients.refused() >= 20; }, patience));
  CAF_REQUIRE(p.servers().start_redis().ok());
  taken(clients, 200); // with no restart of anything else
  clients.end();
  CAF_CHECK_EQUAL(clients.refused(), clients.refused_well());
  CAF_CHECK_EQUAL(clients.unanswered(), 0u);
  all_is_kept_once(clients);
  CAF_CHECK(p.process("intake").running());
  CAF_CHECK(p.process("worker").running());
}

CAF_TEST(what a killed intake has answered is kept once) {
  insistent_clients clients{p};
  for (int i = 0; i < 3; ++i) {
    taken(clients, 150);
    p.kill("intake");
    p.start_intake();
  }
  taken(clients, 150);
  clients.end();
  CAF_CHECK(clients.unanswered() > 0);
  all_is_kept_once(clients);
}

CAF_TEST_FIXTURE_SCOPE_END()
