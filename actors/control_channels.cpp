#include "actors/control_deliveries.hpp"
#include "actors/control_routes.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/base/time.hpp"
#include "runtime/core/delivery/receiver_url.hpp"
#include "runtime/core/delivery/secret_rotation.hpp"
#include "runtime/core/delivery/sign.hpp"

#include <algorithm>
#include <array>

namespace eventpulse::routes {

namespace json = boost::json;

namespace {

constexpr size_t secret_bytes_made = 32;

constexpr std::chrono::milliseconds overlap_default = std::chrono::hours(24);

json::object to_object(const channel& c, int64_t now_ms) {
  json::object out{{"id", c.id},
                   {"kind", c.kind},
                   {"url", c.url},
                   {"disabled", c.disabled},
                   {"created_at", format_rfc3339_ms(c.created_at_ms)},
                   {"updated_at", format_rfc3339_ms(c.updated_at_ms)}};
  // Those before the newest, while they sign.
  json::array ends;
  for (auto at_ms : c.secret_ends_at_ms)
    if (at_ms > now_ms)
      ends.push_back(json::string(format_rfc3339_ms(at_ms)));
  if (!ends.empty())
    out["earlier_secrets_end_at"] = std::move(ends);
  return out;
}

bool is_id(std::string_view id) {
  auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !id.empty() && id.size() <= 63 && id.front() != '-' &&
         std::all_of(id.begin(), id.end(), fits);
}

std::string new_secret(world& surroundings) {
  std::array<uint8_t, secret_bytes_made> random{};
  surroundings.random(random.data(), random.size());
  return make_secret(random);
}

/// The fields of a PUT, checked; every fault at once.
struct channel_fields {
  std::string kind;
  std::string url;
  std::string secret; // empty: not given
  std::chrono::milliseconds overlap = overlap_default;
  std::vector<problem_item> wrong;
};

/// "24h": how long the secrets so far go on signing.
void read_overlap(const json::value& value, channel_fields& out) {
  auto* text = value.if_string();
  auto given = text ? parse_duration_ms(*text) : std::nullopt;
  auto most = std::chrono::milliseconds(limits::secret_overlap_max).count();
  if (given && *given <= most)
    out.overlap = std::chrono::milliseconds(*given);
  else
    out.wrong.push_back({"/overlap", "must be a duration from 0s to " +
                                         format_duration_ms(most)});
}

void check_given_secret(channel_fields& fields) {
  if (fields.secret.empty())
    return;
  if (auto usable = check_secret(fields.secret); !usable)
    fields.wrong.push_back({"/secret", usable.error().detail});
}

channel_fields read_fields(const json::object& body, const std::string& id) {
  channel_fields out;
  for (auto& [name, value] : body) {
    auto* text = value.if_string();
    if (name == "id") {
      if (!text || *text != id)
        out.wrong.push_back({"/id", "must be the id of the path"});
    } else if (name == "kind" || name == "url" || name == "secret") {
      if (!text)
        out.wrong.push_back({"/" + std::string(name), "must be a string"});
      else if (name == "kind")
        out.kind = *text;
      else if (name == "url")
        out.url = *text;
      else
        out.secret = *text;
    } else if (name == "overlap") {
      read_overlap(value, out);
    } else {
      out.wrong.push_back({"/" + std::string(name),
                           "no such field; a channel has kind, url, secret, "
                           "and overlap beside a secret"});
    }
  }
  if (!is_id(id))
    out.wrong.push_back({"/id", "must be 1 to 63 of a-z, 0-9 and '-'"});
  if (out.kind != "webhook")
    out.wrong.push_back({"/kind", "must be 'webhook'"});
  if (auto wrong = fault_of_receiver_url(out.url); !wrong.empty())
    out.wrong.push_back({"/url", std::string(wrong)});
  check_given_secret(out);
  return out;
}

} // namespace

result<control_outcome> list_channels(control_call& call) {
  auto limit = call.limit();
  if (!limit)
    return limit.error();
  auto page =
      call.stores.channels->list(call.parameter("cursor").value_or(""), *limit);
  if (!page)
    return page.error();
  json::array items;
  for (auto& c : *page)
    items.push_back(to_object(c, call.surroundings.now_ms()));
  auto next = page->size() == *limit
                  ? std::optional<std::string>(page->back().id)
                  : std::nullopt;
  return control_outcome{list_answer(std::move(items), next)};
}

result<control_outcome> get_channel(control_call& call) {
  auto found = call.stores.channels->get(call.path[2]);
  if (!found)
    return found.error();
  return control_outcome{
      json_answer(200, to_object(*found, call.surroundings.now_ms()))};
}

result<control_outcome> put_channel(control_call& call) {
  auto body = body_object(call);
  if (!body)
    return body.error();
  const auto& id = call.path[2];
  auto fields = read_fields(*body, id);
  if (!fields.wrong.empty())
    return control_outcome{to_http(
        problem{errc::invalid, "the channel is not valid", fields.wrong})};
  auto now = call.surroundings.now_ms();
  auto edit = [&](channel& c) -> result<void> {
    c.kind = fields.kind;
    c.url = fields.url;
    c.disabled = false;
    c.updated_at_ms = now;
    if (fields.secret.empty())
      return {};
    return rotate_secret(c, fields.secret, now, fields.overlap);
  };
  auto changed =
      call.stores.channels->change(id, "channel.changed", edit, call.who());
  if (changed) {
    // Shown once: when it is given or made, never read back.
    auto out = to_object(*changed, now);
    if (!fields.secret.empty())
      out["secret"] = changed->secrets.front();
    return control_outcome{json_answer(200, out)};
  }
  // Whoever gives a new secret may replace those that cannot be decrypted.
  auto why = changed.error().code;
  bool replaces = why == errc::corrupt && !fields.secret.empty();
  if (why != errc::not_found && !replaces)
    return changed.error();
  channel c;
  c.id = id;
  c.kind = fields.kind;
  c.url = fields.url;
  c.created_at_ms = c.updated_at_ms = now;
  c.secrets = {fields.secret.empty() ? new_secret(call.surroundings)
                                     : fields.secret};
  if (auto stored = call.stores.channels->put(c, call.who()); !stored)
    return stored.error();
  auto out = to_object(c, now);
  out["secret"] = c.secrets.front();
  return control_outcome{json_answer(replaces ? 200 : 201, out)};
}

result<control_outcome> rotate_channel(control_call& call) {
  channel_fields fields;
  if (!call.body.empty()) {
    auto body = body_object(call);
    if (!body)
      return body.error();
    for (auto& [name, value] : *body) {
      if (name == "overlap")
        read_overlap(value, fields);
      else if (name == "secret" && value.is_string())
        fields.secret = value.as_string();
      else
        fields.wrong.push_back(
            {"/" + std::string(name),
             name == "secret" ? "must be a string"
                              : "no such field; there are secret, overlap"});
    }
  }
  check_given_secret(fields);
  if (!fields.wrong.empty())
    return control_outcome{to_http(
        problem{errc::invalid, "the rotation is not valid", fields.wrong})};
  auto now = call.surroundings.now_ms();
  if (fields.secret.empty())
    fields.secret = new_secret(call.surroundings);
  auto edit = [&](channel& c) -> result<void> {
    c.updated_at_ms = now;
    return rotate_secret(c, fields.secret, now, fields.overlap);
  };
  auto changed = call.stores.channels->change(
      call.path[2], "channel.secret_rotated", edit, call.who());
  if (!changed)
    return changed.error();
  auto out = to_object(*changed, now);
  out["secret"] = changed->secrets.front();
  return control_outcome{json_answer(200, out)};
}

result<control_outcome> delete_channel(control_call& call) {
  if (auto gone = call.stores.channels->remove(call.path[2], call.who()); !gone)
    return gone.error();
  http_response answer;
  answer.status = 204;
  return control_outcome{answer};
}

} // namespace eventpulse::routes
