#include "runtime/core/rules/compile.hpp"

#include "runtime/core/cel/lexer.hpp"
#include "runtime/core/rules/aggregate_expression.hpp"
#include "runtime/core/rules/document_tree.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace eventpulse {

namespace {

// CloudEvents attributes and what EventPulse adds; all else is an extension.
constexpr std::array<std::string_view, 12> event_fields{
    "id",          "source",   "type",        "subject",
    "time",        "data",     "dataschema",  "datacontenttype",
    "received_at", "position", "traceparent", "tracestate"};

bool is_attribute_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

bool is_variable_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return letter(c) || (c >= '0' && c <= '9');
         });
}

class compiler {
public:
  explicit compiler(const rule_document& document)
      : document_(document), event_(event_environment()),
        out_(std::make_unique<rule_program>()) {}

  std::vector<rule_problem> problems;

  std::unique_ptr<const rule_program> run() {
    check_available();
    compile_events();
    compile_aggregates();
    compile_outcomes();
    note_needs();
    return std::move(out_);
  }

private:
  void say(const std::string& pointer, const cel::diagnostic& d) {
    rule_problem p{pointer, d.line, d.column,
                   d.hint.empty() ? d.message : d.message + "; " + d.hint};
    if (const auto at = document_.places.find(pointer);
        at != document_.places.end()) {
      const auto& place = at->second;
      if (!place.block && d.line == 1)
        p.column = place.column + place.inset + d.column - 1;
      p.line = place.line + d.line - (place.block ? 0 : 1);
    }
    problems.push_back(std::move(p));
  }

  void say(const std::string& pointer, std::string detail) {
    rule_problem p{pointer, 0, 0, std::move(detail)};
    if (const auto at = document_.places.find(pointer);
        at != document_.places.end()) {
      p.line = at->second.line;
      p.column = at->second.column;
    }
    problems.push_back(std::move(p));
  }

  // What is specified but not built; nothing is published that would not run.
  void check_available() {
    if (document_.kind == rule_kind::sequence ||
        document_.kind == rule_kind::anomaly)
      say("/kind", "kind '" + std::string{to_string(document_.kind)} +
                       "' is not available yet");
    if (document_.clock == rule_clock::event)
      say("/clock", "clock 'event' is not available yet");
    if (document_.window && !document_.window->time_zone.empty() &&
        document_.window->time_zone != "UTC")
      say("/window/time_zone", "only 'UTC' is available yet");
  }

  program_ptr compile(const std::string& pointer, const std::string& source,
                      const cel::environment& in) {
    auto made = cel::compile(source, in);
    if (auto* bad = std::get_if<1>(&made)) {
      for (const auto& d : *bad)
        say(pointer, d);
      return nullptr;
    }
    check_event_fields(pointer, *std::get<0>(made));
    return std::get<0>(made);
  }

  // An attribute of that name cannot exist, so it is a slip of the pen.
  void check_event_fields(const std::string& pointer, const cel::program& p) {
    const std::vector<std::string> known(event_fields.begin(),
                                         event_fields.end());
    for (const auto& reference : p.references()) {
      if (reference.variable != "event")
        continue;
      for (const auto& field : reference.fields) {
        if (is_attribute_name(field) ||
            std::find(event_fields.begin(), event_fields.end(), field) !=
                event_fields.end())
          continue;
        const auto at = p.source().find(field);
        say(pointer,
            cel::make_diagnostic(p.source(), at == std::string::npos ? 0 : at,
                                 "an event has no attribute '" + field + "'",
                                 cel::did_you_mean(field, known)));
      }
    }
  }

  void need_bool(const std::string& pointer, const program_ptr& p) {
    if (p && !p->result_type().is_dyn() &&
        !p->result_type().is(cel::type_kind::boolean))
      say(pointer, cel::make_diagnostic(p->source(), 0,
                                        "must be a bool, not " +
                                            p->result_type().text()));
  }

  void compile_events() {
    if (!document_.when.empty())
      out_->when = compile("/when", document_.when, event_);
    else
      say("/when", "must not be empty");
    need_bool("/when", out_->when);
    for (size_t i = 0; i < document_.group_by.size(); ++i)
      out_->group_by.push_back(compile("/group_by/" + std::to_string(i),
                                       document_.group_by[i], event_));
  }

  double window_seconds() const {
    if (!document_.window)
      return 1;
    const auto& w = *document_.window;
    return static_cast<double>(w.type == window_type::session ? w.max_ms
                                                              : w.size_ms) /
           1000;
  }

  void compile_aggregates() {
    for (const auto& [name, text] : document_.aggregate) {
      const auto pointer = "/aggregate" + pointer_token(name);
      if (!is_variable_name(name) || cel::is_reserved(name) ||
          name == "event" || name == "group" || name == "lists" ||
          name == "true" || name == "false" || name == "null" || name == "in")
        say(pointer, "'" + name +
                         "' cannot be a name in CEL; use letters, digits "
                         "and '_', and no reserved word");
      auto made = compile_aggregate(text, event_, window_seconds());
      if (auto* bad = std::get_if<1>(&made)) {
        for (const auto& d : *bad)
          say(pointer, d);
        // Known with any type, so that the condition is checked all the same.
        out_->specs.push_back({aggregate_function::last, 0, 1});
        out_->arguments.push_back(nullptr);
      } else {
        auto& good = std::get<0>(made);
        if (good.argument)
          check_event_fields(pointer, *good.argument);
        if (good.spec.function == aggregate_function::rate &&
            document_.window && document_.window->type == window_type::session)
          say(pointer, "a session has no fixed size, so it has no rate()");
        out_->specs.push_back(good.spec);
        out_->arguments.push_back(std::move(good.argument));
      }
      out_->names.push_back(name);
    }
  }

  // `event` is there where an event is looked at when an alert changes.
  bool outcome_has_event() const {
    return document_.kind == rule_kind::match ||
           (document_.kind == rule_kind::threshold && document_.window &&
            document_.window->type == window_type::sliding) ||
           document_.kind == rule_kind::absence;
  }

  void compile_outcomes() {
    cel::environment_options options;
    options.promote_event_numbers = true;
    cel::environment in{options};
    in.set_zones(cel::installed_zones());
    // Slots are fixed (slot_event …), so a missing event still has its place.
    in.declare(outcome_has_event() ? "event" : "(no event)", event_type());
    in.declare("group", cel::type::list_of({}));
    for (size_t i = 0; i < out_->names.size(); ++i)
      in.declare(out_->names[i], type_of(out_->specs[i].function));
    if (!document_.condition.empty()) {
      out_->condition = compile("/condition", document_.condition, in);
      need_bool("/condition", out_->condition);
    } else if (document_.kind == rule_kind::threshold) {
      say("/condition", "must not be empty");
    }
    out_->summary = compile_text("/alert/summary", document_.alert.summary, in);
    out_->details = compile_text("/alert/details", document_.alert.details, in);
  }

  text_template compile_text(const std::string& pointer,
                             const std::string& text,
                             const cel::environment& in) {
    auto made = text_template::compile(text, in);
    if (auto* bad = std::get_if<1>(&made)) {
      for (const auto& d : *bad)
        say(pointer, d);
      return {};
    }
    return std::move(std::get<0>(made));
  }

  void note_needs() {
    const auto sees_event = [](const program_ptr& p) {
      return p &&
             std::any_of(p->references().begin(), p->references().end(),
                         [](const auto& r) { return r.variable == "event"; });
    };
    const auto sees_data = [](const program_ptr& p) {
      return p && p->touches("event", "data");
    };
    auto& o = *out_;
    o.condition_sees_event = sees_event(o.condition);
    o.keeps_event = o.condition_sees_event || o.summary.touches_any("event") ||
                    o.details.touches_any("event");
    o.needs_data =
        sees_data(o.when) || sees_data(o.condition) ||
        o.summary.touches("event", "data") ||
        o.details.touches("event", "data") ||
        std::any_of(o.group_by.begin(), o.group_by.end(), sees_data) ||
        std::any_of(o.arguments.begin(), o.arguments.end(), sees_data);
  }

  const rule_document& document_;
  cel::environment event_;
  std::unique_ptr<rule_program> out_;
};

} // namespace

cel::type event_type() {
  using cel::type;
  using cel::type_kind;
  auto fields = std::make_shared<cel::structure_fields>();
  fields->name = "event";
  fields->open = true; // extension attributes
  for (auto name : event_fields) {
    type t{type_kind::string};
    if (name == "data")
      t = type{};
    else if (name == "time" || name == "received_at")
      t = type{type_kind::timestamp};
    fields->fields.emplace_back(std::string{name}, t);
  }
  return type::structure(std::move(fields));
}

cel::environment event_environment() {
  cel::environment_options options;
  options.promote_event_numbers = true;
  cel::environment out{options};
  out.set_zones(cel::installed_zones());
  out.declare("event", event_type());
  return out;
}

std::variant<compiled_rule_ptr, std::vector<rule_problem>>
compile_rule(const rule_document& document, int64_t version) {
  compiler c{document};
  auto program = c.run();
  if (!c.problems.empty())
    return std::move(c.problems);
  return std::make_shared<const compiled_rule>(document, version,
                                               std::move(program));
}

} // namespace eventpulse
