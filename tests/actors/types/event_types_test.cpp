#define CAF_SUITE event_types
#define FAIL CAF_FAIL

// Schemas from the control routes to intake, with and without the database, and
// what is refused on its way to the table of dead letters and back.

#include "actors/control.hpp"
#include "actors/intake.hpp"
#include "actors/key_keeper.hpp"
#include "actors/quarantine_mover.hpp"
#include "actors/schema_keeper.hpp"
#include "actors/stream_writer.hpp"
#include "runtime/core/base/hash.hpp"

#include <boost/json.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "runtime/adapters/memory/memory_intake.hpp"
#include "tests/support/actor_fixture.hpp"

using namespace eventpulse;
using namespace eventpulse::test;
namespace json = boost::json;

namespace {

const std::string number_schema =
    R"({"type":"object","properties":{"total":{"type":"number"}},)"
    R"("required":["total"]})";
const std::string bad_order = R"({"type":"order","data":{"total":"12"}})";

/// Lets what was read be taken off only when it may.
class stubborn_log : public quarantine_log {
public:
  stubborn_log(std::unique_ptr<quarantine_log> in, const bool& removes)
      : in_(std::move(in)), removes_(removes) {}
  result<std::vector<quarantined_entry>> read(size_t limit) override {
    return in_->read(limit);
  }
  result<void> remove(std::span<const std::string> ids) override {
    return removes_ ? in_->remove(ids)
                    : result<void>{errc::unavailable, "cut off"};
  }

private:
  std::unique_ptr<quarantine_log> in_;
  const bool& removes_;
};

struct fixture : actor_fixture {
  bool removes = true;
  memory::intake_tables_ptr tables =
      std::make_shared<memory::intake_tables>(db);
  schema_keeper_actor keeper;
  quarantine_mover_actor mover;
  control_actor desk;
  intake_actor door;
  std::vector<http_reply> replies;

  fixture() {
    api_key key;
    key.id = "k-1";
    key.name = "shop";
    key.hash = sha256_hex("ep_key");
    key.scopes = {scope::admin};
    CAF_REQUIRE(memory::make_key_store(db)->add(key, me).ok());
    CAF_REQUIRE(stream->open(0, {}).ok());
    stream_writer_setup writes;
    writes.open_log = [this] { return memory::make_appender(stream); };
    writes.log = log;
    writes.detached = false;
    announce("stream_writer", caf::actor_cast<caf::actor>(
                                  live(spawn_stream_writer(sys, writes))));
    key_keeper_setup keeps;
    keeps.open_store = [this] { return memory::make_key_store(db); };
    keeps.open_mirror = [this] { return memory::make_key_mirror(stream); };
    keeps.directory = directory;
    keeps.log = log;
    live(sys.spawn(key_keeper, keeps));
    start_keeper();
    start_intake();
    start_desk();
  }
  ~fixture() override {
    keeper = nullptr;
    mover = nullptr;
    desk = nullptr;
    door = nullptr;
  }

  void start_keeper() {
    schema_keeper_setup setup;
    setup.open_store = [this] { return memory::make_event_type_store(tables); };
    setup.open_mirror = [this] {
      return memory::make_event_type_mirror(stream);
    };
    setup.directory = directory;
    setup.log = log;
    keeper = live(sys.spawn(schema_keeper, setup));
    settle();
  }

  void start_intake() {
    intake_setup setup;
    setup.directory = directory;
    setup.surroundings = surroundings;
    setup.log = log;
    door = live(sys.spawn(intake_fun, setup));
    settle();
  }

  void start_desk() {
    control_setup setup;
    setup.open_stores = [this] {
      auto out = std::make_unique<control_stores>();
      out->rules = memory::make_rule_store(db);
      out->events = memory::make_event_store(db);
      out->event_types = memory::make_event_type_store(tables);
      out->dead_letters = memory::make_dead_letter_store(tables);
      out->audit = memory::make_audit_store(db);
      return out;
    };
    setup.open_hints = [this] { return memory::make_hint_bus(stream); };
    setup.directory = directory;
    setup.surroundings = surroundings;
    setup.log = log;
    desk = live(sys.spawn(control, setup));
    settle();
  }

  void start_mover() {
    quarantine_mover_setup setup;
    setup.open_log = [this] {
      return std::make_unique<stubborn_log>(memory::make_quarantine_log(stream),
                                            removes);
    };
    setup.open_store = [this] {
      return memory::make_dead_letter_store(tables);
    };
    setup.log = log;
    mover = live(sys.spawn(quarantine_mover, setup));
    settle();
  }

  template <class Actor>
  http_response call(const Actor& who, const std::string& method,
                     const std::string& target, std::string body = {},
                     http_headers more = {}) {
    auto head = std::make_shared<http_request>();
    head->method = method;
    auto mark = target.find('?');
    head->path = target.substr(0, mark);
    head->query = mark == target.npos ? "" : target.substr(mark + 1);
    head->headers = std::move(more);
    head->headers.emplace_back("Authorization", "Bearer ep_key");
    head->headers.emplace_back("Content-Type", "application/json");
    http_exchange exchange;
    exchange.head = head;
    exchange.body = std::move(body);
    exchange.reply = [this](http_reply r) { replies.push_back(std::move(r)); };
    replies.clear();
    caf::anon_send(who, std::move(exchange));
    settle();
    if (replies.size() != 1)
      CAF_FAIL(replies.size() << " replies");
    return std::get<http_response>(replies.front());
  }

  http_response ask(const std::string& method, const std::string& target,
                    std::string body = {}, http_headers more = {}) {
    return call(desk, method, target, std::move(body), std::move(more));
  }
  http_response post(std::string body) {
    return call(door, "POST", "/v1/events", std::move(body));
  }

  static json::object body_of(const http_response& r) {
    return json::parse(r.body).as_object();
  }
  static std::string text(const json::value& of, const char* name) {
    auto* found = of.as_object().if_contains(name);
    return found && found->is_string() ? std::string(found->as_string()) : "";
  }
  json::array letters(const std::string& query = "") {
    return body_of(ask("GET", "/v1/dead-letters" + query))["items"].as_array();
  }
  /// The events in the stream, decoded.
  std::vector<event_document> in_stream() {
    std::vector<event_document> out;
    for (auto& entry : stream->entries(0)) {
      auto decoded = intake::decode(entry.fields);
      CAF_REQUIRE(decoded.ok());
      out.push_back(std::get<intake::accepted_event>(*decoded).document);
    }
    return out;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(event_type_tests, fixture)

// --- schemas -----------------------------------------------------------------

CAF_TEST(a_schema_holds_when_its_put_is_answered) {
  CAF_CHECK_EQUAL(post(bad_order).status, 202u); // the type is free
  auto put = ask("PUT", "/v1/event-types/order", number_schema);
  CAF_CHECK_EQUAL(put.status, 201u);
  CAF_CHECK_EQUAL(put.headers.at(0).second, "\"1\"");
  auto refused = post(bad_order);
  CAF_CHECK_EQUAL(refused.status, 422u);
  auto errors = body_of(refused)["errors"].as_array();
  CAF_REQUIRE_EQUAL(errors.size(), 1u);
  CAF_CHECK_EQUAL(text(errors[0], "pointer"), "#/data/total");
  CAF_CHECK_EQUAL(post(R"({"type":"order","data":{"total":12}})").status, 202u);
  CAF_CHECK_EQUAL(post(R"({"type":"other","data":{"total":"12"}})").status,
                  202u);
  CAF_CHECK_EQUAL(ask("DELETE", "/v1/event-types/order").status, 204u);
  CAF_CHECK_EQUAL(post(bad_order).status, 202u);
}

CAF_TEST(a_schema_put_elsewhere_holds_within_the_interval) {
  CAF_REQUIRE(memory::make_event_type_store(tables)
                  ->publish({"order", number_schema, 1, me})
                  .ok());
  pass(1'100ms);
  CAF_CHECK_EQUAL(post(bad_order).status, 422u);
}

CAF_TEST(schemas_are_known_without_the_database_after_a_restart) {
  ask("PUT", "/v1/event-types/order", number_schema);
  pass(1'100ms);
  break_store("event_type_store.load", failure{errc::unavailable, "away"});
  kill(keeper);
  start_keeper();
  start_intake();
  CAF_CHECK_EQUAL(post(bad_order).status, 422u);
  CAF_CHECK(logged("event_types_from_mirror"));
  // Back again with a newer one.
  break_store("event_type_store.load", std::nullopt);
  CAF_REQUIRE(memory::make_event_type_store(tables)
                  ->publish({"order", std::nullopt, 1, me})
                  .ok());
  pass(1'100ms);
  CAF_CHECK_EQUAL(post(bad_order).status, 202u);
}

CAF_TEST(a_redis_that_came_back_empty_is_told_the_schemas_again) {
  ask("PUT", "/v1/event-types/order", number_schema);
  auto mirror = memory::make_event_type_mirror(stream);
  CAF_CHECK_EQUAL(mirror->load()->by_type.size(), 1u);
  CAF_REQUIRE(stream->store_types({}).ok());
  stream->wipe();
  CAF_CHECK_EQUAL(mirror->load()->by_type.size(), 0u);
  pass(61s);
  CAF_CHECK_EQUAL(mirror->load()->by_type.size(), 1u);
}

CAF_TEST(a_schema_that_is_not_understood_is_refused_with_its_place) {
  auto r = ask("PUT", "/v1/event-types/order",
               R"({"properties":{"a":{"minimun":1}}})");
  CAF_CHECK_EQUAL(r.status, 422u);
  CAF_CHECK_EQUAL(text(body_of(r)["errors"].as_array().at(0), "pointer"),
                  "/properties/a/minimun");
  r = ask("PUT", "/v1/event-types/order",
          R"({"schema":{"$ref":"https://example.com/s.json"}})");
  CAF_CHECK_EQUAL(r.status, 422u);
  CAF_CHECK_EQUAL(text(body_of(r)["errors"].as_array().at(0), "pointer"),
                  "/schema/$ref");
  CAF_CHECK_EQUAL(ask("PUT", "/v1/event-types/order", "{").status, 400u);
  CAF_CHECK_EQUAL(
      ask("PUT", "/v1/event-types/order", R"({"schema":{},"a":1})").status,
      422u);
  CAF_CHECK_EQUAL(
      ask("PUT", "/v1/event-types/" + std::string(1025, 'a'), "{}").status,
      422u);
  CAF_CHECK_EQUAL(ask("PUT", "/v1/event-types/a%0Ab", "{}").status, 422u);
  CAF_CHECK_EQUAL(ask("GET", "/v1/event-types/order").status, 404u);
}

CAF_TEST(what_get_shows_can_be_put_and_versions_are_kept) {
  ask("PUT", "/v1/event-types/a%2Fb", number_schema);
  auto shown = ask("GET", "/v1/event-types/a%2Fb");
  CAF_CHECK_EQUAL(text(body_of(shown), "type"), "a/b");
  CAF_CHECK_EQUAL(text(body_of(shown), "published_by"), "shop");
  auto again =
      ask("PUT", "/v1/event-types/a%2Fb", shown.body, {{"If-Match", "\"1\""}});
  CAF_CHECK_EQUAL(again.status, 200u);
  CAF_CHECK(body_of(again)["schema"] == json::parse(number_schema));
  CAF_CHECK_EQUAL(
      ask("PUT", "/v1/event-types/a%2Fb", "{}", {{"If-Match", "\"1\""}}).status,
      412u);
  CAF_CHECK_EQUAL(
      ask("PUT", "/v1/event-types/a%2Fb", "{}", {{"If-None-Match", "*"}})
          .status,
      412u);
  ask("DELETE", "/v1/event-types/a%2Fb");
  auto all = body_of(ask("GET", "/v1/event-types/a%2Fb/versions"));
  CAF_REQUIRE_EQUAL(all["items"].as_array().size(), 3u);
  CAF_CHECK(all["items"].as_array()[0].at("deleted").as_bool());
  CAF_CHECK(body_of(ask("GET", "/v1/event-types"))["items"].as_array().empty());
  CAF_CHECK_EQUAL(ask("GET", "/v1/event-types/x/versions").status, 404u);
}

CAF_TEST(a_format_that_is_not_checked_is_noted_in_the_answer) {
  auto r = ask("PUT", "/v1/event-types/t", R"({"format":"iri"})");
  CAF_CHECK_EQUAL(r.status, 201u);
  CAF_CHECK_EQUAL(text(body_of(r)["notes"].as_array().at(0), "pointer"),
                  "/format");
}

// --- quarantine --------------------------------------------------------------

CAF_TEST(what_is_refused_becomes_a_dead_letter_with_its_bytes) {
  ask("PUT", "/v1/event-types/order", number_schema);
  start_mover();
  post(bad_order);
  pass(1s);
  CAF_CHECK(stream->quarantined().empty());
  auto all = letters();
  CAF_REQUIRE_EQUAL(all.size(), 1u);
  CAF_CHECK_EQUAL(text(all[0], "state"), "pending");
  CAF_CHECK_EQUAL(text(all[0], "type"), "order");
  CAF_CHECK_EQUAL(text(all[0], "key_id"), "k-1");
  CAF_CHECK(!all[0].as_object().contains("original"));
  auto one = body_of(ask("GET", "/v1/dead-letters/" + text(all[0], "id")));
  CAF_CHECK_EQUAL(text(one, "original"), bad_order);
  CAF_CHECK_EQUAL(text(one["errors"].as_array().at(0), "pointer"),
                  "#/data/total");
  post("\xff");
  pass(1s);
  auto newest =
      body_of(ask("GET", "/v1/dead-letters/" + text(letters()[0], "id")));
  CAF_CHECK_EQUAL(text(newest, "original_base64"), "/w==");
}

CAF_TEST(a_crash_between_keeping_and_removing_doubles_nothing) {
  post("{");
  post("[");
  removes = false;
  start_mover();
  CAF_CHECK_EQUAL(db->dead_letters().size(), 2u);
  CAF_CHECK_EQUAL(stream->quarantined().size(), 2u);
  kill(mover);
  removes = true;
  start_mover();
  CAF_CHECK_EQUAL(db->dead_letters().size(), 2u);
  CAF_CHECK(stream->quarantined().empty());
}

CAF_TEST(without_the_database_what_is_refused_waits_in_redis) {
  post("{");
  break_store("dead_letter_store.keep", failure{errc::unavailable, "away"});
  start_mover();
  pass(3s);
  CAF_CHECK_EQUAL(stream->quarantined().size(), 1u);
  CAF_CHECK_EQUAL(times_logged("event=quarantine_waits"), 1u);
  break_store("dead_letter_store.keep", std::nullopt);
  pass(10s);
  CAF_CHECK(stream->quarantined().empty());
  CAF_CHECK_EQUAL(db->dead_letters().size(), 1u);
}

CAF_TEST(a_letter_that_postgresql_refuses_holds_up_no_other) {
  for (auto* bad : {"{", "[", "}"})
    post(bad);
  size_t asked = 0;
  db->fault = [&](std::string_view what) -> std::optional<failure> {
    // The page, then the first letter alone.
    if (what == "dead_letter_store.keep" && ++asked <= 2)
      return failure{errc::rejected, "no"};
    return std::nullopt;
  };
  start_mover();
  CAF_CHECK(stream->quarantined().empty());
  CAF_CHECK_EQUAL(db->dead_letters().size(), 2u);
  CAF_CHECK_EQUAL(times_logged("event=dead_letter_not_kept"), 1u);
}

// --- replay and discard ------------------------------------------------------

CAF_TEST(a_letter_is_replayed_once_its_schema_is_mended) {
  ask("PUT", "/v1/event-types/order", number_schema);
  start_mover();
  post(bad_order);
  pass(1s);
  auto id = text(letters()[0], "id");
  auto event_id = text(letters()[0], "event_id");
  CAF_CHECK(!event_id.empty());
  auto still = ask("POST", "/v1/dead-letters/" + id + "/replay");
  CAF_CHECK_EQUAL(still.status, 422u);
  CAF_CHECK_EQUAL(text(body_of(still)["errors"].as_array().at(0), "pointer"),
                  "#/data/total");
  CAF_CHECK(in_stream().empty());
  CAF_CHECK_EQUAL(letters()[0].at("attempts").to_number<int>(), 1);
  CAF_CHECK_EQUAL(text(letters()[0], "state"), "pending");
  ask("PUT", "/v1/event-types/order", "{}");
  auto done = ask("POST", "/v1/dead-letters/" + id + "/replay");
  CAF_CHECK_EQUAL(done.status, 200u);
  CAF_CHECK_EQUAL(text(body_of(done)["events"].as_array().at(0), "id"),
                  event_id);
  auto events = in_stream();
  CAF_REQUIRE_EQUAL(events.size(), 1u);
  CAF_CHECK_EQUAL(events[0].id, event_id);
  CAF_CHECK_EQUAL(events[0].source, "shop");
  CAF_CHECK_EQUAL(events[0].payload, R"({"total":"12"})");
  CAF_CHECK_EQUAL(text(letters()[0], "state"), "replayed");
  CAF_CHECK_EQUAL(text(letters()[0], "settled_by"), "shop");
  CAF_CHECK_EQUAL(ask("POST", "/v1/dead-letters/" + id + "/replay").status,
                  409u);
  CAF_CHECK_EQUAL(in_stream().size(), 1u);
}

CAF_TEST(a_replay_that_is_cut_off_is_finished_by_the_next_one) {
  start_mover();
  post(R"([{"type":"a"},{"subject":"no type","data":1}])");
  pass(1s);
  // The client sends the same event itself meanwhile, and it is stored.
  auto id = text(letters()[0], "id");
  auto& letter = tables->letters.begin()->second;
  letter.what.original = R"({"id":"1","source":"/s","type":"t"})";
  letter.facts.bytes = letter.what.original.size();
  break_store("dead_letter_store.settle", failure{errc::unavailable, "away"});
  auto cut = ask("POST", "/v1/dead-letters/" + id + "/replay");
  CAF_CHECK_EQUAL(cut.status, 503u);
  CAF_CHECK(text(body_of(cut), "type").find("outcome-unknown") !=
            std::string::npos);
  auto before = in_stream().size();
  break_store("dead_letter_store.settle", std::nullopt);
  auto done = body_of(ask("POST", "/v1/dead-letters/" + id + "/replay"));
  CAF_CHECK_EQUAL(text(done["events"].as_array().at(0), "status"), "duplicate");
  CAF_CHECK_EQUAL(in_stream().size(), before);
}

CAF_TEST(what_is_stored_already_is_not_added_however_long_ago) {
  auto lease = take_lease("p0", "me");
  auto e = sample_event({0, day_start_ms, 0}, "old");
  CAF_REQUIRE(
      memory::make_event_store(db)->persist(sample_request(lease, {e})).ok());
  start_mover();
  post("{");
  pass(1s);
  auto& letter = tables->letters.begin()->second;
  letter.what.original = json::serialize(json::object{
      {"id", "old"}, {"source", e.document.source}, {"type", "t"}});
  if (auto* key = find_extension(e.document, "partitionkey"))
    letter.what.original.insert(
        1, R"("partitionkey":)" +
               json::serialize(json::string(std::get<std::string>(*key))) +
               ',');
  letter.facts.bytes = letter.what.original.size();
  auto done = body_of(
      ask("POST", "/v1/dead-letters/" + text(letters()[0], "id") + "/replay"));
  CAF_CHECK_EQUAL(text(done["events"].as_array().at(0), "status"), "duplicate");
  CAF_CHECK_EQUAL(text(done["events"].as_array().at(0), "position"),
                  to_string(e.where));
  CAF_CHECK(in_stream().empty());
}

CAF_TEST(many_letters_are_replayed_by_filter) {
  ask("PUT", "/v1/event-types/order", number_schema);
  start_mover();
  for (int i = 0; i < 5; ++i)
    post(bad_order);
  post("{");
  pass(1s);
  ask("PUT", "/v1/event-types/order", "{}");
  auto first =
      body_of(ask("POST", "/v1/dead-letters/replay?type=order&limit=3"));
  CAF_CHECK_EQUAL(first["replayed"].to_number<int>(), 3);
  auto cursor = text(first, "next");
  CAF_CHECK(!cursor.empty());
  auto rest = body_of(ask("POST", "/v1/dead-letters/replay",
                          R"({"type":"order","cursor":")" + cursor + "\"}"));
  CAF_CHECK_EQUAL(rest["replayed"].to_number<int>(), 2);
  CAF_CHECK(rest["next"].is_null());
  CAF_CHECK_EQUAL(in_stream().size(), 5u);
  auto all = body_of(ask("POST", "/v1/dead-letters/replay"));
  CAF_CHECK_EQUAL(all["failed"].to_number<int>(), 1);
  CAF_CHECK_EQUAL(letters("?state=pending").size(), 1u);
  CAF_CHECK_EQUAL(letters("?state=replayed&type=order&key=shop").size(), 5u);
  CAF_CHECK_EQUAL(letters("?kind=row").size(), 0u);
}

CAF_TEST(letters_are_discarded_with_their_bytes) {
  start_mover();
  for (auto* bad : {"{", "[", "}"})
    post(bad);
  pass(1s);
  auto id = text(letters()[0], "id");
  CAF_CHECK_EQUAL(ask("POST", "/v1/dead-letters/" + id + "/discard").status,
                  204u);
  CAF_CHECK_EQUAL(ask("DELETE", "/v1/dead-letters/" + id).status, 409u);
  CAF_CHECK_EQUAL(ask("DELETE", "/v1/dead-letters/none").status, 404u);
  auto one = body_of(ask("GET", "/v1/dead-letters/" + id));
  CAF_CHECK_EQUAL(text(one, "state"), "discarded");
  CAF_CHECK_EQUAL(text(one, "original"), "");
  CAF_CHECK_EQUAL(ask("POST", "/v1/dead-letters/discard").status, 422u);
  CAF_CHECK_EQUAL(
      ask("POST", "/v1/dead-letters/discard", R"({"color":"x"})").status, 422u);
  auto done = body_of(ask("POST", "/v1/dead-letters/discard?key=shop"));
  CAF_CHECK_EQUAL(done["discarded"].to_number<int>(), 2);
  CAF_CHECK_EQUAL(letters("?state=pending").size(), 0u);
}

CAF_TEST(an_event_that_one_rule_passed_over_is_not_replayed) {
  dead_letter letter;
  letter.id = "x";
  letter.kind = "evaluation";
  letter.headers_json = R"({"rule":"r"})";
  letter.where = position{0, 5, 0};
  CAF_REQUIRE(memory::make_event_store(db)->keep_dead_letters({letter}).ok());
  CAF_CHECK_EQUAL(ask("POST", "/v1/dead-letters/x/replay").status, 409u);
  CAF_CHECK_EQUAL(ask("POST", "/v1/dead-letters/x/discard").status, 204u);
}

CAF_TEST(without_a_stream_a_letter_stays_pending) {
  start_mover();
  post("{");
  pass(1s);
  auto& letter = tables->letters.begin()->second;
  letter.what.original = R"({"type":"t"})";
  letter.facts.bytes = letter.what.original.size();
  stream->set_away(true);
  auto id = text(letters()[0], "id");
  CAF_CHECK_EQUAL(ask("POST", "/v1/dead-letters/" + id + "/replay").status,
                  503u);
  auto many = ask("POST", "/v1/dead-letters/replay");
  CAF_CHECK_EQUAL(many.status, 503u);
  CAF_CHECK_EQUAL(body_of(many)["replayed"].to_number<int>(), 0);
  CAF_CHECK_EQUAL(text(letters()[0], "state"), "pending");
  stream->set_away(false);
  CAF_CHECK_EQUAL(ask("POST", "/v1/dead-letters/" + id + "/replay").status,
                  200u);
}

CAF_TEST_FIXTURE_SCOPE_END()
