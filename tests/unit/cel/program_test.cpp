#define CAF_SUITE cel_program
#include <caf/test/unit_test.hpp>

#include "test_support.hpp"

#include <cstdlib>
#include <new>

using namespace eventpulse::cel;
using namespace eventpulse::cel::test;

// Counts what this thread allocates, to hold evaluation to its promise.
namespace {
thread_local size_t allocation_count = 0;
}

void* operator new(size_t size) {
  ++allocation_count;
  if (void* p = std::malloc(size))
    return p;
  throw std::bad_alloc{};
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  ++allocation_count;
  return std::malloc(size);
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, size_t) noexcept {
  std::free(p);
}

namespace {

const std::string declined =
    R"({"type": "payment.declined", "data": {"amount": 3, "card": "c1",
          "tags": ["a", "b"], "merchant": {"country": "DE"}}})";

} // namespace

CAF_TEST(a_simple_condition_allocates_nothing_when_evaluated) {
  environment env;
  env.declare("event", type{});
  const auto p = compiled(
      R"(event.type == "payment.declined" && event.data.amount < 5.0 &&
         event.data.card.startsWith("c") && "a" in event.data.tags &&
         event.data.merchant.country in ["DE", "FR", "ES"] &&
         (has(event.data.refund) ? event.data.refund : true) &&
         event.data.card.matches("^c[0-9]+$"))",
      env);
  const std::vector<value> slots{parsed_json(declined)};
  const activation in{slots};
  CAF_CHECK(p->evaluate(in).is_true()); // RE2 builds its tables on first use
  const auto before = allocation_count;
  const bool fired = p->evaluate(in).is_true();
  const auto after = allocation_count;
  CAF_CHECK(fired);
  CAF_CHECK_EQUAL(after - before, 0u);
}

CAF_TEST(a_missing_field_is_an_error_without_allocation) {
  environment env;
  env.declare("event", type{});
  const auto p = compiled("event.data.refund > 1", env);
  const std::vector<value> slots{parsed_json(declined)};
  const activation in{slots};
  const auto before = allocation_count;
  const auto result = p->evaluate(in);
  const auto after = allocation_count;
  CAF_CHECK_EQUAL(after - before, 0u);
  CAF_CHECK_EQUAL(result.error_text(), "no such key: refund");
}

CAF_TEST(event_numbers_promote_only_where_the_option_says_so) {
  environment_options promote;
  promote.promote_event_numbers = true;
  CAF_CHECK_EQUAL(literal("event.x * 1.5", R"({"x": 2})", promote), "3");
  CAF_CHECK_EQUAL(
      literal("event.x + event.y", R"({"x": 2, "y": 0.5})", promote), "2.5");
  CAF_CHECK_EQUAL(literal("event.x / 2", R"({"x": 5})", promote), "2");
  CAF_CHECK(evaluated("event.x * 1.5", R"({"x": 2})").is_error());
  for (const auto* text : {"event.x + 1 == 2.5", "1.5 * (event.x + 1) > 3.7",
                           "(event.x + 1) / 2.0 > 1.0", "2 * event.x == 3.0",
                           "event.x - 1 in [0.5]"})
    CAF_CHECK_EQUAL(literal(text, R"({"x": 1.5})", promote), "true");
  environment env{promote};
  CAF_CHECK_EQUAL(refusal("1 + 1.5", env), "'+' does not take (int, double)");
}

CAF_TEST(errors_are_absorbed_by_and_and_or_from_both_sides) {
  CAF_CHECK_EQUAL(literal("event.nope == 1 || true"), "true");
  CAF_CHECK_EQUAL(literal("true || event.nope == 1"), "true");
  CAF_CHECK_EQUAL(literal("event.nope == 1 && false"), "false");
  CAF_CHECK(evaluated("event.nope == 1 && true").is_error());
  CAF_CHECK(evaluated("event.nope ? 1 : 2").is_error());
}

CAF_TEST(a_program_knows_which_fields_it_touches) {
  environment env;
  env.declare("event", type{});
  env.declare("group", type::list_of(type{}));
  const auto p = compiled(
      R"(event.type == "x" && has(event["subject"].y) || group[0] == 1)", env);
  CAF_CHECK(p->touches("event", "type"));
  CAF_CHECK(p->touches("event", "subject"));
  CAF_CHECK(!p->touches("event", "data"));
  CAF_CHECK(p->touches("group", "anything"));
  CAF_CHECK(!p->touches("lists", "x"));
  const auto all = compiled("[event].size() == 1", env);
  CAF_CHECK(all->touches("event", "data"));
  const auto shadowed = compiled("[1].exists(event, event == 1)", env);
  CAF_CHECK(shadowed->references().empty());
}

CAF_TEST(an_explanation_gives_the_value_of_every_part_that_was_evaluated) {
  environment env;
  env.declare("event", type{});
  const std::string source = "event.a > 2 && event.b == 'x' || event.c";
  const auto p = compiled(source, env);
  const std::vector<value> slots{parsed_json(R"({"a": 1, "c": true})")};
  std::map<std::string, std::string> seen;
  for (const auto& part : p->explain(activation{slots}))
    seen[source.substr(part.begin, part.end - part.begin)] =
        to_literal(part.result);
  CAF_CHECK_EQUAL(seen["event.a"], "1");
  CAF_CHECK_EQUAL(seen["event.a > 2"], "false");
  CAF_CHECK_EQUAL(seen["event.a > 2 && event.b == 'x'"], "false");
  CAF_CHECK_EQUAL(seen.count("event.b"), 0u); // short-circuited
  CAF_CHECK_EQUAL(seen["event.c"], "true");
  CAF_CHECK_EQUAL(seen[source], "true");
}

CAF_TEST(an_explanation_sees_through_choices_loops_and_bindings) {
  environment env;
  const std::string source =
      "cel.bind(n, 2, n > 1 ? [1, n].exists(i, i == n) : false)";
  const auto p = compiled(source, env);
  std::map<std::string, std::string> seen;
  for (const auto& part : p->explain(activation{}))
    seen[source.substr(part.begin, part.end - part.begin)] =
        to_literal(part.result);
  CAF_CHECK_EQUAL(seen["n > 1"], "true");
  CAF_CHECK_EQUAL(seen["i == n"], "true");
  CAF_CHECK_EQUAL(seen["[1, n].exists(i, i == n)"], "true");
  CAF_CHECK_EQUAL(seen[source], "true");
}

CAF_TEST(variables_without_a_value_are_errors_when_used) {
  environment env;
  env.declare("a", type{});
  env.declare("b", type{});
  const auto p = compiled("a == 1 || b == 2", env);
  const std::vector<value> one{value::integer(1)};
  CAF_CHECK(p->evaluate(activation{one}).is_true());
  const std::vector<value> other{value::integer(0)};
  CAF_CHECK(p->evaluate(activation{other}).is_error());
}

CAF_TEST(a_program_knows_its_result_type) {
  environment env;
  env.declare("n", type{type_kind::integer});
  CAF_CHECK_EQUAL(compiled("n + 1", env)->result_type().text(), "int");
  CAF_CHECK_EQUAL(compiled("[n].map(x, string(x))", env)->result_type().text(),
                  "list(string)");
  CAF_CHECK_EQUAL(compiled("{'a': n}", env)->result_type().text(),
                  "map(string, int)");
}

CAF_TEST(functions_of_the_environment_are_called) {
  environment env;
  env.declare_function("twice", {parse_overload("int->int")},
                       [](call_context&, std::span<const value> a) {
                         return a[0].is(kind::integer)
                                    ? value::integer(2 * a[0].as_int())
                                    : no_overload("twice", a);
                       });
  CAF_CHECK_EQUAL(to_literal(compiled("twice(4)", env)->evaluate(activation{})),
                  "8");
  env.hide("matches");
  CAF_CHECK_EQUAL(refusal("'a'.matches('b')", env),
                  "undeclared function 'matches'");
}
