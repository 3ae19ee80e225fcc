#pragma once
// One aggregate's samples in an exact sliding window: pushed with every event,
// popped when it leaves, the value always at hand.

#include "runtime/core/aggregates/distinct_values.hpp"
#include "runtime/core/aggregates/fold_queue.hpp"
#include "runtime/core/aggregates/sorted_numbers.hpp"

#include <variant>

namespace eventpulse {

class column {
public:
  explicit column(const aggregate_spec& spec);

  void push(const sample& s);
  void pop();
  /// `events` is how many the window holds.
  cel::value value(const aggregate_spec& spec, size_t events) const;
  /// What was pushed; 0 is the oldest.
  sample at(size_t index) const;

  void save(byte_writer& to, size_t events) const;
  void load(byte_reader& from, size_t events);

private:
  struct every_event {}; // count, rate: the window knows
  struct truths {        // count_if
    fifo<uint8_t> queue; // 0 false, 1 true, 2 absent
    uint64_t n = 0;
  };
  using texts = fifo<std::string>; // first, last; empty: absent

  std::variant<every_event, truths, fold_queue<sum_fold>, fold_queue<min_fold>,
               fold_queue<max_fold>, fold_queue<moments_fold>, sorted_numbers,
               distinct_values, texts>
      in_;
};

/// The value `text` is the JSON of; null for empty or broken text.
cel::value value_of_json(const std::string& text);

} // namespace eventpulse
