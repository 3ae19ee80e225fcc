#include "runtime/core/rules/aggregate_expression.hpp"

#include "runtime/core/cel/parser.hpp"

#include <array>

namespace eventpulse {

namespace {

using wrong = std::vector<cel::diagnostic>;

struct named_function {
  std::string_view name;
  aggregate_function function;
};

// `count` with an argument is count_if.
constexpr std::array<named_function, 11> functions{{
    {"count", aggregate_function::count},
    {"sum", aggregate_function::sum},
    {"avg", aggregate_function::avg},
    {"min", aggregate_function::min},
    {"max", aggregate_function::max},
    {"stddev", aggregate_function::stddev},
    {"distinct", aggregate_function::distinct},
    {"percentile", aggregate_function::percentile},
    {"rate", aggregate_function::rate},
    {"first", aggregate_function::first},
    {"last", aggregate_function::last},
}};

std::string all_names() {
  std::string out;
  for (const auto& f : functions)
    out += (out.empty() ? "" : ", ") + std::string{f.name};
  return out;
}

cel::diagnostic unknown(std::string_view text, const cel::node& top) {
  std::vector<std::string> known;
  for (const auto& f : functions)
    known.emplace_back(f.name);
  if (top.kind == cel::node_kind::call && !top.member)
    if (const auto hint = cel::did_you_mean(top.name, known); !hint.empty())
      return cel::make_diagnostic(text, top.begin,
                                  "no such aggregate '" + top.name + "'", hint);
  return cel::make_diagnostic(text, top.begin,
                              "must be one call of " + all_names());
}

// nullopt where it is no number from 0 to 100.
std::optional<double> percent_of(const cel::node& n) {
  if (n.kind != cel::node_kind::literal || !n.constant.is_number())
    return std::nullopt;
  const double p = n.constant.number();
  return p >= 0 && p <= 100 ? std::optional{p} : std::nullopt;
}

// What the argument must be, in words; empty: anything.
std::string_view needed_type(aggregate_function f, const cel::type& t) {
  using cel::type_kind;
  if (t.is_dyn())
    return "";
  switch (f) {
  case aggregate_function::count_if:
    return t.is(type_kind::boolean) ? "" : "a bool";
  case aggregate_function::sum:
  case aggregate_function::avg:
  case aggregate_function::min:
  case aggregate_function::max:
  case aggregate_function::stddev:
  case aggregate_function::percentile:
    return t.is(type_kind::integer) || t.is(type_kind::unsigned_integer) ||
                   t.is(type_kind::real)
               ? ""
               : "a number";
  case aggregate_function::count:
  case aggregate_function::rate:
  case aggregate_function::distinct:
  case aggregate_function::first:
  case aggregate_function::last:
    return "";
  }
  return "";
}

} // namespace

cel::type type_of(aggregate_function f) {
  switch (f) {
  case aggregate_function::count:
  case aggregate_function::count_if:
  case aggregate_function::distinct:
    return cel::type{cel::type_kind::integer};
  // Doubles, yet open ones: they come from event data, so `total / n` and
  // `total != 0` mean what their author expects.
  case aggregate_function::sum:
  case aggregate_function::avg:
  case aggregate_function::min:
  case aggregate_function::max:
  case aggregate_function::stddev:
  case aggregate_function::percentile:
  case aggregate_function::rate:
  case aggregate_function::first:
  case aggregate_function::last:
    return {};
  }
  return {};
}

std::variant<aggregate_expression, wrong>
compile_aggregate(std::string_view text, const cel::environment& in,
                  double seconds) {
  auto parsed = cel::parse(text);
  if (auto* bad = std::get_if<1>(&parsed))
    return wrong{std::move(*bad)};
  const auto& tree = std::get<0>(parsed);
  const auto& top = tree.top();
  const auto* known = functions.begin();
  while (known != functions.end() && known->name != top.name)
    ++known;
  if (top.kind != cel::node_kind::call || top.member ||
      known == functions.end())
    return wrong{unknown(text, top)};
  aggregate_expression out;
  out.spec = {known->function, 0, seconds};
  const auto arguments = top.children.size();
  if (known->function == aggregate_function::count && arguments == 1)
    out.spec.function = aggregate_function::count_if;
  const size_t needed = known->function == aggregate_function::percentile ? 2
                        : has_argument(out.spec.function)                 ? 1
                                                                          : 0;
  if (arguments != needed)
    return wrong{cel::make_diagnostic(
        text, top.begin,
        "'" + top.name + "' takes " + std::to_string(needed) +
            (needed == 1 ? " argument" : " arguments"))};
  if (needed == 0)
    return out;
  // The argument as written, brackets around it included.
  const auto begin = text.find('(', top.begin) + 1;
  auto end = text.rfind(')');
  if (needed == 2) {
    const auto& second = tree.at(top.children[1]);
    const auto percent = percent_of(second);
    if (!percent)
      return wrong{cel::make_diagnostic(text, second.begin,
                                        "must be a number from 0 to 100")};
    out.spec.percent = *percent;
    end = text.rfind(',', second.begin);
  }
  auto argument = cel::compile(text.substr(begin, end - begin), in);
  if (auto* bad = std::get_if<1>(&argument)) {
    for (auto& d : *bad)
      d = placed_in(text, begin, d);
    return std::move(*bad);
  }
  out.argument = std::move(std::get<0>(argument));
  const auto& type = out.argument->result_type();
  if (const auto need = needed_type(out.spec.function, type); !need.empty())
    return wrong{cel::make_diagnostic(text, begin,
                                      "'" + top.name + "' needs " +
                                          std::string{need} + ", not " +
                                          type.text())};
  return out;
}

} // namespace eventpulse
