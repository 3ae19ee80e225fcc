// The corpus of requests against a real server, each on a fresh connection.

#define CAF_SUITE http_corpus

#include "tests/integration/http/corpus.hpp"
#include "tests/integration/http/test_server.hpp"
#include "tests/integration/http/wire.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>

namespace {

using namespace std::chrono_literals;

struct played {
  std::vector<unsigned> statuses;
  std::vector<std::string> paths; // what the sink was given
  bool closed = false;
};

struct fixture {
  std::mutex mutex;
  std::vector<std::string> paths;
  std::unique_ptr<test::server> server;

  fixture() {
    test::server_options options;
    options.header_timeout = 300ms;
    options.body_timeout = 300ms;
    test::server_hooks hooks;
    hooks.sink = [this](test::http_exchange call) {
      {
        const std::lock_guard lock{mutex};
        paths.push_back(call.head->path);
      }
      test::answer_at_once(std::move(call));
    };
    server = test::start(options, std::move(hooks));
  }

  played play(const std::string& raw, bool end) {
    {
      const std::lock_guard lock{mutex};
      paths.clear();
    }
    played out;
    wire::connection client{server->port()};
    client.send(raw);
    if (end)
      client.half_close();
    for (const auto& answer : client.read_all(10s, raw.starts_with("HEAD ")))
      out.statuses.push_back(answer.status);
    out.closed = client.ended();
    const std::lock_guard lock{mutex};
    out.paths = paths;
    return out;
  }
};

bool is_success(unsigned status) {
  return status / 100 == 2;
}

bool is_accepted(const played& got, const corpus::request& want) {
  if (got.statuses.empty() || got.statuses.size() > want.messages.size())
    return false;
  const auto bad = [](unsigned status) {
    return status == 400 || status == 431 || status == 505;
  };
  // A method that is not known here ends the connection with 501.
  const bool all =
      got.statuses.size() == want.messages.size() || got.statuses.back() == 501;
  return all && std::none_of(got.statuses.begin(), got.statuses.end(), bad);
}

bool is_refused(const played& got, const corpus::request& want) {
  const auto successes =
      std::count_if(got.statuses.begin(), got.statuses.end(), is_success);
  return got.closed && got.paths.size() <= want.well_formed_before &&
         static_cast<size_t>(successes) <= want.well_formed_before;
}

bool is_not_smuggled(const played& got, const corpus::request& want) {
  return got.statuses.size() <= want.responses_max &&
         (want.smuggled_target.empty() ||
          std::find(got.paths.begin(), got.paths.end(), want.smuggled_target) ==
              got.paths.end());
}

std::string text_of(const played& got) {
  std::string out = got.closed ? "closed" : "open";
  for (unsigned status : got.statuses)
    out += ' ' + std::to_string(status);
  return out;
}

bool skipped(bool present) {
  if (present)
    return false;
  CAF_MESSAGE("skipped: no corpus");
  CAF_CHECK(!corpus::is_required());
  return true;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(http_corpus_tests, fixture)

CAF_TEST(hard_verdicts_hold) {
  bool present = false;
  const auto cases = corpus::read("requests.jsonl", present);
  if (skipped(present))
    return;
  for (const auto& each : cases) {
    const bool waits = each.expect == "incomplete";
    const auto got = play(each.raw, each.expect == "accept");
    bool right = is_not_smuggled(got, each);
    if (each.expect == "accept")
      right = right && is_accepted(got, each);
    else if (waits)
      right = right && got.closed && got.paths.empty() &&
              (got.statuses.empty() || got.statuses.front() == 408);
    else
      right = right && is_refused(got, each) &&
              (got.statuses.empty() || got.statuses.back() != 408);
    if (!right)
      CAF_ERROR(each.expect << " " << each.name << ": " << text_of(got));
  }
}

CAF_TEST(soft_cases_stay_within_their_bounds) {
  bool present = false;
  const auto cases = corpus::read("soft.jsonl", present);
  if (skipped(present))
    return;
  for (const auto& each : cases) {
    const auto got = play(each.raw, true);
    if (!got.closed || !is_not_smuggled(got, each))
      CAF_ERROR(each.name << ": " << text_of(got));
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
