#pragma once
// Evaluation as a worker runs it, on the deterministic scheduler: partition
// reader, rule_router, evaluators under their supervisor, alert_recorder,
// history_reader and rule_catalog on the memory adapters. Tests may make rules
// slow, poison events and crash everything at any message. Include it last.

#include "actors/alert_recorder.hpp"
#include "actors/evaluator.hpp"
#include "actors/history_reader.hpp"
#include "actors/partition_reader.hpp"
#include "actors/rule_catalog.hpp"
#include "actors/rule_router.hpp"
#include "actors/supervisor.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <functional>
#include <map>
#include <set>

#include "tests/support/actor_fixture.hpp"

namespace eventpulse::test {

struct rule_records {
  std::set<std::string> slow;        // rules whose evaluators answer nothing
  std::map<std::string, int> deaths; // left, by rule and event: "m/17"
  std::map<std::string, caf::actor_addr> evaluators_of; // newest, by rule
  std::map<std::string, std::function<void()>> kept;    // what slow ones keep
  size_t went_live = 0;
};

struct stand_in_state {
  evaluator_actor real;
  std::string rule;
  std::deque<std::function<void()>> kept;
};

using stand_in_pointer = evaluator_actor::stateful_pointer<stand_in_state>;

/// Handed to the real one in order, or kept while the rule is slow.
template <class T, class... Ts>
caf::result<T> pass_on(stand_in_pointer self, rule_records* r, Ts... what) {
  auto answer = self->template make_response_promise<T>();
  auto& state = self->state;
  state.kept.push_back([=]() mutable {
    self->request(self->state.real, caf::infinite, what...)
        .then([=](const T& value) mutable { answer.deliver(value); },
              [=](caf::error& e) mutable { answer.deliver(std::move(e)); });
  });
  if (!r->slow.contains(state.rule))
    for (auto& run : std::exchange(state.kept, {}))
      run();
  return answer;
}

/// Stands before a real evaluator.
inline evaluator_actor::behavior_type stand_in(stand_in_pointer self,
                                               rule_records* r) {
  self->state.real = spawn_evaluator(*self);
  self->link_to(self->state.real);
  self->set_error_handler([](caf::error&) {});
  return {
      [=](begin_atom a, const evaluator_start_ptr& how) {
        auto& state = self->state;
        state.rule = how->rule->id();
        r->evaluators_of[state.rule] = self->address();
        r->kept[state.rule] = [self] {
          self->context(nullptr); // this is not run by its scheduler
          for (auto& run : std::exchange(self->state.kept, {}))
            run();
        };
        self->attach_functor(
            [r, rule = state.rule](const caf::error&) { r->kept.erase(rule); });
        return pass_on<step_outcome_ptr>(self, r, a, how);
      },
      [=](eval_atom a, const step_ptr& s) {
        for (auto i : s->hits)
          if (auto& id = s->batch->at(i).document.id;
              r->deaths[self->state.rule + '/' + id]-- > 0)
            throw std::runtime_error("poison");
        return pass_on<step_outcome_ptr>(self, r, a, s);
      },
      [=](replace_atom a, const compiled_rule_ptr& version, const cursor& at) {
        return pass_on<step_outcome_ptr>(self, r, a, version, at);
      },
      [=](snapshot_atom a, bool full) {
        return pass_on<rule_snapshot_ptr>(self, r, a, full);
      },
      [=](close_atom a, const std::string& reason, int64_t at_ms) {
        return pass_on<step_outcome_ptr>(self, r, a, reason, at_ms);
      },
  };
}

/// The evaluators' supervisor, which starts stand-ins.
inline supervisor_actor::behavior_type
stand_in_supervisor(supervisor_actor::pointer self, supervisor_actor real,
                    rule_records* r) {
  return {
      [=](start_atom a, child_spec& spec) {
        spec.start = [r](caf::local_actor* parent) {
          return caf::actor_cast<caf::actor>(parent->spawn(stand_in, r));
        };
        return self->delegate(real, a, std::move(spec));
      },
      [=](terminate_atom a, const std::string& id) {
        return self->delegate(real, a, id);
      },
      [=](delete_atom a, const std::string& id) {
        return self->delegate(real, a, id);
      },
      [=](restart_atom a, const std::string& id) {
        return self->delegate(real, a, id);
      },
      [=](which_atom a, const std::string& id) {
        return self->delegate(real, a, id);
      },
      [=](children_atom a) { return self->delegate(real, a); },
      [=](children_atom a, uint32_t count_max) {
        return self->delegate(real, a, count_max);
      },
      [=](subscribe_atom a, const child_listener& who) {
        return self->delegate(real, a, who);
      },
  };
}

struct rules_house : rule_records, actor_fixture {
  partition_reader_actor reader;
  supervisor_actor evaluators;
  supervisor_actor front;
  history_reader_actor history;
  rule_catalog_actor catalog;
  alert_recorder_actor recorder;
  rule_router_actor router;
  lease_token partition_lease = take_lease("p0", "me");
  lease_token evaluation_lease = take_lease("evaluation", "me");
  uint64_t snapshot_events = 200'000;
  size_t fenced = 0;
  size_t numbered = 0;

  rules_house() {
    for (auto id : {"desk", "night"})
      db->channels[id] = {id, "webhook", "http://x/", {}, false, 0, 0};
  }
  ~rules_house() override {
    rules_down();
    reader_down();
  }

  // --- up and down -----------------------------------------------------------

  void reader_up() {
    partition_reader_setup setup;
    setup.open_log = [this](uint32_t p, int64_t epoch) {
      return memory::make_partition_log(stream, p, epoch);
    };
    setup.open_waiter = waiters();
    setup.persistence.open_store = [this] {
      return memory::make_event_store(db);
    };
    setup.persistence.lease = partition_lease;
    setup.persistence.surroundings = surroundings;
    setup.persistence.log = log;
    setup.persistence.fenced = [this] { ++fenced; };
    setup.directory = directory;
    setup.detached = false;
    reader = live(spawn_partition_reader(sys, setup));
  }
  void reader_down() {
    if (reader)
      kill(reader);
  }

  void recorder_up() {
    alert_recorder_setup setup;
    setup.open_store = [this] { return memory::make_outcome_store(db); };
    setup.lease = evaluation_lease;
    setup.worker = "me";
    setup.surroundings = surroundings;
    setup.log = log;
    setup.directory = directory;
    setup.fenced = [this] { ++fenced; };
    recorder = live(sys.spawn(alert_recorder, setup));
  }

  void rules_up() {
    history_reader_setup past;
    past.open_events = [this] { return memory::make_event_store(db); };
    past.open_outcomes = [this] { return memory::make_outcome_store(db); };
    past.open_rules = [this] { return memory::make_rule_store(db); };
    history = live(sys.spawn(history_reader, past));
    rule_catalog_setup known;
    known.open_store = [this] { return memory::make_rule_store(db); };
    known.log = log;
    catalog = live(sys.spawn(rule_catalog, known));
    recorder_up();
    supervisor_options o;
    o.name = "evaluators";
    o.policy.intensity = {10, 120'000ms};
    o.policy.back_off = {100ms, 1s, 30s, 0.0};
    o.log = log;
    evaluators = live(spawn_supervisor(sys, o, {}));
    front = live(sys.spawn(stand_in_supervisor, evaluators,
                           static_cast<rule_records*>(this)));
    rule_router_setup setup;
    setup.evaluators = front;
    setup.recorder = recorder;
    setup.history = history;
    setup.catalog = catalog;
    setup.directory = directory;
    setup.worker = "me";
    setup.surroundings = surroundings;
    setup.log = log;
    setup.snapshot_events = snapshot_events;
    setup.went_live = [this] { ++went_live; };
    router = live(sys.spawn(rule_router, setup));
  }

  /// As its supervisor asks it to end.
  void stop_router() {
    caf::anon_send_exit(router, caf::exit_reason::user_shutdown);
    settle();
  }
  bool router_ended() {
    return !caf::actor_cast<caf::strong_actor_ptr>(router) ||
           caf::actor_cast<caf::monitorable_actor*>(router)->getf(
               caf::abstract_actor::is_terminated_flag);
  }

  void rules_down() {
    auto end = [this](auto& one) {
      if (!one)
        return;
      caf::anon_send_exit(one, caf::exit_reason::kill);
      std::erase(living, caf::actor_cast<caf::actor>(one));
      one = nullptr;
    };
    end(router);
    end(front);
    end(evaluators);
    end(recorder);
    end(catalog);
    end(history);
    settle();
  }

  void up() {
    rules_up();
    reader_up();
    settle();
  }

  void crash() {
    rules_down();
    reader_down();
  }

  void restart() {
    crash();
    up();
    pass(1s);
  }

  // --- what happens ----------------------------------------------------------

  /// A rule from YAML. It takes effect when its entry has come through.
  int64_t publish_only(const std::string& yaml) {
    auto parsed = parse_rule_yaml(yaml);
    if (auto* wrong = std::get_if<1>(&parsed))
      CAF_FAIL(to_string(wrong->front()));
    auto& document = std::get<0>(parsed);
    auto done = memory::make_rule_store(db)->publish(
        {document.id, to_json(document), me, {}, document.notify});
    if (!done)
      CAF_FAIL(to_string(done.error()));
    append(intake::encode(intake::control_mark{done->control.id}));
    return done->version.version;
  }
  int64_t publish(const std::string& yaml) {
    auto version = publish_only(yaml);
    settle();
    return version;
  }
  void remove_only(const std::string& id) {
    auto done = memory::make_rule_store(db)->remove(id, me, {});
    CAF_REQUIRE(done.ok());
    append(intake::encode(intake::control_mark{done->control.id}));
  }
  void remove(const std::string& id) {
    remove_only(id);
    settle();
  }

  void emit_only(const std::string& type, const std::string& group,
                 std::string id = {}) {
    auto d = sample_document(id.empty() ? std::to_string(++numbered) : id);
    d.type = type;
    d.payload = "{\"g\":\"" + group + "\"}";
    append(fields_of(d));
  }
  void emit(const std::string& type, const std::string& group = "a",
            std::string id = {}) {
    emit_only(type, group, std::move(id));
    settle();
  }

  /// The rule's evaluator dies.
  void kill_evaluator_only(const std::string& rule) {
    if (auto alive = caf::actor_cast<caf::actor>(evaluators_of[rule]))
      caf::anon_send_exit(alive, caf::exit_reason::kill);
  }
  void kill_evaluator(const std::string& rule) {
    kill_evaluator_only(rule);
    settle();
  }

  void hasten(const std::string& rule) {
    slow.erase(rule);
    if (auto found = kept.find(rule); found != kept.end())
      std::function<void()>(found->second)();
    settle();
  }

  // --- what came of it -------------------------------------------------------

  /// "rule group@opened state", times in ms since the start, sorted.
  std::string alerts() {
    std::multiset<std::string> lines;
    for (auto& [id, a] : db->alerts)
      lines.insert(
          a.rule + ' ' + a.group_json + '@' +
          std::to_string(a.opened_at_ms - static_cast<int64_t>(day_start_ms)) +
          (a.state == alert_state::firing ? " firing" : " resolved"));
    std::string out;
    for (auto& line : lines)
      out += (out.empty() ? "" : "; ") + line;
    return out;
  }
  size_t alerts_of(const std::string& rule) {
    size_t out = 0;
    for (auto& [id, a] : db->alerts)
      out += a.rule == rule;
    return out;
  }
  std::string state_of(const std::string& rule) {
    auto found = db->statuses.find(rule);
    if (found == db->statuses.end())
      return "unknown";
    switch (found->second.state) {
    case rule_state::pending:
      return "pending";
    case rule_state::catching_up:
      return "catching_up";
    case rule_state::active:
      return "active";
    case rule_state::degraded:
      return "degraded";
    case rule_state::off:
      return "off";
    }
    return {};
  }
};

} // namespace eventpulse::test
