#define CAF_SUITE cel_diagnostic
#include <caf/test/unit_test.hpp>

#include "test_support.hpp"

#include <array>

using namespace eventpulse::cel;
using namespace eventpulse::cel::test;

namespace {

environment rule_environment() {
  const auto fields = std::make_shared<structure_fields>();
  fields->name = "event";
  fields->fields = {{"type", type{type_kind::string}},
                    {"subject", type{type_kind::string}},
                    {"data", type{}}};
  environment env;
  env.declare("event", type::structure(fields));
  env.declare("declines", type{type_kind::integer});
  return env;
}

} // namespace

CAF_TEST(a_misspelt_name_gets_the_near_one_and_its_place) {
  const auto env = rule_environment();
  const auto d = refused("event.type == 'x' &&\n  declynes > 3", env);
  CAF_CHECK_EQUAL(d.line, 2);
  CAF_CHECK_EQUAL(d.column, 3);
  CAF_CHECK_EQUAL(d.message, "undeclared name 'declynes'");
  CAF_CHECK_EQUAL(d.hint, "did you mean 'declines'?");
}

CAF_TEST(misspelt_fields_and_functions_get_the_near_ones) {
  const auto env = rule_environment();
  const auto field = refused("event.tpye == 'x'", env);
  CAF_CHECK_EQUAL(field.message, "no such field 'tpye' in event");
  CAF_CHECK_EQUAL(field.hint, "did you mean 'type'?");
  CAF_CHECK_EQUAL(field.column, 7);
  CAF_CHECK_EQUAL(hint_of("event.type.startWith('x')", env),
                  "did you mean 'startsWith'?");
  CAF_CHECK_EQUAL(hint_of("[1].exsts(x, x > 0)", env),
                  "did you mean 'exists'?");
  CAF_CHECK_EQUAL(hint_of("zzzzzz > 3", env), "");
}

CAF_TEST(all_that_is_wrong_is_said_at_once) {
  const auto env = rule_environment();
  const auto made =
      compile("declynes > 3 && event.typ == 'x' && 1 + 'a' == 2", env);
  const auto& wrong = std::get<std::vector<diagnostic>>(made);
  CAF_REQUIRE_EQUAL(wrong.size(), 3u);
  CAF_CHECK_EQUAL(wrong[2].message, "'+' does not take (int, string)");
}

CAF_TEST(a_rendered_diagnostic_shows_the_line_with_a_caret) {
  const auto env = rule_environment();
  const std::string source = "declines >\n  'é' + declynes";
  CAF_CHECK_EQUAL(render(source, refused(source, env)),
                  "2:9: undeclared name 'declynes'; did you mean 'declines'?\n"
                  " |   'é' + declynes\n"
                  " |         ^");
}

CAF_TEST(syntax_errors_say_what_was_expected) {
  const auto env = rule_environment();
  CAF_CHECK_EQUAL(refusal("declines >", env),
                  "expected a value, found the end");
  CAF_CHECK_EQUAL(refusal("(declines > 1", env), "expected ')', found the end");
  CAF_CHECK_EQUAL(refusal("declines > 1 declines", env),
                  "expected the end of the expression, found 'declines'");
  CAF_CHECK_EQUAL(refusal("'abc", env), "this text has no closing quote");
  CAF_CHECK_EQUAL(refusal("has(declines)", env),
                  "has() needs the selection of a field, as in "
                  "has(event.data.amount)");
  CAF_CHECK_EQUAL(refusal("", env), "expected a value, found the end");
}

CAF_TEST(operators_of_other_languages_get_those_of_cel) {
  const auto env = rule_environment();
  for (const auto& [text, ours] : std::vector<std::array<const char*, 2>>{
           {"declines = 1", "=="},
           {"declines === 1", "=="},
           {"declines == 1 and declines > 2", "&&"},
           {"declines == 1 OR declines > 2", "||"},
           {"declines == 1 & declines > 2", "&&"},
           {"declines == 1 | declines > 2", "||"}})
    CAF_CHECK_EQUAL(hint_of(text, env),
                    "did you mean '" + std::string{ours} + "'?");
  CAF_CHECK_EQUAL(refusal("declines # 1", env), "unexpected character '#'");
  CAF_CHECK_EQUAL(hint_of("declines # 1", env), "");
}

CAF_TEST(types_that_do_not_fit_are_named) {
  const auto env = rule_environment();
  CAF_CHECK_EQUAL(refusal("event.type && true", env),
                  "'&&' needs bool, this is string");
  CAF_CHECK_EQUAL(hint_of("declines == 1.5", env),
                  "convert one side, as in int(…)");
  CAF_CHECK_EQUAL(refusal("declines.x", env),
                  "a value of type int has no fields");
  CAF_CHECK_EQUAL(refusal("declines.exists(x, x)", env),
                  "cannot go through a value of type int, only through lists "
                  "and maps");
  CAF_CHECK_EQUAL(refusal("event.type.contains(1)", env),
                  "'contains' does not take (string, int), but "
                  "string.contains(string)");
}

CAF_TEST(constants_that_can_only_fail_are_refused_when_compiled) {
  const auto env = rule_environment();
  CAF_CHECK_EQUAL(column_of("event.type.matches('(')", env), 20);
  CAF_CHECK_EQUAL(
      refusal("declines > 1 && duration('5x') > duration('1s')", env),
      "invalid argument: not a duration: \"5x\"");
  environment_options plain;
  plain.refuse_bad_constants = false;
  CAF_CHECK(
      compiled("true || duration('5x') > duration('1s')", environment{plain})
          ->evaluate(activation{})
          .is_true());
}
