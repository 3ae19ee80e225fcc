// eventpulse events list | show

#include "runtime/app/api_command.hpp"
#include "runtime/app/commands.hpp"

#include <iostream>

namespace eventpulse {

namespace json = boost::json;

namespace {

constexpr auto* group = "Events";

command events_list() {
  auto out =
      api_command("events list", group, "List stored events, newest first.");
  out.flags.push_back(value_flag("type", "TYPE", "Of this type."));
  out.flags.push_back(value_flag("source", "SOURCE", "Of this source."));
  out.flags.push_back(value_flag("subject", "SUBJECT", "Of this subject."));
  out.flags.push_back(value_flag("id", "ID", "Of this id."));
  out.flags.push_back(value_flag(
      "from", "TIME", "Received since then: RFC 3339, or a duration ago."));
  out.flags.push_back(
      value_flag("to", "TIME", "Received before then, given likewise."));
  out.flags.push_back(
      value_flag("where", "CEL", "A condition, as the `when` of a rule."));
  out.flags.push_back(limit_flag());
  out.examples = {"eventpulse events list --type payment.declined --where "
                  "'event.data.amount > 100'"};
  out.run = [](const arguments& given) {
    auto query = query_of(given, {"type", "source", "subject", "id", "where"},
                          {"from", "to"});
    if (!query)
      return misused("events list", query.error());
    return list_and_show(
        "events list", given, "/v1/events", *query,
        columns({"received_at", "type", "source", "id", "subject", "data"}));
  };
  return out;
}

void show_story(const json::value& event) {
  auto& story = event.at("event_story");
  auto attributes = event.as_object();
  attributes.erase("event_story");
  show_members(attributes);
  std::cout << "\naccepted\t" << text_of(story, "accepted_at") << " by "
            << text_of(story, "accepted_by") << "\npersisted\t"
            << text_of(story, "persisted_at") << "\nevaluated\t"
            << text_of(story, "evaluated") << '\n';
  auto each = [&](const char* list, auto print) {
    if (auto* all = story.as_object().if_contains(list))
      for (auto& one : all->as_array())
        print(one);
  };
  each("rules", [](auto& r) {
    std::cout << "rule\t" << text_of(r, "rule") << " version "
              << text_of(r, "version") << '\t'
              << (r.at("matched").as_bool() ? "matched " + text_of(r, "group")
                                            : text_of(r, "error"))
              << '\n';
  });
  each("alerts", [](auto& a) {
    std::cout << "alert\t" << text_of(a, "id") << '\t' << text_of(a, "state")
              << '\t' << text_of(a, "summary") << '\n';
  });
  each("deliveries", [](auto& d) {
    std::cout << "delivery\t" << text_of(d, "id") << '\t'
              << text_of(d, "channel") << '\t' << text_of(d, "state") << '\n';
  });
}

command events_show() {
  auto out =
      api_command("events show", group, "Show an event and what became of it.");
  out.operands = "ID";
  out.operands_min = out.operands_max = 1;
  out.flags.push_back(value_flag(
      "source", "SOURCE", "Where events of several sources have the id."));
  out.run = [](const arguments& given) {
    auto path = "/v1/events/";
    auto id = percent_encode(given.positional()[0]);
    if (given.has("source"))
      id = percent_encode(given.get("source")) + '/' + id;
    return call_and_show("events show", given, "GET", path + id, show_story);
  };
  return out;
}

} // namespace

std::vector<command> events_commands() {
  return {events_list(), events_show()};
}

} // namespace eventpulse
