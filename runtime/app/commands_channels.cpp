// The commands about notification: channels and deliveries.

#include "runtime/adapters/http/client_url.hpp"
#include "runtime/adapters/outbound/address_policy.hpp"
#include "runtime/app/api_command.hpp"
#include "runtime/app/commands.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <fstream>
#include <iostream>

namespace eventpulse {

namespace json = boost::json;

namespace {

constexpr auto* group = "Notification";

const flag_spec overlap_flag{"overlap",
                             "DURATION",
                             "How long the secrets so far go on signing beside "
                             "a new one; 0s ends them at once.",
                             "24h",
                             false,
                             ""};

const flag_spec secret_file_flag{"secret-file",
                                 "FILE",
                                 "A file whose first line is the new secret, "
                                 "whsec_… (default: one is made).",
                                 "",
                                 false,
                                 ""};

/// Reads --secret-file into `body`; --overlap goes with a secret.
result<void> read_secret(const arguments& given, json::object& body) {
  if (!given.has("secret-file"))
    return {};
  std::ifstream in(given.get("secret-file"));
  std::string line;
  if (!std::getline(in, line) || line.empty())
    return failure{errc::malformed,
                   "cannot read a secret from " + given.get("secret-file")};
  body["secret"] = line;
  body["overlap"] = given.get("overlap");
  return {};
}

std::string channel_path(const arguments& given, const char* more = "") {
  return "/v1/channels/" + percent_encode(given.positional()[0]) + more;
}

void show_secret(const json::value& c) {
  std::cout << text_of(c, "id") << "\tsecret " << text_of(c, "secret") << '\n';
  auto* earlier = c.as_object().if_contains("earlier_secrets_end_at");
  if (earlier && earlier->is_array())
    for (auto& at : earlier->as_array())
      std::cout << "an earlier secret signs until "
                << std::string_view(at.as_string()) << '\n';
}

void show_all(const json::value& object) {
  for (auto& [name, value] : object.as_object())
    std::cout << std::string_view(name) << '\t'
              << (value.is_string() ? std::string(value.as_string())
                                    : json::serialize(value))
              << '\n';
}

/// Whether deliveries to `url` need outbound.allow, as far as that can be said
/// without asking for a name's address.
bool needs_allowing(const std::string& url) {
  auto read = http::read_url(url);
  auto closed = outbound::address_policy::of({});
  if (!read || !closed)
    return false;
  addrinfo numeric{};
  numeric.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  auto host = read->host == "localhost" ? "127.0.0.1" : read->host;
  if (getaddrinfo(host.c_str(), nullptr, &numeric, &found) != 0)
    return false;
  bool permitted = closed->permits(found->ai_addr);
  freeaddrinfo(found);
  return !permitted;
}

void note_private(const std::string& id, const std::string& url) {
  if (needs_allowing(url))
    std::cerr << "channels put: this is a private address; deliveries to it "
                 "fail unless outbound.allow opens it on the worker. "
                 "`eventpulse channels test "
              << id << "` tries it.\n";
}

std::string outcome_of(const json::value& attempt) {
  auto status = text_of(attempt, "status");
  auto out = status == "0" ? "no answer" : "status " + status;
  out += ", " + text_of(attempt, "duration_ms") + " ms";
  if (auto error = text_of(attempt, "error"); error != "-")
    out += ", " + error;
  return out;
}

int test_channel(const arguments& given) {
  constexpr auto* name = "channels test";
  auto api = api_client::of(given);
  if (!api)
    return fail(name, api.error());
  auto done = api->call("POST", channel_path(given, "/test"));
  if (!done)
    return fail(name, done.error());
  if (given.has("json")) {
    std::cout << json::serialize(*done) << '\n';
  } else {
    std::cout << text_of(*done, "state") << '\t' << text_of(*done, "id");
    for (auto& attempt : done->at("attempts").as_array())
      std::cout << '\t' << outcome_of(attempt);
    std::cout << '\n';
  }
  return text_of(*done, "state") == "delivered" ? exit_code::ok
                                                : exit_code::failed;
}

int retry_deliveries(const arguments& given) {
  constexpr auto* name = "deliveries retry";
  auto api = api_client::of(given);
  if (!api)
    return fail(name, api.error());
  bool good = true;
  for (auto& id : given.positional()) {
    auto done =
        api->call("POST", "/v1/deliveries/" + percent_encode(id) + "/retry");
    if (!done) {
      std::cerr << id << ": " << done.error().detail << '\n';
      good = false;
    } else if (given.has("json")) {
      std::cout << json::serialize(*done) << '\n';
    } else {
      std::cout << id << "\tis due now\n";
    }
  }
  return good ? exit_code::ok : exit_code::failed;
}

void show_delivery(const json::value& d) {
  for (auto* name : {"id", "alert", "channel", "type", "state", "created_at",
                     "next_attempt_at"})
    std::cout << name << '\t' << text_of(d, name) << '\n';
  for (auto& attempt : d.at("attempts").as_array()) {
    std::cout << "attempt " << text_of(attempt, "number") << '\t'
              << text_of(attempt, "started_at") << '\t' << outcome_of(attempt)
              << '\n';
    if (auto answer = text_of(attempt, "answer"); answer != "-")
      std::cout << "answer\t" << answer << '\n';
  }
}

} // namespace

std::vector<command> channels_commands() {
  auto list = api_command("channels list", group, "List channels.");
  list.run = [](const arguments& given) {
    return call_and_show("channels list", given, "GET",
                         "/v1/channels?limit=1000",
                         columns({"id", "kind", "url", "disabled"}));
  };
  auto get = api_command("channels get", group, "Show a channel.");
  get.operands = "ID";
  get.operands_min = get.operands_max = 1;
  get.run = [](const arguments& given) {
    return call_and_show("channels get", given, "GET", channel_path(given),
                         show_all);
  };
  auto put = api_command("channels put", group, "Make or change a channel.");
  put.operands = "ID URL";
  put.help = "A webhook signed as Standard Webhooks says. The secret is shown "
             "once. A channel\nthat was disabled is enabled again.";
  put.examples = {
      "eventpulse channels put fraud-desk https://example.com/hook"};
  put.flags.push_back(secret_file_flag);
  put.flags.push_back(overlap_flag);
  put.operands_min = put.operands_max = 2;
  put.run = [](const arguments& given) {
    json::object body{{"kind", "webhook"}, {"url", given.positional()[1]}};
    if (auto read = read_secret(given, body); !read)
      return misused("channels put", read.error());
    auto code = call_and_show("channels put", given, "PUT", channel_path(given),
                              show_secret, json::serialize(body));
    if (code == exit_code::ok && !given.has("json"))
      note_private(given.positional()[0], given.positional()[1]);
    return code;
  };
  auto rotate =
      api_command("channels rotate", group, "Give a channel a new secret.");
  rotate.operands = "ID";
  rotate.help = "The new secret is shown once and signs at once. For the "
                "overlap every message\ncarries a signature by each secret, so "
                "the receiver can change over in its own\ntime.";
  rotate.examples = {"eventpulse channels rotate fraud-desk --overlap 2d"};
  rotate.flags.push_back(secret_file_flag);
  rotate.flags.push_back(overlap_flag);
  rotate.operands_min = rotate.operands_max = 1;
  rotate.run = [](const arguments& given) {
    json::object body{{"overlap", given.get("overlap")}};
    if (auto read = read_secret(given, body); !read)
      return misused("channels rotate", read.error());
    return call_and_show("channels rotate", given, "POST",
                         channel_path(given, "/rotate"), show_secret,
                         json::serialize(body));
  };
  auto test = api_command("channels test", group,
                          "Send a test message and show what came of it.");
  test.operands = "ID";
  test.help = "A worker sends it, signed like any other, once. The exit code "
              "says whether it\nwas delivered.";
  test.operands_min = test.operands_max = 1;
  test.run = test_channel;
  auto remove = api_command("channels delete", group, "Delete a channel.");
  remove.operands = "ID";
  remove.operands_min = remove.operands_max = 1;
  remove.run = [](const arguments& given) {
    return call_and_show("channels delete", given, "DELETE",
                         channel_path(given),
                         [](const json::value&) { std::cout << "deleted\n"; });
  };
  return {list, get, put, rotate, test, remove};
}

std::vector<command> deliveries_commands() {
  auto list = api_command("deliveries list", group, "List deliveries.");
  list.help = "A line a delivery, newest first: id, channel, type, state, "
              "alert, when it was\nmade.";
  list.examples = {"eventpulse deliveries list --state failed --from 1d"};
  for (auto& [name, value, meaning] : std::vector<std::array<const char*, 3>>{
           {"channel", "ID", "Only to this channel."},
           {"alert", "ID", "Only about this alert."},
           {"state", "STATE", "Only pending, delivered or failed ones."},
           {"type", "TYPE", "Only these, such as alert.opened."},
           {"from", "TIME", "Since then: RFC 3339, or a duration ago."},
           {"to", "TIME", "Before then, given likewise."}})
    list.flags.push_back({name, value, meaning, "", false, ""});
  list.flags.push_back(limit_flag());
  list.run = [](const arguments& given) {
    auto query =
        query_of(given, {"channel", "alert", "state", "type"}, {"from", "to"});
    if (!query)
      return misused("deliveries list", query.error());
    return list_and_show(
        "deliveries list", given, "/v1/deliveries", *query,
        columns({"id", "channel", "type", "state", "alert", "created_at"}));
  };
  auto get = api_command("deliveries get", group,
                         "Show a delivery and every attempt.");
  get.operands = "ID";
  get.operands_min = get.operands_max = 1;
  get.run = [](const arguments& given) {
    return call_and_show("deliveries get", given, "GET",
                         "/v1/deliveries/" +
                             percent_encode(given.positional()[0]),
                         show_delivery);
  };
  auto retry = api_command("deliveries retry", group,
                           "Try failed or waiting deliveries now.");
  retry.operands = "ID...";
  retry.help = "The message keeps its id, and its schedule of attempts begins "
               "anew.";
  retry.examples = {
      "eventpulse deliveries retry 0197e5a2-7c1f-7000-8000-000000000001"};
  retry.operands_min = 1;
  retry.operands_max = 10'000;
  retry.run = retry_deliveries;
  return {list, get, retry};
}

} // namespace eventpulse
