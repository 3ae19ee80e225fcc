#pragma once
// The control actor with what it speaks to, on the memory adapters: a request
// in, its answer out. Include it last.

#include "actors/control.hpp"
#include "actors/key_keeper.hpp"
#include "actors/schema_keeper.hpp"
#include "actors/stream_writer.hpp"
#include "runtime/core/base/hash.hpp"

#include <boost/json.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "runtime/adapters/memory/memory_intake.hpp"
#include "tests/support/actor_fixture.hpp"

namespace eventpulse::test {

namespace json = boost::json;

inline const std::string rule_r = R"({"id":"r","kind":"match","when":"true"})";

/// Arrays within arrays.
inline std::string nested(int depth) {
  return std::string(static_cast<size_t>(depth), '[') +
         std::string(static_cast<size_t>(depth), ']');
}

struct control_desk : actor_fixture {
  memory::intake_tables_ptr tables =
      std::make_shared<memory::intake_tables>(db);
  metrics meters{metrics_options{}};
  control_actor desk;
  stream_writer_actor writer;
  key_keeper_actor keeper;
  std::vector<http_reply> replies;

  control_desk() {
    for (auto s :
         {scope::admin, scope::rules_read, scope::rules_write,
          scope::events_read, scope::alerts_read, scope::alerts_write}) {
      api_key key;
      key.id = key.name = std::string(to_string(s));
      key.hash = sha256_hex("ep_" + key.name);
      key.scopes = {s};
      CAF_REQUIRE(memory::make_key_store(db)->add(key, {}).ok());
    }
    CAF_REQUIRE(stream->open(0, {}).ok());
    desk = start_desk();
    start_others();
  }
  ~control_desk() override {
    desk = nullptr;
    writer = nullptr;
    keeper = nullptr;
  }

  control_actor start_desk() {
    control_setup setup;
    setup.open_stores = [this] {
      auto out = std::make_unique<control_stores>();
      out->rules = memory::make_rule_store(db);
      out->channels = memory::make_channel_store(db);
      out->keys = memory::make_key_store(db);
      out->events = memory::make_event_store(db);
      out->outcomes = memory::make_outcome_store(db);
      out->deliveries = memory::make_delivery_store(db);
      out->event_types = memory::make_event_type_store(tables);
      out->dead_letters = memory::make_dead_letter_store(tables);
      out->audit = memory::make_audit_store(db);
      return out;
    };
    setup.open_hints = [this] { return memory::make_hint_bus(stream); };
    setup.directory = directory;
    setup.surroundings = surroundings;
    setup.log = log;
    auto made = live(sys.spawn(control, setup));
    settle();
    return made;
  }

  void start_others() {
    stream_writer_setup writes;
    writes.open_log = [this] { return memory::make_appender(stream); };
    writes.log = log;
    writes.detached = false;
    writer = live(spawn_stream_writer(sys, writes));
    announce("stream_writer", caf::actor_cast<caf::actor>(writer));
    key_keeper_setup keeps;
    keeps.open_store = [this] { return memory::make_key_store(db); };
    keeps.open_mirror = [this] { return memory::make_key_mirror(stream); };
    keeps.directory = directory;
    keeps.log = log;
    keeper = live(sys.spawn(key_keeper, keeps));
    schema_keeper_setup knows;
    knows.open_store = [this] { return memory::make_event_type_store(tables); };
    knows.open_mirror = [this] {
      return memory::make_event_type_mirror(stream);
    };
    knows.directory = directory;
    knows.log = log;
    live(sys.spawn(schema_keeper, knows));
    settle();
  }

  http_exchange request(const std::string& method, const std::string& target,
                        std::string body = {}, http_headers more = {},
                        const std::string& key = "admin") {
    auto head = std::make_shared<http_request>();
    head->method = method;
    auto mark = target.find('?');
    head->path = target.substr(0, mark);
    head->query = mark == target.npos ? "" : target.substr(mark + 1);
    head->headers = std::move(more);
    head->headers.emplace_back("Authorization", "Bearer ep_" + key);
    http_exchange call;
    call.head = head;
    call.body = std::move(body);
    call.reply = [this](http_reply r) { replies.push_back(std::move(r)); };
    return call;
  }

  http_response last() {
    if (replies.size() != 1)
      CAF_FAIL(replies.size() << " replies");
    return std::get<http_response>(replies.front());
  }

  http_response ask_desk(const std::string& method, const std::string& target,
                         std::string body = {}, http_headers more = {},
                         const std::string& key = "admin") {
    replies.clear();
    caf::anon_send(
        desk, request(method, target, std::move(body), std::move(more), key));
    settle();
    return last();
  }

  static json::object body_of(const http_response& r) {
    json::parse_options deep;
    deep.max_depth = 2000;
    return json::parse(r.body, {}, deep).as_object();
  }
  static std::string header(const http_response& r, std::string_view name) {
    http_request head;
    head.headers = r.headers;
    return std::string(find_header(head, name));
  }
  size_t in_stream() { return stream->entries(0).size(); }
};

} // namespace eventpulse::test
