#define CAF_SUITE engine_document
#include "tests/unit/engine/mini_schema.hpp"
#include "tests/unit/engine/rule_fixture.hpp"

#include "runtime/core/base/limits.hpp"
#include "runtime/core/rules/rule_tests.hpp"
#include "tests/support/source_tree.hpp"

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

using namespace eventpulse;
using namespace eventpulse::testing;

namespace {

const auto home = eventpulse::testing::source_tree();

std::string file(const std::filesystem::path& path) {
  std::ifstream in{home / path};
  CAF_REQUIRE(in.good());
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

const mini_schema& rule_schema() {
  static const mini_schema all{
      boost::json::parse(file("schema/rule.schema.json"))};
  return all;
}

// Every field that there is, three kinds of window left out.
const std::string everything = R"yaml(
id: all-fields
name: All fields
description: |
  Two
  lines.
labels: {team: fraud, area: "1"}
severity: critical
kind: threshold
mode: shadow
when: event.type == "a"
group_by: [event.data.a, event.subject]
window: {type: hopping, size: 10m, every: 5m}
aggregate: {n: count(), p: "percentile(event.data.x, 99)"}
condition: n > 5
alert: {summary: "${n}", details: more, cooldown: 1h30m, resolve_after: 0s}
notify: [desk]
backfill: 1d
tests:
  - name: one
    events: [{at: 1s, repeat: 3, every: 250ms, event: {type: a, data: {x: "${i}"}}}]
    alerts: [{at: 2s, group: [a, null], resolved_at: 3s, count: 4, summary: s, values: {n: 5}}]
    until: 10m
)yaml";

parsed_rule json_rule(const std::string& text) {
  return parse_rule_json(text);
}

// "/pointer: detail" of the problems.
lines said(const std::vector<rule_problem>& problems) {
  lines out;
  for (const auto& p : problems)
    out.push_back(p.pointer + ": " + p.detail);
  return out;
}

lines said(const parsed_rule& parsed) {
  return parsed.index() == 0 ? lines{} : said(std::get<1>(parsed));
}

std::string match_with(const std::string& more) {
  return R"({"id":"x","kind":"match","when":"true")" + more + "}";
}

} // namespace

CAF_TEST(yaml_and_json_give_the_same_document) {
  const auto document = document_of(everything);
  CAF_CHECK_EQUAL(document.id, "all-fields");
  CAF_CHECK_EQUAL(document.description, "Two\nlines.\n");
  CAF_CHECK_EQUAL(document.labels.size(), 2u);
  CAF_CHECK_EQUAL(document.labels[1].second, "1");
  CAF_CHECK(document.severity == severity::critical);
  CAF_CHECK(document.mode == rule_mode::shadow);
  CAF_CHECK_EQUAL(document.group_by.size(), 2u);
  CAF_CHECK_EQUAL(document.window->size_ms, 600'000);
  CAF_CHECK_EQUAL(document.window->every_ms, 300'000);
  CAF_CHECK_EQUAL(document.aggregate[1].second, "percentile(event.data.x, 99)");
  CAF_CHECK_EQUAL(document.alert.cooldown_ms, 5'400'000);
  CAF_CHECK(document.alert.resolve_after_ms == 0);
  CAF_CHECK(document.backfill_ms == 86'400'000);
  CAF_CHECK_EQUAL(document.tests[0].events[0].repeat, 3u);
  CAF_CHECK_EQUAL(*document.tests[0].alerts[0].group, R"(["a",null])");
  const auto json = to_json(document);
  const auto again = json_rule(json);
  CAF_REQUIRE_EQUAL(said(again), lines{});
  CAF_CHECK(same_content(document, std::get<0>(again)));
  CAF_CHECK_EQUAL(to_json(std::get<0>(again)), json);
}

CAF_TEST(every_kind_survives_its_canonical_form) {
  for (
      const std::string yaml :
      {R"({id: a, kind: absence, when: "true", group_by: [event.data.x],
             absence: {for: 10m, expect: [a, [b], 5]}})",
       R"({id: s, kind: sequence, when: "true", sequence: {within: 1h,
             steps: [{name: a, when: x, times: 3}, {name: b, when: y, not: true}]}})",
       R"({id: n, kind: anomaly, when: "true", anomaly: {aggregate: count(),
             every: 1m, detector: ewma, sensitivity: 0.25, direction: up, warmup: 10}})",
       R"({id: n, kind: anomaly, when: "true", anomaly: {value: event.data.x}})",
       R"({id: c, kind: match, when: "true", clock: event, lateness: 5s,
             max_ahead: 1m, idle_after: 2m})",
       R"({id: w, kind: threshold, when: "true", condition: "true",
             window: {type: session, gap: 5m, max: 1h}})",
       R"({id: w, kind: threshold, when: true, condition: true,
             window: {type: tumbling, size: 1d, time_zone: Europe/Berlin}})"}) {
    const auto document = document_of(yaml);
    const auto json = to_json(document);
    const auto again = json_rule(json);
    CAF_CHECK_EQUAL(said(again), lines{});
    if (again.index() == 0)
      CAF_CHECK_EQUAL(to_json(std::get<0>(again)), json);
    CAF_CHECK(rule_schema().valid(boost::json::parse(json)));
  }
}

CAF_TEST(all_problems_of_a_document_are_said_at_once) {
  CAF_CHECK_EQUAL(
      said(json_rule(R"({"id":"Bad Id","kind":"treshold","when":5,
        "agregate":{},"labels":{"a":1},"alert":{"cooldown":"soon"},
        "severity":"high","tests":[{"name":"x","events":[{"at":"1s"}]}]})")),
      (lines{"/id: must be 1 to 63 of a-z, 0-9 and '-', not beginning with '-'",
             "/severity: must be 'info', 'warning' or 'critical'",
             "/labels/a: must be text, not a number; put it in quotes",
             "/kind: must be 'match', 'threshold', 'absence', 'sequence' or "
             "'anomaly'; did you mean 'threshold'?",
             "/alert/cooldown: must be a duration such as '90s', '5m' or "
             "'1h30m'",
             "/tests/0/events/0: field 'event' is missing",
             "/tests/0: field 'alerts' is missing",
             "/agregate: no such field 'agregate'; did you mean "
             "'aggregate'?"}));
}

CAF_TEST(a_document_says_what_its_kind_needs_and_what_has_no_use) {
  CAF_CHECK_EQUAL(
      said(json_rule(R"({"id":"x","kind":"threshold","when":"a"})")),
      (lines{": kind 'threshold' needs field 'window'",
             ": kind 'threshold' needs field 'condition'"}));
  CAF_CHECK_EQUAL(
      said(json_rule(match_with(R"(,"condition":"a","absence":{"for":"1s"})"))),
      (lines{"/condition: kind 'match' has no 'condition'",
             "/absence: kind 'match' has no 'absence'"}));
  CAF_CHECK_EQUAL(said(json_rule(match_with(R"(,"lateness":"1s")"))),
                  lines{"/lateness: needs clock 'event'"});
  CAF_CHECK_EQUAL(
      said(json_rule(match_with(R"(,"alert":{"resolve_after":"1s"})"))).size(),
      1u);
  CAF_CHECK_EQUAL(said(json_rule("[]")),
                  lines{": must be an object, not a list"});
}

CAF_TEST(yaml_problems_have_their_line_and_column) {
  const auto problems = problems_of("id: x\nkind: match\nwhen: true\n"
                                    "alert:\n  cooldown: soon\nlabel: {}\n");
  CAF_REQUIRE_EQUAL(problems.size(), 2u);
  CAF_CHECK_EQUAL(to_string(problems[0]),
                  "5:13: /alert/cooldown: must be a duration such as '90s', "
                  "'5m' or '1h30m'");
  CAF_CHECK_EQUAL(to_string(problems[1]),
                  "6:8: /label: no such field 'label'; did you mean "
                  "'labels'?");
}

CAF_TEST(broken_text_is_placed) {
  const auto json = json_rule("{\n  \"id\": }");
  CAF_REQUIRE_EQUAL(json.index(), 1u);
  CAF_CHECK_EQUAL(std::get<1>(json)[0].line, 2);
  CAF_CHECK_EQUAL(said(json_rule("")).size(), 1u);
  CAF_CHECK_EQUAL(said(json_rule("{} x")), lines{": text after the document"});
  const auto yaml = parse_rule_yaml("id: [x\nkind: y");
  CAF_REQUIRE_EQUAL(yaml.index(), 1u);
  CAF_CHECK_GREATER(std::get<1>(yaml)[0].line, 0);
  CAF_CHECK_EQUAL(said(parse_rule_yaml("")).size(), 1u);
  CAF_CHECK_EQUAL(said(parse_rule_yaml("id: a\n---\nid: b")),
                  lines{": one rule a document, and one document a file"});
  CAF_CHECK_EQUAL(said(parse_rule_yaml("id: a\nid: b")),
                  lines{"/id: field 'id' is given twice"});
}

CAF_TEST(yaml_scalars_follow_the_core_schema) {
  const auto test_event = [](const std::string& scalar) {
    const auto parsed = parse_rule_yaml(
        "{id: x, kind: match, when: a, tests: [{name: t, alerts: [], events: "
        "[{at: 0s, event: {v: " +
        scalar + "}}]}]}");
    return parsed.index() == 0 ? std::get<0>(parsed).tests[0].events[0].event
                               : std::string{"refused"};
  };
  for (const auto& [scalar, json] :
       std::initializer_list<std::pair<const char*, const char*>>{
           {"yes", "\"yes\""},
           {"on", "\"on\""},
           {"true", "true"},
           {"FALSE", "false"},
           {"~", "null"},
           {"null", "null"},
           {"12", "12"},
           {"+12", "12"},
           {"-12", "-12"},
           {"012", "12"},
           {"0x1F", "31"},
           {"0o17", "15"},
           {"1.5", "1.5"},
           {".5", "0.5"},
           {"1e3", "1000.0"},
           {"\"12\"", "\"12\""},
           {"'true'", "\"true\""},
           {"!!str 12", "\"12\""},
           {"12:30", "\"12:30\""},
           {"1_000", "\"1_000\""},
           {"192.0.2.1", "\"192.0.2.1\""},
           {".inf", "\".inf\""},
           {"2026-01-01", "\"2026-01-01\""}})
    CAF_CHECK_EQUAL(test_event(scalar), std::string{"{\"v\":"} + json + "}");
}

CAF_TEST(documents_are_bounded) {
  const auto padding = [](size_t n) {
    return match_with(",\"description\":\"" + std::string(n, 'x') + "\"");
  };
  CAF_CHECK_EQUAL(said(json_rule(padding(limits::rule_text_bytes_max))).size(),
                  0u);
  CAF_CHECK_EQUAL(
      said(json_rule(padding(limits::rule_text_bytes_max + 1))).size(), 1u);
  CAF_CHECK_EQUAL(
      said(json_rule(std::string(limits::rule_document_bytes_max + 1, ' ')))
          .size(),
      1u);
  CAF_CHECK_EQUAL(said(parse_rule_yaml(std::string(
                           limits::rule_document_bytes_max + 1, ' ')))
                      .size(),
                  1u);
  std::string deep(1000, '[');
  CAF_CHECK_EQUAL(said(json_rule(deep)).size(), 1u);
  CAF_CHECK_EQUAL(said(parse_rule_yaml(deep)).size(), 1u);
  // Aliases that double with every line.
  std::string laughs = "a0: &a0 [x]\n";
  for (int i = 1; i < 40; ++i)
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" +
              std::to_string(i - 1) + ", *a" + std::to_string(i - 1) + "]\n";
  const auto refused = said(parse_rule_yaml(laughs));
  CAF_REQUIRE_EQUAL(refused.size(), 1u);
  CAF_CHECK_NOT_EQUAL(refused[0].find("too many parts"), std::string::npos);
}

CAF_TEST(text_behind_a_yaml_document_is_refused) {
  // The plain way to load "all documents" of this never ends in yaml-cpp 0.7.
  for (const std::string text :
       {R"({id: a}, "b": "c"})", "{id: a} }", "[a] ]", "id: a\n...\nid: b"})
    CAF_CHECK_EQUAL(said(parse_rule_yaml(text)).size(), 1u);
  CAF_CHECK_EQUAL(said(parse_rule_yaml("id: \xff")),
                  lines{": no YAML: it is not UTF-8"});
  CAF_CHECK_EQUAL(said(parse_rule_yaml("a: &a [*a]")),
                  lines{"/a/0: an alias within its own anchor"});
  CAF_CHECK_EQUAL(said(parse_rule_yaml("? [a]\n: b")),
                  lines{": a field's name must be text"});
}

CAF_TEST(long_texts_behind_aliases_are_bounded) {
  std::string text = "a: &a " + std::string(100'000, 'x') + "\nb: [*a";
  for (int i = 0; i < 8; ++i)
    text += ", *a";
  CAF_CHECK_EQUAL(said(parse_rule_yaml(text + "]"))[0].find("too many"),
                  std::string::npos);
  CAF_CHECK_NOT_EQUAL(said(parse_rule_yaml(text + ", *a]"))[0].find("too many"),
                      std::string::npos);
}

CAF_TEST(aliases_are_followed) {
  const auto document = document_of(R"yaml(
id: x
kind: match
when: "true"
tests:
  - name: a
    events: [{at: 1s, event: &e {type: t, data: {x: 1}}}, {at: 2s, event: *e}]
    alerts: []
)yaml");
  CAF_CHECK_EQUAL(document.tests[0].events[0].event,
                  document.tests[0].events[1].event);
}

CAF_TEST(random_text_is_read_or_refused) {
  std::mt19937_64 random{11};
  const auto json = to_json(document_of(everything));
  for (int i = 0; i < 300; ++i) {
    auto text = random() % 2 ? everything : json;
    for (auto n = 1 + random() % 6; n > 0; --n) {
      const auto at = random() % text.size();
      switch (random() % 3) {
      case 0:
        text[at] = static_cast<char>(random());
        break;
      case 1:
        text.erase(at, 1 + random() % 20);
        break;
      default:
        text.insert(at, text.substr(random() % text.size(), random() % 30));
      }
    }
    for (const auto& parsed : {parse_rule_json(text), parse_rule_yaml(text)}) {
      if (parsed.index() == 1)
        CAF_CHECK(!std::get<1>(parsed).empty());
      else
        CAF_CHECK_EQUAL(said(json_rule(to_json(std::get<0>(parsed)))), lines{});
    }
  }
}

// --- the JSON Schema ---------------------------------------------------------

CAF_TEST(the_schema_knows_every_field_and_no_other) {
  const auto json = boost::json::parse(to_json(document_of(everything)));
  CAF_CHECK(rule_schema().valid(json));
  const auto schema = boost::json::parse(file("schema/rule.schema.json"));
  for (const auto& p : schema.at("properties").as_object()) {
    auto with = boost::json::parse(match_with(""));
    with.as_object()[p.key()] = "?";
    for (const auto& line : said(json_rule(boost::json::serialize(with))))
      CAF_CHECK_EQUAL(line.find("no such field"), std::string::npos);
  }
}

CAF_TEST(schema_and_parser_agree) {
  const std::vector<std::string> texts{
      match_with(""),
      match_with(R"(,"severity":"info","labels":{"a":"b"},"notify":["x"])"),
      match_with(R"(,"severity":"high")"),
      match_with(R"(,"labels":{"a":1})"),
      match_with(R"(,"labels":[])"),
      match_with(R"(,"mode":"off","backfill":"1h30m")"),
      match_with(R"(,"backfill":"1 hour")"),
      match_with(R"(,"backfill":60)"),
      match_with(R"(,"group_by":["a",true,5])"),
      match_with(R"(,"group_by":[null])"),
      match_with(R"(,"group_by":"a")"),
      match_with(R"(,"window":{"type":"sliding","size":"1s"})"),
      match_with(R"(,"whenn":"a")"),
      match_with(R"(,"name":null,"tests":null)"),
      match_with(R"(,"tests":[{"name":"a","events":[],"alerts":[]}])"),
      match_with(R"(,"tests":[{"name":"a","events":[]}])"),
      match_with(
          R"(,"tests":[{"name":"a","events":[{"at":"0s","event":5}],"alerts":[]}])"),
      match_with(
          R"(,"tests":[{"name":"a","events":[{"at":"0s","repeat":0,"event":{}}],"alerts":[]}])"),
      match_with(R"(,"notify":[5])"),
      R"({"id":"x","kind":"match"})",
      R"({"id":"X","kind":"match","when":"true"})",
      R"({"id":"x","kind":"threshold","when":"a","condition":"b","window":{"type":"sliding","size":"5m"}})",
      R"({"id":"x","kind":"threshold","when":"a","condition":"b","window":{"type":"sliding","size":"5m","every":"1m"}})",
      R"({"id":"x","kind":"threshold","when":"a","condition":"b","window":{"type":"hopping","size":"5m"}})",
      R"({"id":"x","kind":"threshold","when":"a","condition":"b","window":{"type":"session","gap":"5m","max":"1h"}})",
      R"({"id":"x","kind":"threshold","when":"a","condition":"b","window":{"type":"weekly","size":"5m"}})",
      R"({"id":"x","kind":"threshold","when":"a","condition":"b"})",
      R"({"id":"x","kind":"threshold","when":"a","window":{"type":"sliding","size":"5m"}})",
      R"({"id":"x","kind":"absence","when":"a","absence":{"for":"5m"}})",
      R"({"id":"x","kind":"absence","when":"a","absence":{}})",
      R"({"id":"x","kind":"anomaly","when":"a","anomaly":{"value":"x","sensitivity":2}})",
      R"({"id":"x","kind":"anomaly","when":"a","anomaly":{"value":"x"}})",
      R"({"id":"x","kind":"other","when":"a"})",
      R"([])"};
  for (const auto& text : texts) {
    const auto refused = said(json_rule(text));
    if (rule_schema().valid(boost::json::parse(text)) != refused.empty())
      CAF_FAIL(text << (refused.empty()
                            ? " only the schema refuses"
                            : " only the parser refuses: " + refused[0]));
  }
}

// --- the examples ------------------------------------------------------------

CAF_TEST(the_example_rules_compile_and_their_tests_pass) {
  size_t rules = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator{home / "config/rules"}) {
    if (entry.path().extension() != ".yaml")
      continue;
    ++rules;
    const auto text = file("config/rules/" + entry.path().filename().string());
    const auto rule = rule_of(text);
    CAF_CHECK(
        rule_schema().valid(boost::json::parse(to_json(rule->document()))));
    CAF_CHECK_GREATER(rule->document().tests.size(), 1u);
    for (const auto& result : run_rule_tests(rule))
      if (!result.passed)
        CAF_FAIL(entry.path().filename() << ": " << result.name << "\n"
                                         << result.diff << result.last_error);
  }
  CAF_CHECK_GREATER_OR_EQUAL(rules, 3u);
}

CAF_TEST(an_expected_group_is_waited_for_from_the_beginning_of_a_test) {
  const auto rule = rule_of(R"yaml(
id: silent
kind: absence
when: event.type == "t"
group_by: [event.data.g]
absence: {for: 10m, expect: [[b]]}
tests:
  - name: silent from the beginning
    events: []
    alerts: [{at: 10m, group: [b]}]
  - name: seen at once
    events: [{at: 0s, event: {type: t, data: {g: b}}}]
    alerts: [{at: 10m, group: [b]}]
  - name: seen later
    events: [{at: 4m, event: {type: t, data: {g: b}}}]
    alerts: [{at: 14m, group: [b]}]
)yaml");
  for (const auto& result : run_rule_tests(rule))
    CAF_CHECK_EQUAL(result.name + ": " + result.diff, result.name + ": ");
}

CAF_TEST(a_failed_rule_test_shows_what_was_expected_and_what_came) {
  const auto rule = rule_of(R"yaml(
id: three
kind: threshold
when: event.type == "t"
group_by: [event.data.g]
window: {type: sliding, size: 1m}
aggregate: {n: count()}
condition: n >= 3
alert: {summary: "${n} of ${group[0]}"}
tests:
  - name: wrong
    events: [{at: 5s, repeat: 3, every: 1s, event: {type: t, data: {g: "g${i - i}"}}}]
    alerts: [{at: 6s, group: [g0], count: 2}]
  - name: right
    events: [{at: 5s, repeat: 4, every: 1s, event: {type: t, data: {g: "${i * 0}"}}}]
    alerts: [{at: 7s, group: [0], count: 2, summary: 3 of 0, resolved_at: 2m6s}]
  - name: cut
    events: [{at: 5s, repeat: 4, every: 1s, event: {type: t, data: {g: 0}}}]
    alerts: [{at: 7s}]
    until: 10s
  - name: broken hole
    events: [{at: 5s, event: {type: "${x}"}}]
    alerts: []
  - name: no type
    events: [{at: 5s, event: {}}]
    alerts: []
)yaml");
  const auto results = run_rule_tests(rule);
  CAF_REQUIRE_EQUAL(results.size(), 5u);
  CAF_CHECK(!results[0].passed);
  CAF_CHECK_EQUAL(results[0].diff,
                  "- at 6s group [\"g0\"] count 2\n"
                  "+ at 7s group [\"g0\"] resolved at 2m5s count 1 summary "
                  "\"3 of g0\" values {\"n\":3}\n");
  CAF_CHECK_EQUAL(results[1].diff, "");
  CAF_CHECK(results[1].passed);
  CAF_CHECK(results[2].passed);
  CAF_CHECK(!results[3].passed);
  CAF_CHECK_NOT_EQUAL(results[3].diff.find("'x'"), std::string::npos);
  CAF_CHECK_EQUAL(results[4].diff,
                  "its events cannot be made: the event has no 'type'");
}
