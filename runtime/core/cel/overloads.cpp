#include "runtime/core/cel/overloads.hpp"

#include <algorithm>

namespace eventpulse::cel {

namespace {

constexpr size_t overloads_shown_max = 4;

bool is_numeric(const type& known) {
  return known.is_dyn() || known.is(type_kind::integer) ||
         known.is(type_kind::unsigned_integer) || known.is(type_kind::real);
}

// math.greatest and math.least take any count of numbers, or one list of them.
call_match match_extreme(std::string_view name,
                         const std::vector<type>& known) {
  call_match out;
  if (known.size() == 1 && known[0].is(type_kind::list) &&
      is_numeric(known[0].parameters()[0])) {
    out.result = known[0].parameters()[0];
  } else if (!known.empty() &&
             std::all_of(known.begin(), known.end(), is_numeric)) {
    const bool same = std::all_of(known.begin(), known.end(),
                                  [&](const type& t) { return t == known[0]; });
    out.result = same ? known[0] : type{};
  } else {
    out.message = std::string{name} + "() takes numbers or a list of numbers";
  }
  return out;
}

std::string message_for(const function& callee, const node& call,
                        const std::vector<type>& known) {
  const auto name = operator_text(call.name);
  std::string message = "'" + name + "' does not take (";
  for (size_t i = 0; i < known.size(); ++i)
    message += (i == 0 ? "" : ", ") + known[i].text();
  message += ')';
  if (callee.overloads.size() > overloads_shown_max)
    return message;
  for (const auto& o : callee.overloads) {
    message += &o == callee.overloads.data() ? ", but " : " or ";
    size_t i = 0;
    if (o.member)
      message += o.parameters[i++].text() + '.';
    message += name + '(';
    for (bool first = true; i < o.parameters.size(); ++i, first = false)
      message += (first ? "" : ", ") + o.parameters[i].text();
    message += ')';
  }
  return message;
}

std::string hint_for(const node& call, const std::vector<type>& known) {
  if (call.name.front() != '_' || known.size() != 2 || known[0] == known[1] ||
      !is_numeric(known[0]) || !is_numeric(known[1]))
    return {};
  return "convert one side, as in " + known[0].text() + "(…)";
}

} // namespace

call_match match_call(unifier& types, const function& callee, const node& call,
                      const std::vector<type>& arguments) {
  std::vector<type> known;
  for (const auto& argument : arguments)
    known.push_back(types.substitute(argument, true));
  if (call.name == "math.greatest" || call.name == "math.least")
    return match_extreme(call.name, known);
  call_match out;
  for (const auto& o : callee.overloads) {
    if (o.member != call.member || o.parameters.size() != arguments.size())
      continue;
    std::map<std::string, type> names;
    std::vector<type> parameters;
    for (const auto& parameter : o.parameters)
      parameters.push_back(o.generic ? types.instantiate(parameter, names)
                                     : parameter);
    if (!types.all_assignable(parameters, arguments))
      continue;
    const auto found = types.substitute(
        o.generic ? types.instantiate(o.result, names) : o.result, false);
    out.result = !out.result || *out.result == found ? found : type{};
  }
  if (!out.result) {
    out.message = message_for(callee, call, known);
    out.hint = hint_for(call, known);
  }
  return out;
}

std::string operator_text(std::string_view name) {
  if (name == "@in")
    return "in";
  if (name == "_?_:_")
    return "?:";
  const bool is_operator = name.find_first_of("+-*/%<>=!&|[?") != name.npos;
  std::string out{name};
  if (is_operator)
    std::erase(out, '_');
  return out;
}

} // namespace eventpulse::cel
