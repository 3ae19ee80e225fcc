#include "runtime/core/engine/rule_index.hpp"

#include "runtime/core/engine/index_predicates.hpp"
#include "runtime/core/rules/rule_program.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace eventpulse {

namespace {

using slots = std::vector<uint32_t>; // ascending

void add(slots& to, uint32_t slot) {
  to.insert(std::lower_bound(to.begin(), to.end(), slot), slot);
}

void drop(slots& from, uint32_t slot) {
  const auto at = std::lower_bound(from.begin(), from.end(), slot);
  if (at != from.end() && *at == slot)
    from.erase(at);
}

void append(const slots& from, slots& to) {
  to.insert(to.end(), from.begin(), from.end());
}

using buckets = std::unordered_map<uint64_t, slots>;

size_t population(const buckets& in, uint64_t hash) {
  const auto at = in.find(hash);
  return at == in.end() ? 0 : at->second.size();
}

void drop(buckets& from, uint64_t hash, uint32_t slot) {
  const auto at = from.find(hash);
  if (at == from.end())
    return;
  drop(at->second, slot);
  if (at->second.empty())
    from.erase(at);
}

// Rules filed under one path of the event.
struct path_table {
  buckets equal;
  std::map<size_t, buckets> prefixes; // by length
  slots exists;

  bool empty() const {
    return equal.empty() && prefixes.empty() && exists.empty();
  }

  // How many candidates the choice of `p` brings; lower is better. A path that
  // merely exists does so in most events.
  size_t cost(const index_predicate& p) const {
    size_t n = 1;
    switch (p.what) {
    case index_predicate::kind::one_of:
      for (auto hash : p.hashes)
        n += population(equal, hash);
      return n;
    case index_predicate::kind::prefix: {
      const auto at = prefixes.find(p.prefix_bytes);
      if (at != prefixes.end())
        n += population(at->second, p.hashes[0]);
      return 2 * n;
    }
    case index_predicate::kind::exists:
      return 16 * (n + exists.size());
    }
    return n;
  }

  void put(const index_predicate& p, uint32_t slot) {
    switch (p.what) {
    case index_predicate::kind::one_of:
      for (auto hash : p.hashes)
        add(equal[hash], slot);
      break;
    case index_predicate::kind::prefix:
      add(prefixes[p.prefix_bytes][p.hashes[0]], slot);
      break;
    case index_predicate::kind::exists:
      add(exists, slot);
      break;
    }
  }

  void remove(const index_predicate& p, uint32_t slot) {
    switch (p.what) {
    case index_predicate::kind::one_of:
      for (auto hash : p.hashes)
        drop(equal, hash, slot);
      break;
    case index_predicate::kind::prefix:
      if (const auto at = prefixes.find(p.prefix_bytes); at != prefixes.end()) {
        drop(at->second, p.hashes[0], slot);
        if (at->second.empty())
          prefixes.erase(at);
      }
      break;
    case index_predicate::kind::exists:
      drop(exists, slot);
      break;
    }
  }

  void candidates(const cel::value& v, slots& out) const {
    append(exists, out);
    if (const auto hash = index_hash(v))
      if (const auto at = equal.find(*hash); at != equal.end())
        append(at->second, out);
    if (!v.is(cel::kind::string))
      return;
    for (const auto& [bytes, all] : prefixes) {
      if (bytes > v.text().size())
        break;
      const auto at = all.find(index_hash(v.text().substr(0, bytes)));
      if (at != all.end())
        append(at->second, out);
    }
  }
};

// Rules of one event type, or of any.
struct type_table {
  slots always;
  std::map<event_path, path_table> paths;
  size_t data_paths = 0;

  bool empty() const { return always.empty() && paths.empty(); }

  size_t cost(const index_predicate& p) const {
    const auto at = paths.find(p.path);
    return at == paths.end() ? path_table{}.cost(p) : at->second.cost(p);
  }

  void put(const index_predicate* p, uint32_t slot) {
    if (p == nullptr)
      return add(always, slot);
    const auto [at, made] = paths.try_emplace(p->path);
    if (made && p->path.front() == "data")
      ++data_paths;
    at->second.put(*p, slot);
  }

  void remove(const index_predicate* p, uint32_t slot) {
    if (p == nullptr)
      return drop(always, slot);
    const auto at = paths.find(p->path);
    if (at == paths.end())
      return;
    at->second.remove(*p, slot);
    if (!at->second.empty())
      return;
    if (p->path.front() == "data")
      --data_paths;
    paths.erase(at);
  }

  void candidates(const cel::value& view, slots& out) const {
    append(always, out);
    for (const auto& [path, table] : paths) {
      std::optional<cel::value> at = view;
      for (const auto& name : path) {
        if (!at->is(cel::kind::map)) {
          at.reset();
          break;
        }
        at = at->find(name);
        if (!at)
          break;
      }
      if (at)
        table.candidates(*at, out);
    }
  }
};

// Where a rule stands.
struct filing {
  compiled_rule_ptr rule;
  std::vector<index_predicate> predicates;
  struct place {
    std::optional<uint64_t> type; // nullopt: any
    std::optional<size_t> by;     // predicate; nullopt: always
  };
  std::vector<place> places;
};

// Beyond so many types, a rule is filed once under its type as a path.
constexpr size_t types_max = 64;

} // namespace

struct rule_index::tables {
  std::unordered_map<uint64_t, type_table> by_type;
  type_table any;
  std::unordered_map<uint32_t, filing> rules;

  type_table& at(const std::optional<uint64_t>& type) {
    return type ? by_type[*type] : any;
  }
};

rule_index::rule_index() : in_(std::make_unique<tables>()) {}
rule_index::~rule_index() = default;
rule_index::rule_index(rule_index&&) noexcept = default;
rule_index& rule_index::operator=(rule_index&&) noexcept = default;

size_t rule_index::size() const noexcept {
  return in_->rules.size();
}

compiled_rule_ptr rule_index::find(uint32_t slot) const {
  const auto at = in_->rules.find(slot);
  return at == in_->rules.end() ? nullptr : at->second.rule;
}

void rule_index::put(uint32_t slot, compiled_rule_ptr rule) {
  remove(slot);
  filing f;
  f.predicates = index_predicates(rule->program().when->tree());
  f.rule = std::move(rule);
  const event_path type_path{"type"};
  std::optional<size_t> by_type;
  for (size_t i = 0; i < f.predicates.size(); ++i) {
    const auto& p = f.predicates[i];
    if (p.path == type_path && p.what == index_predicate::kind::one_of &&
        p.hashes.size() <= types_max &&
        (!by_type || p.hashes.size() < f.predicates[*by_type].hashes.size()))
      by_type = i;
  }
  std::vector<std::optional<uint64_t>> types{std::nullopt};
  if (by_type) {
    auto hashes = f.predicates[*by_type].hashes;
    std::sort(hashes.begin(), hashes.end());
    hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
    types.assign(hashes.begin(), hashes.end());
  }
  for (const auto& type : types) {
    auto& table = in_->at(type);
    filing::place where{type, std::nullopt};
    size_t least = 0;
    for (size_t i = 0; i < f.predicates.size(); ++i) {
      if (type && f.predicates[i].path == type_path)
        continue; // the type is known there
      const auto cost = table.cost(f.predicates[i]);
      if (!where.by || cost < least) {
        where.by = i;
        least = cost;
      }
    }
    table.put(where.by ? &f.predicates[*where.by] : nullptr, slot);
    f.places.push_back(where);
  }
  in_->rules.emplace(slot, std::move(f));
}

void rule_index::remove(uint32_t slot) {
  const auto at = in_->rules.find(slot);
  if (at == in_->rules.end())
    return;
  const auto& f = at->second;
  for (const auto& where : f.places) {
    in_->at(where.type)
        .remove(where.by ? &f.predicates[*where.by] : nullptr, slot);
    if (where.type && in_->by_type[*where.type].empty())
      in_->by_type.erase(*where.type);
  }
  in_->rules.erase(at);
}

bool rule_index::needs_data(const event& e) const {
  if (in_->any.data_paths > 0)
    return true;
  const auto at = in_->by_type.find(index_hash(e.document.type));
  return at != in_->by_type.end() && at->second.data_paths > 0;
}

void rule_index::candidates(const event& e, const cel::value& view,
                            std::vector<uint32_t>& out) const {
  out.clear();
  in_->any.candidates(view, out);
  const auto at = in_->by_type.find(index_hash(e.document.type));
  if (at != in_->by_type.end())
    at->second.candidates(view, out);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
}

} // namespace eventpulse
