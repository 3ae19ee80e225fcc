#include "actors/control_routes.hpp"
#include "runtime/core/access/rate.hpp"
#include "runtime/core/base/key_text.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/base/time.hpp"

#include <algorithm>
#include <array>

namespace eventpulse::routes {

namespace json = boost::json;

namespace {

constexpr size_t name_bytes_max = 128;

json::object to_object(const api_key& k) {
  json::array scopes;
  for (auto s : k.scopes)
    scopes.push_back(json::string(to_string(s)));
  json::object out{{"id", k.id},
                   {"name", k.name},
                   {"scopes", std::move(scopes)},
                   {"created_at", format_rfc3339_ms(k.created_at_ms)}};
  if (k.rate)
    out["rate"] = {{"requests", k.rate->limit},
                   {"window", rate_window_text(*k.rate)}};
  if (k.expires_at_ms)
    out["expires_at"] = format_rfc3339_ms(*k.expires_at_ms);
  if (k.revoked_at_ms)
    out["revoked_at"] = format_rfc3339_ms(*k.revoked_at_ms);
  return out;
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= name_bytes_max &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string no_such_scope(const json::string* text) {
  static const std::vector<std::string_view> known{
      "events:write", "events:read", "rules:write", "rules:read",
      "alerts:write", "alerts:read", "admin"};
  std::string out = "no such scope; there are ";
  for (auto& one : known)
    out += (&one == &known.front() ? "" : ", ") + std::string(one);
  return text ? out : "must be a string; " + out;
}

constexpr auto rate_shape = "must be a number of requests a second, or "
                            "{\"requests\": 100, \"window\": \"1m\"}";

/// Requests a second, or {requests, window}; what is wrong goes to `wrong`.
std::optional<key_rate> read_rate(const json::value& value,
                                  std::vector<problem_item>& wrong) {
  key_rate out{0, 1000};
  auto* requests =
      value.is_object() ? value.as_object().if_contains("requests") : &value;
  if (!requests || !requests->is_int64()) {
    wrong.push_back({"/rate", rate_shape});
    return std::nullopt;
  }
  out.limit = requests->as_int64();
  if (value.is_object())
    for (auto& [name, part] : value.as_object()) {
      if (name == "window") {
        auto* text = part.if_string();
        auto window = text ? parse_duration_ms(*text) : std::nullopt;
        out.window_ms = window.value_or(0);
      } else if (name != "requests") {
        wrong.push_back({"/rate/" + std::string(name),
                         "no such field; a rate has requests, window"});
      }
    }
  if (out.limit < 1 || out.limit > limits::rate_max)
    wrong.push_back({value.is_object() ? "/rate/requests" : "/rate",
                     "must be from 1 to " + std::to_string(limits::rate_max)});
  auto window_max = std::chrono::milliseconds(limits::rate_window_max).count();
  if (out.window_ms < 1000 || out.window_ms % 1000 != 0 ||
      out.window_ms > window_max)
    wrong.push_back(
        {"/rate/window", "must be a duration of whole seconds from 1s to " +
                             format_duration_ms(window_max)});
  return out;
}

/// Fills the key from the body; what is wrong otherwise.
std::vector<problem_item> read_key(const json::object& body, int64_t now_ms,
                                   api_key& out) {
  std::vector<problem_item> wrong;
  for (auto& [name, value] : body) {
    if (name == "name") {
      if (auto* text = value.if_string())
        out.name = *text;
    } else if (name == "scopes") {
      auto* list = value.if_array();
      for (size_t i = 0; list && i < list->size(); ++i) {
        auto* text = (*list)[i].if_string();
        auto known = text ? parse_scope(*text) : std::nullopt;
        if (!known)
          wrong.push_back(
              {"/scopes/" + std::to_string(i), no_such_scope(text)});
        else if (std::find(out.scopes.begin(), out.scopes.end(), *known) ==
                 out.scopes.end())
          out.scopes.push_back(*known);
      }
    } else if (name == "expires_at") {
      auto* text = value.if_string();
      out.expires_at_ms = text ? parse_rfc3339_ms(*text) : std::nullopt;
      if (!out.expires_at_ms || *out.expires_at_ms <= now_ms)
        wrong.push_back({"/expires_at", "must be an RFC 3339 time to come"});
    } else if (name == "rate") {
      if (!value.is_null())
        out.rate = read_rate(value, wrong);
    } else {
      wrong.push_back({"/" + std::string(name), "no such field; a key has "
                                                "name, scopes, expires_at, "
                                                "rate"});
    }
  }
  // The name is the default source of plain events, so it must be one.
  if (!is_name(out.name))
    wrong.push_back({"/name", "must be 1 to 128 printable ASCII characters "
                              "without spaces"});
  if (out.scopes.empty())
    wrong.push_back({"/scopes", "must name at least one scope, such as "
                                "events:write"});
  return wrong;
}

/// Whether nobody could make keys without this one.
bool is_last_admin(const key_set& all, const std::string& id, int64_t now_ms) {
  bool is_admin = false;
  for (auto& [hash, key] : all.by_hash) {
    bool allows = key.allows(scope::admin, now_ms);
    if (allows && key.id != id)
      return false;
    is_admin = is_admin || allows;
  }
  return is_admin;
}

} // namespace

result<control_outcome> list_keys(control_call& call) {
  auto all = call.stores.keys->load();
  if (!all)
    return all.error();
  std::vector<api_key> keys;
  for (auto& [hash, key] : all->by_hash)
    keys.push_back(key);
  std::sort(keys.begin(), keys.end(),
            [](auto& a, auto& b) { return a.id < b.id; });
  json::array items;
  for (auto& key : keys)
    items.push_back(to_object(key));
  return control_outcome{list_answer(std::move(items), {})};
}

result<control_outcome> create_key(control_call& call) {
  auto body = body_object(call);
  if (!body)
    return body.error();
  auto now = call.surroundings.now_ms();
  api_key key;
  auto wrong = read_key(*body, now, key);
  if (!wrong.empty())
    return control_outcome{
        to_http(problem{errc::invalid, "the key is not valid", wrong})};
  std::array<uint8_t, 10> id_random{};
  std::array<char, 32> key_random{};
  call.surroundings.random(id_random.data(), id_random.size());
  call.surroundings.random(key_random.data(), key_random.size());
  key.id = uuid_v7(now, id_random);
  auto text = key_text(key_random);
  key.hash = key_hash(text);
  key.created_at_ms = now;
  if (auto added = call.stores.keys->add(key, call.who()); !added)
    return added.error();
  auto out = to_object(key);
  out["key"] = text;
  control_outcome outcome{json_answer(201, out)};
  outcome.keys_changed = true;
  return outcome;
}

result<control_outcome> revoke_key(control_call& call) {
  auto all = call.stores.keys->load();
  if (!all)
    return all.error();
  if (is_last_admin(*all, call.path[2], call.surroundings.now_ms()))
    return failure{errc::conflict, "this is the last key with scope admin; "
                                   "make another one first"};
  auto gone = call.stores.keys->revoke(call.path[2], call.surroundings.now_ms(),
                                       call.who());
  if (!gone)
    return gone.error();
  http_response answer;
  answer.status = 204;
  control_outcome outcome{answer};
  outcome.keys_changed = true;
  return outcome;
}

} // namespace eventpulse::routes
