// The tree of a supervisor as people look at it: bounded, whatever it has.

#include "actors/supervisor_impl.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>

namespace eventpulse::supervisor_detail {

namespace {

// As for the whole tree: what does not answer in time is left out.
constexpr std::chrono::milliseconds tree_patience{500};

} // namespace

/// Counts all, and chooses: supervisors and those in trouble first, then the
/// others in start order.
std::vector<child_key> supervisor::chosen_of(child_tree& tree,
                                             size_t count_max) const {
  std::vector<child_key> first;
  std::vector<child_key> others;
  for (const auto& [key, c] : children_) {
    auto state = state_of(decider_.phase(key));
    switch (state) {
    case child_state::running:
      ++tree.running;
      break;
    case child_state::restarting:
      ++tree.restarting;
      break;
    case child_state::parked:
      ++tree.parked;
      break;
    case child_state::stopped:
      ++tree.stopped;
      break;
    }
    bool is_special = c.spec.type == child_type::supervisor ||
                      state != child_state::running || c.restarts > 0;
    auto& list = is_special ? first : others;
    if (list.size() < count_max)
      list.push_back(key);
  }
  auto room = count_max - first.size();
  first.insert(first.end(), others.begin(),
               others.begin() +
                   static_cast<ptrdiff_t>(std::min(room, others.size())));
  std::sort(first.begin(), first.end());
  tree.omitted = children_.size() - first.size();
  return first;
}

caf::result<child_tree_ptr> supervisor::show_tree(uint32_t children_shown_max) {
  auto tree = std::make_shared<child_tree>();
  tree->name = options_.name;
  tree->actor = id();
  std::vector<std::pair<size_t, supervisor_actor>> nested;
  for (auto key : chosen_of(*tree, children_shown_max)) {
    const auto& c = children_.at(key);
    if (c.spec.type == child_type::supervisor && c.handle)
      nested.emplace_back(tree->children.size(),
                          caf::actor_cast<supervisor_actor>(c.handle));
    tree->children.push_back(
        {status_of(key, c), c.handle ? c.handle.id() : 0, nullptr});
  }
  if (nested.empty())
    return child_tree_ptr{tree};
  auto answer = make_response_promise<child_tree_ptr>();
  auto missing = std::make_shared<size_t>(nested.size());
  auto one_less = [tree, answer, missing]() mutable {
    if (--*missing == 0)
      answer.deliver(child_tree_ptr{tree});
  };
  for (const auto& [place, who] : nested)
    request(who, tree_patience, children_atom::value, children_shown_max)
        .then(
            [tree, place = place,
             one_less](const child_tree_ptr& below) mutable {
              tree->children[place].below = below;
              one_less();
            },
            [one_less](const caf::error&) mutable { one_less(); });
  return answer;
}

} // namespace eventpulse::supervisor_detail
