#include "runtime/core/engine/index_predicates.hpp"

#include "runtime/core/base/hash.hpp"

#include <algorithm>
#include <bit>

namespace eventpulse {

namespace {

using cel::node;
using cel::node_id;
using cel::node_kind;

class finder {
public:
  explicit finder(const cel::ast& tree) : tree_(tree) {}

  std::vector<index_predicate> out;

  void conjunct(node_id id) {
    const auto& n = tree_.at(id);
    if (is_call(n, "_&&_")) {
      for (auto child : n.children)
        conjunct(child);
      return;
    }
    if (auto values = one_of(id))
      out.push_back(std::move(*values));
    else if (auto start = prefix(n))
      out.push_back(std::move(*start));
    else if (n.kind == node_kind::select && n.test_only)
      add_exists(selected(n));
    else
      required(id);
  }

private:
  static bool is_call(const node& n, std::string_view name) {
    return n.kind == node_kind::call && n.name == name;
  }

  // The path of `has(a.b)` is that of `a.b`.
  std::optional<event_path> selected(const node& n) const {
    auto path = path_of(n.children[0], true);
    if (path)
      path->push_back(n.name);
    return path;
  }

  // `event.a.b`, `event.a["b"]`; `event` itself only where `root`.
  std::optional<event_path> path_of(node_id id, bool root = false) const {
    const auto& n = tree_.at(id);
    if (n.kind == node_kind::ident)
      return root && n.refers_to == cel::meaning::variable && n.name == "event"
                 ? std::optional{event_path{}}
                 : std::nullopt;
    if (n.kind == node_kind::select && !n.test_only)
      return selected(n);
    if (is_call(n, "_[_]")) {
      const auto& key = tree_.at(n.children[1]);
      if (key.kind != node_kind::literal || !key.constant.is(cel::kind::string))
        return std::nullopt;
      auto path = path_of(n.children[0], true);
      if (path)
        path->emplace_back(key.constant.text());
      return path;
    }
    return std::nullopt;
  }

  std::optional<uint64_t> literal_hash(node_id id) const {
    const auto& n = tree_.at(id);
    return n.kind == node_kind::literal ? index_hash(n.constant) : std::nullopt;
  }

  static index_predicate values_at(event_path path,
                                   std::vector<uint64_t> hashes) {
    return {index_predicate::kind::one_of, std::move(path), std::move(hashes),
            0};
  }

  // path == literal, path in [literals], path, !path, and `||` of such on one
  // path (the alternatives fail together, so none hides another's error).
  std::optional<index_predicate> one_of(node_id id) const {
    const auto& n = tree_.at(id);
    if (auto path = path_of(id))
      return values_at(std::move(*path),
                       {*index_hash(cel::value::boolean(true))});
    if (is_call(n, "!_"))
      if (auto path = path_of(n.children[0]))
        return values_at(std::move(*path),
                         {*index_hash(cel::value::boolean(false))});
    if (is_call(n, "_==_")) {
      for (size_t side : {0, 1}) {
        auto path = path_of(n.children[side]);
        const auto hash = literal_hash(n.children[1 - side]);
        if (path && hash)
          return values_at(std::move(*path), {*hash});
      }
    }
    if (is_call(n, "@in"))
      return in_list(n);
    if (is_call(n, "_||_"))
      return either(n);
    return std::nullopt;
  }

  std::optional<index_predicate> in_list(const node& n) const {
    auto path = path_of(n.children[0]);
    const auto& list = tree_.at(n.children[1]);
    if (!path || list.kind != node_kind::list || !list.optional_items.empty())
      return std::nullopt;
    auto all = values_at(std::move(*path), {});
    for (auto item : list.children) {
      const auto hash = literal_hash(item);
      if (!hash)
        return std::nullopt;
      all.hashes.push_back(*hash);
    }
    return all;
  }

  std::optional<index_predicate> either(const node& n) const {
    std::optional<index_predicate> all;
    for (auto child : n.children) {
      auto one = one_of(child);
      if (!one || (all && all->path != one->path))
        return std::nullopt;
      if (!all)
        all = std::move(one);
      else
        all->hashes.insert(all->hashes.end(), one->hashes.begin(),
                           one->hashes.end());
    }
    return all;
  }

  std::optional<index_predicate> prefix(const node& n) const {
    if (!is_call(n, "startsWith") || !n.member || n.children.size() != 2)
      return std::nullopt;
    auto path = path_of(n.children[0]);
    const auto& start = tree_.at(n.children[1]);
    if (!path || start.kind != node_kind::literal ||
        !start.constant.is(cel::kind::string))
      return std::nullopt;
    const auto text = start.constant.text();
    return index_predicate{index_predicate::kind::prefix,
                           std::move(*path),
                           {index_hash(text)},
                           text.size()};
  }

  // Paths that must be there for the expression not to fail: operands of
  // everything strict. Logic, conditionals and macros may pass over a failure.
  void required(node_id id) {
    if (auto path = path_of(id))
      return add_exists(std::move(path));
    const auto& n = tree_.at(id);
    if (n.kind != node_kind::call || n.name == "_&&_" || n.name == "_||_" ||
        n.name == "_?_:_" || n.name.find('?') != std::string::npos)
      return;
    for (auto child : n.children)
      required(child);
  }

  void add_exists(std::optional<event_path> path) {
    if (path)
      out.push_back({index_predicate::kind::exists, std::move(*path), {}, 0});
  }

  const cel::ast& tree_;
};

} // namespace

uint64_t index_hash(std::string_view text) {
  return xxh64(text);
}

std::optional<uint64_t> index_hash(const cel::value& v) {
  switch (v.kind_of()) {
  case cel::kind::string:
    return index_hash(v.text());
  case cel::kind::boolean:
    return v.is_true() ? 1 : 2;
  case cel::kind::null:
    return 3;
  case cel::kind::integer:
  case cel::kind::unsigned_integer:
  case cel::kind::real:
    // -0.0 + 0.0 is 0.0; equal numbers are equal as doubles, too.
    return std::bit_cast<uint64_t>(v.number() + 0.0) ^ 0x9E3779B97F4A7C15u;
  default:
    return std::nullopt;
  }
}

std::vector<index_predicate> index_predicates(const cel::ast& when) {
  finder f{when};
  f.conjunct(when.root);
  return std::move(f.out);
}

} // namespace eventpulse
