#define CAF_SUITE cel_conformance
#include <caf/test/unit_test.hpp>

// Every case of the CEL conformance suite and of the parser's tests; the corpus
// lies outside of the project, in $EVENTPULSE_CORPORA/cel.

#include "runtime/core/cel/conformance.hpp"
#include "runtime/core/cel/parser.hpp"

#include <boost/json.hpp>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <string>

using namespace eventpulse::cel;
namespace json = boost::json;

namespace {

// Cases that are not met, each with the reason.
const std::map<std::string, std::string> exceptions{};

json::value canonical(const json::value& tagged) {
  const auto* o = tagged.if_object();
  if (!o || o->size() != 1)
    return tagged;
  const auto name = o->begin()->key();
  const auto& content = o->begin()->value();
  if (name == "double") {
    const auto v = from_tagged(tagged);
    return to_tagged(v);
  }
  if (name == "list") {
    json::array items;
    for (const auto& item : content.as_array())
      items.push_back(canonical(item));
    return json::object{{"list", std::move(items)}};
  }
  if (name != "map")
    return tagged;
  std::map<std::string, json::value> sorted;
  for (const auto& entry : content.as_array()) {
    const auto key = canonical(entry.as_array()[0]);
    sorted[json::serialize(key)] = canonical(entry.as_array()[1]);
  }
  json::array entries;
  for (auto& [key, mapped] : sorted)
    entries.push_back(json::array{json::parse(key), std::move(mapped)});
  return json::object{{"map", std::move(entries)}};
}

bool as_expected(const json::object& expected, const json::object& answer) {
  if (expected.contains("error"))
    return answer.contains("error");
  if (const auto* deduced = expected.if_contains("deduced_type")) {
    const auto* found = answer.if_contains("deduced_type");
    if (!found || *found != *deduced)
      return false;
  }
  const auto* wanted = expected.if_contains("value");
  if (!wanted)
    return expected.contains("deduced_type");
  const auto* found = answer.if_contains("value");
  return found && canonical(*found) == canonical(*wanted);
}

// Calls `test` with every line of a corpus file; the count of lines, or 0 when
// the corpora are not there.
size_t each_line(const std::string& name,
                 const std::function<void(const json::object&)>& test) {
  const char* folder = std::getenv("EVENTPULSE_CORPORA");
  if (!folder) {
    std::cout << "skipped: EVENTPULSE_CORPORA is unset, 0 cases of " << name
              << '\n';
    const char* ci = std::getenv("CI");
    CAF_CHECK(!ci || std::string{ci} != "true");
    return 0;
  }
  std::ifstream in(std::string{folder} + "/cel/" + name);
  CAF_REQUIRE(in.good());
  size_t count = 0;
  for (std::string line; std::getline(in, line); ++count)
    test(json::parse(line).as_object());
  return count;
}

} // namespace

CAF_TEST(every_conformance_case_gives_the_expected_value_type_or_error) {
  size_t failed = 0;
  const auto zones = std::make_shared<const time_zones>();
  const auto count = each_line("conformance.jsonl", [&](const json::object& c) {
    const std::string id{c.at("id").as_string().c_str()};
    if (exceptions.count(id) != 0)
      return;
    const auto text = run_case(c, zones);
    if (!as_expected(c.at("expected").as_object(),
                     json::parse(text).as_object())) {
      ++failed;
      std::cout << "not as expected: " << id << "\n  "
                << c.at("expr").as_string().c_str() << "\n  "
                << json::serialize(c.at("expected")) << "\n  " << text << '\n';
    }
  });
  std::cout << count << " cases, " << failed << " not as expected, "
            << exceptions.size() << " excepted\n";
  CAF_CHECK_EQUAL(failed, 0u);
}

CAF_TEST(every_parser_case_parses_or_is_refused_as_expected) {
  size_t failed = 0;
  const auto count = each_line("parser.jsonl", [&](const json::object& c) {
    const auto& expr = c.at("expr").as_string();
    const auto& expect = c.at("expect").as_string();
    const auto parsed = parse({expr.data(), expr.size()});
    const bool good = std::holds_alternative<ast>(parsed);
    const bool either = expect == "limit" || expect == "extension";
    if (!either && good != (expect == "parses")) {
      ++failed;
      std::cout << "not as expected: " << c.at("id").as_string().c_str() << " "
                << expr.c_str() << " " << expect.c_str() << '\n';
    }
  });
  std::cout << count << " cases, " << failed << " not as expected\n";
  CAF_CHECK_EQUAL(failed, 0u);
}
