#pragma once
// One aggregate over a set of events that only grows: the pane of a window.
// Panes are put together oldest first.

#include "runtime/core/aggregates/cardinality.hpp"
#include "runtime/core/aggregates/folds.hpp"
#include "runtime/core/aggregates/quantiles.hpp"

#include <variant>

namespace eventpulse {

class accumulator {
public:
  /// `exact_max`: how many values it may hold before a sketch.
  accumulator(const aggregate_spec& spec, size_t exact_max);

  void add(const sample& s);
  /// `newer` covers events after all of this one's.
  void merge(const accumulator& newer);
  cel::value value(const aggregate_spec& spec, uint64_t events) const;
  bool approximate() const;

  void save(byte_writer& to) const;
  void load(byte_reader& from);

private:
  struct every_event {}; // count, rate: the window knows
  struct truths {
    uint64_t n = 0;
  };
  struct first_text {
    std::string text; // empty: none yet
  };
  struct last_text {
    std::string text;
  };

  std::variant<every_event, truths, sum_fold, min_fold, max_fold, moments_fold,
               quantiles, cardinality, first_text, last_text>
      in_;
};

} // namespace eventpulse
