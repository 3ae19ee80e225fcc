// root (one_for_one): stream_writer, key_keeper, schema_keeper, health,
// system_reporter, live_feed, intake/k, control/k.
// An HTTP session sends its exchange to the present bearer of a name.

#include "runtime/app/intake.hpp"

#include "actors/control.hpp"
#include "actors/health.hpp"
#include "actors/intake.hpp"
#include "actors/key_keeper.hpp"
#include "actors/live_feed.hpp"
#include "actors/metered.hpp"
#include "actors/schema_keeper.hpp"
#include "actors/stream_writer.hpp"
#include "actors/supervisor.hpp"
#include "runtime/adapters/http/server.hpp"
#include "runtime/adapters/postgres/intake_stores.hpp"
#include "runtime/adapters/postgres/live_log.hpp"
#include "runtime/adapters/redis/factories.hpp"
#include "runtime/adapters/redis/intake_factories.hpp"
#include "runtime/app/api_document.hpp"
#include "runtime/app/process.hpp"
#include "runtime/app/process_routes.hpp"
#include "runtime/core/intake/content_mode.hpp"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <iostream>
#include <thread>

namespace eventpulse {

using namespace std::chrono_literals;

namespace {

/// Counts what the server's threads tell.
class intake_observer : public http::server_observer {
public:
  explicit intake_observer(metrics& meters) : meters_(meters) {}
  void connection_opened() override {
    meters_.intake().connections.Increment();
  }
  void connection_closed() override {
    meters_.intake().connections.Decrement();
  }
  void request_done(const http::request_report& done) override {
    meters_.intake_requests(done.status).Increment();
    meters_.intake().request_seconds.Observe(
        std::chrono::duration<double>(done.duration).count());
    meters_.intake().bytes_total.Increment(static_cast<double>(done.bytes_in));
  }

private:
  metrics& meters_;
};

bool is_intake(const http_request& head) {
  auto* route = find_process_route(head);
  return route && route->owner == route_owner::intake;
}

bool is_live(const http_request& head) {
  auto* route = find_process_route(head);
  return route && route->owner == route_owner::live;
}

class intake_house {
public:
  intake_house(process_frame& frame, const settings& s, std::string secret_key)
      : frame_(frame), s_(s), database_(postgres_options(s, secret_key)),
        stream_(redis_options(s)), intakes_(std::max(1u, s.intake.actors)),
        controls_(s.database.connections) {}

  supervisor_actor start() {
    std::vector<child_spec> children{
        writer_child(), keeper_child(), schemas_child(),
        health_child(), live_child(),   frame_.reporter_child(s_, {})};
    for (size_t i = 0; i < intakes_.size(); ++i)
      children.push_back(intake_child(i));
    for (size_t i = 0; i < controls_.size(); ++i)
      children.push_back(control_child(i));
    supervisor_options options;
    options.name = "root";
    options.policy.intensity = {20, 120'000ms};
    options.policy.back_off.delay_max = 5'000ms;
    options.log = frame_.log;
    options.counts = &frame_.meters;
    frame_.surroundings->random(&options.seed, sizeof options.seed);
    return spawn_supervisor(frame_.system, std::move(options),
                            std::move(children));
  }

  /// Called on the server's threads.
  void take(http_exchange&& call) {
    auto* route = find_process_route(*call.head);
    if (!route)
      return pass<control_actor>(controls_, std::move(call));
    switch (route->owner) {
    case route_owner::intake:
      return pass<intake_actor>(intakes_, std::move(call));
    case route_owner::health:
      return send<health_actor>(health_, std::move(call));
    case route_owner::document:
      return call.reply(api_document_answer(*call.head));
    case route_owner::live: // comes as a web_socket_request
      return call.reply(to_http(
          failure{errc::internal, "the live feed speaks WebSocket alone"}));
    }
  }

  void take(web_socket_request&& call) {
    send<live_feed_actor>(live_, std::move(call));
  }

  http::server_options server_options() const {
    http::server_options out;
    auto& c = s_.server;
    out.address = c.address;
    out.port = c.port;
    out.threads = c.threads ? c.threads
                            : std::max(1u, std::thread::hardware_concurrency());
    out.body_bytes_max = s_.intake.max_body_bytes;
    out.connections_max = c.connections_max;
    out.header_timeout = c.header_timeout;
    out.body_timeout = c.body_timeout;
    out.idle_timeout = c.idle_timeout;
    out.reply_timeout = c.reply_timeout;
    out.tls_certificate_file = c.tls_certificate_file;
    out.tls_key_file = c.tls_key_file;
    return out;
  }

private:
  template <class Start>
  child_spec child(const std::string& id, Start start) {
    child_spec out;
    out.id = id;
    out.actor_kind = id.substr(0, id.find('/'));
    out.start = std::move(start);
    return out;
  }

  template <caf::spawn_options Os = caf::no_spawn_options, class... Ts>
  caf::actor spawn(caf::local_actor* parent, std::string_view kind, Ts... xs) {
    return caf::actor_cast<caf::actor>(
        spawn_metered<Os>(*parent, &frame_.meters, kind, std::move(xs)...));
  }

  template <class Actor, class Call>
  void send(const actor_slot& slot, Call&& call) {
    // A reply that is dropped is answered with 503 by the server.
    if (auto who = slot.get())
      caf::anon_send(caf::actor_cast<Actor>(who), std::forward<Call>(call));
  }

  template <class Actor>
  void pass(const std::vector<actor_slot>& slots, http_exchange&& call) {
    send<Actor>(slots[next_++ % slots.size()], std::move(call));
  }

  child_spec writer_child() {
    return child("stream_writer", [this](caf::local_actor*) {
      stream_writer_setup setup;
      setup.open_log = [o = stream_] { return redis::make_appender(o); };
      setup.surroundings = frame_.surroundings;
      setup.log = frame_.log;
      setup.meters = &frame_.meters;
      auto made = caf::actor_cast<caf::actor>(
          spawn_stream_writer(frame_.system, std::move(setup)));
      caf::anon_send(frame_.directory, announce_atom::value,
                     std::string("stream_writer"), made);
      return made;
    });
  }

  child_spec keeper_child() {
    return child("key_keeper", [this](caf::local_actor* parent) {
      key_keeper_setup setup;
      setup.open_store = [o = database_] {
        return postgres::make_key_store(o);
      };
      setup.open_mirror = [o = stream_] { return redis::make_key_mirror(o); };
      setup.directory = frame_.directory;
      setup.log = frame_.log;
      setup.known = [ready = frame_.ready] { ready->report("keys", ""); };
      return spawn<caf::detached>(parent, "key_keeper", key_keeper, setup);
    });
  }

  child_spec schemas_child() {
    return child("schema_keeper", [this](caf::local_actor* parent) {
      schema_keeper_setup setup;
      setup.open_store = [o = database_] {
        return postgres::make_event_type_store(o);
      };
      setup.open_mirror = [o = stream_] {
        return redis::make_event_type_mirror(o);
      };
      setup.directory = frame_.directory;
      setup.log = frame_.log;
      setup.known = [ready = frame_.ready] {
        ready->report("event types", "");
      };
      return spawn<caf::detached>(parent, "schema_keeper", schema_keeper,
                                  setup);
    });
  }

  child_spec health_child() {
    return child("health", [this](caf::local_actor* parent) {
      health_setup setup;
      setup.parts = frame_.ready;
      setup.asks_stream = true;
      setup.directory = frame_.directory;
      setup.meters = &frame_.meters;
      auto made = spawn<>(parent, "health", eventpulse::health, setup);
      health_.set(made);
      return made;
    });
  }

  child_spec live_child() {
    return child("live_feed", [this](caf::local_actor* parent) {
      const auto& c = s_.live;
      live_feed_setup setup;
      setup.open_log = [o = database_, n = s_.stream.partitions] {
        return postgres::make_live_log(o, n);
      };
      setup.connections_max = c.connections_max;
      setup.poll_interval = c.poll_every;
      setup.keep = c.keep;
      setup.keep_rows = static_cast<int64_t>(c.keep_changes);
      setup.book.unsent_bytes_max = c.buffer_bytes;
      setup.book.stall_timeout = c.stall_timeout;
      setup.socket.idle_timeout = c.idle_timeout;
      setup.directory = frame_.directory;
      setup.surroundings = frame_.surroundings;
      setup.log = frame_.log;
      auto made = spawn<caf::detached>(parent, "live_feed", live_feed, setup);
      live_.set(made);
      return made;
    });
  }

  child_spec intake_child(size_t index) {
    return child("intake/" + std::to_string(index),
                 [this, index](caf::local_actor* parent) {
                   intake_setup setup;
                   setup.options = intake_bounds();
                   setup.partitions = s_.stream.partitions;
                   setup.directory = frame_.directory;
                   setup.rates = rates_;
                   setup.surroundings = frame_.surroundings;
                   setup.log = frame_.log;
                   setup.traces = frame_.traces;
                   setup.sample_one_in = s_.trace.sample_one_in;
                   setup.meters = &frame_.meters;
                   auto made = spawn<>(parent, "intake", intake_fun, setup);
                   intakes_[index].set(made);
                   return made;
                 });
  }

  child_spec control_child(size_t index) {
    return child(
        "control/" + std::to_string(index),
        [this, index](caf::local_actor* parent) {
          control_setup setup;
          setup.open_stores = [this] { return open_stores(); };
          setup.open_hints = [o = stream_] { return redis::make_hint_bus(o); };
          setup.sweeps = index == 0;
          setup.intake_bounds = intake_bounds();
          setup.partitions = s_.stream.partitions;
          setup.directory = frame_.directory;
          setup.rates = rates_;
          setup.surroundings = frame_.surroundings;
          setup.log = frame_.log;
          auto made = spawn<caf::detached>(parent, "control", control, setup);
          controls_[index].set(made);
          return made;
        });
  }

  std::unique_ptr<control_stores> open_stores() const {
    auto out = std::make_unique<control_stores>();
    out->rules = postgres::make_rule_store(database_);
    out->channels = postgres::make_channel_store(database_);
    out->keys = postgres::make_key_store(database_);
    out->events = postgres::make_event_store(database_);
    out->outcomes = postgres::make_outcome_store(database_);
    out->deliveries = postgres::make_delivery_store(database_);
    out->event_types = postgres::make_event_type_store(database_);
    out->dead_letters = postgres::make_dead_letter_store(database_);
    out->audit = postgres::make_audit_store(database_);
    out->system = postgres::make_system_store(database_);
    out->board = redis::make_process_board(stream_);
    out->own_report = [report = frame_.report] { return report->get(); };
    return out;
  }

  intake::intake_options intake_bounds() const {
    intake::intake_options out;
    out.max_event_bytes = s_.intake.max_event_bytes;
    out.max_body_bytes = s_.intake.max_body_bytes;
    out.max_depth = s_.intake.max_depth;
    return out;
  }

  process_frame& frame_;
  const settings& s_;
  postgres::options database_;
  redis::options stream_;
  std::shared_ptr<rate_gate> rates_ = std::make_shared<rate_gate>();
  std::vector<actor_slot> intakes_;
  std::vector<actor_slot> controls_;
  actor_slot health_;
  actor_slot live_;
  std::atomic<size_t> next_{0};
};

} // namespace

int run_intake(const settings& s) {
  auto key = read_secret_key(s);
  if (!key) {
    std::cerr << to_string(key.error()) << '\n';
    return 2;
  }
  block_ending_signals();
  process_frame frame(s, "intake", {"keys", "event types"});
  intake_house house(frame, s, *key);
  auto root = house.start();
  http::server_hooks hooks;
  hooks.sink = [&house](http_exchange call) { house.take(std::move(call)); };
  hooks.is_socket = is_live;
  hooks.socket_sink = [&house](web_socket_request call) {
    house.take(std::move(call));
  };
  hooks.body_mode_of = [&s](const http_request& head) {
    http::body_mode mode;
    if (!is_intake(head))
      return mode;
    auto decided = intake::decide_mode(head.headers);
    mode.streamed = decided && *decided == intake::content_mode::ndjson;
    mode.bytes_max = mode.streamed ? 0 : s.intake.max_body_bytes;
    return mode;
  };
  hooks.observer = std::make_shared<intake_observer>(frame.meters);
  auto server = http::server::start(house.server_options(), hooks);
  if (!server) {
    std::cerr << to_string(server.error()) << '\n';
    frame.stop(caf::actor_cast<caf::actor>(root));
    return 1;
  }
  frame.log.info("listening",
                 {{"address", s.server.address}, {"port", (*server)->port()}});
  auto status = frame.run(
      caf::actor_cast<caf::actor>(root),
      [&] {
        (*server)->drain(s.server.reply_timeout);
        (*server)->stop();
      },
      s.worker.stop_timeout);
  (*server)->stop();
  return status;
}

} // namespace eventpulse
