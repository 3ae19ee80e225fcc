#pragma once
// A compiled CEL expression: parsed, checked and turned into flat instructions
// once, evaluated many times. Used by the rule engine for conditions, groups,
// aggregates and alert texts, and by queries. A program is immutable and may be
// evaluated by many threads at once; it holds no state and reaches nothing
// outside its activation (time zones excepted, which the environment gives).

#include "runtime/core/cel/ast.hpp"
#include "runtime/core/cel/budget.hpp"
#include "runtime/core/cel/diagnostic.hpp"
#include "runtime/core/cel/environment.hpp"
#include "runtime/core/cel/value.hpp"

#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace eventpulse::cel {

struct code; // instructions, see codegen.hpp

/// The values of the variables, in the order in which the environment declared
/// them. A view: the values must outlive the evaluation. What lies behind the
/// end is an unknown name, as is an error value.
class activation {
public:
  activation() = default;
  explicit activation(std::span<const value> slots) : slots_(slots) {}

  const value* slot(size_t index) const noexcept {
    return index < slots_.size() ? &slots_[index] : nullptr;
  }

private:
  std::span<const value> slots_;
};

/// The value that a part of the source had; a part in a loop has its last one.
struct explained {
  size_t begin; // bytes of the source; end is exclusive
  size_t end;
  value result;
};

/// What a program touches of one variable.
struct reference {
  std::string variable;
  size_t slot;
  /// `event.data.x` and `event["data"]` touch the field "data".
  std::vector<std::string> fields;
  bool whole = false; // used other than by the fields named
};

class program {
public:
  ~program();

  /// An error value is an answer, too; it never throws for what the data are.
  /// Does not allocate for comparisons, selections and calls that make no new
  /// string, list or map.
  value evaluate(const activation& in, budget& steps) const;
  value evaluate(const activation& in) const;

  /// Every part that was evaluated, in source order, enclosing ones first.
  std::vector<explained> explain(const activation& in, budget& steps) const;
  std::vector<explained> explain(const activation& in) const;

  const type& result_type() const;
  const std::vector<reference>& references() const { return references_; }
  /// Whether field `field` of variable `name`, or all of it, is touched.
  bool touches(std::string_view name, std::string_view field) const;
  const ast& tree() const { return tree_; }
  const std::string& source() const { return tree_.source; }

private:
  friend std::variant<std::shared_ptr<const program>, std::vector<diagnostic>>
  compile(std::string_view source, const environment& in);
  program();

  ast tree_;
  std::vector<reference> references_;
  std::unique_ptr<const code> code_;
};

/// The program, or all that is wrong with the source.
std::variant<std::shared_ptr<const program>, std::vector<diagnostic>>
compile(std::string_view source, const environment& in);

} // namespace eventpulse::cel
