#define CAF_SUITE intake
#define FAIL CAF_FAIL

// The intake actor with stream_writer and key_keeper: from a request to the
// stream and back to an answer.

#include "actors/intake.hpp"
#include "actors/key_keeper.hpp"
#include "actors/schema_keeper.hpp"
#include "actors/stream_writer.hpp"
#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/limits.hpp"

#include <boost/json.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <zlib.h>

#include <optional>

#include "runtime/adapters/memory/memory_intake.hpp"
#include "tests/support/actor_fixture.hpp"

using namespace eventpulse;
using namespace eventpulse::test;
namespace json = boost::json;

namespace {

constexpr auto one_event = "application/cloudevents+json";
constexpr auto many_events = "application/cloudevents-batch+json";
constexpr auto lines = "application/x-ndjson";

/// Counts how many calls it gets and of how many entries.
class counting_appender : public log_appender {
public:
  counting_appender(std::unique_ptr<log_appender> in,
                    std::vector<size_t>& sizes)
      : in_(std::move(in)), sizes_(sizes) {}
  result<std::vector<position>>
  append(std::span<const append_entry> entries) override {
    sizes_.push_back(entries.size());
    return in_->append(entries);
  }
  result<void> quarantine(const stream_fields& fields) override {
    return in_->quarantine(fields);
  }
  result<void> probe() override { return in_->probe(); }

private:
  std::unique_ptr<log_appender> in_;
  std::vector<size_t>& sizes_;
};

std::string cloud_event(const std::string& id, const std::string& more = {}) {
  return R"({"specversion":"1.0","source":"/s","type":"t","id":")" + id + '"' +
         more + '}';
}

std::string batch_of(int first, int last) {
  std::string out;
  for (int i = first; i <= last; ++i)
    out += (out.empty() ? "" : ",") + cloud_event(std::to_string(i));
  return '[' + out + ']';
}

std::string gzip(const std::string& text) {
  z_stream z{};
  deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, text.size()) + 32, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

struct fixture : actor_fixture {
  memory::intake_tables_ptr tables =
      std::make_shared<memory::intake_tables>(db);
  intake_actor door;
  stream_writer_actor writer;
  key_keeper_actor keeper;
  schema_keeper_actor schemas;
  std::vector<size_t> appended; // the size of every call
  std::vector<http_reply> replies;

  fixture() {
    add_key("writer", {scope::events_write});
    add_key("reader", {scope::events_read});
    CAF_REQUIRE(stream->open(0, {}).ok());
    start_writer();
    start_keeper();
    start_schema_keeper();
    intake_setup setup;
    setup.directory = directory;
    setup.surroundings = surroundings;
    setup.log = log;
    door = live(sys.spawn(intake_fun, setup));
    settle();
  }
  ~fixture() override {
    door = nullptr;
    writer = nullptr;
    keeper = nullptr;
    schemas = nullptr;
  }

  void start_writer() {
    stream_writer_setup setup;
    setup.open_log = [this] {
      return std::make_unique<counting_appender>(memory::make_appender(stream),
                                                 appended);
    };
    setup.log = log;
    setup.detached = false;
    writer = live(spawn_stream_writer(sys, setup));
    announce("stream_writer", caf::actor_cast<caf::actor>(writer));
  }

  void start_keeper() {
    key_keeper_setup setup;
    setup.open_store = [this] { return memory::make_key_store(db); };
    setup.open_mirror = [this] { return memory::make_key_mirror(stream); };
    setup.directory = directory;
    setup.log = log;
    keeper = live(sys.spawn(key_keeper, setup));
    settle();
  }

  void start_schema_keeper() {
    schema_keeper_setup setup;
    setup.open_store = [this] { return memory::make_event_type_store(tables); };
    setup.open_mirror = [this] {
      return memory::make_event_type_mirror(stream);
    };
    setup.directory = directory;
    setup.log = log;
    schemas = live(sys.spawn(schema_keeper, setup));
    settle();
  }

  void add_key(const std::string& name, std::vector<scope> scopes) {
    api_key key;
    key.id = name;
    key.name = name;
    key.hash = sha256_hex("ep_" + name);
    key.scopes = std::move(scopes);
    CAF_REQUIRE(memory::make_key_store(db)->add(key, {}).ok());
  }

  http_exchange request(const std::string& type, std::string body,
                        std::string query = {}, http_headers more = {}) {
    auto head = std::make_shared<http_request>();
    head->method = "POST";
    head->path = "/v1/events";
    head->query = std::move(query);
    head->headers = {{"Authorization", "Bearer ep_writer"},
                     {"Content-Type", type}};
    head->headers.insert(head->headers.begin(), more.begin(), more.end());
    http_exchange call;
    call.head = head;
    call.body = std::move(body);
    call.reply = [this](http_reply r) { replies.push_back(std::move(r)); };
    return call;
  }

  void send(http_exchange call) { caf::anon_send(door, std::move(call)); }

  /// The answer to the call, after which nothing more comes.
  http_reply answer_of(http_exchange call) {
    replies.clear();
    send(std::move(call));
    settle();
    if (replies.size() != 1)
      CAF_FAIL(replies.size() << " replies");
    return replies.front();
  }

  http_response post(const std::string& type, std::string body,
                     std::string query = {}, http_headers more = {}) {
    auto r = answer_of(request(type, std::move(body), query, std::move(more)));
    auto* response = std::get_if<http_response>(&r);
    CAF_REQUIRE(response != nullptr);
    return *response;
  }

  /// A streamed body, piece by piece; the answer to the last one, or the first
  /// that ends it early.
  http_response stream_in(std::vector<std::string> pieces,
                          std::string query = {}, http_headers more = {}) {
    std::shared_ptr<void> context;
    for (size_t i = 0; i < pieces.size(); ++i) {
      auto call = request(lines, pieces[i], query, more);
      call.streamed = true;
      call.last = i + 1 == pieces.size();
      call.context = context;
      auto r = answer_of(std::move(call));
      if (auto* end = std::get_if<http_response>(&r))
        return *end;
      context = std::get<http_continue>(r).context;
      CAF_CHECK(context != nullptr);
    }
    CAF_FAIL("the body was never answered");
  }

  static json::object body_of(const http_response& r) {
    return json::parse(r.body).as_object();
  }
  size_t in_stream() { return stream->entries(0).size(); }
  static std::string id_of(const raw_entry& entry) {
    auto decoded = intake::decode(entry.fields);
    CAF_REQUIRE(decoded.ok());
    return std::get<intake::accepted_event>(*decoded).document.id;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(intake_tests, fixture)

// --- one event ---------------------------------------------------------------

CAF_TEST(one_event_is_accepted_when_it_is_in_the_stream) {
  auto r = post(one_event, cloud_event("a"));
  CAF_CHECK_EQUAL(r.status, 202u);
  CAF_REQUIRE_EQUAL(in_stream(), 1u);
  auto body = body_of(r);
  CAF_CHECK_EQUAL(body["id"].as_string(), "a");
  CAF_CHECK_EQUAL(body["status"].as_string(), "accepted");
  CAF_CHECK_EQUAL(std::string(body["position"].as_string()),
                  to_string(stream->entries(0).front().where));
}

CAF_TEST(the_same_event_again_is_a_duplicate_with_the_first_position) {
  auto first = body_of(post(one_event, cloud_event("a")));
  auto r = post(one_event, cloud_event("a"));
  CAF_CHECK_EQUAL(r.status, 200u);
  auto second = body_of(r);
  CAF_CHECK_EQUAL(second["status"].as_string(), "duplicate");
  CAF_CHECK_EQUAL(second["position"].as_string(),
                  first["position"].as_string());
  CAF_CHECK_EQUAL(in_stream(), 1u);
}

CAF_TEST(an_event_is_remembered_only_when_its_answer_came) {
  stream->lose_answers(1);
  CAF_CHECK_EQUAL(post(one_event, cloud_event("a")).status, 503u);
  auto r = post(one_event, cloud_event("a"));
  CAF_CHECK_EQUAL(r.status, 202u); // added again; the persister finds it
  CAF_CHECK_EQUAL(in_stream(), 2u);
}

CAF_TEST(an_idempotency_key_makes_the_same_ids) {
  const auto* plain = "application/json";
  const auto* body = R"({"type":"t","data":1})";
  auto once = post(plain, body, "", {{"Idempotency-Key", "\"k1\""}});
  CAF_CHECK_EQUAL(once.status, 202u);
  auto again = post(plain, body, "", {{"Idempotency-Key", "k1"}});
  CAF_CHECK_EQUAL(again.status, 200u);
  auto first = body_of(once), second = body_of(again);
  CAF_CHECK_EQUAL(first["id"].as_string(), second["id"].as_string());
  CAF_CHECK_EQUAL(post(plain, body, "", {{"Idempotency-Key", "k2"}}).status,
                  202u);
  CAF_CHECK_EQUAL(in_stream(), 2u);
}

CAF_TEST(another_body_under_the_same_idempotency_key_is_refused_not_lost) {
  const auto* plain = "application/json";
  http_headers key{{"Idempotency-Key", "k1"}};
  auto first = post(plain, R"({"type":"t","data":1})", "", key);
  CAF_CHECK_EQUAL(post(plain, R"({"type":"t","data":2})", "", key).status,
                  422u);
  CAF_CHECK_EQUAL(in_stream(), 1u);
  CAF_CHECK_EQUAL(
      post(plain, R"({"type":"t"})", "", {{"Idempotency-Key", "\""}}).status,
      400u);
}

CAF_TEST(a_parameter_that_is_misspelt_does_not_look_as_if_it_held) {
  for (const auto* query : {"atomc=true", "atomic=yes", "atomic=", "a"})
    CAF_CHECK_EQUAL(post(one_event, cloud_event("a"), query).status, 422u);
  CAF_CHECK_EQUAL(post(one_event, cloud_event("a"), "atomic=%zz").status, 400u);
  CAF_CHECK_EQUAL(in_stream(), 0u);
  CAF_CHECK_EQUAL(post(one_event, cloud_event("a"), "%61tomic=%74rue").status,
                  202u);
}

CAF_TEST(malformed_and_invalid_events_are_named_and_quarantined) {
  auto malformed = post(one_event, "{\"specversion\":");
  CAF_CHECK_EQUAL(malformed.status, 400u);
  auto invalid = post(one_event, R"({"specversion":"1.0","id":"x"})");
  CAF_CHECK(invalid.status == 400u || invalid.status == 422u);
  CAF_CHECK_EQUAL(invalid.content_type, "application/problem+json");
  CAF_CHECK_EQUAL(in_stream(), 0u);
  CAF_CHECK_EQUAL(stream->quarantined().size(), 2u);
}

CAF_TEST(what_is_not_our_type_is_refused) {
  CAF_CHECK_EQUAL(post("text/html", "<p>").status, 415u);
}

CAF_TEST(quarantine_is_bounded_for_each_second_and_key) {
  for (int i = 0; i < 150; ++i)
    post(one_event, "{");
  CAF_CHECK_EQUAL(stream->quarantined().size(), 100u);
  surroundings->now += 1000;
  post(one_event, "{");
  CAF_CHECK_EQUAL(stream->quarantined().size(), 101u);
}

// --- keys --------------------------------------------------------------------

CAF_TEST(no_key_and_no_scope_are_told_apart) {
  CAF_CHECK_EQUAL(
      post(one_event, cloud_event("a"), "", {{"Authorization", "Bearer ep_x"}})
          .status,
      401u);
  CAF_CHECK_EQUAL(post(one_event, cloud_event("a"), "",
                       {{"Authorization", "Bearer ep_reader"}})
                      .status,
                  403u);
  CAF_CHECK_EQUAL(in_stream(), 0u);
}

CAF_TEST(a_revoked_key_is_out_within_a_second) {
  CAF_CHECK_EQUAL(post(one_event, cloud_event("a")).status, 202u);
  CAF_REQUIRE(
      memory::make_key_store(db)->revoke("writer", surroundings->now, {}).ok());
  pass(1s);
  CAF_CHECK_EQUAL(post(one_event, cloud_event("b")).status, 401u);
}

CAF_TEST(while_the_database_is_away_the_mirror_is_the_source) {
  break_store("key_store.load", failure{errc::unavailable, "away"});
  kill(keeper);
  start_keeper(); // a restart in between
  CAF_CHECK(logged("event=keys_from_mirror"));
  CAF_CHECK_EQUAL(post(one_event, cloud_event("a")).status, 202u);
  // Another process, which has its database, mirrors a revocation.
  auto newer = *stream->load_keys();
  ++newer.version;
  for (auto& [hash, key] : newer.by_hash)
    key.revoked_at_ms = 1;
  CAF_REQUIRE(stream->store_keys(newer).ok());
  pass(1s);
  CAF_CHECK_EQUAL(post(one_event, cloud_event("b")).status, 401u);
}

CAF_TEST(with_neither_the_last_known_keys_stay) {
  break_store("key_store.load", failure{errc::unavailable, "away"});
  stream->wipe();
  CAF_REQUIRE(stream->open(0, {}).ok());
  pass(5s);
  CAF_CHECK_EQUAL(post(one_event, cloud_event("a")).status, 202u);
}

CAF_TEST(a_mirror_that_came_back_empty_is_told_again) {
  stream->wipe();
  pass(61s);
  CAF_CHECK(!stream->load_keys()->by_hash.empty());
}

// --- the stream away ---------------------------------------------------------

CAF_TEST(a_stream_that_is_away_or_full_is_503_and_works_again_by_itself) {
  stream->set_away(true);
  auto r = post(one_event, cloud_event("a"));
  CAF_CHECK_EQUAL(r.status, 503u);
  http_request head;
  head.headers = r.headers;
  CAF_CHECK(!find_header(head, "retry-after").empty());
  stream->set_away(false);
  stream->fail_next(1, {errc::overloaded, "full"});
  CAF_CHECK_EQUAL(post(one_event, cloud_event("a")).status, 503u);
  CAF_CHECK_EQUAL(post(one_event, cloud_event("a")).status, 202u);
}

CAF_TEST(a_lost_answer_names_what_may_be_there) {
  stream->lose_answers(1);
  auto r = post(many_events, batch_of(1, 2));
  CAF_CHECK_EQUAL(r.status, 503u);
  auto body = body_of(r);
  CAF_CHECK(std::string(body["type"].as_string()).find("outcome-unknown") !=
            std::string::npos);
  auto& named = body["events"].as_array();
  CAF_REQUIRE_EQUAL(named.size(), 2u);
  CAF_CHECK_EQUAL(named[1].as_object()["id"].as_string(), "2");
}

CAF_TEST(a_writer_that_dies_leaves_nobody_waiting) {
  replies.clear();
  send(request(one_event, cloud_event("a")));
  // The request is in the writer's hands, its flush is not done yet.
  while (appended.empty() && sched.try_run_once())
    if (!sched.jobs.empty() && replies.empty() &&
        caf::actor_cast<caf::actor>(writer))
      break;
  kill(writer);
  CAF_REQUIRE_EQUAL(replies.size(), 1u);
  CAF_CHECK_EQUAL(std::get<http_response>(replies.front()).status, 503u);
  CAF_CHECK_EQUAL(post(one_event, cloud_event("b")).status, 503u);
  start_writer();
  CAF_CHECK_EQUAL(post(one_event, cloud_event("b")).status, 202u);
}

CAF_TEST(before_keys_and_stream_are_known_it_says_that_it_starts) {
  intake_setup setup;
  setup.directory = live(spawn_directory(sys));
  setup.surroundings = surroundings;
  auto early = live(sys.spawn(intake_fun, setup));
  caf::anon_send(early, request(one_event, cloud_event("a")));
  auto piece = request(lines, cloud_event("a"));
  piece.streamed = true;
  caf::anon_send(early, piece);
  settle();
  CAF_REQUIRE_EQUAL(replies.size(), 2u);
  for (auto& r : replies)
    CAF_CHECK_EQUAL(std::get<http_response>(r).status, 503u);
}

// --- many --------------------------------------------------------------------

CAF_TEST(many_are_answered_item_by_item) {
  post(one_event, cloud_event("2"));
  auto r = post("application/json",
                R"([{"id":"1","source":"/s","type":"t"},
                    {"id":"2","source":"/s","type":"t"},
                    {"id":"x"},
                    {"id":"3","source":"/s","type":"t"}])");
  CAF_REQUIRE_EQUAL(r.status, 202u);
  auto body = body_of(r);
  CAF_CHECK_EQUAL(body["accepted"].to_number<int>(), 3);
  CAF_CHECK_EQUAL(body["rejected"].to_number<int>(), 1);
  auto& results = body["results"].as_array();
  CAF_REQUIRE_EQUAL(results.size(), 4u);
  CAF_CHECK_EQUAL(results[1].as_object()["status"].as_string(), "duplicate");
  CAF_CHECK(results[2].as_object().contains("problem"));
  CAF_CHECK_EQUAL(in_stream(), 3u);
  CAF_CHECK_EQUAL(stream->quarantined().size(), 1u);
}

CAF_TEST(with_atomic_one_bad_item_refuses_all) {
  auto body = '[' + cloud_event("1") + R"(,{"specversion":"1.0"}])";
  auto r = post(many_events, body, "atomic=true");
  CAF_CHECK_EQUAL(r.status, 422u);
  CAF_CHECK_EQUAL(in_stream(), 0u);
  CAF_CHECK_EQUAL(post(many_events, batch_of(1, 2), "atomic=true").status,
                  202u);
  CAF_CHECK_EQUAL(in_stream(), 2u);
}

CAF_TEST(only_bad_items_are_422) {
  auto r = post(many_events, R"([{"specversion":"1.0"}])");
  CAF_CHECK_EQUAL(r.status, 422u);
}

CAF_TEST(more_events_than_one_transaction_takes_go_in_pieces) {
  auto most = static_cast<int>(limits::append_batch_max);
  auto r = post(many_events, batch_of(1, most + 1));
  CAF_CHECK_EQUAL(r.status, 202u);
  CAF_CHECK_EQUAL(in_stream(), limits::append_batch_max + 1);
  CAF_CHECK_EQUAL(appended.size(), 2u);
  auto last = body_of(r)["results"].as_array().back().as_object();
  CAF_CHECK_EQUAL(std::string(last["position"].as_string()),
                  to_string(stream->entries(0).back().where));
}

CAF_TEST(atomic_is_for_what_one_transaction_takes) {
  auto most = static_cast<int>(limits::append_batch_max);
  CAF_CHECK_EQUAL(
      post(many_events, batch_of(1, most + 1), "atomic=true").status, 413u);
  CAF_CHECK_EQUAL(in_stream(), 0u);
  CAF_CHECK_EQUAL(post(many_events, batch_of(1, most), "atomic=true").status,
                  202u);
}

CAF_TEST(requests_that_wait_together_go_in_one_transaction) {
  replies.clear();
  for (int i = 0; i < 20; ++i)
    send(request(one_event, cloud_event(std::to_string(i))));
  settle();
  CAF_CHECK_EQUAL(replies.size(), 20u);
  for (auto& r : replies)
    CAF_CHECK_EQUAL(std::get<http_response>(r).status, 202u);
  CAF_CHECK(appended.size() < 20);
  CAF_CHECK_EQUAL(in_stream(), 20u);
}

// --- NDJSON ------------------------------------------------------------------

CAF_TEST(lines_are_taken_piece_by_piece) {
  auto all =
      cloud_event("1") + '\n' + cloud_event("2") + "\n\n" + cloud_event("3");
  auto r = stream_in({all.substr(0, 10), all.substr(10, 70), all.substr(80)});
  CAF_CHECK_EQUAL(r.status, 202u);
  CAF_CHECK_EQUAL(body_of(r)["accepted"].to_number<int>(), 3);
  CAF_REQUIRE_EQUAL(in_stream(), 3u);
  CAF_CHECK_EQUAL(id_of(stream->entries(0)[2]), "3");
}

CAF_TEST(bad_lines_are_listed_by_number_and_the_rest_goes_in) {
  auto r = stream_in({cloud_event("1") + "\n{oops\n", cloud_event("3") + '\n'});
  CAF_CHECK_EQUAL(r.status, 202u);
  auto body = body_of(r);
  CAF_CHECK_EQUAL(body["accepted"].to_number<int>(), 2);
  CAF_CHECK_EQUAL(body["rejected"].to_number<int>(), 1);
  CAF_REQUIRE_EQUAL(body["results"].as_array().size(), 1u);
  CAF_CHECK_EQUAL(
      body["results"].as_array()[0].as_object()["index"].to_number<int>(), 2);
}

CAF_TEST(more_lines_than_one_transaction_takes_go_in_pieces) {
  std::string all;
  for (size_t i = 0; i < limits::append_batch_max + 500; ++i)
    all += cloud_event(std::to_string(i)) + '\n';
  CAF_CHECK_EQUAL(stream_in({all}).status, 202u);
  CAF_CHECK_EQUAL(in_stream(), limits::append_batch_max + 500);
}

CAF_TEST(a_stream_that_fails_says_at_which_line_to_go_on) {
  auto first = cloud_event("1") + '\n' + cloud_event("2") + '\n';
  std::shared_ptr<void> context;
  auto one = request(lines, first);
  one.streamed = true;
  one.last = false;
  auto going_on = answer_of(one);
  CAF_REQUIRE(std::holds_alternative<http_continue>(going_on));
  stream->fail_next(1);
  auto two = request(lines, cloud_event("3") + '\n');
  two.streamed = true;
  two.context = std::get<http_continue>(going_on).context;
  auto end = answer_of(two);
  auto& r = std::get<http_response>(end);
  CAF_CHECK_EQUAL(r.status, 503u);
  CAF_CHECK_EQUAL(body_of(r)["next_line"].to_number<int>(), 3);
}

CAF_TEST(a_restarted_actor_goes_on_with_the_body) {
  auto one =
      request(lines, cloud_event("1") + '\n' + cloud_event("2").substr(0, 20));
  one.streamed = true;
  one.last = false;
  auto going_on = answer_of(one);
  kill(door);
  intake_setup setup;
  setup.directory = directory;
  setup.surroundings = surroundings;
  setup.log = log;
  door = live(sys.spawn(intake_fun, setup));
  settle();
  auto two = request(lines, cloud_event("2").substr(20));
  two.streamed = true;
  two.context = std::get<http_continue>(going_on).context;
  auto end = answer_of(two);
  CAF_CHECK_EQUAL(
      body_of(std::get<http_response>(end))["accepted"].to_number<int>(), 2);
}

CAF_TEST(gzip_is_inflated_over_pieces) {
  std::string all;
  for (int i = 0; i < 5000; ++i)
    all += cloud_event(std::to_string(i)) + '\n';
  auto zipped = gzip(all);
  auto r = stream_in(
      {zipped.substr(0, 100), zipped.substr(100, 1000), zipped.substr(1100)},
      "", {{"Content-Encoding", "gzip"}});
  CAF_CHECK_EQUAL(r.status, 202u);
  CAF_CHECK_EQUAL(in_stream(), 5000u);
}

CAF_TEST(gzip_that_breaks_off_or_is_none_is_refused) {
  auto zipped = gzip(cloud_event("1") + '\n' + cloud_event("2") + '\n');
  http_headers coded{{"Content-Encoding", "gzip"}};
  CAF_CHECK_EQUAL(
      stream_in({zipped.substr(0, zipped.size() - 9)}, "", coded).status, 400u);
  CAF_CHECK_EQUAL(stream_in({"no gzip at all"}, "", coded).status, 400u);
  CAF_CHECK_EQUAL(
      stream_in({cloud_event("1")}, "", {{"Content-Encoding", "br"}}).status,
      415u);
}

CAF_TEST(a_streamed_body_keeps_no_promise_of_all_or_nothing) {
  CAF_CHECK(stream_in({cloud_event("1")}, "atomic=true").status >= 400);
  CAF_CHECK_EQUAL(in_stream(), 0u);
}

CAF_TEST(a_streamed_body_needs_its_key_first) {
  CAF_CHECK_EQUAL(
      stream_in({cloud_event("1")}, "", {{"Authorization", "Bearer ep_x"}})
          .status,
      401u);
}

CAF_TEST(an_empty_streamed_body_is_answered) {
  auto r = stream_in({""});
  CAF_CHECK(r.status == 202u || r.status == 400u);
}

// --- the writer alone --------------------------------------------------------

CAF_TEST(the_writer_says_whether_it_would_take_something) {
  CAF_CHECK(ask<caf::ok_atom>(writer, probe_atom::value).ok());
  stream->set_away(true);
  auto no = ask<caf::ok_atom>(writer, probe_atom::value);
  CAF_CHECK(!no.ok() && no.error().code == errc::unavailable);
}

CAF_TEST(what_cannot_be_quarantined_is_only_logged) {
  stream->set_away(true);
  std::vector<append_entry> refused{{0, {{"kind", "request"}}}};
  caf::anon_send(writer, quarantine_atom::value, share(refused));
  settle();
  CAF_CHECK(logged("event=quarantine_not_kept"));
}

CAF_TEST(a_later_piece_that_fails_has_an_unknown_outcome) {
  std::vector<append_entry> all;
  for (size_t i = 0; i < limits::append_batch_max + 1; ++i)
    all.push_back({0, fields_of(sample_document(std::to_string(i)))});
  class failing_second : public log_appender {
  public:
    explicit failing_second(std::unique_ptr<log_appender> in)
        : in_(std::move(in)) {}
    result<std::vector<position>>
    append(std::span<const append_entry> entries) override {
      if (++calls_ == 2)
        return {errc::unavailable, "away"};
      return in_->append(entries);
    }
    result<void> quarantine(const stream_fields&) override { return {}; }
    result<void> probe() override { return {}; }

  private:
    std::unique_ptr<log_appender> in_;
    int calls_ = 0;
  };
  stream_writer_setup setup;
  setup.open_log = [this] {
    return std::make_unique<failing_second>(memory::make_appender(stream));
  };
  setup.detached = false;
  auto other = live(spawn_stream_writer(sys, setup));
  auto refused = ask<append_receipts>(other, append_atom::value, share(all));
  CAF_CHECK(!refused.ok() && refused.error().code == errc::outcome_unknown);
}

CAF_TEST_FIXTURE_SCOPE_END()
