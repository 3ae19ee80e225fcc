#pragma once
// Type variables of one check run: what they stand for, which types fit which,
// and the type that covers two (after the algorithm of the CEL type checkers:
// dyn fits everything, a variable takes the more general of the types it met).

#include "runtime/core/cel/type.hpp"

#include <map>

namespace eventpulse::cel {

class unifier {
public:
  type fresh();
  /// A copy with fresh variables for its type parameters; the same name in
  /// several calls with one `names` is the same variable.
  type instantiate(const type& declared, std::map<std::string, type>& names);

  /// Whether a value of `source` may stand where `target` is wanted; binds
  /// variables on success and only then.
  bool assignable(const type& target, const type& source);
  bool all_assignable(const std::vector<type>& targets,
                      const std::vector<type>& sources);
  /// The more general of two types that fit each other, else dyn.
  type join(const type& a, const type& b);
  /// `t` with variables replaced; open ones become dyn when `close`.
  type substitute(const type& t, bool close) const;

private:
  bool fits(const type& target, const type& source);
  bool all_fit(const std::vector<type>& targets,
               const std::vector<type>& sources);
  /// Binds `var` to `t`; `known` says that it was bound before.
  bool fits_variable(const type& t, const type& var, bool& known);
  bool occurs(const type& var, const type& in) const;
  const type* binding(const type& var) const;
  void bind(const type& var, type t);
  void roll_back(size_t mark);

  std::vector<std::optional<type>> bindings_;
  std::vector<std::pair<uint32_t, std::optional<type>>> trail_;
};

} // namespace eventpulse::cel
