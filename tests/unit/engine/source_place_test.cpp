#define CAF_SUITE engine_source_place
#include "tests/unit/engine/rule_fixture.hpp"

#include "runtime/core/rules/source_place.hpp"

using namespace eventpulse;
using namespace eventpulse::testing;

namespace {

// "line:column" of every problem of the document at `pointer`.
lines places_in(const std::vector<rule_problem>& problems,
                const std::string& pointer) {
  lines out;
  for (const auto& p : problems)
    if (p.pointer == pointer)
      out.push_back(std::to_string(p.line) + ':' + std::to_string(p.column));
  return out;
}

lines yaml_places(const std::string& text, const std::string& pointer) {
  return places_in(problems_of(text), pointer);
}

lines json_places(const std::string& text, const std::string& pointer) {
  return places_in(problems_of_json(text), pointer);
}

// `when` in every style of YAML, with `evnt.x` where `mark` says.
std::string when(const std::string& scalar) {
  return "id: x\nkind: match\nwhen: " + scalar + "\nname: n\n";
}

} // namespace

CAF_TEST(a_fault_stands_where_the_style_of_its_scalar_puts_it) {
  const auto at = [](const std::string& scalar) {
    return yaml_places(when(scalar), "/when");
  };
  CAF_CHECK_EQUAL(at("evnt.x"), lines{"3:7"});
  CAF_CHECK_EQUAL(at("\"evnt.x\""), lines{"3:8"});
  CAF_CHECK_EQUAL(at("'true && evnt.x'"), lines{"3:16"});
  // Literal: the indentation counts.
  CAF_CHECK_EQUAL(at("|\n    true &&\n    evnt.x"), lines{"5:5"});
  CAF_CHECK_EQUAL(at("|-\n\n  true &&\n    evnt.x"), lines{"6:5"});
  CAF_CHECK_EQUAL(at("|1 # why\n   true &&\n   evnt.x"), lines{"5:4"});
  // Folded: line breaks are spaces in the expression.
  CAF_CHECK_EQUAL(at(">\n  event.type == 'a' &&\n  evnt.x"), lines{"5:3"});
  CAF_CHECK_EQUAL(at(">-\n  true &&\n\n  true\n  && evnt.x"), lines{"7:6"});
  CAF_CHECK_EQUAL(at(">\r\n  true &&\r\n  evnt.x"), lines{"5:3"});
  // Plain and quoted over several lines.
  CAF_CHECK_EQUAL(at("event.type == 'a' &&\n     evnt.x"), lines{"4:6"});
  CAF_CHECK_EQUAL(at("\"true &&\n\n  evnt.x\""), lines{"5:3"});
  CAF_CHECK_EQUAL(at("\"true \\\n   && evnt.x\""), lines{"4:7"});
  CAF_CHECK_EQUAL(at("'true &&\n   evnt.x'"), lines{"4:4"});
}

CAF_TEST(escapes_count_as_they_are_written) {
  const auto at = [](const std::string& scalar) {
    return yaml_places(when(scalar), "/when");
  };
  CAF_CHECK_EQUAL(at(R"("event.type == \"a\" && evnt.x")"), lines{"3:31"});
  CAF_CHECK_EQUAL(at(R"("event.type == '\u00e9\x41' && evnt.x")"),
                  lines{"3:38"});
  CAF_CHECK_EQUAL(at("'event.type == ''a'' && evnt.x'"), lines{"3:31"});
  // Columns are code points, also where YAML's are bytes.
  CAF_CHECK_EQUAL(at("event.type == 'é' && evnt.x"), lines{"3:28"});
  CAF_CHECK_EQUAL(
      yaml_places("{name: é, id: x, kind: match, when: evnt.x}", "/when"),
      lines{"1:37"});
}

CAF_TEST(anchors_and_tags_stand_before_the_scalar_and_an_alias_for_it) {
  CAF_CHECK_EQUAL(yaml_places(when("&a !!str evnt.x"), "/when"), lines{"3:16"});
  const auto text = "id: x\nkind: match\nwhen: &w '(1 + evnt.x) > 1'\n"
                    "group_by:\n  - *w\n";
  CAF_CHECK_EQUAL(yaml_places(text, "/when"), lines{"3:16"});
  CAF_CHECK_EQUAL(yaml_places(text, "/group_by/0"), lines{"5:5"});
}

CAF_TEST(faults_of_json_stand_in_its_text) {
  const std::string text = R"({
  "id": "x", "kind": "match",
  "when": "event.type == \"a\" && evnt.x",
  "group_by": [ "event.id", "event.\ud83d\ude00" , "evnt.y"],
  "alert": {"cooldown": "soon", "sum\u006dary": "${evnt.z}"}
})";
  CAF_CHECK_EQUAL(json_places(text, "/alert/cooldown"), lines{"5:25"});
  CAF_CHECK_EQUAL(json_places(with(text, "\"soon\"", "\"1s\""), "/when"),
                  lines{"3:35"});
  CAF_CHECK_EQUAL(json_places(with(text, "\"soon\"", "\"1s\""), "/group_by/2"),
                  lines{"4:53"});
  CAF_CHECK_EQUAL(
      json_places(with(text, "\"soon\"", "\"1s\""), "/alert/summary"),
      lines{"5:50"});
  // What is missing is shown at what should hold it.
  CAF_CHECK_EQUAL(json_places("\n {\"id\":\"x\",\"when\":\"true\"}", ""),
                  lines{"2:2"});
}

CAF_TEST(a_place_is_found_whatever_the_value_is_said_to_be) {
  const std::string_view text = "when: \"a\\u00e9\n  b\"\nx: |\n  y\n";
  for (const std::string_view value : {"", "a", "aé b", "zzz", "y\n"})
    for (size_t begin = 0; begin <= text.size(); ++begin)
      for (size_t offset = 0; offset < 9; ++offset)
        CAF_CHECK_LESS_OR_EQUAL(source_offset(text, begin, value, offset),
                                text.size());
}
