#include "runtime/core/cel/interpreter.hpp"

#include "runtime/core/cel/operators.hpp"

#include <re2/re2.h>

#include <memory>

namespace eventpulse::cel {

namespace {

// What a value that an evaluation makes may hold, so that walks over it end
// soon and need little stack.
constexpr uint32_t weight_max = 1'000'000;
constexpr uint32_t depth_max = 300;

// Locals and stack of one run: inside the object up to a size, else outside.
class value_array {
public:
  explicit value_array(size_t count) : count_(count) {
    if (count > inline_count)
      outside_ = std::make_unique<value[]>(count);
    else
      std::uninitialized_default_construct_n(inside(), count);
  }
  ~value_array() {
    if (!outside_)
      std::destroy_n(inside(), count_);
  }
  value_array(const value_array&) = delete;
  value_array& operator=(const value_array&) = delete;

  value* data() { return outside_ ? outside_.get() : inside(); }

private:
  static constexpr size_t inline_count = 16;

  value* inside() { return std::launder(reinterpret_cast<value*>(storage_)); }

  size_t count_;
  alignas(value) unsigned char storage_[inline_count * sizeof(value)];
  std::unique_ptr<value[]> outside_;
};

struct loop_state {
  value range;
  size_t next = 0;
  size_t size = 0;
  bool done = false;
  value result; // of all and exists; of the others only an error
  int64_t count = 0;
  std::vector<value> items;
  std::vector<value::entry> entries;
};

class machine {
public:
  machine(const code& c, const activation& in, budget& steps,
          std::vector<std::optional<value>>* seen)
      : code_(c), in_(in), steps_(steps), seen_(seen),
        values_(c.local_count + c.stack_size + 1), locals_(values_.data()),
        top_(locals_ + c.local_count), loops_(c.loops.size()) {}

  value run() {
    for (;;) {
      const auto& i = code_.instructions[at_++];
      if (!steps_.spend(1))
        return value::error(fault::budget_exceeded);
      if (i.code == op::finish)
        return std::move(*top_);
      const auto before = at_;
      step(i);
      if (seen_ && i.done != no_node && sees(i, before))
        (*seen_)[i.done] = *top_;
    }
  }

private:
  // A jump of && or || that is not taken has not yet seen its node.
  bool sees(const instruction& i, uint32_t before) const {
    return (i.code != op::and_jump && i.code != op::or_jump) || at_ != before;
  }

  void push(value v) { *++top_ = std::move(v); }
  value pop() { return std::move(*top_--); }
  const value& constant(uint32_t i) const { return code_.constants[i]; }

  void step(const instruction& i) {
    switch (i.code) {
    case op::constant:
      return push(constant(i.x));
    case op::variable:
      return push_variable(i.x);
    case op::local:
      return push(locals_[i.x]);
    case op::store:
      locals_[i.x] = pop();
      return;
    case op::select:
      return apply([&](const value& v) { return field_of(v, constant(i.x)); });
    case op::has:
      return apply([&](const value& v) { return has_field(v, constant(i.x)); });
    case op::select_option:
      return apply(
          [&](const value& v) { return optional_field_of(v, constant(i.x)); });
    case op::and_jump:
    case op::or_jump:
      if (top_->is(kind::boolean) && top_->as_bool() == (i.code == op::or_jump))
        at_ = i.x;
      return;
    case op::branch:
      return branch(i);
    case op::jump:
      at_ = i.x;
      return;
    case op::negate:
      return apply([](const value& v) {
        return v.is(kind::boolean) ? value::boolean(!v.as_bool())
                                   : no_overload("!", std::span{&v, 1});
      });
    case op::minus:
      return apply(negated);
    case op::make_list:
      return make_list(i);
    case op::make_map:
      return make_map(i);
    case op::call:
      return call(i);
    case op::match:
      return apply([&](const value& v) { return match(v, i.x); });
    case op::unwrap:
      return unwrap(i);
    case op::wrap:
      return apply(
          [](const value& v) { return bounded(value::optional_of(v)); });
    case op::need_optional:
      return apply([](const value& v) {
        return v.is(kind::optional)
                   ? v
                   : no_overload("optFlatMap", std::span{&v, 1});
      });
    default:
      return i.code >= op::loop_begin ? step_loop(i) : step_binary(i);
    }
  }

  void step_binary(const instruction& i) {
    const auto b = pop();
    auto& a = *top_;
    if (i.code == op::both || i.code == op::either) {
      a = i.code == op::both ? both(a, b) : either(a, b);
      return;
    }
    if (a.is_error())
      return;
    a = b.is_error() ? b : binary(i, a, b);
  }

  value binary(const instruction& i, const value& a, const value& b) {
    switch (i.code) {
    case op::equals:
    case op::differs: {
      const bool same = equal(a, b, &steps_.left);
      if (steps_.used_up())
        return value::error(fault::budget_exceeded);
      return value::boolean(same == (i.code == op::equals));
    }
    case op::less:
    case op::less_equal:
    case op::greater:
    case op::greater_equal:
      return order(i.code, a, b);
    case op::in:
      return is_in(a, b, steps_);
    case op::index:
      return item_at(a, b);
    case op::index_option:
      return optional_item_at(a, b);
    default:
      return arithmetic(i.code, a, b, i.flag != 0, steps_);
    }
  }

  void step_loop(const instruction& i) {
    switch (i.code) {
    case op::loop_begin:
      return loop_begin(i);
    case op::loop_next:
      return loop_next(i);
    case op::loop_step:
      return loop_step(loops_[i.x], code_.loops[i.x]);
    case op::loop_test:
      return loop_test(i);
    case op::loop_end:
      return push(loop_result(loops_[i.x], code_.loops[i.x].loop));
    default:
      EP_EXPECT(false);
    }
  }

  template <class F>
  void apply(F f) {
    if (!top_->is_error())
      *top_ = f(*top_);
  }

  void push_variable(uint32_t slot) {
    if (const auto* found = in_.slot(slot))
      return push(*found);
    push(value::error(fault::unknown_name));
  }

  void branch(const instruction& i) {
    const auto condition = pop();
    if (condition.is_true())
      return;
    if (condition.is(kind::boolean)) {
      at_ = i.x;
      return;
    }
    push(condition.is_error() ? condition
                              : no_overload("?:", std::span{&condition, 1}));
    at_ = i.y;
  }

  // The first error among the topmost values, which then all go.
  bool take_error(size_t count) {
    auto* first = top_ + 1 - count;
    for (auto* v = first; v <= top_; ++v) {
      if (v->is_error()) {
        auto found = *v;
        drop(count);
        push(std::move(found));
        return true;
      }
    }
    return false;
  }

  void drop(size_t count) {
    for (; count > 0; --count)
      *top_-- = value{};
  }

  // Whether item `v` written ?v counts, and then its value; an error when it is
  // not optional.
  static bool keep_optional(value& v, std::optional<value>& wrong) {
    if (!v.is(kind::optional)) {
      wrong = no_overload("?", std::span{&v, 1});
      return false;
    }
    if (!v.inner())
      return false;
    v = value{*v.inner()};
    return true;
  }

  void make_list(const instruction& i) {
    if (take_error(i.x))
      return;
    std::vector<value> items;
    items.reserve(i.x);
    std::optional<value> wrong;
    for (uint32_t n = 0; n < i.x; ++n) {
      auto& v = *(top_ + 1 - i.x + n);
      const bool optional = i.y != no_flags && code_.optional_flags[i.y][n];
      if (!optional || keep_optional(v, wrong))
        items.push_back(std::move(v));
    }
    drop(i.x);
    push(wrong ? std::move(*wrong) : bounded(value::list(std::move(items))));
  }

  void make_map(const instruction& i) {
    const size_t count = size_t{i.x} * 2;
    if (take_error(count))
      return;
    std::vector<value::entry> entries;
    entries.reserve(i.x);
    std::optional<value> wrong;
    for (uint32_t n = 0; n < i.x; ++n) {
      auto* v = top_ + 1 - count + size_t{n} * 2;
      const bool optional = i.y != no_flags && code_.optional_flags[i.y][n];
      if (!optional || keep_optional(v[1], wrong))
        entries.emplace_back(std::move(v[0]), std::move(v[1]));
    }
    drop(count);
    push(wrong ? std::move(*wrong) : checked_map(std::move(entries)));
  }

  value checked_map(std::vector<value::entry> entries) {
    if (!steps_.spend(1 + entries.size()))
      return value::error(fault::budget_exceeded);
    if (const auto bad = first_bad_key(entries))
      return value::error(fault::duplicate_key,
                          "or no key: " + to_literal(entries[*bad].first));
    return bounded(value::map(std::move(entries)));
  }

  static value bounded(value v) {
    return v.weight() > weight_max || v.depth() > depth_max
               ? value::error(fault::budget_exceeded)
               : v;
  }

  void call(const instruction& i) {
    if (take_error(i.y))
      return;
    const std::span<const value> arguments{top_ + 1 - i.y, i.y};
    const auto body = code_.functions[i.x];
    call_context context{steps_, code_.zones.get()};
    auto result =
        body ? bounded(body(context, arguments))
             : value::error(fault::unknown_name, code_.function_names[i.x]);
    drop(i.y);
    push(std::move(result));
  }

  value match(const value& v, uint32_t pattern) {
    if (!v.is(kind::string))
      return no_overload("matches", std::span{&v, 1});
    if (!steps_.spend(1 + v.text().size() / 32))
      return value::error(fault::budget_exceeded);
    return value::boolean(re2::RE2::PartialMatch(
        {v.text().data(), v.text().size()}, *code_.patterns[pattern]));
  }

  void unwrap(const instruction& i) {
    if (top_->is(kind::optional) && top_->inner()) {
      locals_[i.x] = value{*top_->inner()};
      drop(1);
      return;
    }
    if (!top_->is_error() && !top_->is(kind::optional))
      *top_ = no_overload("optMap", std::span<const value>{top_, 1});
    at_ = i.y;
  }

  // --- loops ----------------------------------------------------------------

  void loop_begin(const instruction& i) {
    if (!top_->is(kind::list) && !top_->is(kind::map)) {
      if (!top_->is_error())
        *top_ = no_overload("macro", std::span<const value>{top_, 1});
      at_ = i.y;
      return;
    }
    auto& state = loops_[i.x];
    state = loop_state{};
    state.range = pop().settled();
    state.size = state.range.size();
    state.result =
        value::boolean(code_.loops[i.x].loop == comprehension_kind::all);
  }

  void loop_next(const instruction& i) {
    auto& state = loops_[i.x];
    const auto& info = code_.loops[i.x];
    if (state.done || state.next == state.size) {
      at_ = i.y;
      return;
    }
    const bool map = state.range.is(kind::map);
    auto& first = locals_[info.first_local];
    if (map)
      first = state.range.key(state.next);
    else if (info.two_variables)
      first = value::integer(static_cast<int64_t>(state.next));
    else
      first = state.range.item(state.next);
    if (info.two_variables)
      locals_[info.first_local + 1] =
          map ? state.range.mapped(state.next) : state.range.item(state.next);
    ++state.next;
  }

  static void end_loop(loop_state& state, value result) {
    state.result = std::move(result);
    state.done = true;
  }

  void loop_test(const instruction& i) {
    const auto predicate = pop();
    if (predicate.is_true())
      return;
    if (!predicate.is(kind::boolean))
      end_loop(loops_[i.x], as_error("condition", predicate));
    at_ = i.y;
  }

  static value as_error(std::string_view name, const value& v) {
    return v.is_error() ? v : no_overload(name, std::span{&v, 1});
  }

  void loop_step(loop_state& state, const loop_info& info) {
    auto v = pop();
    const bool needs_bool = info.loop == comprehension_kind::exists_one;
    const bool absorbs = info.loop == comprehension_kind::all ||
                         info.loop == comprehension_kind::exists;
    if (!absorbs && (v.is_error() || (needs_bool && !v.is(kind::boolean))))
      return end_loop(state, as_error("condition", v));
    switch (info.loop) {
    case comprehension_kind::all:
      state.result = both(state.result, v);
      state.done = state.result.is(kind::boolean) && !state.result.as_bool();
      return;
    case comprehension_kind::exists:
      state.result = either(state.result, v);
      state.done = state.result.is_true();
      return;
    case comprehension_kind::exists_one:
      state.count += v.as_bool() ? 1 : 0;
      return;
    case comprehension_kind::filter:
    case comprehension_kind::map:
      state.items.push_back(std::move(v));
      return;
    case comprehension_kind::map_values:
      state.entries.emplace_back(locals_[info.first_local], std::move(v));
      return;
    case comprehension_kind::map_entry:
      return add_entry(state, v);
    }
  }

  static void add_entry(loop_state& state, const value& v) {
    if (!v.is(kind::map) || v.size() != 1)
      return end_loop(state,
                      no_overload("transformMapEntry", std::span{&v, 1}));
    const auto entry = v.settled();
    state.entries.emplace_back(entry.key(0), entry.mapped(0));
  }

  value loop_result(loop_state& state, comprehension_kind loop) {
    if (state.result.is_error())
      return std::move(state.result);
    switch (loop) {
    case comprehension_kind::all:
    case comprehension_kind::exists:
      return std::move(state.result);
    case comprehension_kind::exists_one:
      return value::boolean(state.count == 1);
    case comprehension_kind::filter:
    case comprehension_kind::map:
      return bounded(value::list(std::move(state.items)));
    case comprehension_kind::map_values:
    case comprehension_kind::map_entry:
      break;
    }
    return checked_map(std::move(state.entries));
  }

  const code& code_;
  const activation& in_;
  budget& steps_;
  std::vector<std::optional<value>>* seen_;
  value_array values_;
  value* locals_;
  value* top_;
  std::vector<loop_state> loops_;
  uint32_t at_ = 0;
};

} // namespace

value run(const code& instructions, const activation& in, budget& steps,
          std::vector<std::optional<value>>* seen) {
  return machine{instructions, in, steps, seen}.run();
}

} // namespace eventpulse::cel
