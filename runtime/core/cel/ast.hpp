#pragma once
// The syntax tree of an expression: made by the parser (macros already
// expanded into nodes of their own), annotated by the checker, read by the code
// generator and by whoever looks into conditions: the index over rules takes
// equalities on event paths out of it, the rule compiler finds aggregate calls.
//
// Nodes lie in one vector and name each other by number; children come before
// their parents. Depth and size are bounded (base/limits.hpp), so walking it
// recursively is safe.

#include "runtime/core/cel/type.hpp"
#include "runtime/core/cel/value.hpp"

#include <string>
#include <vector>

namespace eventpulse::cel {

using node_id = uint32_t;
inline constexpr node_id no_node = UINT32_MAX;

enum class node_kind : uint8_t {
  literal,
  ident,         // name
  select,        // children[0].name; test_only: has(children[0].name)
  call,          // name(children), or children[0].name(rest) when member
  list,          // [children]
  map,           // {children[0]: children[1], …}
  record,        // name{…}: parsed, never accepted by the checker
  comprehension, // children: range, then one or two expressions, see below
  bind,          // children: what, body; names[0]
  optional_map,  // children: optional, body; names[0]; flat for optFlatMap
  block,         // children: bound expressions, then the result (cel.block)
};

enum class comprehension_kind : uint8_t {
  all,        // range, predicate
  exists,     // range, predicate
  exists_one, // range, predicate
  filter,     // range, predicate
  map,        // range, [predicate,] transform
  map_values, // transformMap: range, [predicate,] transform
  map_entry,  // transformMapEntry: range, [predicate,] map of one entry
};

/// What an identifier turned out to be.
enum class meaning : uint8_t { unresolved, variable, local };

struct node {
  node_kind kind = node_kind::literal;
  size_t begin = 0; // bytes of the source; end is exclusive
  size_t end = 0;
  value constant;   // literal
  std::string name; // ident, select, call, record
  std::vector<node_id> children;
  /// Iteration, bind and optional variables.
  std::vector<std::string> names;
  /// Items written `?x` (lists: by item, maps: by entry); empty when none is.
  std::vector<bool> optional_items;
  comprehension_kind loop = comprehension_kind::all;
  bool member = false;    // call: children[0] is the receiver
  bool test_only = false; // select: has()
  bool rooted = false;    // ident: written with a leading dot
  bool flat = false;      // optional_map
  uint32_t depth = 1;

  // Written by the checker.
  type checked;
  meaning refers_to = meaning::unresolved;
  uint32_t index = 0;  // of the variable, or the first local slot declared
  std::string problem; // unchecked runs: the error this node evaluates to
};

struct ast {
  std::string source;
  std::vector<node> nodes;
  node_id root = no_node;

  const node& at(node_id id) const { return nodes[id]; }
  const node& top() const { return nodes[root]; }
  std::string_view text_of(const node& n) const {
    return std::string_view{source}.substr(n.begin, n.end - n.begin);
  }
};

} // namespace eventpulse::cel
