#define CAF_SUITE cel_hostile
#include <caf/test/unit_test.hpp>

// Input that wants to exhaust the stack, memory or time.

#include "runtime/core/base/limits.hpp"
#include "test_support.hpp"

#include <random>

using namespace eventpulse::cel;
using namespace eventpulse::cel::test;
namespace limits = eventpulse::limits;

namespace {

std::string repeated(const std::string& part, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i)
    out += part;
  return out;
}

bool compiles(const std::string& source) {
  return std::holds_alternative<std::shared_ptr<const program>>(
      compile(source, environment{}));
}

} // namespace

CAF_TEST(nesting_is_taken_up_to_its_bound_and_refused_above) {
  const auto nested = [](size_t n) {
    return repeated("(", n) + "1" + repeated(")", n);
  };
  // The expression itself is one level.
  CAF_CHECK(compiles(nested(limits::cel_nesting_max - 1)));
  CAF_CHECK(!compiles(nested(limits::cel_nesting_max)));
  CAF_CHECK(!compiles(nested(30'000)));
  for (const auto* open : {"(", "[", "{1:", "-", "!", "a.b(", "a?",
                           "a?b:", "[1].map(x,", "x[", "f(", "{'a':["})
    CAF_CHECK(!compiles(repeated(open, 20'000)));
}

CAF_TEST(the_depth_of_chains_is_bounded) {
  const auto sum = [](size_t n) { return "1" + repeated("+1", n - 1); };
  CAF_CHECK(compiles(sum(limits::cel_depth_max)));
  CAF_CHECK(!compiles(sum(limits::cel_depth_max + 1)));
  environment env;
  env.declare("a", type{});
  CAF_CHECK(!std::holds_alternative<std::shared_ptr<const program>>(
      compile("a" + repeated(".b", 10'000), env)));
}

CAF_TEST(long_conditions_are_flat_and_welcome) {
  CAF_CHECK(compiles("true" + repeated("&&true", 5'000)));
  CAF_CHECK(compiles("[0" + repeated(",1", 5'000) + "].size() > 1"));
}

CAF_TEST(the_size_of_the_source_and_the_count_of_parts_are_bounded) {
  const auto padded = [](size_t n) { return "1" + std::string(n - 1, ' '); };
  CAF_CHECK(compiles(padded(limits::cel_source_bytes_max)));
  CAF_CHECK(!compiles(padded(limits::cel_source_bytes_max + 1)));
  CAF_CHECK(!compiles("[0" + repeated(",1", limits::cel_nodes_max) + "]"));
}

CAF_TEST(numbers_that_do_not_fit_are_refused) {
  for (const auto* text :
       {"9223372036854775808", "-9223372036854775809", "18446744073709551616u",
        "0x8000000000000000", "1e999", "99999999999999999999999999"})
    CAF_CHECK(!compiles(text));
  CAF_CHECK_EQUAL(literal("1e-999"), "0");
  CAF_CHECK(!compiles(repeated("9", 60'000)));
  CAF_CHECK(!compiles(repeated("9", 60'000) + ".0"));
  CAF_CHECK_EQUAL(literal("-0x8000000000000000"), "-9223372036854775808");
}

CAF_TEST(a_long_loop_ends_in_an_error_that_nothing_absorbs) {
  const std::string loops =
      "[1,2,3,4,5,6,7,8,9,10].exists(a, "
      "[1,2,3,4,5,6,7,8,9,10].exists(b, [1,2,3,4,5,6,7,8,9,10].exists(c, "
      "[1,2,3,4,5,6,7,8,9,10].exists(d, [1,2,3,4,5,6,7,8,9,10].exists(e, "
      "a + b + c + d + e < 0))))) || true";
  const auto result = evaluated(loops);
  CAF_REQUIRE(result.is_error());
  CAF_CHECK(result.why() == fault::budget_exceeded);
}

CAF_TEST(the_budget_is_used_up_at_n_and_not_at_n_plus_one) {
  const auto p = compiled("1 + 2 > 0", environment{});
  uint64_t needed = 1;
  for (; needed < 100; ++needed) {
    budget steps{needed};
    if (!p->evaluate(activation{}, steps).is_error())
      break;
  }
  CAF_CHECK(needed > 3);
  CAF_CHECK(needed < 12);
  budget less{needed - 1};
  CAF_CHECK(p->evaluate(activation{}, less).is_error());
}

CAF_TEST(values_that_double_are_stopped) {
  std::string text = "'abcdefghijklmnop'";
  std::string list = "[1, 2, 3, 4, 5, 6, 7, 8]";
  std::string pairs = "[1]";
  for (int i = 0; i < 40; ++i) {
    text = "cel.bind(x, " + text + ", x + x)";
    list = "cel.bind(x, " + list + ", x + x)";
    pairs = "cel.bind(x, " + pairs + ", [x, x])";
  }
  CAF_CHECK(evaluated(text).is_error());
  CAF_CHECK(evaluated(list).is_error());
  CAF_CHECK(evaluated(pairs).is_error());
  CAF_CHECK(evaluated(pairs + " == " + pairs).is_error());
}

CAF_TEST(values_that_nest_deeper_and_deeper_are_stopped) {
  const auto lists = [](size_t n, const std::string& inside) {
    return repeated("[", n) + inside + repeated("]", n);
  };
  CAF_CHECK(!evaluated(lists(90, "1")).is_error());
  std::string deep = "x";
  for (int i = 0; i < 9; ++i)
    deep = "cel.bind(x, " + lists(80, "x") + ", " + deep + ")";
  CAF_CHECK(evaluated("cel.bind(x, 1, " + deep + ")").is_error());
  std::string maps = "[1]";
  for (int i = 0; i < 90; ++i)
    maps += ".map(x, [[[x]]])";
  CAF_CHECK(!evaluated(maps).is_error());
}

CAF_TEST(expensive_functions_are_charged_by_size) {
  const auto event = "{\"s\": \"" + std::string(400'000, 'a') + "\", \"l\": [" +
                     repeated("1,", 50'000) + "1]}";
  CAF_CHECK(!evaluated("event.s.size() > 1", event).is_error());
  for (const auto* source :
       {"[1,2,3,4,5,6,7,8,9].map(x, event.s.upperAscii())",
        "event.s.replace('a', event.s)", "event.s.split('')",
        "event.l.map(x, event.l)[0].size()",
        "event.l.distinct().size() < "
        "event.l.filter(a, event.l.exists(b, b > a)).size()",
        "[event.l, event.l, event.l] == [event.l, event.l, event.l]",
        "lists.range(1000000)", "lists.range(9223372036854775807)",
        "'%s'.format([[event.l, event.l, event.l, event.l]])"})
    CAF_CHECK(evaluated(source, event).is_error());
}

CAF_TEST(a_pattern_known_late_is_bounded) {
  CAF_CHECK_EQUAL(literal("'abc'.matches(event.p)", R"({"p": "b+"})"), "true");
  CAF_CHECK(evaluated("'abc'.matches(event.p)", R"({"p": "("})").is_error());
  CAF_CHECK(evaluated("'abc'.matches(event.p)",
                      "{\"p\": \"" + std::string(2000, 'a') + "\"}")
                .is_error());
  CAF_CHECK(evaluated("'abc'.matches(event.p)",
                      R"({"p": "((a{1,100}){1,100}){1,100}"})")
                .is_error());
}

CAF_TEST(no_bytes_crash_the_compiler) {
  std::mt19937 random{20240607};
  const std::vector<std::string> parts{
      "event", ".",      "(",   ")",        "[",           "]",    "{",
      "}",     "?",      ":",   ",",        "&&",          "||",   "!",
      "-",     "+",      "*",   "==",       "<",           "in",   "1",
      "2u",    "1.5",    "'a'", "b'x'",     "true",        "null", "has",
      "map",   "all",    "x",   "cel.bind", "optional.of", "`q`",  "\n",
      "//c\n", "\"\"\"", "\\",  "\xff",     "size",        ".?",   "[?",
      "{?"};
  environment env;
  env.declare("event", type{});
  const std::vector<value> slots{parsed_json(R"({"a": [1, {"b": "c"}]})")};
  size_t good = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string source;
    for (auto n = random() % 12; n > 0; --n)
      source += parts[random() % parts.size()];
    const auto made = compile(source, env);
    if (const auto* p = std::get_if<std::shared_ptr<const program>>(&made)) {
      ++good;
      (*p)->evaluate(activation{slots});
    } else {
      for (const auto& d : std::get<std::vector<diagnostic>>(made))
        CAF_REQUIRE(!render(source, d).empty());
    }
  }
  CAF_CHECK(good > 100);
}
