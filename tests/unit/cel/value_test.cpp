#define CAF_SUITE cel_value
#include <caf/test/unit_test.hpp>

#include "test_support.hpp"

#include <cmath>
#include <limits>

using namespace eventpulse::cel;
using namespace eventpulse::cel::test;

namespace {

class shop : public object {
public:
  std::optional<value> field(std::string_view name) const override {
    ++asked;
    if (name == "id")
      return value::string(std::string_view{"s1"}, nullptr);
    if (name == "open")
      return value::boolean(true);
    return std::nullopt;
  }
  bool has(std::string_view name) const override {
    return name == "id" || name == "open";
  }
  std::vector<std::string> names() const override { return {"id", "open"}; }

  mutable int asked = 0;
};

} // namespace

CAF_TEST(json_numbers_are_int_when_they_fit_and_double_otherwise) {
  const auto v = parsed_json(
      R"([1, -1, 9223372036854775807, 9223372036854775808, 1.0, null])");
  CAF_CHECK(v.item(0).is(kind::integer));
  CAF_CHECK_EQUAL(v.item(1).as_int(), -1);
  CAF_CHECK_EQUAL(v.item(2).as_int(), std::numeric_limits<int64_t>::max());
  CAF_CHECK(v.item(3).is(kind::real));
  CAF_CHECK(v.item(4).is(kind::real));
  CAF_CHECK(v.item(5).is(kind::null));
}

CAF_TEST(values_taken_from_a_document_keep_it_alive) {
  value inner;
  {
    const auto whole =
        parsed_json(R"({"a": {"b": ["deep enough to allocate"]}})");
    inner = *whole.find("a");
  }
  CAF_CHECK_EQUAL(to_literal(inner), R"({"b": ["deep enough to allocate"]})");
}

CAF_TEST(numbers_of_all_types_are_equal_on_one_line_and_share_a_hash) {
  const auto i = value::integer(5);
  const auto u = value::unsigned_integer(5);
  const auto d = value::real(5.0);
  CAF_CHECK(equal(i, u));
  CAF_CHECK(equal(u, d));
  CAF_CHECK_EQUAL(hash(i), hash(u));
  CAF_CHECK_EQUAL(hash(u), hash(d));
  CAF_CHECK(!equal(i, value::string("5")));
  CAF_CHECK(!equal(value::real(NAN), value::real(NAN)));
  CAF_CHECK(equal(value::real(0.0), value::real(-0.0)));
  CAF_CHECK_EQUAL(hash(value::real(0.0)), hash(value::real(-0.0)));
  CAF_CHECK(compare(value::integer(-1), value::unsigned_integer(0)) ==
            ordering::less);
}

CAF_TEST(maps_are_equal_whatever_backs_them) {
  const auto lazy = value::of(std::make_shared<const shop>());
  const auto json = parsed_json(R"({"open": true, "id": "s1"})");
  CAF_CHECK(equal(lazy, json));
  CAF_CHECK(equal(json, lazy));
  CAF_CHECK_EQUAL(hash(lazy), hash(json));
  CAF_CHECK_EQUAL(group_key(lazy), group_key(json));
  CAF_CHECK(!equal(lazy, parsed_json(R"({"open": true})")));
}

CAF_TEST(a_lazy_object_makes_only_the_fields_that_are_asked_for) {
  const auto made = std::make_shared<const shop>();
  environment env;
  env.declare("shop", type{});
  const std::vector<value> slots{value::of(made)};
  const auto p = compiled("shop.id == 's1' && has(shop.open) && "
                          "!has(shop.closed)",
                          env);
  CAF_CHECK(p->evaluate(activation{slots}).is_true());
  CAF_CHECK_EQUAL(made->asked, 1);
  const auto all = compiled("shop.map(name, name)", env);
  CAF_CHECK_EQUAL(to_literal(all->evaluate(activation{slots})),
                  R"(["id", "open"])");
}

CAF_TEST(a_big_map_finds_every_key_by_its_index) {
  std::vector<value::entry> entries;
  for (int64_t i = 0; i < 100; ++i)
    entries.emplace_back(value::integer(i), value::integer(i * i));
  const auto m = value::map(entries);
  CAF_CHECK_EQUAL(m.find(value::real(7))->as_int(), 49);
  CAF_CHECK_EQUAL(m.find(value::unsigned_integer(99))->as_int(), 9801);
  CAF_CHECK(!m.find(value::real(7.5)));
  CAF_CHECK(!m.find("7"));
}

CAF_TEST(text_for_holes_is_natural_and_literals_are_quoted) {
  CAF_CHECK_EQUAL(to_text(value::string("as is")), "as is");
  CAF_CHECK_EQUAL(to_text(value::real(12.0)), "12");
  CAF_CHECK_EQUAL(to_text(value::real(0.1)), "0.1");
  CAF_CHECK_EQUAL(to_text(value::unsigned_integer(7)), "7");
  CAF_CHECK_EQUAL(to_literal(value::unsigned_integer(7)), "7u");
  CAF_CHECK_EQUAL(to_text(parsed_json(R"({"a": ["x", 1]})")),
                  R"({"a": ["x", 1]})");
  CAF_CHECK_EQUAL(to_text(value::timestamp(1'234'567'890, 500'000'000)),
                  "2009-02-13T23:31:30.5Z");
  CAF_CHECK_EQUAL(to_text(value::duration(-1'500'000'000)), "-1.5s");
  CAF_CHECK_EQUAL(to_text(value::error(fault::no_such_key, "x")),
                  "no such key: x");
}

CAF_TEST(group_keys_are_equal_for_equal_values_only) {
  CAF_CHECK_EQUAL(group_key(value::integer(5)), group_key(value::real(5.0)));
  CAF_CHECK(group_key(value::integer(5)) != group_key(value::string("5")));
  CAF_CHECK(group_key(parsed_json(R"(["a", "bc"])")) !=
            group_key(parsed_json(R"(["ab", "c"])")));
  CAF_CHECK_EQUAL(group_key(parsed_json(R"({"a": 1, "b": 2})")),
                  group_key(parsed_json(R"({"b": 2.0, "a": 1})")));
  CAF_CHECK(group_key(value::integer(9'007'199'254'740'993)) !=
            group_key(value::integer(9'007'199'254'740'992)));
}

CAF_TEST(json_made_from_values_reads_back) {
  const auto text = R"({"a":[1,2.5,"x",null,true],"b":{"c":{}}})";
  CAF_CHECK(to_json(parsed_json(text)) == boost::json::parse(text));
  CAF_CHECK_EQUAL(boost::json::serialize(to_json(value::bytes("\xff"))),
                  R"("/w==")");
  CAF_CHECK_EQUAL(boost::json::serialize(to_json(value::real(NAN))),
                  R"("NaN")");
}

CAF_TEST(a_small_value_of_shared_parts_does_not_explode_when_written) {
  auto v = value::list({value::integer(1)});
  for (int i = 0; i < 60; ++i)
    v = value::list({v, v});
  CAF_CHECK(to_text(v).size() < 70'000);
  CAF_CHECK(hash(v) == hash(v));
  uint64_t left = 1000;
  CAF_CHECK(!equal(v, v, &left));
  CAF_CHECK_EQUAL(left, 0u);
}
