#pragma once
// What the rule_router knows of one rule: a plain record, no behaviour.

#include "messages/protocols/rules.hpp"
#include "runtime/telemetry/metrics.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace eventpulse {

struct rule_slot {
  enum class phase : uint8_t {
    starting,    // waits for its evaluator; steps are kept for it
    level,       // fed with everybody
    catching_up, // reads history by itself
    parked,      // degraded: its cursor is held
    retiring,    // its last step and its closing are under way
  };

  struct sent_step {
    uint64_t number;
    step_ptr what;
    int64_t sent_ns = 0; // for traces; 0 where they are off
  };

  uint32_t index = 0;
  std::string rule;
  std::string child; // the evaluator's name: "<rule>@<version>"
  compiled_rule_ptr compiled;
  order_key published;
  bool fresh = true; // was published just now: needs no history but backfill
  int64_t backfill_ms = 0;      // history before `published` that primes it
  std::optional<uint32_t> heir; // of a retiring one: starts after it
  bool heired = false;          // takes the open alerts of another over
  bool waits = false; // as an heir: the rule's cursor is still the other's
  /// The step of its place, through when its first snapshot is recorded; 0:
  /// that is so, or nothing waits for it.
  uint64_t birth = 0;

  // retiring
  std::string closing_reason;  // empty: it has an heir
  order_key closed_by;         // the control that ends it
  int64_t closing_version = 0; // the version it is off by
  cursor until;                // it is evaluated up to here
  uint64_t closing_step = 0;
  bool closing = false; // evaluated, and asked to close

  phase now = phase::starting;
  evaluator_actor evaluator; // null while there is no incarnation
  bool ready = false;        // this incarnation has begun
  uint64_t incarnation = 0;  // of this evaluator; answers of others are late
  std::deque<sent_step> unanswered; // ascending numbers
  cursor done;                      // outcomes up to here are with the recorder
  std::optional<int64_t> deadline;

  // catching up
  order_key read_from;
  bool under_way = false;          // a page is asked for or being evaluated
  bool draining = false;           // steps of its level time are still out
  std::optional<order_key> single; // the only event of the step under way
  order_key suspect_until;         // up to here one event a step
  std::map<order_key, unsigned> deaths; // of steps with this event alone
  std::set<order_key> skipped;

  cursor snapshot_at;        // of the newest snapshot taken
  bool snapshot_full = true; // the next one must be whole
  uint64_t matches = 0;
  uint64_t errors = 0;
  uint64_t counts_told = 0; // matches and errors of the last report
  size_t groups = 0;
  std::string last_error;
  rule_metrics meters;
};

} // namespace eventpulse
