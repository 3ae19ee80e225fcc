#include "actors/quarantine_mover.hpp"

#include "runtime/core/intake/quarantine.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace eventpulse {

using namespace std::chrono_literals;

namespace {

constexpr size_t page_max = 50; // of at most intake.max_event_bytes each

} // namespace

quarantine_mover_actor::behavior_type
quarantine_mover_state::start(quarantine_mover_setup setup) {
  setup_ = std::move(setup);
  log_ = setup_.open_log();
  store_ = setup_.open_store();
  self_->set_error_handler([](caf::error&) {});
  self_->send(self_, sweep_atom::value);
  return {[this](sweep_atom) {
    auto moved = move_page();
    if (!moved && failures_++ == 0)
      setup_.log.warn("quarantine_waits",
                      {{"reason", to_string(moved.error())}});
    if (moved && std::exchange(failures_, 0) > 0)
      setup_.log.info("quarantine_moves_again");
    auto pause = setup_.interval;
    if (moved && *moved == page_max)
      pause = 0ms; // there is more
    else if (!moved)
      pause = std::min<std::chrono::milliseconds>(
          setup_.interval * (1u << std::min(failures_, 4u)), 5s);
    self_->delayed_send(self_, pause, sweep_atom::value);
  }};
}

/// How many entries were moved.
result<size_t> quarantine_mover_state::move_page() {
  auto page = log_->read(page_max);
  if (!page)
    return page.error();
  if (page->empty())
    return size_t{0};
  auto kept = keep(*page);
  if (!kept)
    return kept;
  std::vector<std::string> ids;
  for (auto& entry : *page)
    ids.push_back(entry.id);
  if (auto gone = log_->remove(ids); !gone)
    return gone.error();
  if (setup_.meters)
    setup_.meters->persistence().dead_letters_total.Increment(
        static_cast<double>(*kept));
  return page->size();
}

/// All that PostgreSQL takes. What it refuses by itself would stand in the way
/// of the others for ever, so that one is given up, loudly.
result<size_t>
quarantine_mover_state::keep(const std::vector<quarantined_entry>& page) {
  std::vector<kept_letter> letters;
  for (auto& entry : page)
    letters.push_back(intake::to_letter(entry.id, entry.fields));
  auto all = store_->keep(letters);
  if (all)
    return letters.size();
  if (all.error().code != errc::rejected)
    return all.error();
  size_t count = 0;
  for (auto& letter : letters) {
    auto one = store_->keep({letter});
    if (!one && one.error().code != errc::rejected)
      return one.error();
    if (one)
      ++count;
    else
      setup_.log.error(
          "dead_letter_not_kept",
          {{"id", letter.what.id}, {"reason", to_string(one.error())}});
  }
  return count;
}

quarantine_mover_actor::behavior_type quarantine_mover(
    quarantine_mover_actor::stateful_pointer<quarantine_mover_state> self,
    const quarantine_mover_setup& setup) {
  return self->state.start(setup);
}

} // namespace eventpulse
