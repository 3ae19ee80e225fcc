#include "runtime/core/cel/codegen.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>

namespace eventpulse::cel {

code::code() = default;
code::~code() = default;

namespace {

struct operator_name {
  std::string_view name;
  op code;
};

constexpr std::array binary_operators{
    operator_name{"_+_", op::add},
    operator_name{"_-_", op::subtract},
    operator_name{"_*_", op::multiply},
    operator_name{"_/_", op::divide},
    operator_name{"_%_", op::modulo},
    operator_name{"_==_", op::equals},
    operator_name{"_!=_", op::differs},
    operator_name{"_<_", op::less},
    operator_name{"_<=_", op::less_equal},
    operator_name{"_>_", op::greater},
    operator_name{"_>=_", op::greater_equal},
    operator_name{"@in", op::in},
    operator_name{"_[_]", op::index},
    operator_name{"_[?_]", op::index_option},
};

constexpr int64_t pattern_memory_max = 1 << 20;

class generator {
public:
  generator(const ast& tree, const environment& in, std::vector<diagnostic>& w)
      : tree_(tree), env_(in), wrong_(w), out_(std::make_unique<code>()) {}

  std::unique_ptr<code> run(uint32_t local_count) {
    emit(tree_.root);
    put(op::finish);
    out_->local_count = local_count;
    out_->stack_size = deepest_;
    out_->zones = env_.zones();
    return std::move(out_);
  }

private:
  const node& at(node_id id) const { return tree_.nodes[id]; }

  // `grows` is what the instruction adds to the stack when it goes on.
  uint32_t put(op code, int grows = 0, uint32_t x = 0, uint32_t y = 0) {
    height_ = static_cast<uint32_t>(static_cast<int>(height_) + grows);
    deepest_ = std::max(deepest_, height_);
    out_->instructions.push_back({code, 0, x, y, no_node});
    return here() - 1;
  }
  uint32_t here() const {
    return static_cast<uint32_t>(out_->instructions.size());
  }
  instruction& made(uint32_t i) { return out_->instructions[i]; }

  uint32_t constant(value v) {
    out_->constants.push_back(std::move(v));
    return static_cast<uint32_t>(out_->constants.size() - 1);
  }

  void push_constant(value v) { put(op::constant, 1, constant(std::move(v))); }

  // --- constants known at compile time --------------------------------------

  // An error is what the evaluation would give.
  std::optional<value> folded(node_id id) const {
    const auto& n = at(id);
    if (n.kind == node_kind::literal)
      return n.constant;
    if (!n.problem.empty() || !n.optional_items.empty())
      return std::nullopt;
    if (n.kind == node_kind::list || n.kind == node_kind::map)
      return folded_aggregate(n);
    return n.kind == node_kind::call ? folded_call(n) : std::nullopt;
  }

  std::optional<std::vector<value>> folded_children(const node& n) const {
    std::vector<value> out;
    for (const auto child : n.children) {
      auto v = folded(child);
      if (!v || v->is_error())
        return std::nullopt;
      out.push_back(std::move(*v));
    }
    return out;
  }

  std::optional<value> folded_aggregate(const node& n) const {
    auto children = folded_children(n);
    if (!children)
      return std::nullopt;
    if (n.kind == node_kind::list)
      return value::list(std::move(*children));
    std::vector<value::entry> entries;
    for (size_t i = 0; i + 1 < children->size(); i += 2)
      entries.emplace_back((*children)[i], (*children)[i + 1]);
    if (first_bad_key(entries))
      return std::nullopt;
    return value::map(std::move(entries));
  }

  std::optional<value> folded_call(const node& n) const {
    const auto* callee = env_.find_function(n.name);
    if (!callee || !callee->body || !callee->foldable)
      return std::nullopt;
    const auto arguments = folded_children(n);
    if (!arguments)
      return std::nullopt;
    budget steps;
    call_context context{steps, nullptr};
    return callee->body(context, *arguments);
  }

  // --- nodes ----------------------------------------------------------------

  void emit(node_id id) {
    const auto& n = at(id);
    if (!n.problem.empty()) {
      push_constant(value::error(fault::unknown_name, n.problem));
    } else if (auto known = folded(id)) {
      if (known->is_error() && env_.options().refuse_bad_constants)
        wrong_.push_back(
            make_diagnostic(tree_.source, n.begin, known->error_text()));
      push_constant(std::move(*known));
    } else {
      emit_kind(n);
    }
    made(here() - 1).done = id;
  }

  void emit_kind(const node& n) {
    switch (n.kind) {
    case node_kind::literal:
      return push_constant(n.constant);
    case node_kind::ident:
      put(n.refers_to == meaning::local ? op::local : op::variable, 1, n.index);
      return;
    case node_kind::select:
      emit(n.children[0]);
      put(n.test_only ? op::has : op::select, 0,
          constant(value::string(n.name)));
      return;
    case node_kind::call:
      return emit_call(n);
    case node_kind::list:
    case node_kind::map:
      return emit_aggregate(n);
    case node_kind::record:
      return push_constant(value::error(fault::unknown_name, n.name));
    case node_kind::comprehension:
      return emit_loop(n);
    case node_kind::bind:
      emit(n.children[0]);
      put(op::store, -1, n.index);
      emit(n.children[1]);
      return landing();
    case node_kind::optional_map:
      return emit_optional_map(n);
    case node_kind::block:
      for (uint32_t i = 0; i + 1 < n.children.size(); ++i) {
        emit(n.children[i]);
        put(op::store, -1, n.index + i);
      }
      emit(n.children.back());
      return landing();
    }
  }

  void emit_call(const node& n) {
    if (n.name == "_&&_" || n.name == "_||_")
      return emit_logical(n);
    if (n.name == "_?_:_")
      return emit_choice(n);
    if (n.name == "_?._") {
      emit(n.children[0]);
      put(op::select_option, 0, constant(at(n.children[1]).constant));
      return;
    }
    if (n.name == "matches" && n.children.size() == 2 && emit_match(n))
      return;
    for (const auto child : n.children)
      emit(child);
    if (n.name == "!_" || n.name == "-_") {
      put(n.name == "!_" ? op::negate : op::minus);
      return;
    }
    for (const auto& known : binary_operators)
      if (known.name == n.name) {
        const auto i = put(known.code, -1);
        made(i).flag = promotes(n) ? 1 : 0;
        return;
      }
    emit_function(n);
  }

  // The extension for event data: an operand whose type is only known when
  // evaluated came from there.
  bool promotes(const node& n) const {
    return env_.options().promote_event_numbers &&
           (at(n.children[0]).checked.is_dyn() ||
            at(n.children[1]).checked.is_dyn());
  }

  void emit_function(const node& n) {
    const auto* callee = env_.find_function(n.name);
    const auto count = static_cast<uint32_t>(n.children.size());
    const auto number = static_cast<uint32_t>(out_->functions.size());
    out_->functions.push_back(callee ? callee->body : nullptr);
    out_->function_names.push_back(n.name);
    put(op::call, 1 - static_cast<int>(count), number, count);
  }

  void emit_logical(const node& n) {
    const bool all = n.name == "_&&_";
    std::vector<uint32_t> jumps;
    emit(n.children[0]);
    for (size_t i = 1; i < n.children.size(); ++i) {
      jumps.push_back(put(all ? op::and_jump : op::or_jump));
      emit(n.children[i]);
      put(all ? op::both : op::either, -1);
    }
    const auto self = static_cast<node_id>(&n - tree_.nodes.data());
    for (const auto jump : jumps) {
      made(jump).x = here();
      made(jump).done = self;
    }
  }

  void emit_choice(const node& n) {
    emit(n.children[0]);
    const auto branch = put(op::branch, -1);
    emit(n.children[1]);
    const auto jump = put(op::jump, -1);
    made(branch).x = here();
    emit(n.children[2]);
    made(jump).x = here();
    made(branch).y = here();
    landing();
  }

  // A place where several ways meet, or that a part has reached already, needs
  // an instruction of its own, so that the value of the node is seen there.
  void landing() { put(op::jump, 0, here() + 1); }

  bool emit_match(const node& n) {
    const auto& pattern = at(n.children[1]);
    if (pattern.kind != node_kind::literal ||
        !pattern.constant.is(kind::string))
      return false;
    const auto text = pattern.constant.text();
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(pattern_memory_max);
    auto compiled =
        std::make_unique<const re2::RE2>(std::string{text}, options);
    if (!compiled->ok()) {
      if (!env_.options().refuse_bad_constants)
        return false; // an error only when it is evaluated
      wrong_.push_back(
          make_diagnostic(tree_.source, pattern.begin,
                          "no regular expression (RE2): " + compiled->error()));
    }
    out_->patterns.push_back(std::move(compiled));
    emit(n.children[0]);
    put(op::match, 0, static_cast<uint32_t>(out_->patterns.size() - 1));
    return true;
  }

  void emit_aggregate(const node& n) {
    for (const auto child : n.children)
      emit(child);
    auto flags = no_flags;
    if (!n.optional_items.empty()) {
      flags = static_cast<uint32_t>(out_->optional_flags.size());
      out_->optional_flags.push_back(n.optional_items);
    }
    const auto count = static_cast<uint32_t>(n.children.size());
    const bool list = n.kind == node_kind::list;
    put(list ? op::make_list : op::make_map, 1 - static_cast<int>(count),
        list ? count : count / 2, flags);
  }

  //   range, loop_begin, again: loop_next, body, loop_step, jump again,
  //   over: loop_end, after:
  void emit_loop(const node& n) {
    const auto number = static_cast<uint32_t>(out_->loops.size());
    out_->loops.push_back({n.loop, n.index, n.names.size() == 2});
    emit(n.children[0]);
    const auto begin = put(op::loop_begin, -1, number);
    const auto again = here();
    const auto next = put(op::loop_next, 0, number);
    const bool filter = n.loop == comprehension_kind::filter;
    const bool tested = filter || n.children.size() == 3;
    std::optional<uint32_t> test;
    emit(n.children[1]);
    if (tested) {
      test = put(op::loop_test, -1, number);
      if (filter)
        put(op::local, 1, n.index);
      else
        emit(n.children[2]);
    }
    put(op::loop_step, -1, number);
    put(op::jump, 0, again);
    made(next).y = here();
    if (test)
      made(*test).y = again;
    put(op::loop_end, 1, number);
    made(begin).y = here();
    landing();
  }

  void emit_optional_map(const node& n) {
    emit(n.children[0]);
    const auto unwrap = put(op::unwrap, -1, n.index);
    emit(n.children[1]);
    put(n.flat ? op::need_optional : op::wrap);
    made(unwrap).y = here();
    landing();
  }

  const ast& tree_;
  const environment& env_;
  std::vector<diagnostic>& wrong_;
  std::unique_ptr<code> out_;
  uint32_t height_ = 0;
  uint32_t deepest_ = 0;
};

} // namespace

std::unique_ptr<code> generate(const ast& tree, const environment& in,
                               uint32_t local_count,
                               std::vector<diagnostic>& wrong) {
  return generator{tree, in, wrong}.run(local_count);
}

} // namespace eventpulse::cel
