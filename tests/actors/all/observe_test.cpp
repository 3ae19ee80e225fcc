// How the processes are looked at: metered actors, bounded trees, the report,
// GET /v1/system, and the spans that actors record.

#define CAF_SUITE observe
#define FAIL CAF_FAIL
#include "actors/control_routes.hpp"
#include "actors/lease_keeper.hpp"
#include "actors/metered.hpp"
#include "actors/partition_reader.hpp"
#include "actors/supervisor.hpp"
#include "actors/system_reporter.hpp"

#include <boost/json.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "tests/support/actor_fixture.hpp"

using namespace eventpulse;
using namespace eventpulse::test;
namespace json = boost::json;

namespace {

using part_actor = caf::typed_actor<caf::reacts_to<flush_atom>,
                                    caf::replies_to<probe_atom>::with<bool>>;

/// Fails when it is flushed.
part_actor::behavior_type part(part_actor::pointer self) {
  self->set_error_handler([](caf::error&) {});
  return {[self](flush_atom) { self->quit(make_error(errc::internal)); },
          [](probe_atom) { return true; }};
}

/// Outlives the actors, which tell it of their end.
struct with_metrics {
  metrics meters;
};

struct fixture : with_metrics, actor_fixture {
  part_actor metered_part(const std::string& kind) {
    return live(spawn_metered(sys, &meters, kind, part));
  }

  std::optional<actor_look> look(uint64_t id) {
    auto seen = meters.actors().look({id});
    return seen.empty() ? std::nullopt : std::optional{seen[0]};
  }

  child_spec child(const std::string& id) {
    child_spec out;
    out.id = id;
    out.actor_kind = "part";
    out.start = [this, id](caf::local_actor* parent) {
      auto made = caf::actor_cast<caf::actor>(
          spawn_metered(*parent, &meters, "part", part));
      parts[id] = made;
      return made;
    };
    return out;
  }

  supervisor_options options(const std::string& name) {
    supervisor_options o;
    o.name = name;
    o.policy.intensity = {5, std::chrono::milliseconds{10'000}};
    o.log = log;
    o.counts = &meters;
    return o;
  }

  void fail(const std::string& id) {
    caf::anon_send(caf::actor_cast<part_actor>(parts.at(id)),
                   flush_atom::value);
    settle();
  }

  system_reporter_actor start_reporter(const caf::actor_addr& root) {
    system_reporter_setup setup;
    setup.who = {"worker-1", "worker", "1.2", "here", 42, surroundings->now};
    setup.root = root;
    setup.open_board = [this] { return memory::make_process_board(stream); };
    setup.open_store = [this] { return memory::make_system_store(db); };
    setup.ready = ready;
    setup.report = report;
    setup.directory = directory;
    setup.surroundings = surroundings;
    setup.log = log;
    setup.meters = &meters;
    auto out = live(
        spawn_metered(sys, &meters, "system_reporter", system_reporter, setup));
    settle();
    return out;
  }

  json::object own() { return json::parse(report->get()).as_object(); }

  std::map<std::string, caf::actor> parts;
  std::shared_ptr<readiness> ready = std::make_shared<readiness>();
  std::shared_ptr<own_report> report = std::make_shared<own_report>();
};

const json::object& named(const json::object& node, const std::string& id) {
  for (const auto& child : node.at("children").as_array())
    if (child.at("id").as_string() == id)
      return child.as_object();
  CAF_FAIL("no child " << id);
  throw std::logic_error("not reached");
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(observe_tests, fixture)

// --- metered actors ----------------------------------------------------------

CAF_TEST(a_metered_actor_shows_what_waits_and_what_it_did) {
  auto one = metered_part("part");
  auto id = one.id();
  CAF_REQUIRE(look(id).has_value());
  CAF_CHECK_EQUAL(look(id)->kind, "part");
  for (int i = 0; i < 3; ++i)
    caf::anon_send(one, probe_atom::value);
  CAF_CHECK_EQUAL(look(id)->depth, 3u);
  settle();
  CAF_CHECK_EQUAL(look(id)->depth, 0u);
  CAF_CHECK_EQUAL(look(id)->messages, 3u);
  CAF_CHECK(*ask<bool>(one, probe_atom::value));
  CAF_CHECK_EQUAL(look(id)->messages, 4u);
}

CAF_TEST(an_actor_that_is_gone_is_not_shown_and_its_work_stays_counted) {
  auto one = metered_part("part");
  auto id = one.id();
  settle();
  caf::anon_send(one, flush_atom::value);
  caf::anon_send(one, probe_atom::value); // never handled
  settle();
  CAF_CHECK(!look(id));
  auto text = meters.scrape();
  CAF_CHECK(text.find("eventpulse_actor_messages_total{kind=\"part\"} 1\n") !=
            text.npos);
  CAF_CHECK(text.find("eventpulse_actor_mailbox_depth{kind=\"part\"} 0\n") !=
            text.npos);
}

CAF_TEST(without_metrics_an_actor_is_plain) {
  auto one = live(spawn_metered(sys, nullptr, "part", part));
  settle();
  CAF_CHECK(*ask<bool>(one, probe_atom::value));
  CAF_CHECK(!look(one.id()));
}

// --- trees -------------------------------------------------------------------

CAF_TEST(a_tree_is_bounded_and_shows_trouble_first) {
  std::vector<child_spec> children;
  for (int i = 0; i < 6; ++i)
    children.push_back(child("c" + std::to_string(i)));
  auto s = live(spawn_supervisor(sys, options("root"), std::move(children)));
  settle();
  fail("c4"); // waits for its restart
  auto tree = ask<child_tree_ptr>(s, children_atom::value, uint32_t{2});
  CAF_REQUIRE(tree.ok());
  auto& t = **tree;
  CAF_CHECK_EQUAL(t.name, "root");
  CAF_CHECK_EQUAL(t.actor, s.id());
  CAF_CHECK_EQUAL(t.running, 5u);
  CAF_CHECK_EQUAL(t.restarting, 1u);
  CAF_CHECK_EQUAL(t.omitted, 4u);
  CAF_REQUIRE_EQUAL(t.children.size(), 2u);
  CAF_CHECK_EQUAL(t.children[0].what.id, "c0");
  CAF_CHECK_EQUAL(t.children[1].what.id, "c4");
  CAF_CHECK_EQUAL(t.children[1].actor, 0u);
  CAF_CHECK_EQUAL(t.children[0].actor, parts.at("c0").id());
}

CAF_TEST(a_tree_holds_the_trees_of_nested_supervisors) {
  auto s = live(spawn_supervisor(
      sys, options("root"),
      {child("a"), nested_supervisor("below", options("below"),
                                     {child("b"), child("c")})}));
  settle();
  auto tree = ask<child_tree_ptr>(s, children_atom::value, uint32_t{10});
  CAF_REQUIRE(tree.ok());
  CAF_REQUIRE_EQUAL((*tree)->children.size(), 2u);
  CAF_CHECK(!(*tree)->children[0].below);
  auto& below = (*tree)->children[1].below;
  CAF_REQUIRE(below != nullptr);
  CAF_CHECK_EQUAL(below->children.size(), 2u);
  CAF_CHECK_EQUAL(below->running, 2u);
}

// --- the report --------------------------------------------------------------

CAF_TEST(a_process_reports_its_tree_with_restarts_and_mailboxes) {
  auto s = live(spawn_supervisor(sys, options("root"), {child("a")}));
  settle();
  fail("a");
  pass(1s);
  ready->report("stream", "away");
  start_reporter(s.address());
  auto said = own();
  CAF_CHECK_EQUAL(said.at("name").as_string(), "worker-1");
  CAF_CHECK_EQUAL(said.at("ready").as_bool(), false);
  CAF_CHECK_EQUAL(said.at("reasons").at("stream").as_string(), "away");
  auto& tree = said.at("tree").as_object();
  CAF_CHECK_EQUAL(tree.at("kind").as_string(), "supervisor");
  auto& a = named(tree, "a");
  CAF_CHECK_EQUAL(a.at("state").as_string(), "running");
  CAF_CHECK_EQUAL(a.at("restarts").to_number<int>(), 1);
  CAF_CHECK_EQUAL(a.at("kind").as_string(), "part");
  CAF_CHECK_EQUAL(a.at("mailbox_depth").to_number<int>(), 0);
  CAF_CHECK(a.at("last_error").as_string().find("internal fault") !=
            json::string::npos);
  auto all = memory::make_process_board(stream)->list();
  CAF_REQUIRE(all.ok());
  CAF_CHECK_EQUAL(all->at("worker-1"), report->get());
}

CAF_TEST(what_the_leases_guard_stands_under_their_keeper) {
  auto s =
      live(spawn_supervisor(sys, options("root"), {child("lease_keeper")}));
  auto guarded =
      live(spawn_supervisor(sys, options("guarded"), {child("inner")}));
  settle();
  start_reporter(s.address());
  CAF_CHECK(!named(own().at("tree").as_object(), "lease_keeper")
                 .contains("children"));
  CAF_CHECK(own().at("streams").as_array().empty());
  meters.stream(0).lag_entries.Set(7);
  announce("guarded", caf::actor_cast<caf::actor>(guarded));
  pass(2s);
  auto said = own();
  auto& under =
      named(named(said.at("tree").as_object(), "lease_keeper"), "guarded");
  CAF_CHECK_EQUAL(named(under, "inner").at("state").as_string(), "running");
  CAF_CHECK_EQUAL(said.at("streams").at(0).at("lag_entries").to_number<int>(),
                  7);
  kill(guarded);
  pass(2s);
  CAF_CHECK(!named(own().at("tree").as_object(), "lease_keeper")
                 .contains("children"));
}

CAF_TEST(linked_actors_stand_beside_their_owner) {
  child_spec spec = child("owner");
  spec.start = [this](caf::local_actor* parent) {
    auto run = [this](part_actor::pointer me) {
      parts["helper"] = caf::actor_cast<caf::actor>(
          spawn_metered<caf::linked>(*me, &meters, "helper", part));
      return part(me);
    };
    return caf::actor_cast<caf::actor>(
        spawn_metered(*parent, &meters, "owner", run));
  };
  auto s = live(spawn_supervisor(sys, options("root"), {spec}));
  settle();
  start_reporter(s.address());
  auto said = own();
  auto& owner = named(said.at("tree").as_object(), "owner");
  CAF_REQUIRE_EQUAL(owner.at("linked").as_array().size(), 1u);
  CAF_CHECK_EQUAL(owner.at("linked").at(0).at("kind").as_string(), "helper");
}

CAF_TEST(the_report_goes_on_while_the_board_is_away_and_is_withdrawn_at_last) {
  auto s = live(spawn_supervisor(sys, options("root"), {child("a")}));
  settle();
  stream->set_away(true);
  auto r = start_reporter(s.address());
  pass(4s);
  CAF_CHECK(!report->get().empty());
  CAF_CHECK_EQUAL(times_logged("report_not_published"), 1u);
  stream->set_away(false);
  pass(2s);
  CAF_CHECK_EQUAL(memory::make_process_board(stream)->list()->size(), 1u);
  kill(r);
  CAF_CHECK(memory::make_process_board(stream)->list()->empty());
}

// --- what is away ------------------------------------------------------------

namespace {

/// Keeps what it is told; the last is what holds.
struct told_states {
  std::shared_ptr<std::vector<std::string>> all =
      std::make_shared<std::vector<std::string>>();
  std::function<void(const std::string&)> hook() const {
    return [kept = all](const std::string& why) { kept->push_back(why); };
  }
  bool is_good() const { return !all->empty() && all->back().empty(); }
  bool is_bad() const { return !all->empty() && !all->back().empty(); }
};

} // namespace

CAF_TEST(a_partition_says_when_its_stream_or_its_store_is_away) {
  told_states streams;
  told_states stores;
  partition_reader_setup setup;
  setup.open_log = [this](uint32_t p, int64_t epoch) {
    return memory::make_partition_log(stream, p, epoch);
  };
  setup.open_waiter = waiters();
  setup.directory = directory;
  setup.detached = false;
  setup.stream_state = streams.hook();
  auto& p = setup.persistence;
  p.open_store = [this] { return memory::make_event_store(db); };
  p.lease = take_lease("p0", "me");
  p.surroundings = surroundings;
  p.log = log;
  p.meters = &meters;
  p.store_state = stores.hook();
  auto reader = live(spawn_partition_reader(sys, setup));
  settle();
  CAF_CHECK(streams.is_good());
  stream->set_away(true);
  pass(2s);
  CAF_CHECK(streams.is_bad());
  stream->set_away(false);
  pass(2s);
  CAF_CHECK(streams.is_good());
  break_store("event_store.persist", failure{errc::unavailable, "gone"});
  append_event("one");
  pass(1s);
  CAF_CHECK(stores.is_bad());
  break_store("event_store.persist", std::nullopt);
  pass(3s);
  CAF_CHECK(stores.is_good());
  CAF_CHECK_EQUAL(meters.persistence().rows_total.Value(), 1.0);
  CAF_CHECK(meters.persistence().retries_total.Value() >= 1.0);
  for (auto* kind : {"persister", "stream_waiter"})
    CAF_CHECK(meters.scrape().find(std::string{"messages_total{kind=\""} +
                                   kind + "\"}") != std::string::npos);
}

CAF_TEST(a_lease_keeper_says_when_it_cannot_ask) {
  told_states stores;
  lease_keeper_setup setup;
  setup.open_store = [this] { return memory::make_lease_store(db); };
  setup.names = {"p0"};
  setup.owner = "me";
  setup.start_guarded = [this](caf::local_actor*, const lease_tokens&) {
    return caf::actor_cast<caf::actor>(metered_part("guarded"));
  };
  setup.changed = [](bool) {};
  setup.store_state = stores.hook();
  setup.directory = directory;
  setup.log = log;
  break_store("lease_store.acquire", failure{errc::unavailable, "gone"});
  live(sys.spawn(lease_keeper, setup));
  settle();
  CAF_CHECK(stores.is_bad());
  break_store("lease_store.acquire", std::nullopt);
  pass(4s);
  CAF_CHECK(stores.is_good());
  break_store("lease_store.renew", failure{errc::unavailable, "gone"});
  pass(4s);
  CAF_CHECK(stores.is_bad());
  break_store("lease_store.renew", std::nullopt);
  pass(4s);
  CAF_CHECK(stores.is_good());
}

// --- GET /v1/system ----------------------------------------------------------

namespace {

json::object ask_system(fixture& f) {
  control_stores stores;
  stores.system = memory::make_system_store(f.db);
  stores.board = memory::make_process_board(f.stream);
  stores.own_report = [&f] { return f.report->get(); };
  http_request head;
  std::string body;
  control_call call{head, body,   {"v1", "system"}, {},
                    {},   stores, *f.surroundings};
  auto outcome = routes::get_system(call);
  CAF_REQUIRE(outcome.ok());
  CAF_CHECK_EQUAL(outcome->answer.status, 200u);
  return json::parse(outcome->answer.body).as_object();
}

} // namespace

CAF_TEST(the_system_is_all_processes_and_what_the_store_knows) {
  auto board = memory::make_process_board(stream);
  CAF_REQUIRE(board
                  ->publish("other",
                            R"({"name":"other","streams":[)"
                            R"({"partition":0,"lag_entries":5}]})",
                            1min)
                  .ok());
  CAF_REQUIRE(board->publish("broken", "{", 1min).ok());
  report->set(R"({"name":"me"})");
  take_lease("p0", "other");
  take_lease("evaluation", "other");
  db->partitions[0].persisted = {0, 17, 1};
  auto said = ask_system(*this);
  CAF_CHECK(said.at("problems").as_array().empty());
  CAF_REQUIRE_EQUAL(said.at("processes").as_array().size(), 2u);
  auto& p = said.at("partitions").at(0).as_object();
  CAF_CHECK_EQUAL(p.at("owner").as_string(), "other");
  CAF_CHECK_EQUAL(p.at("epoch").to_number<int>(), 1);
  CAF_CHECK_EQUAL(p.at("persisted").as_string(), "0-17-1");
  CAF_CHECK_EQUAL(p.at("lag_entries").to_number<int>(), 5);
  CAF_CHECK_EQUAL(said.at("evaluation").at("owner").as_string(), "other");
  CAF_CHECK_EQUAL(
      said.at("evaluation").at("waiting").at("count").to_number<int>(), 0);
  CAF_CHECK_EQUAL(said.at("deliveries").at("due").at("count").to_number<int>(),
                  0);
}

CAF_TEST(what_is_away_is_named_and_the_rest_is_shown) {
  report->set(R"({"name":"me"})");
  stream->set_away(true);
  break_store("system_store.look", failure{errc::unavailable, "no postgres"});
  auto said = ask_system(*this);
  CAF_CHECK_EQUAL(said.at("problems").as_array().size(), 2u);
  CAF_CHECK(said.at("problems").at(1).as_string().find("no postgres") !=
            json::string::npos);
  CAF_CHECK(said.at("partitions").is_null());
  CAF_REQUIRE_EQUAL(said.at("processes").as_array().size(), 1u);
  CAF_CHECK_EQUAL(said.at("processes").at(0).at("name").as_string(), "me");
}

CAF_TEST_FIXTURE_SCOPE_END()
