#include "actors/control.hpp"

#include "actors/control_replay.hpp"
#include "actors/control_routes.hpp"
#include "messages/protocols/errors.hpp"
#include "runtime/core/intake/bearer.hpp"
#include "runtime/core/intake/stream_entry.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <exception>

namespace eventpulse {

using namespace std::chrono_literals;

namespace {

constexpr auto wait_interval = 50ms;

/// What goes along with a call that is answered in a while.
struct waiting_call {
  int64_t since_ms = 0;
  std::string request_id;
  std::string remembered; // by the route, from one asking to the next
};

} // namespace

control_actor::behavior_type control_state::start(control_setup setup) {
  setup_ = std::move(setup);
  stores_ = setup_.open_stores();
  hints_ = setup_.open_hints();
  self_->set_error_handler([](caf::error&) {});
  auto me = caf::actor_cast<caf::actor>(self_);
  for (auto* followed : {"stream_writer", "key_keeper", "schema_keeper"})
    caf::anon_send(setup_.directory, follow_atom::value, std::string(followed),
                   me);
  self_->delayed_send(self_, setup_.sweep_interval, sweep_atom::value);
  return {
      [this](http_exchange& call) { handle(call); },
      [this](keys_atom, const key_set_ptr& keys) { keys_ = keys; },
      [this](types_atom, const schema::event_schemas_ptr& schemas) {
        schemas_ = schemas;
      },
      [this](found_atom, const std::string& who, const caf::actor& actor) {
        if (who == "stream_writer") {
          writer_ = caf::actor_cast<stream_writer_actor>(actor);
          return;
        }
        if (who == "schema_keeper")
          schema_keeper_ = caf::actor_cast<schema_keeper_actor>(actor);
        else
          keeper_ = caf::actor_cast<key_keeper_actor>(actor);
        caf::anon_send(actor, follow_atom::value,
                       caf::actor_cast<caf::actor>(self_));
      },
      [this](sweep_atom) {
        sweep();
        self_->delayed_send(self_, setup_.sweep_interval, sweep_atom::value);
      },
  };
}

void control_state::handle(http_exchange& call) {
  auto refuse = [&](const failure& why) { call.reply(to_http(why)); };
  auto path = intake::split_path(call.head->path);
  auto query = intake::split_query(call.head->query);
  if (!path || !query)
    return refuse({errc::malformed, "the target has a broken escape"});
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
  auto who = let_in(call, found.route->needed);
  if (!who)
    return;
  if (auto good = check_parameters(*found.route, *query); !good)
    return refuse(good.error());
  control_call request{*call.head,          call.body, std::move(*path),
                       std::move(*query),   *who,      *stores_,
                       *setup_.surroundings};
  auto waiting = std::static_pointer_cast<waiting_call>(call.context);
  request.request_id = waiting->request_id;
  request.remembered = waiting->remembered;
  auto outcome = run(*found.route, request);
  if (!outcome)
    return refuse(outcome.error());
  if (outcome->row)
    return place(*outcome, call);
  if (outcome->again && ask_again(call, *outcome))
    return;
  if (outcome->keys_changed && keeper_)
    return reply_when_known(keeper_, std::move(outcome->answer), call.reply);
  if (outcome->types_changed && schema_keeper_)
    return reply_when_known(schema_keeper_, std::move(outcome->answer),
                            call.reply);
  if (outcome->replay)
    return replay(*outcome, request.who(), call.reply);
  call.reply(std::move(outcome->answer));
}

/// A fault of ours in one answer must not end the actor, and with it intake.
result<control_outcome> control_state::run(const control_route& route,
                                           control_call& request) {
  try {
    return route.run(request);
  } catch (const std::exception& e) {
    setup_.log.error("route_failed", {{"route", route.path},
                                      {"request_id", request.request_id},
                                      {"reason", e.what()}});
    return failure{errc::internal, "the answer could not be made"};
  }
}

/// The key, or nullopt where the call was refused. What is asked again was let
/// in before and costs nothing; its key may have been revoked since.
std::optional<api_key> control_state::let_in(http_exchange& call,
                                             scope needed) {
  auto now = setup_.surroundings->now_ms();
  if (call.context) {
    auto key = intake::authorize(*call.head, *keys_, needed, now);
    if (key)
      return std::move(*key);
    call.reply(to_http(key.error()));
    return std::nullopt;
  }
  auto waiting = std::make_shared<waiting_call>();
  waiting->since_ms = now;
  waiting->request_id = request_id_of(*call.head, *setup_.surroundings);
  call.context = waiting;
  call.reply = with_headers(std::move(call.reply),
                            {{"X-Request-Id", waiting->request_id}});
  auto who = admit(*call.head, *keys_, needed, *setup_.rates, now);
  if (auto* refused = std::get_if<http_response>(&who)) {
    call.reply(std::move(*refused));
    return std::nullopt;
  }
  auto& key = std::get<api_key>(who);
  call.reply =
      with_rate(std::move(call.reply), key, setup_.rates, setup_.surroundings);
  return std::move(key);
}

/// A key that was just made, or a schema, holds in this intake when its maker
/// hears of it.
template <class Keeper>
void control_state::reply_when_known(
    const Keeper& keeper, http_response answer,
    const std::function<void(http_reply)>& reply) {
  self_->request(keeper, 2s, hint_atom::value)
      .then([answer, reply](caf::ok_atom) { reply(answer); },
            [answer, reply](caf::error&) { reply(answer); });
}

void control_state::replay(const control_outcome& outcome, const caller& by,
                           const std::function<void(http_reply)>& reply) {
  if (!schemas_)
    return reply(to_http(failure{errc::unavailable, "starting"}));
  replay_setup setup;
  setup.stores = stores_.get();
  setup.surroundings = setup_.surroundings.get();
  setup.check = schema::checker_of(schemas_);
  setup.options = setup_.intake_bounds;
  setup.partitions = setup_.partitions;
  setup.by = by;
  setup.append = [this](append_entries entries, auto done, auto failed) {
    self_->request(writer_, caf::infinite, append_atom::value, entries)
        .then([done](const append_receipts& receipts) { done(receipts); },
              [failed](caf::error& e) { failed(to_failure(e)); });
  };
  setup.reply = reply;
  start_replay(outcome.replay, std::move(setup));
}

/// False when it was asked for long enough; then the answer is what it is.
bool control_state::ask_again(const http_exchange& call,
                              const control_outcome& outcome) {
  auto waiting = std::static_pointer_cast<waiting_call>(call.context);
  auto waited = setup_.surroundings->now_ms() - waiting->since_ms;
  if (waited >= outcome.patience.count())
    return false;
  waiting->remembered = outcome.remember;
  self_->delayed_send(self_, wait_interval, call);
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
          [this, call, outcome](const append_receipts&) {
            // A lost hint only delays.
            if (auto hinted = hints_->publish("rules"); !hinted)
              setup_.log.debug("hint_lost");
            if (!outcome.again || !ask_again(call, outcome))
              call.reply(outcome.answer);
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
