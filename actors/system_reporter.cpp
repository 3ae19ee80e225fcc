#include "actors/system_reporter.hpp"

#include "messages/protocols/errors.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace eventpulse {

using namespace std::chrono_literals;

namespace {

constexpr uint32_t children_shown_max = 100; // of each supervisor
constexpr auto tree_patience = 1s;
constexpr size_t report_bytes_max = 256 << 10;

} // namespace

system_reporter_state::~system_reporter_state() {
  if (board_ && !is_failing_)
    (void)board_->withdraw(setup_.who.name); // else it is over by itself
}

system_reporter_actor::behavior_type
system_reporter_state::start(system_reporter_setup setup) {
  setup_ = std::move(setup);
  board_ = setup_.open_board();
  if (setup_.open_store)
    store_ = setup_.open_store();
  self_->set_error_handler([](caf::error&) {});
  caf::anon_send(setup_.directory, follow_atom::value, std::string("guarded"),
                 caf::actor_cast<caf::actor>(self_));
  self_->send(self_, house_atom::value);
  return {
      [this](house_atom) {
        look();
        self_->delayed_send(self_, setup_.interval, house_atom::value);
      },
      [this](found_atom, const std::string&, const caf::actor& guarded) {
        guarded_ = guarded.address();
      },
  };
}

void system_reporter_state::look() {
  if (missing_ > 0)
    return; // the last one is still being made
  root_tree_ = nullptr;
  guarded_tree_ = nullptr;
  missing_ = 2;
  ask(setup_.root, root_tree_);
  ask(guarded_, guarded_tree_);
}

void system_reporter_state::ask(const caf::actor_addr& supervisor,
                                child_tree_ptr& into) {
  auto who = caf::actor_cast<caf::actor>(supervisor);
  if (!who)
    return one_less();
  self_
      ->request(caf::actor_cast<supervisor_actor>(who), tree_patience,
                children_atom::value, children_shown_max)
      .then(
          [this, &into](const child_tree_ptr& tree) {
            into = tree;
            one_less();
          },
          [this](const caf::error&) { one_less(); }); // shown without it
}

void system_reporter_state::one_less() {
  if (--missing_ == 0)
    publish();
}

void system_reporter_state::publish() {
  report_parts parts;
  parts.now_ms = setup_.surroundings->now_ms();
  parts.reasons = setup_.ready->reasons();
  parts.root = root_tree_;
  parts.guarded = guarded_tree_;
  if (guarded_tree_)
    for (uint32_t p = 0; p < setup_.partitions; ++p) {
      auto& m = setup_.meters->stream(p);
      parts.streams.push_back(
          {p, static_cast<uint64_t>(m.entries.Value()),
           static_cast<uint64_t>(m.lag_entries.Value()), m.lag_seconds.Value(),
           static_cast<uint64_t>(m.pending_entries.Value())});
    }
  auto text = boost::json::serialize(
      system_report(setup_.who, parts, setup_.meters->actors()));
  if (text.size() > report_bytes_max) {
    parts.root = nullptr; // better without its tree than not at all
    text = boost::json::serialize(
        system_report(setup_.who, parts, setup_.meters->actors()));
  }
  setup_.report->set(text);
  auto done = board_->publish(setup_.who.name, text, setup_.ttl);
  if (!done && !std::exchange(is_failing_, true))
    setup_.log.warn("report_not_published",
                    {{"reason", to_string(done.error())}});
  is_failing_ = !done.ok();
  show_queue(guarded_tree_ != nullptr);
}

/// One process shows what waits in the store, or every sum would count it
/// twice.
void system_reporter_state::show_queue(bool is_guarding) {
  if (!store_)
    return;
  auto due = is_guarding ? store_->look_at_deliveries() : bounded_count{};
  if (due)
    setup_.meters->delivery().delivery_queue.Set(
        static_cast<double>(due->count));
}

system_reporter_actor::behavior_type system_reporter(
    system_reporter_actor::stateful_pointer<system_reporter_state> self,
    const system_reporter_setup& setup) {
  return self->state.start(setup);
}

} // namespace eventpulse
