// Failures as problem details, whatever they hold.

#define CAF_SUITE http_problem

#include "messages/problem.hpp"

#include <boost/json.hpp>
#include <caf/test/unit_test.hpp>

#include <set>

using namespace eventpulse;

namespace {

struct expected {
  errc code;
  unsigned status;
};

const expected table[] = {
    {errc::malformed, 400},       {errc::invalid, 422},
    {errc::too_large, 413},       {errc::unsupported, 415},
    {errc::unauthenticated, 401}, {errc::forbidden, 403},
    {errc::not_found, 404},       {errc::conflict, 409},
    {errc::rate_limited, 429},    {errc::unavailable, 503},
    {errc::overloaded, 503},      {errc::outcome_unknown, 503},
    {errc::timed_out, 504},       {errc::fenced, 503},
    {errc::rejected, 422},        {errc::corrupt, 500},
    {errc::shutting_down, 503},   {errc::internal, 500},
};

std::string header(const http_response& answer, std::string_view name) {
  for (const auto& [key, value] : answer.headers)
    if (key == name)
      return value;
  return "";
}

} // namespace

CAF_TEST(every_failure_has_its_status_and_a_type_of_its_own) {
  std::set<std::string> types;
  for (const auto& [code, status] : table) {
    const auto answer = to_http(failure{code, "why"});
    CAF_CHECK_EQUAL(answer.status, status);
    CAF_CHECK_EQUAL(answer.content_type, "application/problem+json");
    const auto body = boost::json::parse(answer.body);
    CAF_CHECK_EQUAL(body.at("status").to_number<unsigned>(), status);
    CAF_CHECK_EQUAL(body.at("detail").as_string(), "why");
    CAF_CHECK(!body.at("title").as_string().empty());
    types.insert(std::string{body.at("type").as_string()});
    const bool wait = status == 429 || status == 503;
    CAF_CHECK_EQUAL(header(answer, "Retry-After"), wait ? "1" : "");
    CAF_CHECK_EQUAL(header(answer, "WWW-Authenticate"),
                    status == 401 ? "Bearer" : "");
  }
  CAF_CHECK_EQUAL(types.size(), std::size(table));
  CAF_CHECK(types.count("https://eventpulse.dev/problems/not_found") == 1);
  CAF_CHECK(types.count("https://eventpulse.dev/problems/outcome-unknown") ==
            1);
}

CAF_TEST(faults_of_a_document_are_listed) {
  const problem what{
      errc::invalid, "two faults", {{"/a", "x"}, {"/b/0", "\"y\""}}};
  const auto body = boost::json::parse(to_http(what).body);
  CAF_CHECK_EQUAL(body.at("errors").as_array().size(), 2u);
  CAF_CHECK_EQUAL(body.at("errors").at(1).at("pointer").as_string(), "/b/0");
  CAF_CHECK_EQUAL(body.at("errors").at(1).at("detail").as_string(), "\"y\"");
}

CAF_TEST(empty_members_are_left_out) {
  const auto body =
      boost::json::parse(to_http(failure{errc::internal, ""}).body);
  CAF_CHECK(!body.as_object().contains("detail"));
  CAF_CHECK(!body.as_object().contains("errors"));
}

CAF_TEST(any_octets_in_a_detail_become_valid_json) {
  for (int a = 0; a < 256; ++a) {
    for (int b : {0, 0x22, 0x5c, 0x80, 0xA0, 0xBF, 0xC0, 0xED, 0xF4, 0xFF}) {
      std::string detail{static_cast<char>(a), static_cast<char>(b), 'x'};
      boost::json::error_code ec;
      const auto body = boost::json::parse(
          to_http(failure{errc::malformed, detail}).body, ec);
      CAF_REQUIRE(!ec);
      const auto got = body.at("detail").as_string();
      CAF_REQUIRE(!got.empty() && got.back() == 'x');
    }
  }
  const std::string valid = "a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80";
  const auto body =
      boost::json::parse(to_http(failure{errc::malformed, valid}).body);
  CAF_CHECK_EQUAL(body.at("detail").as_string(), valid);
}
