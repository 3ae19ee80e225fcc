#pragma once
// The events of one step, in order, as evaluators see them: shared, immutable,
// with each event's `data` parsed at most once for all rules, and only where
// somebody asks for it. Made by the rule router (engine/route.hpp), by tests of
// rules and by back-tests.

#include "messages/batch.hpp"
#include "runtime/core/cel/value.hpp"

#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace eventpulse {

class evaluation_batch {
public:
  /// Which events get their data parsed.
  struct data_choice {
    enum class how : uint8_t { nothing, everything, listed };
    how parse = how::everything;
    std::vector<bool> listed; // as many as there are events

    static data_choice nothing() { return {how::nothing, {}}; }
    static data_choice everything() { return {how::everything, {}}; }
    static data_choice list(std::vector<bool> wanted) {
      return {how::listed, std::move(wanted)};
    }
    bool wants(size_t index) const {
      return parse == how::listed ? listed[index] : parse == how::everything;
    }
  };

  /// Events in ascending key order.
  static std::shared_ptr<const evaluation_batch>
  make(std::vector<event> events,
       const data_choice& choice = data_choice::everything());
  /// Shares the batch's events.
  static std::shared_ptr<const evaluation_batch>
  make(persisted_batch_ptr batch,
       const data_choice& choice = data_choice::everything());

  /// Nothing parsed yet; parse() what is wanted, then share it as const.
  static std::shared_ptr<evaluation_batch> begin(std::vector<event> events);
  static std::shared_ptr<evaluation_batch> begin(persisted_batch_ptr batch);
  /// Parses the data of that event unless it is parsed already.
  void parse(size_t index);

  ~evaluation_batch();
  evaluation_batch(const evaluation_batch&) = delete;
  evaluation_batch& operator=(const evaluation_batch&) = delete;

  size_t size() const noexcept { return events_.size(); }
  bool empty() const noexcept { return events_.empty(); }
  const event& at(size_t index) const { return events_[index]; }

  /// The variable `event`. It and all values taken from it live as long as this
  /// batch; where `data` was not parsed, looking at it is an error.
  cel::value view(size_t index) const;

private:
  struct contents;
  evaluation_batch(std::unique_ptr<contents> in, std::span<const event> events);

  std::unique_ptr<contents> in_;
  std::span<const event> events_;
};

using evaluation_batch_ptr = std::shared_ptr<const evaluation_batch>;

} // namespace eventpulse
