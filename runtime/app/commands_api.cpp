// The commands that speak to a running EventPulse: send, channels, keys.

#include "runtime/app/api_commands.hpp"
#include "runtime/app/commands.hpp"

#include <fstream>
#include <iostream>

namespace eventpulse {

namespace json = boost::json;

namespace {

constexpr size_t piece_bytes = 64 << 10;

} // namespace

command send_command() {
  auto out = api_command("send", "Events", "Send events from files.");
  out.operands = "[FILE...]";
  out.help =
      "Reads newline-delimited JSON, an event a line, from the files or "
      "standard input,\nand sends it as it is read. A plain event needs only a "
      "type; see the README.";
  out.examples = {
      "echo '{\"type\":\"order.placed\",\"data\":{\"total\":12}}' | "
      "eventpulse send",
      "eventpulse send events.ndjson"};
  out.operands_max = 10'000;
  out.run = [](const arguments& given) {
    auto api = api_client::of(given);
    if (!api)
      return fail("send", api.error());
    auto files = given.positional();
    if (files.empty())
      files.push_back("-");
    bool good = true;
    for (auto& path : files) {
      std::ifstream file;
      if (path != "-") {
        file.open(path, std::ios::binary);
        if (!file)
          return fail("send", {errc::not_found, "cannot read " + path});
      }
      std::istream& in = path == "-" ? std::cin : file;
      auto answer = api->upload(
          "/v1/events", "application/x-ndjson",
          [&in]() -> std::optional<std::string> {
            std::string piece(piece_bytes, '\0');
            in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
            piece.resize(static_cast<size_t>(in.gcount()));
            if (piece.empty())
              return std::nullopt;
            return piece;
          });
      if (!answer)
        return fail("send", answer.error());
      if (given.has("json"))
        std::cout << json::serialize(*answer) << '\n';
      else
        std::cout << path << ": " << text_of(*answer, "accepted")
                  << " accepted, " << text_of(*answer, "rejected")
                  << " rejected\n";
      for (auto& item : answer->at("results").as_array()) {
        std::cerr << path << ':' << text_of(item, "index") << ": "
                  << json::serialize(item.at("problem")) << '\n';
        good = false;
      }
    }
    return good ? exit_code::ok : exit_code::failed;
  };
  return out;
}

std::vector<command> channels_commands() {
  constexpr auto* group = "Notification";
  auto list = api_command("channels list", group, "List channels.");
  list.run = [](const arguments& given) {
    return call_and_show("channels list", given, "GET",
                         "/v1/channels?limit=1000",
                         columns({"id", "kind", "url", "disabled"}));
  };
  auto put = api_command("channels put", group, "Make or change a channel.");
  put.operands = "ID URL";
  put.help = "A webhook signed as Standard Webhooks says. The secret is shown "
             "once.";
  put.examples = {
      "eventpulse channels put fraud-desk https://example.com/hook"};
  put.operands_min = put.operands_max = 2;
  put.run = [](const arguments& given) {
    json::object body{{"kind", "webhook"}, {"url", given.positional()[1]}};
    return call_and_show(
        "channels put", given, "PUT", "/v1/channels/" + given.positional()[0],
        [](const json::value& c) {
          std::cout << text_of(c, "id") << "\tsecret " << text_of(c, "secret")
                    << '\n';
        },
        json::serialize(body));
  };
  auto remove = api_command("channels delete", group, "Delete a channel.");
  remove.operands = "ID";
  remove.operands_min = remove.operands_max = 1;
  remove.run = [](const arguments& given) {
    return call_and_show("channels delete", given, "DELETE",
                         "/v1/channels/" + given.positional()[0],
                         [](const json::value&) { std::cout << "deleted\n"; });
  };
  return {list, put, remove};
}

std::vector<command> keys_commands() {
  constexpr auto* group = "Access";
  auto list = api_command("keys list", group, "List API keys.");
  list.run = [](const arguments& given) {
    return call_and_show(
        "keys list", given, "GET", "/v1/keys",
        columns({"id", "name", "scopes", "expires_at", "revoked_at"}));
  };
  auto create = api_command("keys create", group, "Make an API key.");
  create.operands = "NAME SCOPE...";
  create.help = "The key is shown once. Scopes: events:write, events:read, "
                "rules:write,\nrules:read, alerts:write, alerts:read, admin.";
  create.examples = {"eventpulse keys create shop events:write"};
  create.flags.push_back(
      {"expires", "TIME", "When it ends, RFC 3339.", "", false, ""});
  create.operands_min = 2;
  create.operands_max = 8;
  create.run = [](const arguments& given) {
    json::object body{{"name", given.positional()[0]}};
    json::array scopes;
    for (size_t i = 1; i < given.positional().size(); ++i)
      scopes.push_back(json::string(given.positional()[i]));
    body["scopes"] = std::move(scopes);
    if (given.has("expires"))
      body["expires_at"] = given.get("expires");
    return call_and_show(
        "keys create", given, "POST", "/v1/keys",
        [](const json::value& k) { std::cout << text_of(k, "key") << '\n'; },
        json::serialize(body));
  };
  auto revoke = api_command("keys revoke", group, "End an API key.");
  revoke.operands = "ID";
  revoke.operands_min = revoke.operands_max = 1;
  revoke.run = [](const arguments& given) {
    return call_and_show("keys revoke", given, "DELETE",
                         "/v1/keys/" + given.positional()[0],
                         [](const json::value&) { std::cout << "revoked\n"; });
  };
  return {list, create, revoke};
}

} // namespace eventpulse
