#include "runtime/core/base/utf8.hpp"
#include "runtime/core/intake/json_scan.hpp"
#include "runtime/core/schema/checker.hpp"

#include <algorithm>
#include <utility>

namespace eventpulse::schema {

namespace {

size_t size_of(const json::value& v) {
  if (auto* o = v.if_object())
    return o->size();
  auto* a = v.if_array();
  return a ? a->size() : 0;
}

} // namespace

std::string place::pointer() const {
  std::vector<const place*> way;
  for (auto* p = this; p->up; p = p->up)
    way.push_back(p);
  std::string out;
  for (auto p = way.rbegin(); p != way.rend(); ++p)
    intake::append_pointer_token(
        out, (*p)->in_array ? std::to_string((*p)->index) : (*p)->name);
  return out;
}

std::string in_quotes(std::string_view name) {
  constexpr size_t shown_max = 64;
  auto cut = utf8_prefix(name, shown_max);
  return '\'' + std::string(cut) + (cut.size() < name.size() ? "…'" : "'");
}

/// Always false, so that it ends a chain of checks.
bool checker::fault(sink* out, const place& where, std::string detail) const {
  if (out && out->items.size() < out->max && !budget.spent)
    out->items.push_back({where.pointer(), std::move(detail)});
  return false;
}

bool checker::run(node_id id, const json::value& v, const place& where,
                  sink* out, marks* seen) {
  if (budget.spent || !budget.take(1))
    return false;
  if (depth_ >= limits::schema_check_depth_max) {
    budget.spent = true;
    return false;
  }
  auto& n = schema_.nodes[id];
  if (n.always)
    return *n.always || fault(out, where, "nothing is allowed here");
  ++depth_;
  // For a node that asks for the unevaluated only counts what its own keywords
  // have evaluated.
  marks own;
  auto* known = seen;
  bool asks = n.unevaluated_properties != none || n.unevaluated_items != none;
  if (asks) {
    own.resize(size_of(v));
    budget.take(own.size() / 64);
    known = &own;
  }
  // With a sink it goes on after a fault, to tell as many as there are.
  bool good = scalars(n, v, where, out);
  auto goes_on = [&] { return good || out; };
  if (auto* o = v.if_object(); o && goes_on())
    good = members(n, *o, where, out, known) && good;
  if (auto* a = v.if_array(); a && goes_on())
    good = elements(n, *a, where, out, known) && good;
  if (goes_on())
    good = in_place(n, v, where, out, known) && good;
  if (asks && good)
    good = unevaluated(n, v, where, out, known);
  if (asks && seen)
    for (size_t i = 0; i < own.size(); ++i)
      (*seen)[i] = (*seen)[i] || own[i];
  --depth_;
  return good && !budget.spent;
}

/// A subschema of the same value; what it evaluated counts only if it fits.
bool checker::part(node_id id, const json::value& v, const place& where,
                   sink* out, marks* seen) {
  if (!seen)
    return run(id, v, where, out, nullptr);
  marks own(seen->size());
  budget.take(own.size() / 64);
  if (!run(id, v, where, out, &own))
    return false;
  for (size_t i = 0; i < own.size(); ++i)
    (*seen)[i] = (*seen)[i] || own[i];
  return true;
}

bool checker::in_place(const node& n, const json::value& v, const place& where,
                       sink* out, marks* seen) {
  bool good = true;
  auto also = [&](node_id id) {
    if (good || out)
      good = part(id, v, where, out, seen) && good;
  };
  if (n.reference != none)
    also(n.reference);
  for (auto id : n.all_of)
    also(id);
  if (auto* o = v.if_object())
    for (auto& [name, id] : n.dependent_schemas)
      if (o->contains(name))
        also(id);
  if (n.condition != none) {
    auto next =
        part(n.condition, v, where, nullptr, seen) ? n.then_this : n.else_this;
    if (next != none && !budget.spent)
      also(next);
  }
  if (!n.any_of.empty() && (good || out))
    good = any(n, v, where, out, seen) && good;
  if (!n.one_of.empty() && (good || out))
    good = one(n, v, where, out, seen) && good;
  if (n.not_this != none && (good || out) && !budget.spent &&
      run(n.not_this, v, where, nullptr, nullptr))
    good = fault(out, where, "fits what it must not (`not`)");
  return good;
}

bool checker::any(const node& n, const json::value& v, const place& where,
                  sink* out, marks* seen) {
  bool good = false;
  for (auto id : n.any_of) {
    good = part(id, v, where, nullptr, seen) || good;
    if (budget.spent || (good && !seen))
      break;
  }
  return good ||
         fault(out, where,
               "fits none of `anyOf`" +
                   (out ? why_none(n.any_of, v, where) : std::string{}));
}

bool checker::one(const node& n, const json::value& v, const place& where,
                  sink* out, marks* seen) {
  std::vector<size_t> fitting;
  for (size_t i = 0; i < n.one_of.size() && fitting.size() < 2; ++i) {
    if (part(n.one_of[i], v, where, nullptr, seen))
      fitting.push_back(i);
    if (budget.spent)
      return false;
  }
  if (fitting.size() == 1)
    return true;
  if (fitting.empty())
    return fault(out, where,
                 "fits none of `oneOf`" +
                     (out ? why_none(n.one_of, v, where) : std::string{}));
  return fault(out, where,
               "fits more than one of `oneOf`: " + std::to_string(fitting[0]) +
                   " and " + std::to_string(fitting[1]));
}

/// ": (0) /amount must be a number; (1) …", the first fault of the first few.
std::string checker::why_none(const std::vector<node_id>& ids,
                              const json::value& v, const place& where) {
  constexpr size_t told_max = 3;
  std::string all;
  // Alternatives within alternatives would be checked again and again.
  if (std::exchange(explaining_, true))
    return all;
  for (size_t i = 0; i < std::min(told_max, ids.size()); ++i) {
    sink inner;
    inner.max = 1;
    run(ids[i], v, where, &inner, nullptr);
    if (budget.spent || inner.items.empty())
      break;
    auto& first = inner.items.front();
    auto below = first.pointer.substr(
        std::min(first.pointer.size(), where.pointer().size()));
    all += (all.empty() ? ": (" : "; (") + std::to_string(i) + ") " + below +
           (below.empty() ? "" : " ") + first.detail;
  }
  explaining_ = false;
  return all + (ids.size() > told_max ? "; …" : "");
}

bool checker::unevaluated(const node& n, const json::value& v,
                          const place& where, sink* out, marks* seen) {
  bool good = true;
  auto* o = v.if_object();
  if (o && n.unevaluated_properties != none) {
    size_t index = 0;
    for (auto& [name, value] : *o) {
      if (!(*seen)[index]) {
        place here{&where, {name.data(), name.size()}};
        if (schema_.nodes[n.unevaluated_properties].always == false)
          good =
              fault(out, here,
                    "the member " + in_quotes(here.name) + " is not allowed");
        else
          good =
              run(n.unevaluated_properties, value, here, out, nullptr) && good;
        (*seen)[index] = true;
      }
      ++index;
    }
  }
  auto* a = v.if_array();
  for (size_t i = 0; a && n.unevaluated_items != none && i < a->size(); ++i) {
    if ((*seen)[i])
      continue;
    good = run(n.unevaluated_items, (*a)[i], place{&where, {}, i, true}, out,
               nullptr) &&
           good;
    (*seen)[i] = true;
  }
  return good;
}

check_outcome check(const compiled_schema& schema, const json::value& value) {
  checker walk{schema};
  sink out;
  check_outcome done;
  bool good = walk.run(schema.root, value, place{}, &out, nullptr);
  if (walk.budget.spent) {
    done.is_too_costly = true;
    done.errors = {{"", "takes more than " +
                            std::to_string(limits::schema_steps_max) +
                            " steps to check against the schema"}};
  } else if (!good) {
    done.errors = std::move(out.items);
    if (done.errors.empty())
      done.errors.push_back({"", "does not fit the schema"});
  }
  return done;
}

} // namespace eventpulse::schema
