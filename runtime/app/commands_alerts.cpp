// The commands over alerts and stored events.

#include "runtime/app/api_commands.hpp"
#include "runtime/app/commands.hpp"

#include <iostream>

namespace eventpulse {

namespace json = boost::json;

namespace {

constexpr auto* alerts_group = "Alerts";
constexpr auto* events_group = "Events";

flag_spec filter(const char* name, const char* value, const char* meaning) {
  return {name, value, meaning, "", false, ""};
}

void show_history(const json::value& alert) {
  std::cout << text_of(alert, "summary") << "\n\n";
  for (auto* name : {"id", "rule", "rule_version", "severity", "state", "group",
                     "values", "count", "opened_at", "last_seen", "labels"})
    std::cout << name << '\t' << text_of(alert, name) << '\n';
  std::cout << '\n';
  for (auto& step : alert.at("history").as_array()) {
    std::cout << text_of(step, "at") << '\t' << text_of(step, "what");
    for (auto* name : {"by", "reason", "comment"})
      if (auto text = text_of(step, name); text != "-")
        std::cout << '\t' << text;
    std::cout << '\n';
  }
  for (auto& d : alert.at("deliveries").as_array())
    std::cout << text_of(d, "created_at") << '\t' << text_of(d, "type") << '\t'
              << text_of(d, "channel") << '\t' << text_of(d, "state") << '\n';
}

command alerts_list() {
  auto out =
      api_command("alerts list", alerts_group, "List alerts, newest first.");
  out.flags.push_back(filter("rule", "ID", "Of this rule."));
  out.flags.push_back(filter("state", "STATE", "firing or resolved."));
  out.flags.push_back(
      filter("severity", "LEVEL", "info, warning or critical."));
  out.flags.push_back(filter("acknowledged", "BOOL", "true or false."));
  out.flags.push_back(filter("from", "TIME", "Opened at or after, RFC 3339."));
  out.flags.push_back(filter("to", "TIME", "Opened before, RFC 3339."));
  for (auto& flag : page_flags())
    out.flags.push_back(flag);
  out.examples = {"eventpulse alerts list --state firing"};
  out.run = [](const arguments& given) {
    return call_and_show(
        "alerts list", given, "GET",
        "/v1/alerts" +
            query_of(given, {"rule", "state", "severity", "acknowledged",
                             "from", "to", "limit", "cursor"}),
        page_of({"id", "opened_at", "severity", "state", "rule", "summary"}));
  };
  return out;
}

command of_one_alert(const char* name, const char* summary) {
  auto out = api_command(name, alerts_group, summary);
  out.operands = "ID";
  out.operands_min = out.operands_max = 1;
  return out;
}

command alerts_show() {
  auto out =
      of_one_alert("alerts show", "Show an alert, its history and deliveries.");
  out.run = [](const arguments& given) {
    return call_and_show("alerts show", given, "GET",
                         "/v1/alerts/" + in_path(given.positional()[0]),
                         show_history);
  };
  return out;
}

command alerts_act(const char* name, const char* action, const char* summary,
                   const char* help) {
  auto out = of_one_alert(name, summary);
  out.help = help;
  out.flags.push_back(filter("comment", "TEXT", "What others should know."));
  out.run = [name, action](const arguments& given) {
    auto body =
        given.has("comment")
            ? json::serialize(json::object{{"comment", given.get("comment")}})
            : std::string{};
    return call_and_show(
        name, given, "POST",
        "/v1/alerts/" + in_path(given.positional()[0]) + '/' + action,
        [](const json::value& alert) {
          auto pending = text_of(alert, "pending");
          if (pending != "-") {
            std::cout << "accepted; it will take effect when evaluation has "
                         "come to it\n";
            return;
          }
          std::cout << text_of(alert, "id") << ' ' << text_of(alert, "state");
          if (auto by = text_of(alert, "acknowledged_by"); by != "-")
            std::cout << ", acknowledged by " << by;
          std::cout << '\n';
        },
        body);
  };
  return out;
}

command events_list() {
  auto out = api_command("events list", events_group,
                         "List stored events, newest first.");
  out.flags.push_back(filter("type", "TYPE", "Of this type."));
  out.flags.push_back(filter("source", "SOURCE", "Of this source."));
  out.flags.push_back(filter("subject", "SUBJECT", "Of this subject."));
  out.flags.push_back(filter("id", "ID", "Of this id."));
  out.flags.push_back(
      filter("from", "TIME", "Received at or after, RFC 3339."));
  out.flags.push_back(filter("to", "TIME", "Received before, RFC 3339."));
  out.flags.push_back(
      filter("where", "CEL", "A condition, as the `when` of a rule."));
  for (auto& flag : page_flags())
    out.flags.push_back(flag);
  out.examples = {"eventpulse events list --type payment.declined --where "
                  "'event.data.amount > 100'"};
  out.run = [](const arguments& given) {
    return call_and_show(
        "events list", given, "GET",
        "/v1/events" +
            query_of(given, {"type", "source", "subject", "id", "from", "to",
                             "where", "limit", "cursor"}),
        page_of({"received_at", "type", "source", "id", "subject", "data"}));
  };
  return out;
}

void show_story(const json::value& event) {
  auto& story = event.at("event_story");
  for (auto& [name, value] : event.as_object())
    if (name != "event_story")
      std::cout << std::string_view(name) << '\t'
                << text_of(event, std::string(name).c_str()) << '\n';
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
  auto out = api_command("events show", events_group,
                         "Show an event and what became of it.");
  out.operands = "ID";
  out.operands_min = out.operands_max = 1;
  out.flags.push_back(filter("source", "SOURCE",
                             "Where events of several sources have the id."));
  out.run = [](const arguments& given) {
    return call_and_show("events show", given, "GET",
                         "/v1/events/" + in_path(given.positional()[0]) +
                             query_of(given, {"source"}),
                         show_story);
  };
  return out;
}

} // namespace

std::vector<command> alerts_commands() {
  return {
      alerts_list(), alerts_show(),
      alerts_act("alerts ack", "acknowledge", "Acknowledge an alert.",
                 "Tells others that somebody is on it. The first one "
                 "stands."),
      alerts_act("alerts resolve", "resolve", "Resolve an alert by hand.",
                 "Its group opens another one when the rule is met again.")};
}

std::vector<command> events_commands() {
  return {events_list(), events_show()};
}

} // namespace eventpulse
