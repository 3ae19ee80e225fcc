#include "runtime/core/engine/route.hpp"

#include <map>

namespace eventpulse {

namespace {

routed_batch find_rules(std::shared_ptr<evaluation_batch> batch,
                        const rule_index& index) {
  routed_batch out;
  std::map<uint32_t, std::vector<uint32_t>> hits;
  std::vector<uint32_t> slots;
  for (uint32_t i = 0; i < batch->size(); ++i) {
    if (index.needs_data(batch->at(i)))
      batch->parse(i);
    index.candidates(batch->at(i), batch->view(i), slots);
    for (auto slot : slots) {
      hits[slot].push_back(i);
      if (index.find(slot)->needs_data())
        batch->parse(i);
    }
  }
  for (auto& [slot, all] : hits)
    out.concerns.push_back({slot, std::move(all)});
  out.batch = std::move(batch);
  return out;
}

} // namespace

routed_batch route(std::vector<event> events, const rule_index& index) {
  return find_rules(evaluation_batch::begin(std::move(events)), index);
}

routed_batch route(persisted_batch_ptr batch, const rule_index& index) {
  return find_rules(evaluation_batch::begin(std::move(batch)), index);
}

} // namespace eventpulse
