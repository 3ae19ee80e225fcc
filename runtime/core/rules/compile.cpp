#include "runtime/core/rules/compile.hpp"

#include "runtime/core/cel/lexer.hpp"
#include "runtime/core/rules/aggregate_expression.hpp"
#include "runtime/core/rules/document_tree.hpp"
#include "runtime/core/rules/source_place.hpp"

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
  explicit compiler(const rule_draft& draft)
      : problems(draft.problems), document_(draft.document),
        shape_problems_(std::ssize(draft.problems)),
        event_(event_environment()), out_(std::make_unique<rule_program>()) {}

  std::vector<rule_problem> problems;

  std::unique_ptr<const rule_program> run() {
    check_available();
    compile_events();
    compile_aggregates();
    if (names_are_known())
      compile_outcomes();
    note_needs();
    return std::move(out_);
  }

private:
  bool has_shape_problem(const std::string& pointer) const {
    return std::any_of(problems.begin(), problems.begin() + shape_problems_,
                       [&](const auto& p) { return p.pointer == pointer; });
  }

  // A misspelt or unreadable `aggregate` leaves names unknown that condition
  // and texts may use with good reason.
  bool names_are_known() const {
    return shape_problems_ == 0 || !document_.aggregate.empty() ||
           document_.kind != rule_kind::threshold;
  }

  // Of a part that is missing or unreadable all is said already.
  void add(rule_problem p) {
    if (shape_problems_ == 0 ||
        (document_.places.contains(p.pointer) && !has_shape_problem(p.pointer)))
      problems.push_back(std::move(p));
  }

  // `{p: percentile(event.data.x, 95)}`: what was meant as one argument of many
  // ends at the comma, with its bracket open.
  bool is_cut(size_t offset, const std::string& source) const {
    const auto behind =
        document_.text.find_first_not_of(" \t\r\n", offset + source.size());
    return document_.text.compare(offset, source.size(), source) == 0 &&
           behind != std::string::npos && document_.text[behind] == ',' &&
           std::count(source.begin(), source.end(), '(') >
               std::count(source.begin(), source.end(), ')');
  }

  /// Of the expression or text `source`, which stands at `pointer`.
  void say(const std::string& pointer, const std::string& source,
           const cel::diagnostic& d) {
    rule_problem p{pointer, 0, 0,
                   d.hint.empty() ? d.message : d.message + "; " + d.hint};
    if (const auto at = document_.places.find(pointer);
        at != document_.places.end()) {
      if (is_cut(at->second.offset, source))
        p.detail += "; a comma ends a text in [] and {}: put it in quotes";
      const auto place = place_finder{document_.text}.at(
          source_offset(document_.text, at->second.offset, source, d.offset));
      p.line = place.line;
      p.column = place.column;
    }
    add(std::move(p));
  }

  void say(const std::string& pointer, std::string detail) {
    rule_problem p{pointer, 0, 0, std::move(detail)};
    if (const auto at = document_.places.find(pointer);
        at != document_.places.end()) {
      p.line = at->second.line;
      p.column = at->second.column;
    }
    add(std::move(p));
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
        say(pointer, source, d);
      return nullptr;
    }
    check_event_fields(pointer, source, *std::get<0>(made));
    return std::get<0>(made);
  }

  // An attribute of that name cannot exist, so it is a slip of the pen.
  void check_event_fields(const std::string& pointer, const std::string& source,
                          const cel::program& p) {
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
        const auto at = source.find(field);
        say(pointer, source,
            cel::make_diagnostic(source, at == std::string::npos ? 0 : at,
                                 "an event has no attribute '" + field + "'",
                                 cel::did_you_mean(field, known)));
      }
    }
  }

  void need_bool(const std::string& pointer, const program_ptr& p) {
    if (p && !p->result_type().is_dyn() &&
        !p->result_type().is(cel::type_kind::boolean))
      say(pointer, p->source(),
          cel::make_diagnostic(p->source(), 0,
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
          say(pointer, text, d);
        // Known with any type, so that the condition is checked all the same.
        out_->specs.push_back({aggregate_function::last, 0, 1});
        out_->arguments.push_back(nullptr);
      } else {
        auto& good = std::get<0>(made);
        if (good.argument)
          check_event_fields(pointer, text, *good.argument);
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
           (document_.kind == rule_kind::threshold &&
            (!document_.window ||
             document_.window->type == window_type::sliding)) ||
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
        say(pointer, text, d);
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
  const std::ptrdiff_t shape_problems_; // the first of `problems`
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

compiled_or_problems compile_rule(const rule_document& document,
                                  int64_t version) {
  return compile_draft({document, {}}, version);
}

compiled_or_problems compile_draft(const rule_draft& draft, int64_t version) {
  const auto& document = draft.document;
  compiler c{draft};
  auto program = c.run();
  if (!c.problems.empty())
    return std::move(c.problems);
  return std::make_shared<const compiled_rule>(document, version,
                                               std::move(program));
}

} // namespace eventpulse
