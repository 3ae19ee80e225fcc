#include "actors/system_report.hpp"

#include "runtime/core/base/time.hpp"
#include "runtime/core/engine/rule_evaluator.hpp"

#include <unordered_map>

namespace eventpulse {

namespace json = boost::json;

namespace {

constexpr size_t last_error_bytes_max = 300; // many actors, one report
constexpr std::string_view keeper = "lease_keeper";

std::string_view name_of(restart_kind k) {
  switch (k) {
  case restart_kind::permanent:
    return "permanent";
  case restart_kind::transient:
    return "transient";
  case restart_kind::temporary:
    return "temporary";
  }
  return "unknown";
}

std::string_view name_of(child_state s) {
  switch (s) {
  case child_state::running:
    return "running";
  case child_state::restarting:
    return "restarting";
  case child_state::parked:
    return "parked";
  case child_state::stopped:
    return "stopped";
  }
  return "unknown";
}

/// The first bytes of a text, never half a character.
std::string cut(const std::string& text, size_t bytes_max) {
  if (text.size() <= bytes_max)
    return text;
  auto end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  return text.substr(0, end) + "…";
}

class renderer {
public:
  renderer(const report_parts& parts, const actor_probes& probes)
      : parts_(parts), probes_(probes) {
    std::vector<uint64_t> ids;
    gather(parts.root, ids);
    gather(parts.guarded, ids);
    for (auto& seen : probes.look(ids))
      looks_.emplace(seen.id, std::move(seen));
  }

  json::object tree(const child_tree& t, const std::string& id) const {
    json::object out{{"id", id}, {"type", "supervisor"}, {"state", "running"}};
    add_look(out, t.actor);
    add_below(out, t);
    return out;
  }

private:
  static void gather(const child_tree_ptr& t, std::vector<uint64_t>& ids) {
    if (!t)
      return;
    ids.push_back(t->actor);
    for (const auto& node : t->children) {
      ids.push_back(node.actor);
      gather(node.below, ids);
    }
  }

  static void add(json::object& out, const actor_look& seen) {
    out["kind"] = seen.kind;
    out["mailbox_depth"] = seen.depth;
    out["messages"] = seen.messages;
    out["busy_seconds"] = std::chrono::duration<double>(seen.busy).count();
  }

  void add_look(json::object& out, uint64_t actor) const {
    if (auto found = looks_.find(actor); found != looks_.end())
      add(out, found->second);
  }

  void add_below(json::object& out, const child_tree& t) const {
    out["counts"] = {{"running", t.running},
                     {"restarting", t.restarting},
                     {"parked", t.parked},
                     {"stopped", t.stopped}};
    out["omitted"] = t.omitted;
    json::array children;
    for (const auto& n : t.children)
      children.push_back(node(n));
    out["children"] = std::move(children);
  }

  json::object node(const child_node& n) const {
    const auto& s = n.what;
    bool supervises = s.type == child_type::supervisor;
    json::object out{{"id", s.id},
                     {"type", supervises ? "supervisor" : "worker"},
                     {"restart", name_of(s.kind)},
                     {"state", name_of(s.state)},
                     {"generation", s.generation},
                     {"restarts", s.restarts}};
    if (!s.last_error.empty())
      out["last_error"] = cut(s.last_error, last_error_bytes_max);
    add_look(out, n.actor);
    if (n.below)
      add_below(out, *n.below);
    if (s.id == keeper && parts_.guarded)
      out["children"] = json::array{tree(*parts_.guarded, "guarded")};
    json::array linked;
    if (n.actor != 0)
      for (const auto& seen : probes_.linked_to(n.actor)) {
        json::object one;
        add(one, seen);
        linked.push_back(std::move(one));
      }
    if (!linked.empty())
      out["linked"] = std::move(linked);
    return out;
  }

  const report_parts& parts_;
  const actor_probes& probes_;
  std::unordered_map<uint64_t, actor_look> looks_;
};

} // namespace

json::object system_report(const process_facts& who, const report_parts& parts,
                           const actor_probes& probes) {
  json::object reasons;
  for (const auto& [part, why] : parts.reasons)
    reasons[part] = why;
  json::array streams;
  for (const auto& s : parts.streams)
    streams.push_back({{"partition", s.partition},
                       {"entries", s.entries},
                       {"lag_entries", s.lag_entries},
                       {"lag_seconds", s.lag_seconds},
                       {"pending_entries", s.pending_entries}});
  json::object out{{"name", who.name},
                   {"role", who.role},
                   {"version", who.version},
                   {"engine", engine_version},
                   {"host", who.host},
                   {"pid", who.pid},
                   {"started_at", format_rfc3339_ms(who.started_at_ms)},
                   {"reported_at", format_rfc3339_ms(parts.now_ms)},
                   {"ready", parts.reasons.empty()},
                   {"reasons", std::move(reasons)},
                   {"streams", std::move(streams)}};
  out["tree"] =
      parts.root
          ? json::value(renderer(parts, probes).tree(*parts.root, "root"))
          : json::value(nullptr);
  return out;
}

} // namespace eventpulse
