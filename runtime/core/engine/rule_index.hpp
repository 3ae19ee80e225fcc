#pragma once
// Which rules may concern an event, found by one look into hash tables whose
// cost hardly depends on the number of rules. Every top-level conjunct of a
// rule's `when` that fixes an attribute of the event or a path in its data
// (equality, in, startsWith, has, or any comparison, which needs the path to be
// there) may stand in for the rule: it is filed under its event type and,
// there, under the conjunct that fewest others share. The answer is a superset;
// the evaluator decides. Rules with no such conjunct are always candidates.

#include "messages/event.hpp"
#include "runtime/core/cel/value.hpp"
#include "runtime/core/rules/compile.hpp"

#include <memory>

namespace eventpulse {

class rule_index {
public:
  rule_index();
  ~rule_index();
  rule_index(rule_index&&) noexcept;
  rule_index& operator=(rule_index&&) noexcept;

  /// Files the rule under `slot`, in place of what was there.
  void put(uint32_t slot, compiled_rule_ptr rule);
  void remove(uint32_t slot);
  size_t size() const noexcept;
  /// The rule under `slot`, or nullptr.
  compiled_rule_ptr find(uint32_t slot) const;

  /// Whether candidates() would look into the data of this event.
  bool needs_data(const event& e) const;

  /// Replaces `out` by the slots of all rules whose `when` may hold, ascending.
  /// `view` is the event's view (evaluation_batch::view), with data parsed if
  /// needs_data(e).
  void candidates(const event& e, const cel::value& view,
                  std::vector<uint32_t>& out) const;

private:
  struct tables;
  std::unique_ptr<tables> in_;
};

} // namespace eventpulse
