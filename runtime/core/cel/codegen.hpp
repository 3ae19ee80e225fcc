#pragma once
// The instructions of a program and their making from a checked tree. Known to
// the program and the interpreter alone.
//
// A stack machine: operands are pushed, instructions take them and push their
// result. Errors are values on the stack. Locals and the state of loops have
// numbered places, given out at compile time.

#include "runtime/core/cel/ast.hpp"
#include "runtime/core/cel/diagnostic.hpp"
#include "runtime/core/cel/environment.hpp"

#include <memory>
#include <vector>

namespace re2 {
class RE2;
}

namespace eventpulse::cel {

enum class op : uint8_t {
  constant,      // push constants[x]
  variable,      // push slot x
  local,         // push local x
  store,         // pop into local x
  select,        // top = its field constants[x]
  has,           // top = whether it has field constants[x]
  select_option, // top = its field constants[x] as an optional
  index,         // pop index; top = its item
  index_option,
  and_jump, // to x when top is false
  or_jump,  // to x when top is true
  both,     // pop b; top = top && b
  either,   // pop b; top = top || b
  branch,   // pop condition: true goes on, false to x, else error to y
  jump,     // to x
  negate,   // !
  minus,
  add, // arithmetic: flag promotes int beside double
  subtract,
  multiply,
  divide,
  modulo,
  equals,
  differs,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  make_list,     // of the topmost x values; y: optional flags or -1
  make_map,      // of the topmost 2x values; y as above
  call,          // functions[x] with the topmost y values
  match,         // top matches patterns[x]
  loop_begin,    // pop range into loop x; what is no range: push error, to y
  loop_next,     // next item of loop x into its locals; when it is done: to y
  loop_step,     // pop the result of the body of loop x, which may be done
  loop_test,     // pop the predicate of loop x: true goes on, false to y, else
                 // the loop is done with an error, to y
  loop_end,      // push the result of loop x
  unwrap,        // top optional: none to y, else pop its value into local x
  wrap,          // top = optional.of(top)
  need_optional, // top must be optional
  finish,
};

struct instruction {
  op code = op::finish;
  uint8_t flag = 0;
  uint32_t x = 0;
  uint32_t y = 0;
  /// The node whose value is on top afterwards, or no_node.
  node_id done = no_node;
};

inline constexpr uint32_t no_flags = UINT32_MAX;

struct loop_info {
  comprehension_kind loop;
  uint32_t first_local;
  bool two_variables;
};

struct code {
  code();
  ~code();

  std::vector<instruction> instructions;
  std::vector<value> constants;
  std::vector<function_body> functions;
  std::vector<std::string> function_names;
  std::vector<std::unique_ptr<const re2::RE2>> patterns;
  std::vector<std::vector<bool>> optional_flags;
  std::vector<loop_info> loops;
  uint32_t local_count = 0;
  uint32_t stack_size = 0;
  std::shared_ptr<const zone_source> zones;
};

/// Instructions for the tree; patterns that are no regular expressions and the
/// like become diagnostics.
std::unique_ptr<code> generate(const ast& tree, const environment& in,
                               uint32_t local_count,
                               std::vector<diagnostic>& wrong);

} // namespace eventpulse::cel
