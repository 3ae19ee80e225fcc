#pragma once
// A window in panes of fixed length aligned to the epoch: what tumbling and
// hopping windows are made of, and a sliding window that holds too many events
// to keep each. Old panes leave as a whole. A session is one pane that begins
// with its first event. Panes are put together oldest first, and the part that
// no longer grows is kept, so a look costs one merge.

#include "runtime/core/aggregates/accumulator.hpp"

#include <optional>

namespace eventpulse {

class pane_window {
public:
  /// `exact_max` values a pane before a sketch.
  explicit pane_window(size_t exact_max) : exact_max_(exact_max) {}

  bool empty() const noexcept { return panes_.empty(); }
  uint64_t events() const;
  size_t panes() const noexcept { return panes_.size(); }

  /// Numbers of panes do not fall; one that does counts as the newest.
  void push(int64_t pane, const std::vector<sample>& samples,
            const aggregate_specs& specs);
  /// Drops every pane below `pane`; whether there was any.
  bool drop_below(int64_t pane);
  void clear();

  std::optional<int64_t> oldest() const;
  struct reading {
    std::vector<cel::value> values; // as many as specs
    bool sketched = false;          // a sketch is among them
  };
  reading read(const aggregate_specs& specs) const;

  void save(byte_writer& to) const;
  static pane_window load(byte_reader& from, const aggregate_specs& specs,
                          size_t exact_max, size_t panes_max);

private:
  struct pane {
    int64_t number = 0;
    uint64_t events = 0;
    std::vector<accumulator> sums;
  };

  pane fresh(int64_t number, const aggregate_specs& specs) const;
  static void merge(pane& into, const pane& newer);

  size_t exact_max_;
  std::vector<pane> panes_; // ascending numbers
  /// All panes but the newest, put together; absent: to be made.
  mutable std::optional<pane> closed_;
};

} // namespace eventpulse
