#define CAF_SUITE engine_index
#include "tests/unit/engine/rule_fixture.hpp"

#include "runtime/core/engine/index_predicates.hpp"
#include "runtime/core/engine/route.hpp"
#include "runtime/core/rules/rule_program.hpp"

#include <algorithm>
#include <random>

using namespace eventpulse;
using namespace eventpulse::testing;

namespace {

compiled_rule_ptr match_rule(const std::string& when) {
  rule_document d;
  d.id = "r";
  d.kind = rule_kind::match;
  d.when = when;
  auto compiled = compile_rule(d, 1);
  if (auto* bad = std::get_if<1>(&compiled))
    CAF_FAIL(when << "\n" << lines_of(*bad));
  return std::get<0>(compiled);
}

// "one_of type", "exists data.card" …
lines predicates_of(const std::string& when) {
  lines out;
  for (const auto& p :
       index_predicates(match_rule(when)->program().when->tree())) {
    std::string line = p.what == index_predicate::kind::one_of   ? "one_of"
                       : p.what == index_predicate::kind::prefix ? "prefix"
                                                                 : "exists";
    for (size_t i = 0; i < p.path.size(); ++i)
      line += (i == 0 ? " " : ".") + p.path[i];
    if (p.what == index_predicate::kind::one_of)
      line += " x" + std::to_string(p.hashes.size());
    out.push_back(line);
  }
  return out;
}

std::vector<uint32_t> candidates_of(const rule_index& index, const event& e) {
  const auto batch = evaluation_batch::make(
      std::vector{e}, index.needs_data(e)
                          ? evaluation_batch::data_choice::everything()
                          : evaluation_batch::data_choice::nothing());
  std::vector<uint32_t> out;
  index.candidates(batch->at(0), batch->view(0), out);
  return out;
}

bool matches(const compiled_rule_ptr& rule, const event& e) {
  const auto batch = evaluation_batch::make(std::vector{e});
  const auto view = batch->view(0);
  return rule->program().when->evaluate(cel::activation{{&view, 1}}).is_true();
}

using slots = std::vector<uint32_t>;

} // namespace

CAF_TEST(conjuncts_that_fix_a_path_are_found) {
  CAF_CHECK_EQUAL(predicates_of("event.type == 'a'"), lines{"one_of type x1"});
  CAF_CHECK_EQUAL(predicates_of("'a' == event.type && event.data.x.y == 5"),
                  (lines{"one_of type x1", "one_of data.x.y x1"}));
  CAF_CHECK_EQUAL(predicates_of("event.type in ['a', 'b']"),
                  lines{"one_of type x2"});
  CAF_CHECK_EQUAL(predicates_of("event.type == 'a' || event.type == 'b'"),
                  lines{"one_of type x2"});
  CAF_CHECK_EQUAL(predicates_of("event.type.startsWith('a.')"),
                  lines{"prefix type"});
  CAF_CHECK_EQUAL(predicates_of("has(event.data.x) && has(event.tenant)"),
                  (lines{"exists data.x", "exists tenant"}));
  CAF_CHECK_EQUAL(predicates_of("event.data['x y'] < 5"),
                  lines{"exists data.x y"});
  CAF_CHECK_EQUAL(predicates_of("event.data.flag && !event.data.other"),
                  (lines{"one_of data.flag x1", "one_of data.other x1"}));
  CAF_CHECK_EQUAL(predicates_of("event.data.a + event.data.b > 1"),
                  (lines{"exists data.a", "exists data.b"}));
  CAF_CHECK_EQUAL(predicates_of("event.subject.matches('x.*')"),
                  lines{"exists subject"});
}

CAF_TEST(what_may_hold_without_the_path_is_not_taken) {
  CAF_CHECK(predicates_of("event.type == 'a' || event.data.x == 1").empty());
  CAF_CHECK(predicates_of("event.data.x == 1 ? true : false").empty());
  CAF_CHECK(predicates_of("!(has(event.data.x) && event.data.x > 1)").empty());
  CAF_CHECK(predicates_of("[1].exists(event, event == 1)").empty());
  CAF_CHECK(predicates_of("event.?tenant.hasValue() || true").empty());
  CAF_CHECK(predicates_of("true").empty());
}

CAF_TEST(rules_are_found_by_type_and_by_value) {
  rule_index index;
  index.put(0, match_rule("event.type == 'a'"));
  index.put(1, match_rule("event.type == 'b'"));
  index.put(2, match_rule("event.type in ['a', 'b'] && event.data.x == 1"));
  index.put(3, match_rule("event.type.startsWith('a')"));
  index.put(4, match_rule("size(event.id) > 0"));
  index.put(5, match_rule("event.tenant == 'acme'"));
  index.put(6, match_rule("true"));
  event_maker make;
  auto e = make(1, R"({"x":1})", "a");
  CAF_CHECK_EQUAL(candidates_of(index, e), (slots{0, 2, 3, 4, 6}));
  e.document.payload = R"({"x":2})";
  CAF_CHECK_EQUAL(candidates_of(index, e), (slots{0, 3, 4, 6}));
  e.document.payload = R"({"x":1.0})";
  CAF_CHECK_EQUAL(candidates_of(index, e), (slots{0, 2, 3, 4, 6}));
  e.document.type = "b";
  e.document.extensions.emplace_back("tenant", std::string{"acme"});
  CAF_CHECK_EQUAL(candidates_of(index, e), (slots{1, 2, 4, 5, 6}));
  e.document.type = "";
  CAF_CHECK_EQUAL(candidates_of(index, e), (slots{4, 5, 6}));
}

CAF_TEST(only_events_whose_rules_ask_for_data_need_it) {
  rule_index index;
  event_maker make;
  const auto a = make(1, "{}", "a"), b = make(2, "{}", "b");
  index.put(0, match_rule("event.type == 'a' && event.data.x == 1"));
  CAF_CHECK(index.needs_data(a));
  CAF_CHECK(!index.needs_data(b));
  index.put(1, match_rule("event.data.x == 1"));
  CAF_CHECK(index.needs_data(b));
  index.remove(1);
  index.remove(0);
  CAF_CHECK(!index.needs_data(a));
  CAF_CHECK(!index.needs_data(b));
}

CAF_TEST(a_removed_or_replaced_rule_is_not_found) {
  rule_index index;
  event_maker make;
  const auto a = make(1, "{}", "a"), b = make(2, "{}", "b");
  index.put(7, match_rule("event.type == 'a'"));
  CAF_CHECK_EQUAL(candidates_of(index, a), slots{7});
  index.put(7, match_rule("event.type == 'b'"));
  CAF_CHECK_EQUAL(candidates_of(index, a), slots{});
  CAF_CHECK_EQUAL(candidates_of(index, b), slots{7});
  CAF_CHECK_EQUAL(index.size(), 1u);
  index.remove(7);
  index.remove(8);
  CAF_CHECK_EQUAL(candidates_of(index, b), slots{});
  CAF_CHECK_EQUAL(index.size(), 0u);
  CAF_CHECK(index.find(7) == nullptr);
}

CAF_TEST(random_rules_are_never_missed) {
  std::mt19937_64 random{4711};
  const auto pick = [&](std::initializer_list<const char*> all) {
    return std::string{*(all.begin() + random() % all.size())};
  };
  const auto conjunct = [&] {
    const auto path =
        pick({"event.type", "event.source", "event.subject", "event.tenant",
              "event.data.x", "event.data.y.z", "event.data.flag"});
    const auto literal =
        pick({"'a'", "'ab'", "1", "1.0", "2u", "true", "null", "'b'"});
    switch (random() % 9) {
    case 0:
      return "dyn(" + path + ") == " + literal;
    case 1:
      return "dyn(" + literal + ") == " + path;
    case 2:
      return path + " in [dyn('a'), dyn(1)]";
    case 3:
      return pick({"event.type", "event.data.x"}) +
             std::string{".startsWith('a')"};
    case 4:
      return "has(" +
             pick({"event.data.x", "event.data.y.z", "event.tenant",
                   "event.subject"}) +
             ")";
    case 5:
      return pick({"event.type == 'a' || event.type == 'b'", "event.data.flag",
                   "!event.data.flag",
                   "event.data.x == 1 || event.data.y.z == 1"});
    case 6:
      return pick({"event.data.x > 0", "event.data.x != 'a'",
                   "event.data.x + 1 > 1", "event.type in ['a', 'ab']"});
    case 7:
      return "event.data.x == " + literal;
    default:
      return "event.type == " + pick({"'a'", "'b'", "'ab'"});
    }
  };
  std::vector<compiled_rule_ptr> rules;
  rule_index index;
  for (uint32_t i = 0; i < 300; ++i) {
    std::string when;
    for (size_t n = 1 + random() % 3; n > 0; --n)
      when += (when.empty() ? "(" : " && (") + conjunct() + ")";
    rules.push_back(match_rule(when));
    index.put(i, rules.back());
  }
  // Some leave again and come back elsewhere.
  for (uint32_t i = 0; i < 300; i += 3)
    index.put(i, rules[i]);
  event_maker make;
  size_t found = 0, offered = 0;
  for (int n = 0; n < 300; ++n) {
    const auto data = pick({"{}", R"({"x":1})", R"({"x":"a","y":{"z":1}})",
                            R"({"flag":true,"x":1.0})", R"({"x":null})",
                            R"({"flag":false,"y":{"z":"ab"}})", "[1]", "1",
                            R"({"x":"ab","y":1})"});
    auto e = make(n + 1, data, pick({"a", "b", "ab", "c"}));
    e.document.source = pick({"a", "ab", "s"});
    if (random() % 2)
      e.document.subject = pick({"a", "b"});
    if (random() % 2)
      e.document.extensions.emplace_back("tenant", std::string{"a"});
    const auto got = candidates_of(index, e);
    CAF_CHECK(std::is_sorted(got.begin(), got.end()));
    offered += got.size();
    for (uint32_t i = 0; i < rules.size(); ++i)
      if (matches(rules[i], e)) {
        ++found;
        if (!std::binary_search(got.begin(), got.end(), i))
          CAF_FAIL("missed " << rules[i]->document().when << " for type "
                             << e.document.type << " data " << data);
      }
  }
  CAF_CHECK_GREATER(found, 1000u);
  CAF_CHECK_LESS(offered, 300u * 300u / 3);
}

CAF_TEST(ten_thousand_rules_of_one_type_offer_the_few_that_concern) {
  rule_index index;
  for (uint32_t i = 0; i < 10'000; ++i)
    index.put(i, match_rule("event.type == 'payment' && event.data.merchant == "
                            "'m" +
                            std::to_string(i) + "'"));
  event_maker make;
  CAF_CHECK_LESS(
      candidates_of(index, make(1, R"({"merchant":"m4711"})", "payment"))
          .size(),
      3u);
  CAF_CHECK_LESS(candidates_of(index, make(2, "{}", "payment")).size(), 2u);
  CAF_CHECK(candidates_of(index, make(3, "{}", "other")).empty());
}

CAF_TEST(routing_gives_every_rule_its_hits_and_parses_once) {
  rule_index index;
  index.put(3, match_rule("event.type == 'a'"));
  index.put(5, match_rule("event.type == 'b' && event.data.x > 1"));
  event_maker make;
  auto shared = std::make_shared<persisted_batch>();
  shared->events = {make(1, R"({"x":1})", "a"), make(2, R"({"x":2})", "b"),
                    make(3, "{}", "c"), make(4, R"({"x":3})", "b")};
  const auto routed = route(persisted_batch_ptr{shared}, index);
  CAF_REQUIRE_EQUAL(routed.concerns.size(), 2u);
  CAF_CHECK_EQUAL(routed.concerns[0].slot, 3u);
  CAF_CHECK_EQUAL(routed.concerns[0].hits, slots{0});
  CAF_CHECK_EQUAL(routed.concerns[1].slot, 5u);
  CAF_CHECK_EQUAL(routed.concerns[1].hits, (slots{1, 3}));
  CAF_CHECK_EQUAL(routed.batch->size(), 4u);
  // Nobody asked for the first one's data, so looking there is an error.
  CAF_CHECK(routed.batch->view(0).find("data")->is_error());
  CAF_CHECK(routed.batch->view(1).find("data")->is(cel::kind::map));
}

CAF_TEST(a_view_shows_an_event_as_cloudevents_names_it) {
  event_maker make;
  auto e = make(1500, R"({"x":5})", "t");
  e.document.time = "2026-01-02T03:04:05Z";
  e.document.extensions.emplace_back("tenant", std::string{"acme"});
  const auto batch = evaluation_batch::make(std::vector{e});
  const auto view = batch->view(0);
  CAF_CHECK_EQUAL(view.find("id")->text(), "e0");
  CAF_CHECK_EQUAL(view.find("tenant")->text(), "acme");
  CAF_CHECK_EQUAL(view.find("time")->seconds(), 1767323045);
  CAF_CHECK_EQUAL(view.find("received_at")->seconds(), 1);
  const auto position = *view.find("position"); // it owns its text
  CAF_CHECK_EQUAL(position.text(), "0-1500-1");
  CAF_CHECK_EQUAL(view.find("data")->find("x")->as_int(), 5);
  CAF_CHECK(!view.find("subject"));
  CAF_CHECK(!view.contains("subject"));
  CAF_CHECK(view.contains("time"));
  CAF_CHECK(!view.find("nothing"));
}
