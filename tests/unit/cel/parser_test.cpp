#define CAF_SUITE cel_parser
#include <caf/test/unit_test.hpp>

#include "runtime/core/cel/parser.hpp"
#include "test_support.hpp"

using namespace eventpulse::cel;
using namespace eventpulse::cel::test;

namespace {

ast tree_of(const std::string& source, const parse_options& options = {}) {
  auto parsed = parse(source, options);
  CAF_REQUIRE(std::holds_alternative<ast>(parsed));
  return std::get<ast>(std::move(parsed));
}

// "(+ a (* b c))": the shape of a tree.
std::string shape(const ast& tree, node_id id) {
  const auto& n = tree.at(id);
  if (n.kind == node_kind::literal)
    return to_literal(n.constant);
  if (n.kind == node_kind::ident)
    return n.name;
  std::string out = "(" + (n.test_only ? "has " + n.name : n.name);
  for (const auto child : n.children)
    out += ' ' + shape(tree, child);
  return out + ')';
}

std::string shape(const std::string& source) {
  const auto tree = tree_of(source);
  return shape(tree, tree.root);
}

} // namespace

CAF_TEST(operators_bind_as_the_language_says) {
  CAF_CHECK_EQUAL(shape("a + b * c"), "(_+_ a (_*_ b c))");
  CAF_CHECK_EQUAL(shape("a - b - c"), "(_-_ (_-_ a b) c)");
  CAF_CHECK_EQUAL(shape("!a.b == -c"), "(_==_ (!_ (b a)) (-_ c))");
  CAF_CHECK_EQUAL(shape("a ? b : c ? d : e"), "(_?_:_ a b (_?_:_ c d e))");
  CAF_CHECK_EQUAL(shape("a in b && c || d"), "(_||_ (_&&_ (@in a b) c) d)");
  CAF_CHECK_EQUAL(shape("-5 - -5"), "(_-_ -5 -5)");
}

CAF_TEST(a_chain_of_and_is_one_node_of_its_conjuncts) {
  CAF_CHECK_EQUAL(shape("a && b && c && d"), "(_&&_ a b c d)");
  CAF_CHECK_EQUAL(shape("a && (b && c)"), "(_&&_ a (_&&_ b c))");
}

CAF_TEST(macros_become_nodes_of_their_own) {
  const auto tree = tree_of("xs.exists(x, x > 1)");
  CAF_CHECK(tree.top().kind == node_kind::comprehension);
  CAF_CHECK(tree.top().loop == comprehension_kind::exists);
  CAF_CHECK_EQUAL(tree.top().names.front(), "x");
  CAF_CHECK_EQUAL(shape("has(a.b)"), "(has b a)");
  CAF_CHECK(tree_of("cel.bind(x, 1, x)").top().kind == node_kind::bind);
  CAF_CHECK(tree_of("a.optMap(x, x)").top().kind == node_kind::optional_map);
  parse_options plain;
  plain.macros = false;
  CAF_CHECK(tree_of("xs.exists(x, x > 1)", plain).top().kind ==
            node_kind::call);
  // Without test_blocks these are calls of unknown functions.
  CAF_CHECK(tree_of("cel.block([1], 2)").top().kind == node_kind::call);
}

CAF_TEST(every_node_knows_its_place_in_the_source) {
  const auto tree = tree_of("sum(event.data.x) > 1 + 'é'.size()");
  std::vector<std::string> calls;
  for (const auto& n : tree.nodes)
    if (n.kind == node_kind::call)
      calls.emplace_back(tree.text_of(n));
  CAF_REQUIRE_EQUAL(calls.size(), 4u);
  CAF_CHECK_EQUAL(calls[0], "sum(event.data.x)");
  CAF_CHECK_EQUAL(calls[1], "'é'.size()");
  CAF_CHECK_EQUAL(calls[2], "1 + 'é'.size()");
}

CAF_TEST(reserved_words_are_fields_but_no_names) {
  CAF_CHECK_EQUAL(shape("a.for.while"), "(while (for a))");
  CAF_CHECK_EQUAL(shape("a.`content-type`"), "(content-type a)");
  for (const auto* source : {"for", "a.in", "a.true", "[1].map(var, var)"})
    CAF_CHECK(std::holds_alternative<diagnostic>(parse(source)));
}
