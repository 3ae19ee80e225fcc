#include "actors/control.hpp"

#include "actors/control_routes.hpp"
#include "messages/protocols/errors.hpp"
#include "runtime/core/intake/bearer.hpp"
#include "runtime/core/intake/stream_entry.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <iterator>

namespace eventpulse {

using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds wait_max = 5s; // of ?wait=…
constexpr auto wait_interval = 50ms;

/// A parameter that is misspelt must not look like a filter that holds.
bool is_parameter(std::string_view name) {
  // clang-format off
  constexpr std::string_view known[] = {
      "limit", "cursor",
      "from", "to",
      "type", "source", "subject", "id", "where",
      "rule", "state", "severity", "acknowledged",
      "alert", "channel",
      "wait",
  };
  // clang-format on
  return std::find(std::begin(known), std::end(known), name) != std::end(known);
}

} // namespace

control_actor::behavior_type control_state::start(control_setup setup) {
  setup_ = std::move(setup);
  stores_ = setup_.open_stores();
  hints_ = setup_.open_hints();
  self_->set_error_handler([](caf::error&) {});
  auto me = caf::actor_cast<caf::actor>(self_);
  for (auto* followed : {"stream_writer", "key_keeper"})
    caf::anon_send(setup_.directory, follow_atom::value, std::string(followed),
                   me);
  self_->delayed_send(self_, setup_.sweep_interval, sweep_atom::value);
  return {
      [this](const http_exchange& call) { handle(call); },
      [this](keys_atom, const key_set_ptr& keys) { keys_ = keys; },
      [this](found_atom, const std::string& who, const caf::actor& actor) {
        if (who == "stream_writer") {
          writer_ = caf::actor_cast<stream_writer_actor>(actor);
          return;
        }
        keeper_ = caf::actor_cast<key_keeper_actor>(actor);
        caf::anon_send(keeper_, follow_atom::value,
                       caf::actor_cast<caf::actor>(self_));
      },
      [this](sweep_atom) {
        sweep();
        self_->delayed_send(self_, setup_.sweep_interval, sweep_atom::value);
      },
  };
}

void control_state::handle(const http_exchange& call) {
  auto refuse = [&](const failure& why) { call.reply(to_http(why)); };
  auto path = intake::split_path(call.head->path);
  auto query = intake::split_query(call.head->query);
  if (!path || !query)
    return refuse({errc::malformed, "the target has a broken escape"});
  for (auto& [parameter, value] : *query)
    if (!is_parameter(parameter))
      return refuse(
          {errc::invalid, "no such query parameter: '" + parameter + "'"});
  auto found = find_route(call.head->method, *path);
  if (!found.route && found.allow.empty())
    return refuse({errc::not_found, "no route " + call.head->path});
  if (!found.route) {
    if (call.head->path == "/v1/events")
      found.allow += ", POST"; // intake's
    auto answer = to_http(problem_type{405, "method-not-allowed",
                                       "the method is not allowed here"},
                          "allowed: " + found.allow);
    answer.headers.emplace_back("Allow", found.allow);
    return call.reply(std::move(answer));
  }
  if (!keys_ || !writer_)
    return refuse({errc::unavailable, "starting"});
  auto key = intake::authorize(*call.head, *keys_, found.route->needed,
                               setup_.surroundings->now_ms());
  if (!key)
    return refuse(key.error());
  control_call request{*call.head,          call.body, std::move(*path),
                       std::move(*query),   *key,      *stores_,
                       *setup_.surroundings};
  auto outcome = found.route->run(request);
  if (!outcome)
    return refuse(outcome.error());
  if (outcome->row)
    return place(*outcome, call);
  if (outcome->again && ask_again(call))
    return;
  if (outcome->keys_changed && keeper_)
    return reply_when_known(std::move(outcome->answer), call.reply);
  call.reply(std::move(outcome->answer));
}

/// A key that was just made works in this intake when its maker hears of it.
void control_state::reply_when_known(
    http_response answer, const std::function<void(http_reply)>& reply) {
  self_->request(keeper_, 2s, hint_atom::value)
      .then([answer, reply](caf::ok_atom) { reply(answer); },
            [answer, reply](caf::error&) { reply(answer); });
}

/// False when it was asked for long enough; then the answer is what it is.
bool control_state::ask_again(const http_exchange& call) {
  auto now = setup_.surroundings->now_ms();
  auto later = call;
  if (!later.context)
    later.context = std::make_shared<int64_t>(now + wait_max.count());
  if (now >= *std::static_pointer_cast<int64_t>(later.context))
    return false;
  self_->delayed_send(self_, wait_interval, std::move(later));
  return true;
}

/// The row is committed; its entry gives it a place in the order. An entry that
/// is lost in between is added by the sweep.
void control_state::place(const control_outcome& outcome,
                          const http_exchange& call) {
  std::vector<append_entry> entries;
  auto add = [&](const control_row& row) {
    entries.push_back({0, intake::encode(intake::control_mark{row.id})});
  };
  add(*outcome.row);
  for (auto& row : outcome.more_rows)
    add(row);
  self_
      ->request(writer_, caf::infinite, append_atom::value,
                share(std::move(entries)))
      .then(
          [this, call, answer = outcome.answer,
           again = outcome.again](const append_receipts&) {
            // A lost hint only delays.
            if (auto hinted = hints_->publish("rules"); !hinted)
              setup_.log.debug("hint_lost");
            if (!again || !ask_again(call))
              call.reply(answer);
          },
          [reply = call.reply, id = outcome.row->id](caf::error& e) {
            reply(to_http(failure{
                errc::outcome_unknown,
                "the change " + id + " is stored and will take effect later: " +
                    to_failure(e).detail}));
          });
}

void control_state::sweep() {
  if (!writer_ || !setup_.sweeps)
    return;
  auto rows = stores_->rules->unplaced(setup_.sweep_interval.count());
  if (!rows || rows->empty())
    return;
  std::vector<append_entry> entries;
  for (auto& row : *rows) {
    append_entry entry;
    entry.fields = intake::encode(intake::control_mark{row.id});
    entries.push_back(std::move(entry));
  }
  setup_.log.info("controls_placed_again", {{"rows", rows->size()}});
  self_
      ->request(writer_, caf::infinite, append_atom::value,
                share(std::move(entries)))
      .then([](const append_receipts&) {}, [](caf::error&) {});
}

control_actor::behavior_type
control(control_actor::stateful_pointer<control_state> self,
        const control_setup& setup) {
  return self->state.start(setup);
}

} // namespace eventpulse
