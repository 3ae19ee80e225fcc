#include "runtime/core/engine/group_table.hpp"

#include <algorithm>

namespace eventpulse {

group* group_table::find(const std::string& key) {
  const auto at = by_key_.find(key);
  return at == by_key_.end() ? nullptr : at->second.get();
}

group& group_table::insert(std::unique_ptr<group> g) {
  group& out = *g;
  out.place = used_.insert(used_.end(), &out);
  const bool fresh = by_key_.emplace(out.key, std::move(g)).second;
  EP_EXPECT(fresh);
  return out;
}

void group_table::erase(group& g) {
  schedule(g, std::nullopt);
  used_.erase(g.place);
  changed_.insert(g.key);
  by_key_.erase(by_key_.find(g.key));
}

void group_table::touch(group& g, const order_key& by) {
  g.touched = by;
  used_.splice(used_.end(), used_, g.place);
}

void group_table::schedule(group& g, std::optional<int64_t> deadline) {
  if (g.deadline == deadline)
    return;
  if (g.deadline)
    timers_.erase({*g.deadline, &g});
  g.deadline = deadline;
  if (deadline)
    timers_.insert({*deadline, &g});
}

void group_table::mark_changed(group& g) {
  if (g.changed)
    return;
  g.changed = true;
  changed_.insert(g.key);
}

void group_table::mark_all_changed() {
  for (auto& [key, g] : by_key_)
    mark_changed(*g);
}

std::vector<std::string> group_table::take_changed() {
  std::vector<std::string> out(changed_.begin(), changed_.end());
  changed_.clear();
  std::sort(out.begin(), out.end());
  for (const auto& key : out)
    if (auto* g = find(key))
      g->changed = false;
  return out;
}

std::vector<group*> group_table::sorted() {
  std::vector<group*> out;
  out.reserve(by_key_.size());
  for (auto& [key, g] : by_key_)
    out.push_back(g.get());
  std::sort(out.begin(), out.end(),
            [](const group* a, const group* b) { return a->key < b->key; });
  return out;
}

} // namespace eventpulse
