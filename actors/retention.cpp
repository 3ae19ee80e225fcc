#include "actors/retention.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace eventpulse {

namespace {

struct row_step {
  kept_rows what;
  const char* table; // for metrics and logs
  std::chrono::milliseconds retention_periods::*keep;
};

// Attempts before the deliveries that would take them along.
constexpr std::array row_steps{
    row_step{kept_rows::attempts, "attempts", &retention_periods::attempts},
    row_step{kept_rows::deliveries, "deliveries",
             &retention_periods::deliveries},
    row_step{kept_rows::alerts, "alerts", &retention_periods::alerts},
    row_step{kept_rows::audit, "audit", &retention_periods::audit},
    row_step{kept_rows::dead_letters, "dead_letters",
             &retention_periods::dead_letters},
};

constexpr size_t days_step = row_steps.size() + 1;

const row_step& step_of(kept_rows what) {
  for (auto& step : row_steps)
    if (step.what == what)
      return step;
  return row_steps.front(); // not reached: every value stands above
}

} // namespace

retention_actor::behavior_type retention_state::start(retention_setup setup) {
  setup_ = std::move(setup);
  store_ = setup_.open_store();
  self_->set_error_handler([](caf::error&) {});
  self_->send(self_, sweep_atom::value);
  return {
      [this](sweep_atom) {
        if (fenced_)
          return; // the lease's keeper ends us
        if (step_ == 0)
          begin_sweep();
        else if (!remove_some()) {
          gone_ = 0;
          ++step_;
        }
        if (step_ <= days_step)
          return self_->send(self_, sweep_atom::value);
        end_sweep();
        self_->delayed_send(self_, setup_.interval, sweep_atom::value);
      },
  };
}

void retention_state::begin_sweep() {
  step_ = 1;
  fine_ = true;
  now_ms_ = setup_.surroundings->now_ms();
  auto reach = store_->reach();
  if (!reach)
    return failed("events", reach.error());
  reach_ = std::move(reach).value();
}

bool retention_state::remove_some() {
  return step_ == days_step ? drop_day()
                            : remove_rows(row_steps[step_ - 1].what);
}

bool retention_state::remove_rows(kept_rows what) {
  auto& step = step_of(what);
  auto removed = store_->remove_rows(setup_.lease, what,
                                     now_ms_ - (setup_.keep.*step.keep).count(),
                                     removed_rows_max);
  if (!removed) {
    failed(step.table, removed.error());
    return false;
  }
  gone_ += *removed;
  if (setup_.meters)
    setup_.meters->retention_removed(step.table)
        .Increment(static_cast<double>(*removed));
  bool more = *removed == removed_rows_max;
  if (!more && gone_ > 0)
    setup_.log.info("retention_removed",
                    {{"table", step.table}, {"rows", gone_}});
  return more;
}

bool retention_state::drop_day() {
  if (!before_ || !reach_)
    return false; // the first sweep only looks how far evaluation is
  auto reached = std::min(needless_before(*before_, now_ms_, setup_.keep),
                          needless_before(*reach_, now_ms_, setup_.keep));
  auto day = store_->drop_day(setup_.lease,
                              now_ms_ - setup_.keep.events.count(), reached);
  if (!day) {
    failed("events", day.error());
    return false;
  }
  for (auto& rule : day->overtaken)
    setup_.log.error("rule_overtaken",
                     {{"rule", rule}, {"day", day_name(*day->dropped)}});
  if (day->held)
    setup_.log.warn("retention_held",
                    {{"day", day_name(*day->held)},
                     {"reason", "evaluation has not read it to its end"}});
  if (setup_.meters)
    setup_.meters->retention().events_held.Set(day->held ? 1 : 0);
  if (!day->dropped)
    return false;
  if (setup_.meters)
    setup_.meters->retention_removed("events").Increment(
        static_cast<double>(day->rows));
  setup_.log.info("retention_day_dropped",
                  {{"day", day_name(*day->dropped)}, {"rows", day->rows}});
  return true;
}

void retention_state::end_sweep() {
  step_ = 0;
  before_ = std::exchange(reach_, std::nullopt);
  if (fine_ && setup_.meters)
    setup_.meters->retention().last_sweep.Set(static_cast<double>(now_ms_) /
                                              1000);
}

void retention_state::failed(const char* what, const failure& why) {
  fine_ = false;
  if (why.code == errc::fenced) {
    fenced_ = true;
    if (setup_.fenced)
      setup_.fenced();
    return;
  }
  setup_.log.warn("retention_failed",
                  {{"table", what}, {"reason", to_string(why)}});
}

retention_actor::behavior_type
retention(retention_actor::stateful_pointer<retention_state> self,
          const retention_setup& setup) {
  return self->state.start(setup);
}

} // namespace eventpulse
