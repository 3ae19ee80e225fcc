#include "actors/control_routes.hpp"
#include "runtime/core/base/time.hpp"
#include "runtime/core/delivery/sign.hpp"

#include <algorithm>
#include <array>

namespace eventpulse::routes {

namespace json = boost::json;

namespace {

constexpr size_t secret_bytes_made = 32;
constexpr size_t url_bytes_max = 2048;

json::object to_object(const channel& c) {
  return {{"id", c.id},
          {"kind", c.kind},
          {"url", c.url},
          {"disabled", c.disabled},
          {"created_at", format_rfc3339_ms(c.created_at_ms)},
          {"updated_at", format_rfc3339_ms(c.updated_at_ms)}};
}

bool is_id(std::string_view id) {
  auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !id.empty() && id.size() <= 63 && id.front() != '-' &&
         std::all_of(id.begin(), id.end(), fits);
}

bool is_url(std::string_view url) {
  auto fits = [](char c) { return c > 0x20 && c < 0x7f; };
  bool http = url.starts_with("http://") && url.size() > 7;
  bool https = url.starts_with("https://") && url.size() > 8;
  return (http || https) && url.size() <= url_bytes_max &&
         std::all_of(url.begin(), url.end(), fits);
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
  std::vector<problem_item> wrong;
};

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
    } else {
      out.wrong.push_back({"/" + std::string(name), "no such field; a channel "
                                                    "has kind, url, secret"});
    }
  }
  if (!is_id(id))
    out.wrong.push_back({"/id", "must be 1 to 63 of a-z, 0-9 and '-'"});
  if (out.kind != "webhook")
    out.wrong.push_back({"/kind", "must be 'webhook'"});
  if (!is_url(out.url))
    out.wrong.push_back({"/url", "must be an http or https URL"});
  if (!out.secret.empty())
    if (auto usable = check_secret(out.secret); !usable)
      out.wrong.push_back({"/secret", usable.error().detail});
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
    items.push_back(to_object(c));
  auto next = page->size() == *limit
                  ? std::optional<std::string>(page->back().id)
                  : std::nullopt;
  return control_outcome{list_answer(std::move(items), next)};
}

result<control_outcome> get_channel(control_call& call) {
  auto found = call.stores.channels->get(call.path[2]);
  if (!found)
    return found.error();
  return control_outcome{json_answer(200, to_object(*found))};
}

result<control_outcome> put_channel(control_call& call) {
  auto body = body_object(call);
  if (!body)
    return body.error();
  auto& id = call.path[2];
  auto fields = read_fields(*body, id);
  if (!fields.wrong.empty())
    return control_outcome{to_http(
        problem{errc::invalid, "the channel is not valid", fields.wrong})};
  auto present = call.stores.channels->get(id);
  if (!present && present.error().code != errc::not_found)
    return present.error();
  auto now = call.surroundings.now_ms();
  channel c = present ? *present : channel{};
  c.id = id;
  c.kind = fields.kind;
  c.url = fields.url;
  c.disabled = false;
  c.updated_at_ms = now;
  if (!present)
    c.created_at_ms = now;
  // Shown once: when it is given or made, never read back.
  bool show = !present || !fields.secret.empty();
  if (!fields.secret.empty())
    c.secrets = {fields.secret};
  else if (!present)
    c.secrets = {new_secret(call.surroundings)};
  if (auto stored = call.stores.channels->put(c, call.who()); !stored)
    return stored.error();
  auto out = to_object(c);
  if (show)
    out["secret"] = c.secrets.front();
  return control_outcome{json_answer(present ? 200 : 201, out)};
}

result<control_outcome> delete_channel(control_call& call) {
  if (auto gone = call.stores.channels->remove(call.path[2], call.who()); !gone)
    return gone.error();
  http_response answer;
  answer.status = 204;
  return control_outcome{answer};
}

} // namespace eventpulse::routes
