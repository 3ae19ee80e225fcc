// eventpulse dead-letters list | show | replay | discard

#include "runtime/app/api_command.hpp"
#include "runtime/app/commands.hpp"
#include "runtime/core/base/hash.hpp"

#include <iostream>

namespace eventpulse {

namespace json = boost::json;

namespace {

constexpr auto* group = "Dead letters";

const std::vector<std::string> filters{"kind", "type", "key", "from", "to"};

void add_filters(command& to) {
  auto add = [&](const char* name, const char* value, const char* meaning) {
    to.flags.push_back(value_flag(name, value, meaning));
  };
  add("kind", "KIND",
      "Only of this kind, e.g. request, row, entry or evaluation.");
  add("type", "TYPE", "Only of events of this type.");
  add("key", "NAME", "Only what this API key sent.");
  add("from", "TIME", "Since then: RFC 3339, or a duration ago.");
  add("to", "TIME", "Before then, given likewise.");
}

/// The filters that were given, as query_text has them, and `more`.
result<std::string> filter_text(const arguments& given,
                                const std::vector<std::string>& more = {}) {
  std::vector<std::string> plain{"kind", "type", "key"};
  plain.insert(plain.end(), more.begin(), more.end());
  return query_of(given, plain, {"from", "to"});
}

std::string path_of(const std::string& id) {
  return "/v1/dead-letters/" + percent_encode(id);
}

void show_letter(const json::value& letter) {
  for (auto& [name, value] : letter.as_object()) {
    std::string_view key{name.data(), name.size()};
    if (key != "original" && key != "original_base64" && key != "errors")
      std::cout << key << '\t' << text_of(letter, key) << '\n';
  }
  if (auto* errors = letter.as_object().if_contains("errors"))
    for (auto& e : errors->as_array())
      std::cout << "error\t" << text_of(e, "pointer") << '\t'
                << text_of(e, "detail") << '\n';
  std::cout << '\n';
  if (letter.as_object().contains("original"))
    std::cout << text_of(letter, "original") << '\n';
  else
    std::cout << text_of(letter, "original_base64") << " (base64)\n";
}

void show_replayed(const json::value& done) {
  auto* events = done.as_object().if_contains("events");
  for (size_t i = 0; events && i < events->as_array().size(); ++i) {
    auto& e = events->as_array()[i];
    std::cout << text_of(done, "id") << '\t' << text_of(e, "status") << '\t'
              << text_of(e, "source") << '\t' << text_of(e, "id") << '\n';
  }
}

/// All pages of a wish that the API fulfils page by page. `one` is told each
/// answer, and says whether everything in it went well.
int every_page(const char* name, const arguments& given,
               const std::string& path, std::string query,
               const std::function<bool(const json::value&)>& one) {
  auto api = api_client::of(given);
  if (!api)
    return fail(name, api.error());
  bool good = true;
  std::string cursor;
  while (true) {
    auto at = query;
    if (!cursor.empty())
      at += (at.empty() ? "cursor=" : "&cursor=") + percent_encode(cursor);
    auto answer = api->call("POST", at.empty() ? path : path + '?' + at);
    if (!answer)
      return fail(name, answer.error());
    good = one(*answer) && good;
    auto& next = answer->at("next");
    if (next.is_null())
      return good ? exit_code::ok : exit_code::failed;
    cursor = next.as_string();
  }
}

int replay_many(const arguments& given) {
  uint64_t replayed = 0;
  uint64_t failed = 0;
  bool as_json = given.has("json");
  json::array results;
  auto query = filter_text(given);
  if (!query)
    return misused("dead-letters replay", query.error());
  auto status = every_page(
      "dead-letters replay", given, "/v1/dead-letters/replay", *query,
      [&](const json::value& answer) {
        replayed += answer.at("replayed").to_number<uint64_t>();
        failed += answer.at("failed").to_number<uint64_t>();
        for (auto& done : answer.at("results").as_array()) {
          if (as_json)
            results.push_back(done);
          else if (auto* wrong = done.as_object().if_contains("problem"))
            std::cerr << text_of(done, "id") << '\t'
                      << text_of(*wrong, "detail") << '\n';
          else
            show_replayed(done);
        }
        return answer.at("failed").to_number<uint64_t>() == 0;
      });
  if (as_json)
    std::cout << json::serialize(json::object{{"replayed", replayed},
                                              {"failed", failed},
                                              {"results", std::move(results)}})
              << '\n';
  else
    std::cout << replayed << " replayed, " << failed << " still refused\n";
  return status;
}

int discard_many(const arguments& given) {
  uint64_t discarded = 0;
  auto query = filter_text(given);
  if (!query)
    return misused("dead-letters discard", query.error());
  if (given.has("all"))
    *query += query->empty() ? "all=true" : "&all=true";
  auto status =
      every_page("dead-letters discard", given, "/v1/dead-letters/discard",
                 *query, [&](const json::value& answer) {
                   discarded += answer.at("discarded").to_number<uint64_t>();
                   return true;
                 });
  if (given.has("json"))
    std::cout << json::serialize(json::object{{"discarded", discarded}})
              << '\n';
  else if (status == exit_code::ok)
    std::cout << discarded << " discarded\n";
  return status;
}

/// One by id, or many by filter; neither says nothing.
bool says_which(const char* name, const arguments& given, bool& one) {
  one = !given.positional().empty();
  bool many = given.has("all");
  for (auto& filter : filters)
    many = many || given.has(filter);
  if (one != many)
    return true;
  std::cerr << name
            << ": name an ID, or filters (--type TYPE), or --all; not both\n";
  return false;
}

command list_command() {
  auto out = api_command("dead-letters list", group, "List dead letters.");
  out.help = "What could not go on, newest first: refused requests, entries "
             "and rows that could not\nbe kept, events that one rule passed "
             "over.";
  out.examples = {"eventpulse dead-letters list --state pending",
                  "eventpulse dead-letters list --type order.placed --json"};
  add_filters(out);
  out.flags.push_back(
      {"state", "STATE", "pending, replayed or discarded.", "", false, ""});
  out.flags.push_back(limit_flag());
  out.run = [](const arguments& given) {
    auto query = filter_text(given, {"state"});
    if (!query)
      return misused("dead-letters list", query.error());
    return list_and_show("dead-letters list", given, "/v1/dead-letters", *query,
                         columns({"id", "created_at", "state", "kind", "type",
                                  "key", "reason"}));
  };
  return out;
}

command show_command() {
  auto out = api_command("dead-letters show", group,
                         "Show a dead letter with its bytes.");
  out.operands = "ID";
  out.operands_min = out.operands_max = 1;
  out.run = [](const arguments& given) {
    return call_and_show("dead-letters show", given, "GET",
                         path_of(given.positional()[0]), show_letter);
  };
  return out;
}

command replay_command() {
  auto out = api_command("dead-letters replay", group,
                         "Send dead letters through intake again.");
  out.operands = "[ID]";
  out.help =
      "They are parsed and checked as a fresh request is, under the same "
      "source and ids, and\nstored once however often this is done. What is "
      "still refused stays as it is.";
  out.examples = {
      "eventpulse dead-letters replay 0190163d-8694-739b-aea5-966c26f8ad91",
      "eventpulse dead-letters replay --type order.placed"};
  add_filters(out);
  out.flags.push_back({"all", "", "Every pending one.", "", false, ""});
  out.operands_max = 1;
  out.run = [](const arguments& given) {
    bool one = false;
    if (!says_which("dead-letters replay", given, one))
      return exit_code::usage;
    if (!one)
      return replay_many(given);
    return call_and_show("dead-letters replay", given, "POST",
                         path_of(given.positional()[0]) + "/replay",
                         show_replayed);
  };
  return out;
}

command discard_command() {
  auto out = api_command("dead-letters discard", group,
                         "Give up dead letters, and their bytes.");
  out.operands = "[ID]";
  out.examples = {"eventpulse dead-letters discard --key old-shop"};
  add_filters(out);
  out.flags.push_back({"all", "", "Every pending one.", "", false, ""});
  out.operands_max = 1;
  out.run = [](const arguments& given) {
    bool one = false;
    if (!says_which("dead-letters discard", given, one))
      return exit_code::usage;
    if (!one)
      return discard_many(given);
    return call_and_show(
        "dead-letters discard", given, "POST",
        path_of(given.positional()[0]) + "/discard",
        [](const json::value&) { std::cout << "discarded\n"; });
  };
  return out;
}

} // namespace

std::vector<command> dead_letters_commands() {
  return {list_command(), show_command(), replay_command(), discard_command()};
}

} // namespace eventpulse
