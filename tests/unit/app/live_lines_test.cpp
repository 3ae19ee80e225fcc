#define CAF_SUITE live_lines
#include <caf/test/unit_test.hpp>

#include "runtime/app/live_lines.hpp"

using namespace eventpulse;
namespace json = boost::json;

namespace {

std::string line(const std::string& text, live_line_options o = {}) {
  return live_line(json::parse(text).as_object(), o);
}

const std::string an_event =
    R"({"topic":"events","type":"event.persisted",)"
    R"("at":"2026-01-02T03:04:05.678Z","data":{"id":"1","source":"/shop",)"
    R"("type":"order.placed","subject":"s","data":{"total":12}},"cursor":"c"})";

std::string an_alert(const std::string& severity, const std::string& summary) {
  return R"({"topic":"alerts","type":"alert.opened",)"
         R"("at":"2026-01-02T03:04:05.678Z","data":{"severity":")" +
         severity + R"(","rule":"r1","summary":)" +
         json::serialize(json::string(summary)) + R"(,"group":["c1"]}})";
}

} // namespace

CAF_TEST(an event is time type source id and data) {
  CAF_CHECK_EQUAL(line(an_event),
                  R"(03:04:05.678  order.placed  /shop 1  s  {"total":12})");
}

CAF_TEST(an alert is severity rule and summary) {
  CAF_CHECK_EQUAL(line(an_alert("critical", "5 declines")),
                  "03:04:05.678  alert.opened        critical  r1  5 declines "
                  R"(["c1"])");
}

CAF_TEST(what has no form of its own is its members) {
  CAF_CHECK_EQUAL(
      line(R"({"topic":"system","type":"lease.taken",)"
           R"("at":"2026-01-02T03:04:05.678Z",)"
           R"("data":{"name":"p0","epoch":2,"owner":"w"}})"),
      "03:04:05.678  lease.taken         name=p0  epoch=2  owner=w");
}

CAF_TEST(nothing of an event steers the terminal) {
  auto shown = line(an_alert("info", "a\x1b[2J\nb\x7f"));
  CAF_CHECK(shown.find("a\\x1b[2J\\x0ab\\x7f") != shown.npos);
}

CAF_TEST(a long line is cut between characters) {
  live_line_options o;
  o.columns = 16;
  CAF_CHECK_EQUAL(line(an_alert("ä", "x"), o), "03:04:05.678  a…");
  o.columns = 1000;
  CAF_CHECK_EQUAL(line(an_event, o), line(an_event));
  o.columns = 36;
  CAF_CHECK_EQUAL(line(an_alert("äöü", "x"), o),
                  "03:04:05.678  alert.opened        ä…");
}

CAF_TEST(severity and outcome have a colour where colours are wanted) {
  live_line_options o;
  o.colours = true;
  CAF_CHECK(line(an_alert("critical", "x"), o).starts_with("\033[31m"));
  CAF_CHECK(line(an_alert("warning", "x"), o).ends_with("\033[0m"));
  CAF_CHECK(line(an_event, o)[0] == '0');
}

CAF_TEST(a value of a query is escaped where it must be) {
  CAF_CHECK_EQUAL(query_value("a-b_c.d~1"), "a-b_c.d~1");
  CAF_CHECK_EQUAL(query_value("a b&c=d+ä"), "a%20b%26c%3Dd%2B%C3%A4");
}
