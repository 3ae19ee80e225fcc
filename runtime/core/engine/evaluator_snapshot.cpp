// The evaluator's state as a snapshot, and back. One row is no group: it says
// whether the state was activated, where, and which alerts wait for that.

#include "runtime/core/engine/evaluator_state.hpp"
#include "runtime/core/engine/group_codec.hpp"

#include <algorithm>
#include <tuple>

namespace eventpulse {

namespace {

constexpr std::string_view own_row = "!evaluator"; // no key of a list
constexpr uint8_t own_format = 1;

failure corrupt(const std::string& why) {
  return {errc::corrupt, "snapshot: " + why};
}

} // namespace

rule_snapshot rule_evaluator::state::take_snapshot() {
  rule_snapshot out;
  out.rule = rule_->id();
  out.fingerprint = rule_->fingerprint();
  out.engine_version = engine_version;
  out.at = at_;
  out.full = full_next_;
  if (full_next_)
    groups_.mark_all_changed();
  full_next_ = false;
  if (out.full || own_changed_) {
    byte_writer own;
    own.u8(own_format);
    own.flag(activated_);
    save_key(own, activate_at_.key);
    own.i64(activate_at_.timer_ms);
    own.count(adopted_.size());
    for (const auto& a : adopted_)
      save_alert(own, a);
    out.groups.push_back({std::string{own_row}, own.take()});
    own_changed_ = false;
  }
  for (auto& key : groups_.take_changed()) {
    if (const auto* g = groups_.find(key)) {
      byte_writer to;
      save_group(to, *g);
      out.groups.push_back({std::move(key), to.take()});
    } else if (!out.full) {
      out.removed.push_back(std::move(key));
    }
  }
  return out;
}

result<void> rule_evaluator::state::load(const rule_snapshot& from) {
  if (!from.full || from.rule != rule_->id())
    return corrupt("not a full one of this rule");
  if (from.engine_version != engine_version)
    return corrupt("of engine version " + std::to_string(from.engine_version) +
                   ", this is " + std::to_string(engine_version));
  if (from.fingerprint != rule_->fingerprint())
    return corrupt("of another form of the rule");
  std::vector<std::unique_ptr<group>> all;
  bool own_seen = false;
  for (const auto& row : from.groups) {
    if (row.group_key == own_row) {
      byte_reader own{row.bytes};
      if (own.u8() != own_format)
        own.fail();
      activated_ = own.flag();
      activate_at_.key = load_key(own);
      activate_at_.timer_ms = own.i64();
      const auto n = own.count(64);
      for (size_t i = 0; i < n && own.ok(); ++i)
        adopted_.push_back(load_alert(own));
      if (!own.at_end() || own_seen)
        return corrupt("its own row cannot be read");
      own_seen = true;
      continue;
    }
    auto g = load_group(row.bytes, row.group_key, plan_ ? &*plan_ : nullptr,
                        program_->specs);
    if (!g)
      return corrupt("group '" + row.group_key + "' cannot be read");
    if (g->silent_since && !rule_->document().absence)
      return corrupt("group '" + row.group_key + "' is of another kind");
    all.push_back(std::move(g));
  }
  if (!own_seen)
    return corrupt("its own row is missing");
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::tie(a->touched, a->key) < std::tie(b->touched, b->key);
  });
  for (auto& g : all) {
    if (groups_.find(g->key) != nullptr)
      return corrupt("group '" + g->key + "' is there twice");
    auto& kept = groups_.insert(std::move(g));
    groups_.schedule(kept, deadline_of(kept));
  }
  at_ = from.at;
  // The next snapshot may be a difference to this one.
  full_next_ = false;
  own_changed_ = false;
  return {};
}

} // namespace eventpulse
