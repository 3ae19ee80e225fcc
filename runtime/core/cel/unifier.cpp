#include "runtime/core/cel/unifier.hpp"

namespace eventpulse::cel {

namespace {

type rebuilt(const type& t, std::vector<type> parameters) {
  switch (t.kind()) {
  case type_kind::list:
    return type::list_of(std::move(parameters[0]));
  case type_kind::map:
    return type::map_of(std::move(parameters[0]), std::move(parameters[1]));
  case type_kind::optional:
    return type::optional_of(std::move(parameters[0]));
  case type_kind::type:
    return type::of_type(std::move(parameters[0]));
  case type_kind::opaque:
    return type::opaque(t.name(), std::move(parameters));
  case type_kind::dyn:
  case type_kind::null:
  case type_kind::boolean:
  case type_kind::integer:
  case type_kind::unsigned_integer:
  case type_kind::real:
  case type_kind::string:
  case type_kind::bytes:
  case type_kind::timestamp:
  case type_kind::duration:
  case type_kind::structure:
  case type_kind::parameter:
    break;
  }
  return t;
}

bool is_variable(const type& t) {
  return t.is(type_kind::parameter);
}

// Whether `a` is the same as `b` or says less than it does.
bool as_general(const type& a, const type& b) {
  if (a.is_dyn() || is_variable(a))
    return true;
  if (b.is_dyn() || is_variable(b) || a.kind() != b.kind() ||
      a.name() != b.name() || a.parameters().size() != b.parameters().size())
    return false;
  for (size_t i = 0; i < a.parameters().size(); ++i)
    if (!as_general(a.parameters()[i], b.parameters()[i]))
      return false;
  return true;
}

const type& more_general(const type& a, const type& b) {
  return as_general(a, b) ? a : b;
}

// Null stands for absent times, opaque values and structures.
bool takes_null(const type& t) {
  return t.is(type_kind::null) || t.is(type_kind::timestamp) ||
         t.is(type_kind::duration) || t.is(type_kind::opaque) ||
         t.is(type_kind::optional) || t.is(type_kind::structure);
}

type as_map(const type& t) {
  return t.is(type_kind::structure)
             ? type::map_of(type{type_kind::string}, type{})
             : t;
}

} // namespace

type unifier::fresh() {
  bindings_.emplace_back();
  return type::variable(static_cast<uint32_t>(bindings_.size() - 1));
}

type unifier::instantiate(const type& declared,
                          std::map<std::string, type>& names) {
  if (is_variable(declared)) {
    if (declared.name().empty())
      return declared;
    const auto found = names.find(declared.name());
    if (found != names.end())
      return found->second;
    return names.emplace(declared.name(), fresh()).first->second;
  }
  if (declared.parameters().empty())
    return declared;
  std::vector<type> parameters;
  for (const auto& parameter : declared.parameters())
    parameters.push_back(instantiate(parameter, names));
  return rebuilt(declared, std::move(parameters));
}

bool unifier::assignable(const type& target, const type& source) {
  return all_assignable({target}, {source});
}

bool unifier::all_assignable(const std::vector<type>& targets,
                             const std::vector<type>& sources) {
  const auto mark = trail_.size();
  if (targets.size() == sources.size() && all_fit(targets, sources))
    return true;
  roll_back(mark);
  return false;
}

bool unifier::all_fit(const std::vector<type>& targets,
                      const std::vector<type>& sources) {
  if (targets.size() != sources.size())
    return false;
  for (size_t i = 0; i < targets.size(); ++i)
    if (!fits(targets[i], sources[i]))
      return false;
  return true;
}

bool unifier::fits(const type& target, const type& source) {
  bool known = false;
  if (is_variable(source)) {
    if (fits_variable(target, source, known))
      return true;
    if (known)
      return false;
  }
  if (is_variable(target))
    return fits_variable(source, target, known);
  if (target.is_dyn() || source.is_dyn())
    return true;
  if (target.is(type_kind::null) || source.is(type_kind::null))
    return takes_null(target.is(type_kind::null) ? source : target);
  if (target.is(type_kind::structure) != source.is(type_kind::structure))
    return fits(as_map(target), as_map(source));
  if (target.kind() != source.kind() || target.name() != source.name())
    return false;
  // The types of types always compare.
  return target.is(type_kind::type) ||
         all_fit(target.parameters(), source.parameters());
}

bool unifier::fits_variable(const type& t, const type& var, bool& known) {
  known = false;
  if (t == var)
    return known = true;
  const auto* bound = binding(var);
  if (!bound) {
    if (occurs(var, t))
      return false;
    bind(var, t);
    return true;
  }
  known = true;
  const type current = *bound;
  if (is_variable(t) && t == current)
    return true;
  if (!fits(t, current))
    return false;
  const type general = more_general(t, current);
  if (!occurs(var, general))
    bind(var, general);
  return true;
}

bool unifier::occurs(const type& var, const type& in) const {
  if (in == var)
    return true;
  if (is_variable(in)) {
    const auto* bound = binding(in);
    return bound && occurs(var, *bound);
  }
  for (const auto& inner : in.parameters())
    if (occurs(var, inner))
      return true;
  return false;
}

const type* unifier::binding(const type& var) const {
  if (!var.name().empty() || var.number() >= bindings_.size())
    return nullptr;
  const auto& bound = bindings_[var.number()];
  return bound ? &*bound : nullptr;
}

void unifier::bind(const type& var, type t) {
  if (!var.name().empty() || var.number() >= bindings_.size())
    return;
  auto& bound = bindings_[var.number()];
  trail_.emplace_back(var.number(), std::move(bound));
  bound = std::move(t);
}

void unifier::roll_back(size_t mark) {
  while (trail_.size() > mark) {
    bindings_[trail_.back().first] = std::move(trail_.back().second);
    trail_.pop_back();
  }
}

type unifier::join(const type& a, const type& b) {
  if (a.is(type_kind::null) != b.is(type_kind::null) && takes_null(a) &&
      takes_null(b))
    return a.is(type_kind::null) ? b : a;
  if (assignable(a, b))
    return more_general(substitute(a, false), substitute(b, false));
  return type{};
}

type unifier::substitute(const type& t, bool close) const {
  if (is_variable(t)) {
    const auto* bound = binding(t);
    if (bound)
      return substitute(*bound, close);
    return close ? type{} : t;
  }
  if (t.parameters().empty())
    return t;
  std::vector<type> parameters;
  for (const auto& parameter : t.parameters())
    parameters.push_back(substitute(parameter, close));
  return rebuilt(t, std::move(parameters));
}

} // namespace eventpulse::cel
