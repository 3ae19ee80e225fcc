#define CAF_SUITE base_trace_stage
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/trace_stage.hpp"

#include <set>

using namespace eventpulse;

namespace {

const std::string origin =
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

} // namespace

CAF_TEST(a_child_is_of_the_same_trace_and_flags_with_a_span_of_its_own) {
  const auto one = trace_stage::child(origin, "a");
  CAF_CHECK_EQUAL(one.size(), trace_stage::size);
  CAF_CHECK_EQUAL(one.substr(0, 36), origin.substr(0, 36));
  CAF_CHECK_EQUAL(one.substr(52), "-01");
  CAF_CHECK_NOT_EQUAL(one, origin);
  CAF_CHECK_EQUAL(
      trace_stage::span_id(one).find_first_not_of("0123456789abcdef"),
      std::string_view::npos);
  CAF_CHECK_EQUAL(one, trace_stage::child(origin, "a")); // derived, not drawn
}

CAF_TEST(every_stage_has_its_own_span) {
  std::set<std::string> all{origin};
  const auto add = [&](const std::string& context) {
    CAF_CHECK(all.insert(context).second);
    return context;
  };
  const auto stream = add(trace_stage::stream(origin, "s", "1"));
  add(trace_stage::stream(origin, "s", "2"));
  add(trace_stage::stream(origin, "s1", ""));
  const auto persist = add(trace_stage::persist(stream));
  const auto evaluate = add(trace_stage::evaluate(persist, "r"));
  add(trace_stage::evaluate(persist, "r2"));
  const auto alert = add(trace_stage::alert(evaluate, "a"));
  add(trace_stage::attempt(alert, "d", 1));
  add(trace_stage::attempt(alert, "d", 2));
  add(trace_stage::attempt(alert, "d1", 1));
  CAF_CHECK_EQUAL(trace_stage::evaluation_of(origin, "s", "1", "r"), evaluate);
}

CAF_TEST(what_is_no_traceparent_stays_as_it_is) {
  for (std::string text : {"", "00-1-2-01", "nonsense"}) {
    CAF_CHECK_EQUAL(trace_stage::child(text, "a"), text);
    CAF_CHECK(!trace_stage::is_sampled(text));
    CAF_CHECK_EQUAL(trace_stage::trace_id(text), "");
  }
}

CAF_TEST(the_sampled_flag_is_the_lowest_bit) {
  const auto with = [](const std::string& flags) {
    return trace_stage::is_sampled(origin.substr(0, 53) + flags);
  };
  for (auto* on : {"01", "03", "0b", "ff"})
    CAF_CHECK(with(on));
  for (auto* off : {"00", "02", "0a", "10"})
    CAF_CHECK(!with(off));
}
