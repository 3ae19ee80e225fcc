#include "runtime/core/cel/checker.hpp"

#include "runtime/core/base/limits.hpp"
#include "runtime/core/cel/overloads.hpp"
#include "runtime/core/cel/unifier.hpp"

#include <algorithm>

namespace eventpulse::cel {

namespace {

struct local {
  std::string name;
  uint32_t slot;
  type t;
};

class checker {
public:
  checker(ast& tree, const environment& env)
      : tree_(tree), env_(env), strict_(env.options().check) {}

  check_result run() {
    visit(tree_.root);
    for (auto& n : tree_.nodes)
      n.checked = types_.substitute(n.checked, true);
    return {std::move(wrong_), local_count_};
  }

private:
  node& at(node_id id) { return tree_.nodes[id]; }

  // --- diagnostics ----------------------------------------------------------

  type fail(node& n, size_t offset, std::string message,
            std::string hint = {}) {
    if (!strict_)
      n.problem = std::move(message);
    else if (wrong_.size() < limits::cel_diagnostics_max)
      wrong_.push_back(make_diagnostic(tree_.source, offset, std::move(message),
                                       std::move(hint)));
    return type{};
  }

  std::string text_of(const type& t) const {
    return types_.substitute(t, true).text();
  }

  // A failure that unchecked expressions only meet when evaluated, if at all.
  void complain(node& n, std::string message, std::string hint = {}) {
    if (strict_)
      fail(n, n.begin, std::move(message), std::move(hint));
  }

  // --- names ----------------------------------------------------------------

  const local* find_local(std::string_view name) const {
    for (auto i = locals_.rbegin(); i != locals_.rend(); ++i)
      if (i->name == name)
        return &*i;
    return nullptr;
  }

  // "a.b.c" when the node is a chain of plain selections on a name that is no
  // local, else empty.
  std::string dotted(node_id id, bool& rooted) const {
    const auto& n = tree_.at(id);
    if (n.kind == node_kind::ident) {
      rooted = n.rooted;
      return n.rooted || !find_local(n.name) ? n.name : std::string{};
    }
    if (n.kind != node_kind::select || n.test_only)
      return {};
    auto before = dotted(n.children[0], rooted);
    return before.empty() ? before : before + '.' + n.name;
  }

  // Turns the node into what the qualified name means, if it means anything.
  bool resolve(node& n, const std::string& name, bool rooted) {
    for (auto& candidate : env_.candidates(name, rooted)) {
      if (const auto slot = env_.slot_of(candidate)) {
        n.kind = node_kind::ident;
        n.name = std::move(candidate);
        n.children.clear();
        n.refers_to = meaning::variable;
        n.index = static_cast<uint32_t>(*slot);
        n.checked = env_.variables()[*slot].t;
        return true;
      }
      if (const auto denoted = denoted_type(candidate)) {
        n.kind = node_kind::literal;
        n.children.clear();
        n.constant = value::type_name(std::move(candidate));
        n.checked = type::of_type(*denoted);
        return true;
      }
    }
    return false;
  }

  uint32_t add_local(const std::string& name, type t) {
    locals_.push_back({name, local_count_, std::move(t)});
    return local_count_++;
  }

  void drop_locals(size_t count) {
    locals_.erase(locals_.end() - static_cast<std::ptrdiff_t>(count),
                  locals_.end());
  }

  type check_ident(node& n) {
    if (const auto* found = n.rooted ? nullptr : find_local(n.name)) {
      n.refers_to = meaning::local;
      n.index = found->slot;
      return found->t;
    }
    if (resolve(n, n.name, n.rooted))
      return n.checked;
    auto names = env_.variable_names();
    for (const auto& l : locals_)
      names.push_back(l.name);
    return fail(n, n.begin, "undeclared name '" + n.name + "'",
                did_you_mean(n.name, names));
  }

  // --- selection ------------------------------------------------------------

  type check_select(node_id id) {
    auto& n = at(id);
    bool rooted = false;
    const auto name = n.test_only ? std::string{} : dotted(id, rooted);
    if (!name.empty() && resolve(n, name, rooted))
      return n.checked;
    const auto found =
        field_of(n, types_.substitute(visit(n.children[0]), false));
    return n.test_only ? type{type_kind::boolean} : found;
  }

  type field_of(node& n, const type& of) {
    switch (of.kind()) {
    case type_kind::map:
      return of.parameters()[1];
    case type_kind::optional: {
      const auto inner = field_of(n, of.parameters()[0]);
      return type::optional_of(
          inner.is(type_kind::optional) ? inner.parameters()[0] : inner);
    }
    case type_kind::structure:
      return structure_field(n, *of.fields());
    case type_kind::parameter:
      types_.assignable(type{}, of);
      return type{};
    case type_kind::dyn:
      return type{};
    default:
      complain(n, "a value of type " + text_of(of) + " has no fields");
      return type{};
    }
  }

  type structure_field(node& n, const structure_fields& fields) {
    if (const auto* found = fields.find(n.name))
      return *found;
    if (fields.open)
      return type{};
    std::vector<std::string> names;
    for (const auto& [name, t] : fields.fields)
      names.push_back(name);
    const auto field_begin =
        n.end - (n.test_only ? n.name.size() + 1 : n.name.size());
    return strict_ ? fail(n, field_begin,
                          "no such field '" + n.name + "' in " + fields.name,
                          did_you_mean(n.name, names))
                   : type{};
  }

  // --- calls ----------------------------------------------------------------

  // math.greatest(1): the receiver is a namespace when the whole names a
  // function.
  const function* find_call(node& n) {
    if (!n.member) {
      for (auto& candidate : env_.candidates(n.name, n.rooted))
        if (const auto* found = env_.find_function(candidate)) {
          n.name = std::move(candidate);
          return found;
        }
      return nullptr;
    }
    bool rooted = false;
    const auto prefix = dotted(n.children[0], rooted);
    if (!prefix.empty())
      for (auto& candidate : env_.candidates(prefix + '.' + n.name, rooted))
        if (const auto* found = env_.find_function(candidate)) {
          n.member = false;
          n.name = std::move(candidate);
          n.children.erase(n.children.begin());
          return found;
        }
    return env_.find_function(n.name);
  }

  type check_call(node_id id) {
    const auto* callee = find_call(at(id));
    auto& n = at(id);
    if (!callee && strict_) // what is inside may make sense to a macro only
      return fail(n, n.begin, "undeclared function '" + n.name + "'",
                  did_you_mean(n.name, env_.function_names()));
    std::vector<type> arguments;
    for (const auto child : n.children)
      arguments.push_back(visit(child));
    if (!callee)
      return fail(n, n.begin, "undeclared function '" + n.name + "'");
    if (!strict_)
      return type{};
    if (n.name == "_&&_" || n.name == "_||_")
      return check_logical(n, arguments);
    auto found = match_call(types_, *callee, n, arguments);
    if (found.result && may_promote(n, arguments))
      return type{};
    return found.result ? std::move(*found.result)
                        : fail(n, n.begin, std::move(found.message),
                               std::move(found.hint));
  }

  // An int beside data of an event is an int or, where that is a double, one.
  bool may_promote(const node& n, const std::vector<type>& arguments) {
    if (!env_.options().promote_event_numbers || arguments.size() != 2 ||
        !(n.name == "_+_" || n.name == "_-_" || n.name == "_*_" ||
          n.name == "_/_"))
      return false;
    const auto a = types_.substitute(arguments[0], false);
    const auto b = types_.substitute(arguments[1], false);
    return (a.is_dyn() && b.is(type_kind::integer)) ||
           (a.is(type_kind::integer) && b.is_dyn());
  }

  type check_logical(node& n, const std::vector<type>& arguments) {
    for (size_t i = 0; i < arguments.size(); ++i)
      if (!types_.assignable(type{type_kind::boolean}, arguments[i]))
        fail(n, at(n.children[i]).begin,
             "'" + operator_text(n.name) + "' needs bool, this is " +
                 text_of(arguments[i]));
    return type{type_kind::boolean};
  }

  // --- literals -------------------------------------------------------------

  type check_literal(const node& n) const {
    switch (n.constant.kind_of()) {
    case kind::boolean:
      return type{type_kind::boolean};
    case kind::integer:
      return type{type_kind::integer};
    case kind::unsigned_integer:
      return type{type_kind::unsigned_integer};
    case kind::real:
      return type{type_kind::real};
    case kind::string:
      return type{type_kind::string};
    case kind::bytes:
      return type{type_kind::bytes};
    case kind::null:
      return type{type_kind::null};
    default:
      return type{};
    }
  }

  // The type of an item, without its optional when it is written ?x.
  type item_type(node& n, node_id item, bool optional) {
    const auto t = visit(item);
    if (!optional)
      return t;
    const auto inner = types_.fresh();
    if (!types_.assignable(type::optional_of(inner), t))
      complain(n, "'?' needs an optional value, this is " + text_of(t));
    return types_.substitute(inner, false);
  }

  type joined(const std::optional<type>& before, const type& t) {
    return before ? types_.join(*before, t) : t;
  }

  type check_list(node_id id) {
    const auto children = at(id).children;
    const auto optional = at(id).optional_items;
    std::optional<type> element;
    for (size_t i = 0; i < children.size(); ++i) {
      const auto t =
          item_type(at(id), children[i], !optional.empty() && optional[i]);
      element = joined(element, t);
    }
    return type::list_of(element ? *element : types_.fresh());
  }

  type check_map(node_id id) {
    const auto children = at(id).children;
    const auto optional = at(id).optional_items;
    std::optional<type> key;
    std::optional<type> mapped;
    for (size_t i = 0; i + 1 < children.size(); i += 2) {
      const auto k = visit(children[i]);
      check_key(children[i], types_.substitute(k, true));
      key = joined(key, k);
      const auto m = item_type(at(id), children[i + 1],
                               !optional.empty() && optional[i / 2]);
      mapped = joined(mapped, m);
    }
    return type::map_of(key ? *key : types_.fresh(),
                        mapped ? *mapped : types_.fresh());
  }

  void check_key(node_id id, const type& t) {
    const bool good =
        t.is_dyn() || t.is(type_kind::boolean) || t.is(type_kind::integer) ||
        t.is(type_kind::unsigned_integer) || t.is(type_kind::string);
    if (!good)
      complain(at(id), "keys of maps are bool, int, uint or string, this is " +
                           t.text());
  }

  // --- nodes with variables -------------------------------------------------

  struct range_types {
    type key;  // map key or list index
    type item; // what the one variable is: key of a map, item of a list
    type second;
  };

  range_types range_of(node_id id) {
    const auto t = types_.substitute(visit(id), false);
    const type index{type_kind::integer};
    switch (t.kind()) {
    case type_kind::list:
      return {index, t.parameters()[0], t.parameters()[0]};
    case type_kind::map:
      return {t.parameters()[0], t.parameters()[0], t.parameters()[1]};
    case type_kind::structure:
      return {type{type_kind::string}, type{type_kind::string}, type{}};
    case type_kind::parameter:
      types_.assignable(type{}, t);
      return {};
    case type_kind::dyn:
      return {};
    default:
      complain(at(id), "cannot go through a value of type " + text_of(t) +
                           ", only through lists and maps");
      return {};
    }
  }

  type check_loop(node_id id) {
    const auto& n = at(id);
    const auto range = range_of(n.children[0]);
    const bool two = n.names.size() == 2;
    at(id).index = local_count_;
    add_local(n.names[0], two ? range.key : range.item);
    if (two)
      add_local(n.names[1], range.second);
    const bool predicate_first = n.loop != comprehension_kind::map &&
                                 n.loop != comprehension_kind::map_values &&
                                 n.loop != comprehension_kind::map_entry;
    type last;
    for (size_t i = 1; i < n.children.size(); ++i) {
      last = visit(n.children[i]);
      const bool is_predicate = predicate_first || i + 1 < n.children.size();
      if (is_predicate && !types_.assignable(type{type_kind::boolean}, last))
        complain(at(n.children[i]),
                 n.name + "() needs a condition, this is " + text_of(last));
    }
    drop_locals(n.names.size());
    return loop_type(at(id), range, last);
  }

  type loop_type(node& n, const range_types& range, const type& last) {
    switch (n.loop) {
    case comprehension_kind::all:
    case comprehension_kind::exists:
    case comprehension_kind::exists_one:
      return type{type_kind::boolean};
    case comprehension_kind::filter:
      return type::list_of(range.item);
    case comprehension_kind::map:
      return type::list_of(last);
    case comprehension_kind::map_values:
      return type::map_of(range.key, last);
    case comprehension_kind::map_entry:
      break;
    }
    const auto entry = types_.substitute(last, false);
    if (entry.is(type_kind::map))
      return entry;
    if (!entry.is_dyn() && !entry.is(type_kind::parameter))
      complain(n, n.name + "() needs a map of one entry, this is " +
                      text_of(entry));
    return type::map_of(type{}, type{});
  }

  type check_bind(node_id id) {
    const auto& n = at(id);
    auto bound = visit(n.children[0]);
    at(id).index = add_local(n.names[0], std::move(bound));
    auto result = visit(n.children[1]);
    drop_locals(1);
    return result;
  }

  type check_block(node_id id) {
    const auto children = at(id).children;
    at(id).index = local_count_;
    local_count_ += static_cast<uint32_t>(children.size() - 1);
    for (size_t i = 0; i + 1 < children.size(); ++i) {
      auto bound = visit(children[i]);
      locals_.push_back({"@index:" + std::to_string(i),
                         at(id).index + static_cast<uint32_t>(i),
                         std::move(bound)});
    }
    auto result = visit(children.back());
    drop_locals(children.size() - 1);
    return result;
  }

  type check_optional_map(node_id id) {
    const auto& n = at(id);
    const auto target = visit(n.children[0]);
    const auto inner = types_.fresh();
    if (!types_.assignable(type::optional_of(inner), target))
      complain(at(n.children[0]),
               "this needs to be optional, it is " + text_of(target));
    at(id).index = add_local(n.names[0], types_.substitute(inner, false));
    const auto body = visit(n.children[1]);
    drop_locals(1);
    if (!n.flat)
      return type::optional_of(body);
    const auto flat = types_.fresh();
    if (!types_.assignable(type::optional_of(flat), body))
      complain(at(n.children[1]), "optFlatMap() needs an optional result, "
                                  "this is " +
                                      text_of(body));
    return type::optional_of(types_.substitute(flat, false));
  }

  // --- dispatch -------------------------------------------------------------

  type visit(node_id id) {
    type t = find_type(id);
    at(id).checked = t;
    return t;
  }

  type find_type(node_id id) {
    auto& n = at(id);
    switch (n.kind) {
    case node_kind::literal:
      return check_literal(n);
    case node_kind::ident:
      return check_ident(n);
    case node_kind::select:
      return check_select(id);
    case node_kind::call:
      return n.name == "_?._" ? check_optional_select(id) : check_call(id);
    case node_kind::list:
      return check_list(id);
    case node_kind::map:
      return check_map(id);
    case node_kind::record:
      return fail(n, n.begin,
                  "there are no messages here, so '" + n.name +
                      "{…}' means nothing");
    case node_kind::comprehension:
      return check_loop(id);
    case node_kind::bind:
      return check_bind(id);
    case node_kind::optional_map:
      return check_optional_map(id);
    case node_kind::block:
      return check_block(id);
    }
    return type{};
  }

  type check_optional_select(node_id id) {
    const auto children = at(id).children;
    const auto of = types_.substitute(visit(children[0]), false);
    visit(children[1]);
    node named = at(id);
    named.name = std::string{at(children[1]).constant.text()};
    named.begin = at(children[1]).begin;
    const auto found = field_of(named, of);
    return found.is(type_kind::optional) ? found : type::optional_of(found);
  }

  ast& tree_;
  const environment& env_;
  const bool strict_;
  unifier types_;
  std::vector<local> locals_;
  std::vector<diagnostic> wrong_;
  uint32_t local_count_ = 0;
};

} // namespace

check_result check(ast& tree, const environment& in) {
  return checker{tree, in}.run();
}

} // namespace eventpulse::cel
