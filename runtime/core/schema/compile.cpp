#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/intake/json_scan.hpp"
#include "runtime/core/intake/request_target.hpp"
#include "runtime/core/schema/compiler.hpp"

#include <algorithm>

namespace eventpulse::schema {

namespace {

/// The draft that `$schema` names; nullopt: none that is known.
std::optional<draft> draft_of(std::string_view uri) {
  if (uri.ends_with('#'))
    uri.remove_suffix(1);
  for (std::string_view scheme : {"http://", "https://"})
    if (uri.starts_with(scheme))
      uri.remove_prefix(scheme.size());
  if (uri == "json-schema.org/draft-06/schema")
    return draft::d6;
  if (uri == "json-schema.org/draft-07/schema")
    return draft::d7;
  if (uri == "json-schema.org/draft/2019-09/schema")
    return draft::d2019;
  if (uri == "json-schema.org/draft/2020-12/schema")
    return draft::d2020;
  return std::nullopt;
}

} // namespace

std::string below(const std::string& pointer, std::string_view token) {
  auto out = pointer;
  intake::append_pointer_token(out, token);
  return out;
}

void compiler::fault(const std::string& pointer, std::string detail) {
  if (outcome_.faults.size() < limits::problem_errors_max)
    outcome_.faults.push_back({pointer, std::move(detail)});
}

compile_outcome compiler::run(std::string_view text) {
  if (text.size() > limits::schema_bytes_max) {
    fault("", "a schema has at most " +
                  std::to_string(limits::schema_bytes_max) + " bytes");
    return std::move(outcome_);
  }
  // Our own reader first: Boost's takes a name twice and numbers that are none.
  intake::json_value scanned;
  intake::json_error wrong;
  if (!intake::scan_json(text, limits::schema_depth_max * 4, scanned, wrong)) {
    fault(wrong.pointer, to_string(wrong));
    return std::move(outcome_);
  }
  document_ = parse_kept_json(text);
  if (auto* o = document_.if_object())
    if (auto* uri = o->if_contains("$schema")) {
      auto known =
          uri->is_string() ? draft_of(view(uri->get_string())) : std::nullopt;
      if (!known)
        fault("/$schema", "only the drafts 06, 07, 2019-09 and 2020-12 of "
                          "json-schema.org are understood");
      draft_ = known.value_or(draft::d2020);
    }
  out_->contains_evaluates = draft_ == draft::d2020;
  out_->root = place(document_, "", 0);
  tie_references();
  if (outcome_.faults.empty())
    refuse_loops();
  if (outcome_.faults.empty())
    outcome_.schema = std::move(out_);
  return std::move(outcome_);
}

node_id compiler::place(const json::value& v, const std::string& pointer,
                        size_t depth) {
  if (auto known = placed_.find(&v); known != placed_.end())
    return known->second;
  auto id = static_cast<node_id>(out_->nodes.size());
  if (depth > limits::schema_depth_max ||
      out_->nodes.size() >= limits::schema_nodes_max) {
    fault(pointer, depth > limits::schema_depth_max
                       ? "is nested too deep"
                       : "the schema has too many parts");
    return 0;
  }
  placed_[&v] = id;
  pointers_.push_back(pointer);
  out_->nodes.emplace_back();
  if (auto* flag = v.if_bool()) {
    out_->nodes[id].always = *flag;
    return id;
  }
  auto* o = v.if_object();
  if (!o) {
    fault(pointer, "a schema is an object, true or false");
    return id;
  }
  node n; // nodes may move while subschemas are placed
  fill(n, *o, pointer, depth);
  if (auto* anchor = o->if_contains("$anchor"); anchor && draft_ > draft::d7)
    add_anchor(*anchor, below(pointer, "$anchor"), id);
  if (auto* name = o->if_contains("$id");
      name && draft_ <= draft::d7 && depth > 0)
    add_anchor(*name, below(pointer, "$id"), id);
  if (auto* ref = o->if_contains("$ref")) {
    if (ref->is_string())
      pending_.push_back(
          {id, std::string(view(ref->get_string())), below(pointer, "$ref")});
    else
      fault(below(pointer, "$ref"), "must be a string");
  }
  out_->nodes[id] = std::move(n);
  return id;
}

void compiler::fill(node& n, const json::object& o, const std::string& pointer,
                    size_t depth) {
  // Up to draft-07 what stands beside $ref says nothing.
  bool alone = o.contains("$ref") && draft_ <= draft::d7;
  for (auto& [key, value] : o) {
    std::string_view name{key.data(), key.size()};
    auto at = below(pointer, name);
    auto what = find_keyword(name, draft_);
    if (what == keyword::unknown) {
      fault(at, is_of_any_draft(name)
                    ? "the draft of this schema has no keyword '" +
                          std::string(name) + "'; see $schema"
                    : "no such keyword: '" + std::string(name) +
                          "' (private ones begin with x-)");
      continue;
    }
    if (what == keyword::refused) {
      fault(at, "the keyword '" + std::string(name) + "' is not supported");
      continue;
    }
    bool stays = what == keyword::ref || what == keyword::definitions ||
                 what == keyword::annotation || what == keyword::schema_uri ||
                 (what == keyword::id && depth == 0);
    if (alone && !stays) {
      fault(at, "is ignored beside $ref in this draft; put it into allOf, or "
                "name a later draft in $schema");
      continue;
    }
    if (what == keyword::schema_uri && depth > 0)
      fault(at, "only the root names the draft");
    if (what == keyword::id)
      read_id(value, at, depth);
    read(n, what, value, at, depth);
  }
  if (!o.contains("contains"))
    n.contains = {};
  // additionalItems says something only beside an array of items.
  auto* items = o.if_contains("items");
  auto* more = o.if_contains("additionalItems");
  if (items && items->is_array() && more)
    n.rest_items = place(*more, below(pointer, "additionalItems"), depth + 1);
}

/// The value of the document that an RFC 6901 pointer names.
const json::value* compiler::follow(std::string_view pointer) const {
  const auto* at = &document_;
  while (!pointer.empty()) {
    if (pointer.front() != '/')
      return nullptr;
    pointer.remove_prefix(1);
    auto end = std::min(pointer.find('/'), pointer.size());
    std::string token;
    for (size_t i = 0; i < end; ++i) {
      if (pointer[i] != '~' || i + 1 == end)
        token += pointer[i];
      else
        token += pointer[++i] == '1' ? '/' : '~';
    }
    pointer.remove_prefix(end);
    if (auto* o = at->if_object())
      at = o->if_contains(token);
    else if (auto* a = at->if_array();
             a && !token.empty() &&
             token.find_first_not_of("0123456789") == token.npos &&
             token.size() < 8)
      at = a->if_contains(std::stoul(token));
    else
      return nullptr;
    if (!at)
      return nullptr;
  }
  return at;
}

/// Placing a target may bring references of its own.
void compiler::tie_references() {
  for (size_t i = 0; i < pending_.size(); ++i) {
    auto ref = pending_[i];
    auto hash = ref.target.find('#');
    auto uri = ref.target.substr(0, hash);
    if (!uri.empty() && (base_.empty() || uri != base_)) {
      fault(ref.pointer, "leads out of this document; only references to its "
                         "own parts, such as #/$defs/name, are followed");
      continue;
    }
    auto fragment = intake::percent_decode(
        hash == ref.target.npos
            ? std::string_view{}
            : std::string_view(ref.target).substr(hash + 1));
    if (!fragment) {
      fault(ref.pointer, "has a broken escape");
      continue;
    }
    if (!fragment->empty() && fragment->front() != '/') {
      auto named = anchors_.find(*fragment);
      if (named == anchors_.end())
        fault(ref.pointer, "there is no anchor '" + *fragment + "'");
      else
        out_->nodes[ref.from].reference = named->second;
      continue;
    }
    auto* target = follow(*fragment);
    if (!target) {
      fault(ref.pointer, "there is nothing at " + ref.target);
      continue;
    }
    auto id = place(*target, *fragment, fragment->empty() ? 0 : 1);
    out_->nodes[ref.from].reference = id;
  }
}

void compiler::read_id(const json::value& v, const std::string& at,
                       size_t depth) {
  if (!v.is_string())
    return fault(at, "must be a string");
  auto text = view(v.get_string());
  if (depth == 0) {
    base_ = text.substr(0, text.find('#'));
    return;
  }
  // Up to draft-07 "#name" here is what $anchor became.
  if (draft_ > draft::d7 || !text.starts_with('#'))
    fault(at, "a part with an $id of its own is not supported; name it by "
              "$defs");
}

void compiler::add_anchor(const json::value& v, const std::string& at,
                          node_id id) {
  if (!v.is_string())
    return fault(at, "must be a string");
  auto name = view(v.get_string());
  if (name.starts_with('#'))
    name.remove_prefix(1);
  if (!anchors_.emplace(std::string(name), id).second)
    fault(at, "the name '" + std::string(name) + "' is given twice");
}

/// A schema that leads back to itself for the same value would never end.
void compiler::refuse_loops() {
  enum class mark : uint8_t { white, grey, black };
  std::vector<mark> marks(out_->nodes.size(), mark::white);
  auto in_place = [&](node_id id) {
    auto& n = out_->nodes[id];
    std::vector<node_id> out;
    for (auto* many : {&n.all_of, &n.any_of, &n.one_of})
      out.insert(out.end(), many->begin(), many->end());
    for (auto one :
         {n.reference, n.not_this, n.condition, n.then_this, n.else_this})
      if (one != none)
        out.push_back(one);
    for (auto& [name, one] : n.dependent_schemas)
      out.push_back(one);
    return out;
  };
  struct frame {
    node_id id;
    std::vector<node_id> next;
  };
  for (node_id start = 0; start < out_->nodes.size(); ++start) {
    if (marks[start] != mark::white)
      continue;
    std::vector<frame> way{{start, in_place(start)}};
    marks[start] = mark::grey;
    while (!way.empty()) {
      if (way.back().next.empty()) {
        marks[way.back().id] = mark::black;
        way.pop_back();
        continue;
      }
      auto next = way.back().next.back();
      way.back().next.pop_back();
      if (marks[next] == mark::grey)
        return fault(pointers_[next],
                     "leads back to itself without going into the value");
      if (marks[next] == mark::white) {
        marks[next] = mark::grey;
        way.push_back({next, in_place(next)});
      }
    }
  }
}

compile_outcome compile(std::string_view text) {
  return compiler{}.run(text);
}

} // namespace eventpulse::schema
