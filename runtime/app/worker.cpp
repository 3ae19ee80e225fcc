// root (one_for_one)
// ├─ health, system_reporter
// ├─ notifier (with its ledger)
// └─ lease_keeper ─ guarded (one_for_one), only while the leases are held
//    ├─ rules (one_for_all): history_reader, rule_catalog, hint_listener,
//    │  alert_recorder, evaluators (one_for_one), rule_router
//    ├─ streams (one_for_one): partition_reader k (with persister and waiter)
//    ├─ retention
//    └─ quarantine_mover

#include "runtime/app/worker.hpp"

#include "actors/alert_recorder.hpp"
#include "actors/health.hpp"
#include "actors/hint_listener.hpp"
#include "actors/history_reader.hpp"
#include "actors/lease_keeper.hpp"
#include "actors/metered.hpp"
#include "actors/notifier.hpp"
#include "actors/partition_reader.hpp"
#include "actors/quarantine_mover.hpp"
#include "actors/retention.hpp"
#include "actors/rule_catalog.hpp"
#include "actors/rule_router.hpp"
#include "actors/supervisor.hpp"
#include "runtime/adapters/http/server.hpp"
#include "runtime/adapters/outbound/sender.hpp"
#include "runtime/adapters/postgres/intake_stores.hpp"
#include "runtime/adapters/postgres/retention_store.hpp"
#include "runtime/adapters/redis/factories.hpp"
#include "runtime/adapters/redis/intake_factories.hpp"
#include "runtime/app/api_document.hpp"
#include "runtime/app/file_write.hpp"
#include "runtime/app/process.hpp"
#include "runtime/app/process_routes.hpp"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <iostream>

#include <unistd.h>

namespace eventpulse {

using namespace std::chrono_literals;

namespace {

std::string worker_name(const settings& s) {
  if (!s.worker.name.empty())
    return s.worker.name;
  char host[256] = "worker";
  gethostname(host, sizeof host - 1);
  return std::string(host) + '-' + std::to_string(getpid());
}

/// Everything the tree is made of; lives as long as the process.
class worker_house {
public:
  worker_house(process_frame& frame, const settings& s, std::string secret_key,
               std::shared_ptr<sender> out, std::string ready_file)
      : frame_(frame), s_(s), database_(postgres_options(s, secret_key)),
        stream_(redis_options(s)), out_(std::move(out)),
        ready_file_(std::move(ready_file)), name_(worker_name(s)) {
    // Two processes of one name would take each other's leases.
    uint32_t chance = 0;
    frame.surroundings->random(&chance, sizeof chance);
    name_ += '-' + std::to_string(chance);
    frame.who.name = name_; // as the owner of leases is called
  }

  supervisor_actor start() {
    return spawn_supervisor(
        frame_.system, options("root", one_for_one()),
        {health_child(), reporter_child(), notifier_child(), keeper_child()});
  }

  std::shared_ptr<actor_slot> health() const { return health_; }

private:
  static supervision_policy one_for_one() {
    supervision_policy out;
    out.intensity = {10, 120'000ms};
    out.back_off.delay_max = 5'000ms;
    return out;
  }

  static supervision_policy one_for_all() {
    auto out = one_for_one();
    out.strategy = restart_strategy::one_for_all;
    return out;
  }

  supervisor_options options(const std::string& supervisor,
                             const supervision_policy& policy) {
    supervisor_options out;
    out.name = supervisor;
    out.policy = policy;
    out.log = frame_.log;
    out.counts = &frame_.meters;
    frame_.surroundings->random(&out.seed, sizeof out.seed);
    return out;
  }

  template <class Start>
  child_spec child(const std::string& id, Start start) {
    child_spec out;
    out.id = id;
    out.actor_kind = id.substr(0, id.find('/'));
    out.start = std::move(start);
    out.grace = s_.worker.stop_timeout;
    return out;
  }

  template <caf::spawn_options Os = caf::no_spawn_options, class... Ts>
  caf::actor spawn(caf::local_actor* parent, std::string_view kind, Ts... xs) {
    return caf::actor_cast<caf::actor>(
        spawn_metered<Os>(*parent, &frame_.meters, kind, std::move(xs)...));
  }

  template <class T, class Make>
  auto opened(Make make) {
    return [make, o = database_] { return std::unique_ptr<T>(make(o)); };
  }

  child_spec reporter_child() {
    return frame_.reporter_child(
        s_, opened<system_store>(postgres::make_system_store));
  }

  /// One way to notice early that a write was fenced.
  std::function<void()> ask_keeper(const caf::actor_addr& keeper) {
    return [keeper] {
      if (auto alive = caf::actor_cast<caf::actor>(keeper))
        caf::anon_send(caf::actor_cast<lease_keeper_actor>(alive),
                       renew_atom::value);
    };
  }

  child_spec health_child() {
    health_setup setup;
    setup.parts = frame_.ready;
    setup.directory = frame_.directory;
    setup.meters = &frame_.meters;
    return child("health", [this, setup](caf::local_actor* parent) {
      auto made = spawn<>(parent, "health", eventpulse::health, setup);
      health_->set(made);
      return made;
    });
  }

  child_spec notifier_child() {
    notifier_setup setup;
    setup.book.open_store =
        opened<delivery_store>(postgres::make_delivery_store);
    setup.book.worker = name_;
    setup.book.lease = s_.outbound.delivery_lease;
    setup.book.log = frame_.log;
    setup.out = out_;
    setup.schedule = {s_.outbound.retry_schedule};
    setup.timeout = s_.outbound.timeout;
    setup.user_agent = std::string("EventPulse/") + EVENTPULSE_VERSION;
    setup.surroundings = frame_.surroundings;
    setup.directory = frame_.directory;
    setup.log = frame_.log;
    setup.meters = &frame_.meters;
    setup.traces = frame_.traces;
    return child("notifier", [this, setup](caf::local_actor* parent) {
      return spawn<>(parent, "notifier", notifier, setup);
    });
  }

  child_spec keeper_child() {
    lease_keeper_setup setup;
    setup.open_store = opened<lease_store>(postgres::make_lease_store);
    setup.names = {"evaluation"};
    for (uint32_t p = 0; p < s_.stream.partitions; ++p)
      setup.names.push_back('p' + std::to_string(p));
    setup.owner = name_;
    setup.ttl = s_.lease.ttl;
    setup.renew_interval = s_.lease.renew;
    setup.start_guarded = [this](caf::local_actor* keeper,
                                 const lease_tokens& leases) {
      return guarded(keeper, leases);
    };
    setup.changed = [this](bool held) {
      if (held)
        return; // the router says how far it is
      frame_.ready->report("evaluation", "standby");
      for (uint32_t p = 0; p < s_.stream.partitions; ++p)
        for (const auto* part : {"stream ", "database "})
          frame_.ready->report(part + std::to_string(p), ""); // not ours now
    };
    setup.store_state = state_of("leases");
    setup.directory = frame_.directory;
    setup.log = frame_.log;
    auto out = child("lease_keeper", [this, setup](caf::local_actor* parent) {
      return spawn<caf::detached>(parent, "lease_keeper", lease_keeper, setup);
    });
    out.grace = grace_forever; // it stops a tree of its own
    return out;
  }

  caf::actor guarded(caf::local_actor* keeper, const lease_tokens& leases) {
    auto addr = keeper->address();
    std::vector<child_spec> children;
    children.push_back(nested_supervisor(
        "rules", options("rules", one_for_all()),
        rules_children(leases.at("evaluation"), ask_keeper(addr))));
    std::vector<child_spec> readers;
    for (uint32_t p = 0; p < s_.stream.partitions; ++p)
      readers.push_back(reader_child(p, leases.at('p' + std::to_string(p)),
                                     ask_keeper(addr)));
    children.push_back(nested_supervisor(
        "streams", options("streams", one_for_one()), std::move(readers)));
    children.push_back(
        retention_child(leases.at("evaluation"), ask_keeper(addr)));
    children.push_back(mover_child());
    auto made = caf::actor_cast<caf::actor>(spawn_supervisor(
        keeper, options("guarded", one_for_one()), std::move(children)));
    caf::anon_send(frame_.directory, announce_atom::value,
                   std::string("guarded"), made);
    return made;
  }

  child_spec retention_child(const lease_token& lease,
                             const std::function<void()>& fenced) {
    retention_setup setup;
    setup.open_store = opened<retention_store>(postgres::make_retention_store);
    setup.lease = lease;
    auto& r = s_.retention;
    setup.keep = {r.events, r.alerts,       r.deliveries, r.attempts,
                  r.audit,  r.dead_letters, r.behind};
    setup.interval = r.sweep_every;
    setup.surroundings = frame_.surroundings;
    setup.log = frame_.log;
    setup.meters = &frame_.meters;
    setup.fenced = fenced;
    return child("retention", [this, setup](caf::local_actor* parent) {
      return spawn<caf::detached>(parent, "retention", retention, setup);
    });
  }

  /// The handles of one incarnation of the group. All are restarted together,
  /// in this order, so each finds those before it.
  struct rules_group {
    history_reader_actor history;
    rule_catalog_actor catalog;
    alert_recorder_actor recorder;
    supervisor_actor evaluators;
  };

  std::vector<child_spec> rules_children(const lease_token& lease,
                                         const std::function<void()>& fenced) {
    auto group = std::make_shared<rules_group>();
    std::vector<child_spec> out;
    out.push_back(child("history_reader", [this, group](auto* parent) {
      history_reader_setup setup;
      setup.open_events = opened<event_store>(postgres::make_event_store);
      setup.open_outcomes = opened<outcome_store>(postgres::make_outcome_store);
      setup.open_rules = opened<rule_store>(postgres::make_rule_store);
      group->history = spawn_metered<caf::detached>(
          *parent, &frame_.meters, "history_reader", history_reader, setup);
      return caf::actor_cast<caf::actor>(group->history);
    }));
    out.push_back(child("rule_catalog", [this, group](auto* parent) {
      rule_catalog_setup setup;
      setup.open_store = opened<rule_store>(postgres::make_rule_store);
      setup.poll_interval = s_.rules.poll_every;
      setup.log = frame_.log;
      group->catalog = spawn_metered<caf::detached>(
          *parent, &frame_.meters, "rule_catalog", rule_catalog, setup);
      return caf::actor_cast<caf::actor>(group->catalog);
    }));
    out.push_back(child("hint_listener", [this, group](auto* parent) {
      std::function<std::unique_ptr<hint_bus>()> open = [o = stream_] {
        return redis::make_hint_bus(o);
      };
      return spawn<caf::detached>(parent, "hint_listener", hint_listener, open,
                                  group->catalog);
    }));
    out.push_back(child("alert_recorder", [this, group, lease,
                                           fenced](auto* parent) {
      alert_recorder_setup setup;
      setup.open_store = opened<outcome_store>(postgres::make_outcome_store);
      setup.lease = lease;
      setup.worker = name_;
      setup.delivery_lease = s_.outbound.delivery_lease;
      setup.surroundings = frame_.surroundings;
      setup.log = frame_.log;
      setup.meters = &frame_.meters;
      setup.traces = frame_.traces;
      setup.directory = frame_.directory;
      setup.fenced = fenced;
      group->recorder = spawn_metered<caf::detached>(
          *parent, &frame_.meters, "alert_recorder", alert_recorder, setup);
      return caf::actor_cast<caf::actor>(group->recorder);
    }));
    auto evaluators = nested_supervisor(
        "evaluators", options("evaluators", one_for_one()), {});
    evaluators.start = [group, start = evaluators.start](auto* parent) {
      auto made = start(parent);
      group->evaluators = caf::actor_cast<supervisor_actor>(made);
      return made;
    };
    out.push_back(std::move(evaluators));
    out.push_back(child("rule_router", [this, group](auto* parent) {
      // A new router reads history first, whatever the one before had read.
      frame_.ready->report("evaluation", "catching up");
      rule_router_setup setup;
      setup.evaluators = group->evaluators;
      setup.recorder = group->recorder;
      setup.history = group->history;
      setup.catalog = group->catalog;
      setup.directory = frame_.directory;
      setup.worker = name_;
      setup.cursor_interval = s_.rules.cursor_every;
      setup.snapshot_interval = s_.rules.snapshot_every;
      setup.snapshot_events = s_.rules.snapshot_events;
      setup.surroundings = frame_.surroundings;
      setup.log = frame_.log;
      setup.meters = &frame_.meters;
      setup.traces = frame_.traces;
      setup.went_live = [this] { went_live(); };
      return spawn<>(parent, "rule_router", rule_router, setup);
    }));
    return out;
  }

  child_spec reader_child(uint32_t partition, const lease_token& lease,
                          const std::function<void()>& fenced) {
    partition_reader_setup setup;
    setup.open_log = [o = stream_](uint32_t p, int64_t epoch) {
      return redis::make_partition_log(o, p, epoch);
    };
    setup.open_waiter = [o = stream_] { return redis::make_waiter(o); };
    setup.directory = frame_.directory;
    setup.stream_state = state_of("stream " + std::to_string(partition));
    auto& p = setup.persistence;
    p.open_store = opened<event_store>(postgres::make_event_store);
    p.lease = lease;
    p.partition = partition;
    p.dedup_window_ms = s_.rules.dedup_window.count();
    p.surroundings = frame_.surroundings;
    p.log = frame_.log.with({{"partition", partition}});
    p.meters = &frame_.meters;
    p.traces = frame_.traces;
    p.fenced = fenced;
    p.store_state = state_of("database " + std::to_string(partition));
    return child("partition_reader/" + std::to_string(partition),
                 [this, setup](caf::local_actor*) {
                   return caf::actor_cast<caf::actor>(
                       spawn_partition_reader(frame_.system, setup));
                 });
  }

  /// Needs no lease: two at once would do no harm.
  child_spec mover_child() {
    quarantine_mover_setup setup;
    setup.open_log = [o = stream_] { return redis::make_quarantine_log(o); };
    setup.open_store =
        opened<dead_letter_store>(postgres::make_dead_letter_store);
    setup.log = frame_.log;
    setup.meters = &frame_.meters;
    return child("quarantine_mover", [this, setup](caf::local_actor* parent) {
      return spawn<caf::detached>(parent, "quarantine_mover", quarantine_mover,
                                  setup);
    });
  }

  std::function<void(const std::string&)> state_of(const std::string& part) {
    return [ready = frame_.ready, part](const std::string& why) {
      ready->report(part, why);
    };
  }

  void went_live() {
    frame_.ready->report("evaluation", "");
    if (ready_file_.empty())
      return;
    if (auto written = write_file(ready_file_, "{\"ready\":true}\n", 0644);
        !written)
      frame_.log.error("ready_file_not_written",
                       {{"reason", to_string(written.error())}});
  }

  process_frame& frame_;
  const settings& s_;
  postgres::options database_;
  redis::options stream_;
  std::shared_ptr<sender> out_;
  std::string ready_file_;
  std::string name_;
  std::shared_ptr<actor_slot> health_ = std::make_shared<actor_slot>();
};

} // namespace

int run_worker(const settings& s, const std::string& ready_file) {
  if (s.stream.partitions != 1) {
    std::cerr << "stream.partitions is " << s.stream.partitions
              << ", but this worker evaluates one partition; set it to 1\n";
    return 2;
  }
  auto key = read_secret_key(s);
  if (!key) {
    std::cerr << to_string(key.error()) << '\n';
    return 2;
  }
  block_ending_signals();
  outbound::options outward;
  outward.allow = s.outbound.allow;
  outward.connect_timeout = s.outbound.connect_timeout;
  auto out = outbound::make_sender(outward);
  if (!out) {
    std::cerr << to_string(out.error()) << '\n';
    return 2;
  }
  process_frame frame(s, "worker", {"evaluation"});
  worker_house house(frame, s, *key, std::move(*out), ready_file);
  auto root = house.start();
  std::unique_ptr<http::server> listener;
  if (s.worker.port != 0) {
    http::server_options options;
    options.address = s.worker.address;
    options.port = s.worker.port;
    http::server_hooks hooks;
    hooks.sink = [health = house.health()](http_exchange call) {
      auto* route = find_process_route(*call.head);
      if (route && route->owner == route_owner::document)
        return call.reply(api_document_answer(*call.head));
      if (auto who = health->get())
        caf::anon_send(caf::actor_cast<health_actor>(who), std::move(call));
    };
    auto started = http::server::start(options, hooks);
    if (!started) {
      std::cerr << to_string(started.error()) << '\n';
      frame.stop(caf::actor_cast<caf::actor>(root));
      return 1;
    }
    listener = std::move(*started);
  }
  auto status = frame.run(
      caf::actor_cast<caf::actor>(root),
      [&] {
        if (listener)
          listener->stop();
      },
      s.worker.stop_timeout);
  root = nullptr;
  return status;
}

} // namespace eventpulse
