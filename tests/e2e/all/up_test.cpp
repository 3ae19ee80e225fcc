// `eventpulse up` as its user sees it: it says what to do, finds its data
// again, and leaves nothing behind.

#define CAF_SUITE e2e_up
#include <caf/test/unit_test.hpp>

#include "tests/support/product.hpp"

#include <algorithm>
#include <map>
#include <set>

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

/// A process and all that came of it.
std::set<pid_t> family_of(pid_t first) {
  std::map<pid_t, pid_t> parents;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos)
      continue;
    // "pid (name) state parent …"; the name may hold anything.
    const auto stat = file_text(entry.path() / "stat");
    const auto name_end = stat.rfind(')');
    if (name_end != std::string::npos)
      parents[static_cast<pid_t>(std::stol(name))] =
          static_cast<pid_t>(std::stol(stat.substr(name_end + 4)));
  }
  std::set<pid_t> out{first};
  for (size_t before = 0; before != out.size();) {
    before = out.size();
    for (const auto& [pid, parent] : parents)
      if (out.contains(parent))
        out.insert(pid);
  }
  return out;
}

bool all_gone(const std::set<pid_t>& pids) {
  return std::none_of(pids.begin(), pids.end(), alive);
}

struct fixture {
  product p;

  /// The line that the newest `up` printed for the user to paste.
  std::string curl_line() const {
    // It may be printed a moment after the ready file is there.
    CAF_REQUIRE(eventually(
        [&] { return p.said().rfind("  curl ") != std::string::npos; },
        patience));
    const auto said = p.said();
    const auto begin = said.rfind("  curl ");
    return said.substr(begin, said.find('\n', begin) - begin);
  }

  std::string shell(const std::string& line) const {
    child_options o;
    o.name = "sh";
    o.argv = {"/bin/sh", "-c", line};
    return product::run_to_end(std::move(o), {});
  }

  bool kept(int64_t events) {
    return eventually(
        [&] { return p.number("SELECT count(*) FROM events") == events; },
        patience);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(up, fixture)

CAF_TEST(the printed curl line sends the event that it shows) {
  const auto answer = boost::json::parse(shell(curl_line()));
  CAF_CHECK_EQUAL(std::string{answer.at("status").as_string()}, "accepted");
  CAF_CHECK(kept(1));
  const auto rows = p.rows("SELECT type, payload::text, source FROM events");
  CAF_CHECK_EQUAL(rows[0][0], "demo.greeting");
  CAF_CHECK_EQUAL(rows[0][1], R"({"text":"hello"})");
  CAF_CHECK_EQUAL(rows[0][2], "admin"); // the key's name
}

CAF_TEST(data and admin key are there at the next start) {
  shell(curl_line());
  CAF_REQUIRE(kept(1));
  const auto key = p.key();
  p.command({"rules", "publish",
             p.dir().write("r.yaml", "{id: greeted, kind: match, "
                                     "when: event.type == 'demo.greeting'}")});
  CAF_CHECK_EQUAL(p.stop().code, 0);
  p.start();
  CAF_CHECK_EQUAL(p.key(), key);
  CAF_CHECK(kept(1));
  const auto rule = p.get("/v1/rules/greeted");
  CAF_CHECK_EQUAL(rule.status, 200u);
  shell(curl_line());
  CAF_CHECK(kept(2));
  CAF_CHECK(eventually(
      [&] { return p.number("SELECT count(*) FROM alert") == 1; }, patience));
}

CAF_TEST(asked to end it ends everything in order) {
  const auto sent = p.command(
      {"send"}, "{\"type\":\"a\",\"data\":1}\n{\"type\":\"b\",\"data\":2}\n");
  CAF_CHECK(sent.find("2 accepted, 0 rejected") != std::string::npos);
  const auto family = family_of(p.up_pid());
  CAF_CHECK(family.contains(p.pid("postgres")));
  const auto ended = p.stop(); // SIGTERM
  CAF_CHECK_EQUAL(ended.code, 0);
  CAF_CHECK_EQUAL(ended.signal, 0);
  CAF_CHECK(all_gone(family));
  p.start();
  CAF_CHECK(kept(2));
}

CAF_TEST(a killed parent leaves no process behind) {
  shell(curl_line());
  const auto family = family_of(p.up_pid());
  for (const auto* who : {"intake", "worker", "redis", "postgres"})
    CAF_CHECK(family.contains(p.pid(who)));
  p.kill_up();
  CAF_CHECK(eventually([&] { return all_gone(family); }, patience));
  p.start(); // the directory is free, and what was answered is there
  CAF_CHECK(kept(1));
}

CAF_TEST_FIXTURE_SCOPE_END()
