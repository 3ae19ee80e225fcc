// What can be done about deliveries: a test of a channel, and another try.

#include "actors/control_deliveries.hpp"

#include "actors/control_routes.hpp"
#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/time.hpp"
#include "runtime/core/intake/trace_context.hpp"

#include <array>

namespace eventpulse::routes {

namespace json = boost::json;

namespace {

/// How long a test's outcome is waited for: below server.reply_timeout's
/// default, so that the caller hears from us and not from the server.
constexpr std::chrono::milliseconds test_patience{8'000};

result<delivery_story> read_story(control_call& call, const std::string& id) {
  delivery_query q;
  q.id = id;
  q.limit = 1;
  auto found = call.stores.deliveries->query(q);
  if (!found)
    return found.error();
  if (found->empty())
    return failure{errc::not_found, "no delivery of this id"};
  return std::move(found->front());
}

delivery make_test(control_call& call, const std::string& to) {
  delivery d;
  auto now = call.surroundings.now_ms();
  std::array<uint8_t, 10> random{};
  call.surroundings.random(random.data(), random.size());
  d.id = uuid_v7(now, random);
  d.channel = to;
  d.type = channel_test_type;
  d.created_at_ms = now;
  auto parent = find_header(call.head, "traceparent");
  if (intake::parse_traceparent(parent))
    d.traceparent = parent;
  d.body = json::serialize(json::object{
      {"type", d.type},
      {"timestamp", format_rfc3339_ms(now)},
      {"data",
       {{"channel", to},
        {"test", true},
        {"summary", "a test of channel " + to + ", asked for by " +
                        call.by.name + "; nothing has happened"}}}});
  return d;
}

} // namespace

std::string_view name_of(delivery_state s) {
  switch (s) {
  case delivery_state::pending:
    return "pending";
  case delivery_state::delivered:
    return "delivered";
  case delivery_state::failed:
    return "failed";
  }
  return "unknown";
}

json::object delivery_object(const delivery_story& story) {
  auto& d = story.what;
  json::array attempts;
  for (auto& a : story.attempts) {
    json::object one{{"number", a.number},
                     {"started_at", format_rfc3339_ms(a.started_at_ms)},
                     {"duration_ms", a.duration_ms},
                     {"status", a.status}};
    if (!a.error.empty())
      one["error"] = a.error;
    if (!a.answer_excerpt.empty())
      one["answer"] = a.answer_excerpt;
    attempts.push_back(std::move(one));
  }
  json::object out{{"id", d.id},
                   {"alert", d.alert},
                   {"channel", d.channel},
                   {"type", d.type},
                   {"test", d.type == channel_test_type},
                   {"state", name_of(d.state)},
                   {"created_at", format_rfc3339_ms(d.created_at_ms)},
                   {"attempts", std::move(attempts)}};
  if (d.alert.empty())
    out["alert"] = nullptr;
  if (story.next_attempt_at_ms)
    out["next_attempt_at"] = format_rfc3339_ms(*story.next_attempt_at_ms);
  return out;
}

/// A worker sends it, as it sends everything; its outcome is waited for.
result<control_outcome> test_channel(control_call& call) {
  auto id = call.remembered;
  if (id.empty()) {
    auto d = make_test(call, call.path[2]);
    if (auto added = call.stores.deliveries->add_test(d, call.who()); !added)
      return added.error();
    id = d.id;
  }
  auto story = read_story(call, id);
  if (!story)
    return story.error();
  bool pending = story->what.state == delivery_state::pending;
  control_outcome outcome{
      json_answer(pending ? 202 : 200, delivery_object(*story))};
  outcome.again = pending;
  outcome.patience = test_patience;
  outcome.remember = id;
  return outcome;
}

result<control_outcome> retry_delivery(control_call& call) {
  auto& id = call.path[2];
  if (auto done = call.stores.deliveries->retry(id, call.who()); !done)
    return done.error();
  auto story = read_story(call, id);
  if (!story)
    return story.error();
  return control_outcome{json_answer(202, delivery_object(*story))};
}

} // namespace eventpulse::routes
