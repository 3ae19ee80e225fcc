#define CAF_SUITE app_system_view
#include <caf/test/unit_test.hpp>

#include "runtime/app/system_view.hpp"

#include <string>

using namespace eventpulse;
namespace json = boost::json;

namespace {

json::value answer(int messages, const std::string& reported_at) {
  auto text = R"({
  "at": "2026-01-02T00:01:00.000Z",
  "database": {"version": "15.9", "schema": 5},
  "problems": ["the reports of other processes: away"],
  "partitions": [
    {"number": 0, "owner": "w", "epoch": 3, "entries": 12, "lag_entries": 4,
     "pending_entries": 2, "lag_seconds": 0.25, "persisted": "0-17-1"},
    {"number": 1, "owner": null, "epoch": 2, "persisted": "1-0-0"}],
  "evaluation": {"evaluated_until": "2026-01-02T00:00:59.000Z",
    "waiting": {"count": 10000, "at_least": true, "lag_seconds": 3725},
    "rules": {"active": 3, "degraded": 1}},
  "deliveries": {"due": {"count": 2, "oldest_seconds": 75},
    "waiting_for_retry": {"count": 0}},
  "processes": [
    {"name": "w", "role": "worker", "version": "1.0", "pid": 7,
     "started_at": "2026-01-02T00:00:00.000Z",
     "reported_at": "REPORTED", "ready": false,
     "reasons": {"stream 0": "away"},
     "tree": {"id": "root", "kind": "supervisor", "state": "running",
       "messages": 1, "mailbox_depth": 0, "busy_seconds": 0, "omitted": 0,
       "children": [
         {"id": "reader", "state": "running", "restarts": 2,
          "last_error": "it \u001b[31m broke", "messages": MESSAGES,
          "mailbox_depth": 9, "busy_seconds": 0.5,
          "linked": [{"kind": "persister", "messages": 1,
                      "mailbox_depth": 0, "busy_seconds": 0}]},
         {"id": "rules", "state": "running", "restarts": 0, "messages": 1,
          "mailbox_depth": 0, "busy_seconds": 0, "omitted": 99,
          "children": [{"id": "bad@1", "state": "parked", "restarts": 12}]}]}},
    {"name": "i", "role": "intake", "reasons": {}, "tree": null}]
})";
  std::string filled = text;
  auto put = [&](const std::string& name, const std::string& value) {
    filled.replace(filled.find(name), name.size(), value);
  };
  put("REPORTED", reported_at);
  put("MESSAGES", std::to_string(messages));
  return json::parse(filled);
}

std::string line_with(const std::string& text, const std::string& part) {
  auto at = text.find(part);
  if (at == text.npos)
    return "no line with " + part;
  auto from = text.rfind('\n', at) + 1;
  return text.substr(from, text.find('\n', at) - from);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

} // namespace

CAF_TEST(everything_that_matters_has_its_line) {
  system_view view({false, 200});
  auto text = view.render(answer(100, "2026-01-02T00:00:58.000Z"));
  CAF_CHECK(has(text, "PostgreSQL 15.9, schema 5"));
  CAF_CHECK(has(text, "cannot ask: the reports of other processes: away"));
  auto process = line_with(text, "1.0");
  CAF_CHECK(has(process, "1m00s"));
  CAF_CHECK(has(process, "no: stream 0: away"));
  auto partition = line_with(text, "0-17-1");
  CAF_CHECK(has(partition, "250ms"));
  CAF_CHECK(has(text, "10000+ events behind (1h02m), rules: 3 active, 1 "
                      "degraded"));
  CAF_CHECK(has(text, "2 due (oldest 1m15s), 0 waiting"));
  auto reader = line_with(text, "reader");
  CAF_CHECK(has(reader, "500ms"));
  CAF_CHECK(has(reader, "it  [31m broke")); // no control reaches the terminal
  CAF_CHECK(has(text, "+ persister"));
  CAF_CHECK(has(line_with(text, "bad@1"), "parked"));
  CAF_CHECK(has(text, "and 99 more"));
  CAF_CHECK(has(text, "its tree did not answer in time"));
  CAF_CHECK(!has(text, "\x1b"));
}

CAF_TEST(rates_are_of_two_reports) {
  system_view view({false, 200});
  CAF_CHECK(has(
      line_with(view.render(answer(100, "2026-01-02T00:00:58.000Z")), "reader"),
      "100       -"));
  auto second = view.render(answer(350, "2026-01-02T00:01:00.000Z"));
  CAF_CHECK(has(line_with(second, "reader"), "125.0"));
  auto again = view.render(answer(350, "2026-01-02T00:01:00.000Z"));
  CAF_CHECK(!has(line_with(again, "reader"), "125.0")); // the same report
  auto less = view.render(answer(5, "2026-01-02T00:01:02.000Z"));
  CAF_CHECK(has(line_with(less, "reader"), "5       -")); // a new incarnation
}

CAF_TEST(colours_are_for_what_needs_looking_at) {
  system_view view({true, 200});
  auto text = view.render(answer(1, "2026-01-02T00:00:58.000Z"));
  CAF_CHECK(has(line_with(text, "bad@1"), "\x1b[31m"));
  CAF_CHECK(has(line_with(text, "reader"), "\x1b[33m"));
  CAF_CHECK(!has(line_with(text, "+ persister"), "\x1b"));
}

CAF_TEST(lines_are_cut_at_the_width_and_never_inside_a_character) {
  system_view view({false, 30});
  auto text = view.render(answer(1, "2026-01-02T00:00:58.000Z"));
  size_t from = 0;
  while (from < text.size()) {
    auto end = text.find('\n', from);
    CAF_CHECK(end - from <= 30);
    from = end + 1;
  }
}

CAF_TEST(what_is_missing_or_strange_is_not_fatal) {
  system_view view({false, 100});
  CAF_CHECK(!view.render(json::value{}).empty());
  CAF_CHECK(!view.render(json::object{}).empty());
  CAF_CHECK(!view.render(json::parse(
                             R"({"processes": [1, {"tree": {"children": [2]}}],
                         "partitions": [null], "evaluation": [],
                         "deliveries": {"due": 1}, "problems": [7]})"))
                 .empty());
}
