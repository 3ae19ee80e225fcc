// eventpulse alerts list | show | acknowledge | resolve

#include "runtime/app/api_command.hpp"
#include "runtime/app/commands.hpp"
#include "runtime/core/base/json_write.hpp"

#include <iostream>

namespace eventpulse {

namespace json = boost::json;

namespace {

constexpr auto* group = "Alerts";

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
  auto out = api_command("alerts list", group, "List alerts, newest first.");
  out.flags.push_back(value_flag("rule", "ID", "Of this rule."));
  out.flags.push_back(value_flag("state", "STATE", "firing or resolved."));
  out.flags.push_back(
      value_flag("severity", "LEVEL", "info, warning or critical."));
  out.flags.push_back(value_flag("acknowledged", "BOOL", "true or false."));
  out.flags.push_back(value_flag(
      "from", "TIME", "Opened since then: RFC 3339, or a duration ago."));
  out.flags.push_back(
      value_flag("to", "TIME", "Opened before then, given likewise."));
  out.flags.push_back(limit_flag());
  out.examples = {"eventpulse alerts list --state firing"};
  out.run = [](const arguments& given) {
    auto query = query_of(given, {"rule", "state", "severity", "acknowledged"},
                          {"from", "to"});
    if (!query)
      return misused("alerts list", query.error());
    return list_and_show(
        "alerts list", given, "/v1/alerts", *query,
        columns({"id", "opened_at", "severity", "state", "rule", "summary"}));
  };
  return out;
}

command of_one_alert(const char* name, const char* summary) {
  auto out = api_command(name, group, summary);
  out.operands = "ID";
  out.operands_min = out.operands_max = 1;
  return out;
}

command alerts_show() {
  auto out =
      of_one_alert("alerts show", "Show an alert, its history and deliveries.");
  out.run = [](const arguments& given) {
    return call_and_show("alerts show", given, "GET",
                         "/v1/alerts/" + percent_encode(given.positional()[0]),
                         show_history);
  };
  return out;
}

command alerts_act(const char* name, const char* action, const char* summary,
                   const char* help) {
  auto out = of_one_alert(name, summary);
  out.help = help;
  out.flags.push_back(
      value_flag("comment", "TEXT", "What others should know."));
  out.run = [name, action](const arguments& given) {
    auto body = given.has("comment")
                    ? json_text(json::object{{"comment", given.get("comment")}})
                    : std::string{};
    return call_and_show(
        name, given, "POST",
        "/v1/alerts/" + percent_encode(given.positional()[0]) + '/' + action,
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

} // namespace

std::vector<command> alerts_commands() {
  return {
      alerts_list(), alerts_show(),
      alerts_act("alerts acknowledge", "acknowledge", "Acknowledge an alert.",
                 "Tells others that somebody is on it. The first one "
                 "stands."),
      alerts_act("alerts resolve", "resolve", "Resolve an alert by hand.",
                 "Its group opens another one when the rule is met again.")};
}

} // namespace eventpulse
