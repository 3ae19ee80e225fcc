// The commands about access: API keys, and who changed what.

#include "runtime/app/api_command.hpp"
#include "runtime/app/commands.hpp"
#include "runtime/core/base/time.hpp"

#include <algorithm>
#include <charconv>
#include <iostream>

namespace eventpulse {

namespace json = boost::json;

namespace {

constexpr auto* group = "Access";

/// "100", "100/1m" or "100/m".
result<json::value> rate_of(const std::string& text) {
  const failure wrong{errc::malformed,
                      "--rate: '" + text +
                          "' is no rate such as 100 (a second) or 100/1m"};
  auto slash = std::min(text.find('/'), text.size());
  int64_t requests = 0;
  auto [end, bad] = std::from_chars(text.data(), text.data() + slash, requests);
  if (bad != std::errc{} || end != text.data() + slash)
    return wrong;
  if (slash == text.size())
    return json::value(requests);
  auto window = text.substr(slash + 1);
  if (!window.empty() && (window[0] < '0' || window[0] > '9'))
    window.insert(0, "1");
  if (!parse_duration_ms(window))
    return wrong;
  return json::value{{"requests", requests}, {"window", window}};
}

int create_key(const arguments& given) {
  constexpr auto* name = "keys create";
  json::object body{{"name", given.positional()[0]}};
  json::array scopes;
  for (size_t i = 1; i < given.positional().size(); ++i)
    scopes.push_back(json::string(given.positional()[i]));
  body["scopes"] = std::move(scopes);
  if (given.has("expires")) {
    auto at = time_text(given.get("expires"), direction::ahead);
    if (!at)
      return fail(name, {errc::malformed, "--expires: " + at.error().detail});
    body["expires_at"] = *at;
  }
  if (given.has("rate")) {
    auto rate = rate_of(given.get("rate"));
    if (!rate)
      return fail(name, rate.error());
    body["rate"] = std::move(*rate);
  }
  return call_and_show(
      name, given, "POST", "/v1/keys",
      [](const json::value& k) { std::cout << text_of(k, "key") << '\n'; },
      json::serialize(body));
}

/// The id of the key that bears the name now, or what was given where none
/// does: then it is an id.
result<std::string> id_of(api_client& api, const std::string& given) {
  auto all = api.call("GET", "/v1/keys");
  if (!all)
    return all.error();
  for (auto& key : all->at("items").as_array())
    if (text_of(key, "name") == given && text_of(key, "revoked_at") == "-")
      return text_of(key, "id");
  return given;
}

int revoke_keys(const arguments& given) {
  constexpr auto* name = "keys revoke";
  auto api = api_client::of(given);
  if (!api)
    return fail(name, api.error());
  for (auto& one : given.positional()) {
    auto id = id_of(*api, one);
    if (!id)
      return fail(name, id.error());
    auto done = api->call("DELETE", "/v1/keys/" + percent_encode(*id));
    if (!done)
      return fail(name, done.error());
    if (given.has("json"))
      std::cout << json::serialize(json::value{{"id", *id}, {"revoked", true}})
                << '\n';
    else
      std::cout << "revoked\t" << *id << '\n';
  }
  return exit_code::ok;
}

void show_audit(const json::value& answer) {
  for (auto& item : answer.at("items").as_array())
    std::cout << text_of(item, "at") << '\t' << text_of(item.at("by"), "name")
              << '\t' << text_of(item, "action") << '\t'
              << text_of(item, "target") << '\n';
}

} // namespace

std::vector<command> keys_commands() {
  auto list = api_command("keys list", group, "List API keys.");
  list.help = "A line a key: id, name, scopes, rate, expiry, revocation.";
  list.run = [](const arguments& given) {
    return call_and_show(
        "keys list", given, "GET", "/v1/keys",
        columns({"id", "name", "scopes", "rate", "expires_at", "revoked_at"}));
  };
  auto create = api_command("keys create", group, "Make an API key.");
  create.operands = "NAME SCOPE...";
  create.help = "The key is shown once. Scopes: events:write, events:read, "
                "rules:write,\nrules:read, alerts:write, alerts:read, admin. "
                "Over its rate a key gets 429 and\nwhen to come again; each "
                "event of a batch counts as a request.";
  create.examples = {
      "eventpulse keys create shop events:write",
      "eventpulse keys create partner events:write --rate 600/1m --expires "
      "90d"};
  create.flags.push_back({"expires", "TIME",
                          "When it ends: RFC 3339, or a duration from now.", "",
                          false, ""});
  create.flags.push_back({"rate", "N[/WINDOW]",
                          "How many requests it may make a second, or a "
                          "window.",
                          "", false, ""});
  create.operands_min = 2;
  create.operands_max = 8;
  create.run = create_key;
  auto revoke = api_command("keys revoke", group, "End API keys.");
  revoke.operands = "ID|NAME...";
  revoke.help = "Stops working everywhere within five seconds. It cannot be "
                "taken back.";
  revoke.examples = {"eventpulse keys revoke shop"};
  revoke.operands_min = 1;
  revoke.operands_max = 1'000;
  revoke.run = revoke_keys;
  return {list, create, revoke};
}

command audit_command() {
  auto out = api_command("audit", group, "Show who changed what.");
  out.help = "A line a change, newest first: when, whose key, what was done, "
             "to what. With\n--json also what it was before and after, the "
             "request and the trace.";
  out.examples = {"eventpulse audit --target rule/card-testing",
                  "eventpulse audit --key deploy --from 1d --json"};
  out.flags.push_back(
      {"key", "NAME", "Only by this key, by name or id.", "", false, ""});
  out.flags.push_back({"action", "ACTION",
                       "Only this, such as rule.published, or all of a kind: "
                       "rule.",
                       "", false, ""});
  out.flags.push_back({"target", "TARGET",
                       "Only on this, such as rule/card-testing, or all of a "
                       "kind: channel.",
                       "", false, ""});
  out.flags.push_back({"from", "TIME",
                       "Since then: RFC 3339, or a duration ago.", "", false,
                       ""});
  out.flags.push_back(
      {"to", "TIME", "Before then, given likewise.", "", false, ""});
  out.flags.push_back(limit_flag());
  out.run = [](const arguments& given) {
    auto query = query_of(given, {"key", "action", "target"}, {"from", "to"});
    if (!query)
      return fail("audit", query.error());
    return list_and_show("audit", given, "/v1/audit", *query, show_audit);
  };
  return out;
}

} // namespace eventpulse
