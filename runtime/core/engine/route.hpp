#pragma once
// From a batch of events to the rules they concern: what the rule router does
// with every released batch.

#include "runtime/core/engine/evaluation_batch.hpp"
#include "runtime/core/engine/rule_index.hpp"

namespace eventpulse {

struct routed_batch {
  struct concern {
    uint32_t slot = 0;
    std::vector<uint32_t> hits; // indexes into the batch, ascending
  };
  evaluation_batch_ptr batch;
  std::vector<concern> concerns; // ascending slots, only rules with hits
};

/// Finds the rules, and parses `data` once where the index or a rule that may
/// match looks into it.
routed_batch route(std::vector<event> events, const rule_index& index);
routed_batch route(persisted_batch_ptr batch, const rule_index& index);

} // namespace eventpulse
