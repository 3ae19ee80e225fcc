#include "actors/control_routes.hpp"
#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/base/time.hpp"
#include "runtime/core/base/utf8.hpp"

#include <algorithm>
#include <charconv>

namespace eventpulse::routes {

namespace json = boost::json;

namespace {

constexpr size_t replay_bytes_max = 32 << 20; // of originals held at once

std::string_view name_of(letter_state s) {
  switch (s) {
  case letter_state::pending:
    return "pending";
  case letter_state::replayed:
    return "replayed";
  case letter_state::discarded:
    return "discarded";
  }
  return "unknown";
}

json::object to_object(const kept_letter& k, bool with_original) {
  auto& d = k.what;
  auto& facts = k.facts;
  json::object out{{"id", d.id},
                   {"kind", d.kind},
                   {"state", name_of(k.state)},
                   {"reason", d.reason},
                   {"created_at", format_rfc3339_ms(d.created_at_ms)},
                   {"bytes", facts.bytes}};
  auto add = [&](const char* name, const std::string& value) {
    if (!value.empty())
      out[name] = value;
  };
  add("type", facts.event_type);
  add("event_id", facts.event_id);
  add("key_id", facts.key_id);
  add("key", facts.key_name);
  if (d.where)
    out["position"] = to_string(*d.where);
  boost::system::error_code wrong;
  if (auto headers = parse_kept_json(d.headers_json, wrong); !wrong)
    out["headers"] = std::move(headers);
  if (!facts.errors.empty()) {
    json::array errors;
    for (auto& e : facts.errors)
      errors.push_back({{"pointer", e.pointer}, {"detail", e.detail}});
    out["errors"] = std::move(errors);
  }
  if (k.attempts > 0) {
    out["attempts"] = k.attempts;
    out["last_error"] = k.last_error;
  }
  if (k.settled_at_ms) {
    out["settled_at"] = format_rfc3339_ms(*k.settled_at_ms);
    out["settled_by"] = k.settled_by;
  }
  // The bytes as received; what is no text travels as base64.
  if (with_original && is_utf8(d.original))
    out["original"] = d.original;
  else if (with_original)
    out["original_base64"] = base64_encode(d.original);
  return out;
}

result<std::optional<letter_state>> state_of(const control_call& call) {
  auto text = call.parameter("state");
  if (!text)
    return std::optional<letter_state>{};
  for (auto s :
       {letter_state::pending, letter_state::replayed, letter_state::discarded})
    if (*text == name_of(s))
      return std::optional{s};
  return failure{errc::invalid,
                 "state is 'pending', 'replayed' or 'discarded'"};
}

/// The filters and the page, from the query.
result<dead_letter_query> read_query(const control_call& call) {
  dead_letter_query q;
  auto limit = call.limit();
  auto from = call.time("from");
  auto to = call.time("to");
  auto state = state_of(call);
  if (!limit)
    return limit.error();
  if (!from || !to)
    return from ? to.error() : from.error();
  if (!state)
    return state.error();
  q.limit = *limit;
  q.from_ms = *from;
  q.to_ms = *to;
  q.state = *state;
  q.kind = call.parameter("kind");
  q.event_type = call.parameter("type");
  q.key_name = call.parameter("key");
  if (auto text = call.parameter("cursor")) {
    int64_t ms = 0;
    const char* all_end = text->data() + text->size();
    auto [end, wrong] = std::from_chars(text->data(), all_end, ms);
    if (wrong != std::errc{} || end == all_end || *end != '_')
      return failure{errc::invalid, "the cursor is not one of ours"};
    q.beyond = std::pair{ms, std::string(end + 1, all_end)};
  }
  return q;
}

std::string cursor_after(const kept_letter& k) {
  return std::to_string(k.what.created_at_ms) + '_' + k.what.id;
}

/// Members of a JSON body count as parameters, as people will send either.
result<void> take_body(control_call& call) {
  if (call.body.empty())
    return {};
  auto body = body_object(call);
  if (!body)
    return body.error();
  for (auto& [name, value] : *body) {
    constexpr std::string_view known[] = {"kind", "type", "key",   "from",
                                          "to",   "all",  "limit", "cursor"};
    std::string_view key{name.data(), name.size()};
    if (std::find(std::begin(known), std::end(known), key) == std::end(known))
      return {errc::invalid, "no such filter: '" + std::string(key) + "'"};
    if (auto* text = value.if_string())
      call.query.emplace_back(key, *text);
    else
      call.query.emplace_back(key, json::serialize(value));
  }
  return {};
}

/// A page of what is pending, oldest first.
result<dead_letter_query> read_filter(control_call& call) {
  if (auto taken = take_body(call); !taken)
    return taken.error();
  auto q = read_query(call);
  if (!q)
    return q;
  if (q->state && *q->state != letter_state::pending)
    return failure{errc::invalid, "only pending dead letters can be settled"};
  q->state = letter_state::pending;
  q->oldest_first = true;
  return q;
}

result<kept_letter> find(control_call& call) {
  dead_letter_query q;
  q.id = call.path[2];
  q.limit = 1;
  q.with_original = true;
  auto found = call.stores.dead_letters->query(q);
  if (!found)
    return found.error();
  if (found->empty())
    return failure{errc::not_found, "no dead letter of this id"};
  return std::move(found->front());
}

} // namespace

result<control_outcome> list_dead_letters(control_call& call) {
  auto q = read_query(call);
  if (!q)
    return q.error();
  auto page = call.stores.dead_letters->query(*q);
  if (!page)
    return page.error();
  json::array items;
  for (auto& k : *page)
    items.push_back(to_object(k, false));
  std::optional<std::string> next;
  if (page->size() == q->limit)
    next = cursor_after(page->back());
  return control_outcome{list_answer(std::move(items), next)};
}

result<control_outcome> get_dead_letter(control_call& call) {
  auto found = find(call);
  if (!found)
    return found.error();
  return control_outcome{json_answer(200, to_object(*found, true))};
}

result<control_outcome> replay_dead_letter(control_call& call) {
  auto found = find(call);
  if (!found)
    return found.error();
  if (found->state != letter_state::pending)
    return failure{errc::conflict,
                   "it is " + std::string(name_of(found->state)) + " already"};
  replay_wish wish;
  wish.letters.push_back(std::move(*found));
  control_outcome outcome;
  outcome.replay = std::make_shared<const replay_wish>(std::move(wish));
  return outcome;
}

result<control_outcome> replay_dead_letters(control_call& call) {
  auto q = read_filter(call);
  if (!q)
    return q.error();
  q->with_original = true;
  replay_wish wish;
  wish.many = true;
  // In small pages, so that large originals are not all read at once.
  size_t bytes = 0;
  auto wanted = q->limit;
  constexpr size_t page_max = 20;
  while (wish.letters.size() < wanted && bytes < replay_bytes_max) {
    q->limit = std::min(page_max, wanted - wish.letters.size());
    auto page = call.stores.dead_letters->query(*q);
    if (!page)
      return page.error();
    for (auto& k : *page) {
      bytes += k.what.original.size();
      wish.letters.push_back(std::move(k));
    }
    wish.next.reset();
    if (page->size() < q->limit)
      break;
    auto& last = wish.letters.back();
    wish.next = cursor_after(last);
    q->beyond = std::pair{last.what.created_at_ms, last.what.id};
  }
  control_outcome outcome;
  outcome.replay = std::make_shared<const replay_wish>(std::move(wish));
  return outcome;
}

result<control_outcome> discard_dead_letter(control_call& call) {
  auto done =
      call.stores.dead_letters->settle(call.path[2], letter_state::discarded,
                                       call.surroundings.now_ms(), call.who());
  if (!done)
    return done.error();
  http_response answer;
  answer.status = 204;
  return control_outcome{answer};
}

result<control_outcome> discard_dead_letters(control_call& call) {
  auto q = read_filter(call);
  if (!q)
    return q.error();
  auto all = call.parameter("all");
  bool filtered =
      q->kind || q->event_type || q->key_name || q->from_ms || q->to_ms;
  if (!filtered && all != "true")
    return failure{errc::invalid, "name a filter (kind, type, key, from, to), "
                                  "or all=true to discard every pending one"};
  auto page = call.stores.dead_letters->query(*q);
  if (!page)
    return page.error();
  size_t discarded = 0;
  for (auto& k : *page) {
    auto done = call.stores.dead_letters->settle(
        k.what.id, letter_state::discarded, call.surroundings.now_ms(),
        call.who());
    if (!done && done.error().code != errc::conflict)
      return done.error();
    discarded += done.ok();
  }
  json::object body{{"discarded", discarded}, {"next", nullptr}};
  if (page->size() == q->limit)
    body["next"] = cursor_after(page->back());
  return control_outcome{json_answer(200, body)};
}

} // namespace eventpulse::routes
