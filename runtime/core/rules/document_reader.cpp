// The fields of a rule document, and which of them its kind asks for.

#include "runtime/core/base/limits.hpp"
#include "runtime/core/rules/document_parts.hpp"
#include "runtime/core/rules/field_reader.hpp"

namespace eventpulse {

namespace {

bool is_rule_id(std::string_view id) {
  if (id.empty() || id.size() > 63 || id.front() == '-')
    return false;
  for (char c : id)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
      return false;
  return true;
}

void read_people(field_reader& in, rule_document& out) {
  if (in.require("id") != nullptr &&
      in.text("id", out.id, limits::rule_text_bytes_max) && !is_rule_id(out.id))
    in.say("id", "must be 1 to 63 of a-z, 0-9 and '-', not beginning with '-'");
  in.text("name", out.name, limits::rule_name_bytes_max);
  in.text("description", out.description, limits::rule_text_bytes_max);
  in.choice("severity", {severity::info, severity::warning, severity::critical},
            out.severity);
  in.choice("mode", {rule_mode::live, rule_mode::shadow, rule_mode::off},
            out.mode);
}

void read_labels(reading& all, field_reader& in, rule_document& out) {
  const auto* v = in.find("labels");
  if (v == nullptr)
    return;
  field_reader labels{all, *v, in.pointer_of("labels")};
  if (!labels.is_object())
    return;
  if (v->get_object().size() > limits::rule_items_max)
    in.say("labels", "must have at most " +
                         std::to_string(limits::rule_items_max) + " items");
  for (const auto& member : v->get_object()) {
    std::string text;
    if (labels.text(member.key(), text, limits::rule_name_bytes_max))
      out.labels.emplace_back(member.key(), std::move(text));
  }
}

void read_conditions(reading& all, field_reader& in, rule_document& out) {
  if (in.require("when") != nullptr)
    in.expression("when", out.when);
  in.list("group_by", limits::rule_items_max,
          [&](const boost::json::value& item, const std::string& pointer) {
            auto text = expression_text(item);
            out.group_by.push_back(text.value_or(""));
            if (!text)
              all.say(pointer, "must be a CEL expression, not " +
                                   std::string{kind_in_words(item)});
          });
  in.expression("condition", out.condition);
  if (const auto* v = in.find("aggregate")) {
    field_reader aggregates{all, *v, in.pointer_of("aggregate")};
    if (!aggregates.is_object())
      return;
    if (v->get_object().size() > limits::rule_items_max)
      in.say("aggregate", "must have at most " +
                              std::to_string(limits::rule_items_max) +
                              " items");
    for (const auto& member : v->get_object()) {
      std::string text;
      aggregates.expression(member.key(), text);
      // One that cannot be read still has its name, for those that use it.
      out.aggregate.emplace_back(member.key(), std::move(text));
    }
  }
}

void read_clock(field_reader& in, rule_document& out) {
  in.choice("clock", {rule_clock::received, rule_clock::event}, out.clock);
  const bool lateness = in.duration("lateness", out.lateness_ms, 0);
  in.duration("max_ahead", out.max_ahead_ms, 0);
  in.duration("idle_after", out.idle_after_ms, 1);
  if (out.clock == rule_clock::event)
    return;
  for (std::string_view name : {"lateness", "max_ahead", "idle_after"})
    if (name == "lateness" ? lateness : in.find(name) != nullptr)
      in.say(name, "needs clock 'event'");
}

// What a kind needs and what it has no use for. A field without effect is
// refused, since its author expects one.
void check_kind(field_reader& in, const rule_document& out) {
  const auto needs = [&](std::string_view name, bool wanted) {
    const bool given = in.find(name) != nullptr;
    if (wanted && !given)
      in.say("", "kind '" + std::string{to_string(out.kind)} +
                     "' needs field '" + std::string{name} + "'");
    if (!wanted && given)
      in.say(name, "kind '" + std::string{to_string(out.kind)} + "' has no '" +
                       std::string{name} + "'");
  };
  const bool threshold = out.kind == rule_kind::threshold;
  needs("window", threshold);
  needs("condition", threshold);
  if (!threshold)
    needs("aggregate", false);
  needs("absence", out.kind == rule_kind::absence);
  // The compiler says that these kinds are not available yet; that they lack
  // something would only send their author on.
  if (out.kind != rule_kind::sequence)
    needs("sequence", false);
  if (out.kind != rule_kind::anomaly)
    needs("anomaly", false);
  if (out.kind == rule_kind::match && out.alert.resolve_after_ms)
    in.say("alert", "a 'match' alert is resolved when it opens, so "
                    "'resolve_after' has no effect");
}

} // namespace

rule_draft read_document(document_tree tree) {
  reading all{tree.places, {}};
  rule_document out;
  field_reader in{all, tree.root, ""};
  if (!in.is_object())
    return {{}, std::move(all.problems)};
  read_people(in, out);
  read_labels(all, in, out);
  const bool has_kind =
      in.require("kind") != nullptr &&
      in.choice("kind",
                {rule_kind::match, rule_kind::threshold, rule_kind::absence,
                 rule_kind::sequence, rule_kind::anomaly},
                out.kind);
  read_conditions(all, in, out);
  read_clock(in, out);
  read_window(all, in, out);
  read_absence(all, in, out);
  read_sequence(all, in, out);
  read_anomaly(all, in, out);
  read_alert(all, in, out);
  in.texts("notify", out.notify);
  in.duration("backfill", out.backfill_ms, 0);
  read_tests(all, in, out);
  if (has_kind)
    check_kind(in, out);
  in.finish();
  out.text = std::move(tree.text);
  out.places = std::move(tree.places);
  return {std::move(out), std::move(all.problems)};
}

} // namespace eventpulse
