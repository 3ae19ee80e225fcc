#include "runtime/core/cel/macros.hpp"

#include <array>

namespace eventpulse::cel {

namespace {

using problem = std::optional<macro_problem>;

struct loop_macro {
  std::string_view name;
  size_t arguments; // without the range
  size_t variables;
  comprehension_kind loop;
};

constexpr std::array loop_macros{
    loop_macro{"all", 2, 1, comprehension_kind::all},
    loop_macro{"all", 3, 2, comprehension_kind::all},
    loop_macro{"exists", 2, 1, comprehension_kind::exists},
    loop_macro{"exists", 3, 2, comprehension_kind::exists},
    loop_macro{"exists_one", 2, 1, comprehension_kind::exists_one},
    loop_macro{"exists_one", 3, 2, comprehension_kind::exists_one},
    loop_macro{"existsOne", 2, 1, comprehension_kind::exists_one},
    loop_macro{"existsOne", 3, 2, comprehension_kind::exists_one},
    loop_macro{"filter", 2, 1, comprehension_kind::filter},
    loop_macro{"map", 2, 1, comprehension_kind::map},
    loop_macro{"map", 3, 1, comprehension_kind::map},
    loop_macro{"transformList", 3, 2, comprehension_kind::map},
    loop_macro{"transformList", 4, 2, comprehension_kind::map},
    loop_macro{"transformMap", 3, 2, comprehension_kind::map_values},
    loop_macro{"transformMap", 4, 2, comprehension_kind::map_values},
    loop_macro{"transformMapEntry", 3, 2, comprehension_kind::map_entry},
    loop_macro{"transformMapEntry", 4, 2, comprehension_kind::map_entry},
};

// Takes children [from, from + count) of the call as variable names.
problem take_names(const ast& tree, const node& call, size_t from, size_t count,
                   std::vector<std::string>& out) {
  for (size_t i = from; i < from + count; ++i) {
    const auto& n = tree.at(call.children[i]);
    if (n.kind != node_kind::ident || n.rooted)
      return macro_problem{n.begin, "the variable of " + call.name +
                                        "() must be a simple name"};
    if (n.name == "__result__")
      return macro_problem{n.begin, "'__result__' cannot be a variable"};
    for (const auto& other : out)
      if (other == n.name)
        return macro_problem{n.begin, "the two variables of " + call.name +
                                          "() must differ"};
    out.push_back(n.name);
  }
  return std::nullopt;
}

problem expand_has(ast& tree, node& call) {
  const auto argument = call.children[0];
  const auto& selected = tree.at(argument);
  if (selected.kind != node_kind::select || selected.test_only)
    return macro_problem{selected.begin,
                         "has() needs the selection of a field, as in "
                         "has(event.data.amount)"};
  node n = selected;
  n.test_only = true;
  n.begin = call.begin;
  n.end = call.end;
  call = std::move(n);
  return std::nullopt;
}

problem expand_loop(const ast& tree, node& call, const loop_macro& macro) {
  node n;
  if (auto wrong = take_names(tree, call, 1, macro.variables, n.names))
    return wrong;
  n.kind = node_kind::comprehension;
  n.begin = call.begin;
  n.end = call.end;
  n.depth = call.depth;
  n.name = call.name;
  n.loop = macro.loop;
  n.children = {call.children[0]};
  const auto bodies = static_cast<std::ptrdiff_t>(1 + macro.variables);
  n.children.insert(n.children.end(), call.children.begin() + bodies,
                    call.children.end());
  call = std::move(n);
  return std::nullopt;
}

problem expand_optional_map(const ast& tree, node& call) {
  node n;
  if (auto wrong = take_names(tree, call, 1, 1, n.names))
    return wrong;
  call.kind = node_kind::optional_map;
  call.flat = call.name == "optFlatMap";
  call.member = false;
  call.names = std::move(n.names);
  call.children = {call.children[0], call.children[2]};
  return std::nullopt;
}

problem expand_bind(const ast& tree, node& call) {
  node n;
  if (auto wrong = take_names(tree, call, 1, 1, n.names))
    return wrong;
  call.kind = node_kind::bind;
  call.member = false;
  call.names = std::move(n.names);
  call.children = {call.children[2], call.children[3]};
  return std::nullopt;
}

// The least number an index of a test macro may be given as.
problem small_number(const ast& tree, const node& call, size_t child,
                     std::string& out) {
  const auto& n = tree.at(call.children[child]);
  if (n.kind != node_kind::literal || !n.constant.is(kind::integer) ||
      n.constant.as_int() < 0 || n.constant.as_int() > 10'000)
    return macro_problem{n.begin, "a small number is expected here"};
  out += ':' + std::to_string(n.constant.as_int());
  return std::nullopt;
}

problem expand_test_name(const ast& tree, node& call, std::string prefix) {
  for (size_t i = 1; i < call.children.size(); ++i)
    if (auto wrong = small_number(tree, call, i, prefix))
      return wrong;
  call.kind = node_kind::ident;
  call.member = false;
  call.name = std::move(prefix);
  call.children.clear();
  return std::nullopt;
}

problem expand_block(const ast& tree, node& call) {
  const auto& bound = tree.at(call.children[1]);
  if (bound.kind != node_kind::list || !bound.optional_items.empty())
    return macro_problem{bound.begin, "cel.block() needs a list literal"};
  const auto result = call.children[2];
  call.kind = node_kind::block;
  call.member = false;
  call.children = bound.children;
  call.children.push_back(result);
  return std::nullopt;
}

problem expand_cel(const ast& tree, node& call, bool test_blocks) {
  const auto arguments = call.children.size() - 1;
  if (call.name == "bind" && arguments == 3)
    return expand_bind(tree, call);
  if (!test_blocks)
    return std::nullopt;
  if (call.name == "block" && arguments == 2)
    return expand_block(tree, call);
  if (call.name == "index" && arguments == 1)
    return expand_test_name(tree, call, "@index");
  if (call.name == "iterVar" && arguments == 2)
    return expand_test_name(tree, call, "@it");
  if (call.name == "accuVar" && arguments == 2)
    return expand_test_name(tree, call, "@ac");
  return std::nullopt;
}

} // namespace

std::optional<macro_problem> expand_macro(ast& tree, node_id id,
                                          bool test_blocks) {
  auto& call = tree.nodes[id];
  if (!call.member)
    return call.name == "has" && call.children.size() == 1
               ? expand_has(tree, call)
               : std::nullopt;
  const auto& receiver = tree.at(call.children[0]);
  if (receiver.kind == node_kind::ident && receiver.name == "cel")
    return expand_cel(tree, call, test_blocks);
  const auto arguments = call.children.size() - 1;
  if ((call.name == "optMap" || call.name == "optFlatMap") && arguments == 2)
    return expand_optional_map(tree, call);
  for (const auto& macro : loop_macros)
    if (macro.name == call.name && macro.arguments == arguments)
      return expand_loop(tree, call, macro);
  return std::nullopt;
}

const std::vector<std::string>& macro_names() {
  static const std::vector<std::string> names{
      "has",          "all",
      "exists",       "exists_one",
      "existsOne",    "map",
      "filter",       "transformList",
      "transformMap", "transformMapEntry",
      "optMap",       "optFlatMap"};
  return names;
}

} // namespace eventpulse::cel
