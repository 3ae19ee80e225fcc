#include "runtime/core/cel/program.hpp"

#include "runtime/core/cel/checker.hpp"
#include "runtime/core/cel/codegen.hpp"
#include "runtime/core/cel/interpreter.hpp"
#include "runtime/core/cel/parser.hpp"

#include <algorithm>

namespace eventpulse::cel {

namespace {

// The field that node `n` takes of the variable below it, when it is a
// selection or an index by a constant string.
std::optional<std::string> field_taken(const ast& tree, const node& n) {
  if (n.kind == node_kind::select)
    return n.name;
  const bool index =
      n.kind == node_kind::call &&
      (n.name == "_[_]" || n.name == "_[?_]" || n.name == "_?._");
  if (!index)
    return std::nullopt;
  const auto& by = tree.at(n.children[1]);
  if (by.kind != node_kind::literal || !by.constant.is(kind::string))
    return std::nullopt;
  return std::string{by.constant.text()};
}

reference& reference_to(std::vector<reference>& all, const node& variable) {
  for (auto& known : all)
    if (known.slot == variable.index)
      return known;
  all.push_back({variable.name, variable.index, {}, false});
  return all.back();
}

void collect(const ast& tree, node_id id, std::vector<reference>& out) {
  const auto& n = tree.at(id);
  if (n.kind == node_kind::ident) {
    if (n.refers_to == meaning::variable)
      reference_to(out, n).whole = true;
    return;
  }
  const auto field = field_taken(tree, n);
  if (field) {
    const auto& of = tree.at(n.children[0]);
    if (of.kind == node_kind::ident && of.refers_to == meaning::variable) {
      auto& fields = reference_to(out, of).fields;
      if (std::find(fields.begin(), fields.end(), *field) == fields.end())
        fields.push_back(*field);
      return;
    }
  }
  for (const auto child : n.children)
    collect(tree, child, out);
}

} // namespace

program::program() = default;
program::~program() = default;

value program::evaluate(const activation& in, budget& steps) const {
  return run(*code_, in, steps);
}

value program::evaluate(const activation& in) const {
  budget steps;
  return evaluate(in, steps);
}

std::vector<explained> program::explain(const activation& in,
                                        budget& steps) const {
  std::vector<std::optional<value>> seen(tree_.nodes.size());
  run(*code_, in, steps, &seen);
  std::vector<explained> out;
  for (node_id id = 0; id < seen.size(); ++id)
    if (seen[id])
      out.push_back(
          {tree_.at(id).begin, tree_.at(id).end, std::move(*seen[id])});
  std::stable_sort(
      out.begin(), out.end(), [](const explained& a, const explained& b) {
        return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
      });
  return out;
}

std::vector<explained> program::explain(const activation& in) const {
  budget steps;
  return explain(in, steps);
}

const type& program::result_type() const {
  return tree_.top().checked;
}

bool program::touches(std::string_view name, std::string_view field) const {
  for (const auto& r : references_)
    if (r.variable == name)
      return r.whole || std::find(r.fields.begin(), r.fields.end(), field) !=
                            r.fields.end();
  return false;
}

std::variant<std::shared_ptr<const program>, std::vector<diagnostic>>
compile(std::string_view source, const environment& in) {
  auto parsed = parse(source, {in.options().macros, in.options().test_blocks});
  if (auto* wrong = std::get_if<diagnostic>(&parsed))
    return std::vector{std::move(*wrong)};
  const auto made = std::shared_ptr<program>(new program);
  made->tree_ = std::move(std::get<ast>(parsed));
  auto checked = check(made->tree_, in);
  if (checked.wrong.empty())
    made->code_ = generate(made->tree_, in, checked.local_count, checked.wrong);
  if (!checked.wrong.empty())
    return std::move(checked.wrong);
  collect(made->tree_, made->tree_.root, made->references_);
  return std::shared_ptr<const program>(made);
}

} // namespace eventpulse::cel
