#pragma once
// The rule_catalog: compiled rules by (id, version). It compiles ahead what was
// published, woken by a hint or by its own version poll, so that the control
// entry finds the rule ready; a lost hint only delays. Detached, as it reads
// the store and compiles.

#include "messages/protocols/directory.hpp"
#include "messages/protocols/rules.hpp"
#include "runtime/ports/rule_store.hpp"
#include "runtime/telemetry/log.hpp"

#include <caf/fwd.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>

namespace eventpulse {

struct rule_catalog_setup {
  std::function<std::unique_ptr<rule_store>()> open_store;
  std::chrono::milliseconds poll_interval{5'000};
  logger log;
};

class rule_catalog_state {
public:
  static inline const char* name = "rule_catalog";
  using pointer = rule_catalog_actor::stateful_pointer<rule_catalog_state>;

  explicit rule_catalog_state(pointer self) : self_(self) {}

  rule_catalog_actor::behavior_type start(rule_catalog_setup setup);

private:
  result<compiled_rule_ptr> compiled(const rule_version& version);
  void poll();

  struct cached {
    int64_t version = 0;
    compiled_rule_ptr rule;
  };

  pointer self_;
  rule_catalog_setup setup_;
  std::unique_ptr<rule_store> store_;
  std::map<std::string, cached> newest_; // the newest version seen of each
  int64_t generation_ = -1;              // of the store, at the last poll
};

rule_catalog_actor::behavior_type
rule_catalog(rule_catalog_actor::stateful_pointer<rule_catalog_state> self,
             const rule_catalog_setup& setup);

} // namespace eventpulse
