// eventpulse event-types list | show | put | delete

#include "runtime/app/api_command.hpp"
#include "runtime/app/commands.hpp"

#include <iostream>

namespace eventpulse {

namespace json = boost::json;

namespace {

constexpr auto* group = "Event types";

std::string path_of(const std::string& type) {
  return "/v1/event-types/" + percent_encode(type);
}

/// Two spaces a level: people put it into a file and edit it.
void print_indented(const json::value& v, std::string indent = "") {
  auto inner = indent + "  ";
  bool first = true;
  if (auto* o = v.if_object(); o && !o->empty()) {
    std::cout << '{';
    for (auto& [name, value] : *o) {
      std::cout << (std::exchange(first, false) ? "\n" : ",\n") << inner
                << json::serialize(json::string(name)) << ": ";
      print_indented(value, inner);
    }
    std::cout << '\n' << indent << '}';
  } else if (auto* a = v.if_array(); a && !a->empty()) {
    std::cout << '[';
    for (auto& value : *a) {
      std::cout << (std::exchange(first, false) ? "\n" : ",\n") << inner;
      print_indented(value, inner);
    }
    std::cout << '\n' << indent << ']';
  } else {
    std::cout << json::serialize(v);
  }
}

} // namespace

std::vector<command> event_types_commands() {
  auto list = api_command("event-types list", group,
                          "List event types that have a schema.");
  list.run = [](const arguments& given) {
    return call_and_show(
        "event-types list", given, "GET", "/v1/event-types?limit=1000",
        columns({"type", "version", "published_at", "published_by"}));
  };
  auto show = api_command("event-types show", group,
                          "Print the schema of an event type.");
  show.operands = "TYPE";
  show.examples = {"eventpulse event-types show order.placed"};
  show.operands_min = show.operands_max = 1;
  show.run = [](const arguments& given) {
    return call_and_show("event-types show", given, "GET",
                         path_of(given.positional()[0]),
                         [](const json::value& type) {
                           print_indented(type.at("schema"));
                           std::cout << '\n';
                         });
  };
  auto put = api_command("event-types put", group,
                         "Set the JSON Schema of an event type's data.");
  put.operands = "TYPE FILE";
  put.help =
      "From then on intake refuses events of this type whose data do not fit "
      "(422 with the\nplaces), and keeps them as dead letters. Drafts 06, 07, "
      "2019-09 and 2020-12 (the\ndefault); what is not understood is refused "
      "here.";
  put.examples = {"eventpulse event-types put order.placed order.schema.json"};
  put.operands_min = put.operands_max = 2;
  put.run = [](const arguments& given) {
    auto text = read_text(given.positional()[1]);
    if (!text)
      return fail("event-types put", text.error());
    return call_and_show(
        "event-types put", given, "PUT", path_of(given.positional()[0]),
        [](const json::value& type) {
          std::cout << text_of(type, "type") << " version "
                    << text_of(type, "version") << '\n';
          if (auto* notes = type.as_object().if_contains("notes"))
            for (auto& n : notes->as_array())
              std::cerr << "note: " << text_of(n, "pointer") << ": "
                        << text_of(n, "detail") << '\n';
        },
        *text);
  };
  auto remove = api_command("event-types delete", group,
                            "Remove the schema of an event type.");
  remove.operands = "TYPE";
  remove.examples = {"eventpulse event-types delete order.placed"};
  remove.operands_min = remove.operands_max = 1;
  remove.run = [](const arguments& given) {
    return call_and_show("event-types delete", given, "DELETE",
                         path_of(given.positional()[0]),
                         [](const json::value&) { std::cout << "deleted\n"; });
  };
  return {list, show, put, remove};
}

} // namespace eventpulse
