#include "runtime/app/system_view.hpp"

#include "runtime/core/base/time.hpp"

#include <algorithm>
#include <cstdio>

namespace eventpulse {

namespace json = boost::json;

namespace {

constexpr const char* red = "\x1b[31m";
constexpr const char* yellow = "\x1b[33m";
constexpr const char* bold = "\x1b[1m";
constexpr const char* plain = "\x1b[0m";

const json::value* find(const json::object& in, std::string_view name) {
  const auto* found = in.if_contains({name.data(), name.size()});
  return found && !found->is_null() ? found : nullptr;
}

/// Controls in what others wrote must not reach the terminal.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return text;
}

std::string text_of(const json::object& in, std::string_view name) {
  const auto* v = find(in, name);
  if (!v)
    return "-";
  return printable(v->is_string() ? std::string(v->as_string())
                                  : json::serialize(*v));
}

double number_of(const json::object& in, std::string_view name) {
  const auto* v = find(in, name);
  return v && v->is_number() ? v->to_number<double>() : 0;
}

json::object object_of(const json::object& in, std::string_view name) {
  const auto* v = find(in, name);
  return v && v->is_object() ? v->as_object() : json::object{};
}

json::array array_of(const json::object& in, std::string_view name) {
  const auto* v = find(in, name);
  return v && v->is_array() ? v->as_array() : json::array{};
}

std::string formatted(const char* format, double value) {
  char out[64];
  std::snprintf(out, sizeof out, format, value);
  return out;
}

/// "12ms", "3.4s", "7m05s", "3h20m", "12d".
std::string span_text(double seconds) {
  if (seconds < 1)
    return formatted("%.0fms", seconds * 1000);
  if (seconds < 60)
    return formatted("%.1fs", seconds);
  auto whole = static_cast<long>(seconds);
  char out[64];
  if (whole < 3600)
    std::snprintf(out, sizeof out, "%ldm%02lds", whole / 60, whole % 60);
  else if (whole < 86'400)
    std::snprintf(out, sizeof out, "%ldh%02ldm", whole / 3600, whole / 60 % 60);
  else
    std::snprintf(out, sizeof out, "%ldd", whole / 86'400);
  return out;
}

std::string seconds_text(const json::object& in, std::string_view name) {
  return find(in, name) ? span_text(number_of(in, name)) : "-";
}

std::string left(const std::string& text, size_t width) {
  return text.size() < width ? text + std::string(width - text.size(), ' ')
                             : text + ' ';
}

std::string right(const std::string& text, size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text
                             : ' ' + text;
}

std::string counted(const json::object& c) {
  return text_of(c, "count") + (find(c, "at_least") ? "+" : "");
}

} // namespace

std::string system_view::render(const json::value& answer) {
  out_.clear();
  now_.clear();
  if (!answer.is_object())
    return "the answer is not an object\n";
  const auto& all = answer.as_object();
  add_head(all);
  add_processes(all);
  add_partitions(all);
  add_flow(all);
  add_actors(all);
  before_ = std::move(now_);
  return out_;
}

void system_view::line(std::string text, const char* colour) {
  // Cut by bytes where it is ASCII; never inside a character.
  if (text.size() > options_.columns_max) {
    auto end = options_.columns_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
      --end;
    text.resize(end);
  }
  if (colour && options_.colours)
    text = colour + text + plain;
  out_ += text + '\n';
}

void system_view::add_head(const json::object& all) {
  auto database = object_of(all, "database");
  line("EventPulse  " + text_of(all, "at") + "  PostgreSQL " +
           text_of(database, "version") + ", schema " +
           text_of(database, "schema"),
       bold);
  for (const auto& problem : array_of(all, "problems"))
    if (problem.is_string())
      line("cannot ask: " + printable(std::string(problem.as_string())), red);
}

void system_view::add_processes(const json::object& all) {
  line("");
  line(left("PROCESS", 44) + left("ROLE", 8) + left("VERSION", 10) +
           right("PID", 8) + right("UP", 8) + "  READY",
       bold);
  auto at = parse_rfc3339_ms(text_of(all, "at")).value_or(0);
  for (const auto& one : array_of(all, "processes")) {
    if (!one.is_object())
      continue;
    const auto& p = one.as_object();
    auto started = parse_rfc3339_ms(text_of(p, "started_at")).value_or(at);
    auto reasons = object_of(p, "reasons");
    std::string ready = reasons.empty() ? "yes" : "no";
    for (const auto& [part, why] : reasons)
      ready += (ready == "no" ? ": " : "; ") + std::string(part) + ": " +
               text_of(reasons, {part.data(), part.size()});
    line(left(text_of(p, "name"), 44) + left(text_of(p, "role"), 8) +
             left(text_of(p, "version"), 10) + right(text_of(p, "pid"), 8) +
             right(span_text(
                       static_cast<double>(std::max<int64_t>(at - started, 0)) /
                       1000.0),
                   8) +
             "  " + printable(ready),
         reasons.empty() ? nullptr : yellow);
  }
}

void system_view::add_partitions(const json::object& all) {
  line("");
  line(left("PARTITION", 10) + left("OWNER", 44) + right("EPOCH", 6) +
           right("ENTRIES", 9) + right("UNREAD", 8) + right("PENDING", 8) +
           right("OLDEST", 9) + "  PERSISTED",
       bold);
  for (const auto& one : array_of(all, "partitions")) {
    if (!one.is_object())
      continue;
    const auto& p = one.as_object();
    line(left(text_of(p, "number"), 10) + left(text_of(p, "owner"), 44) +
             right(text_of(p, "epoch"), 6) + right(text_of(p, "entries"), 9) +
             right(text_of(p, "lag_entries"), 8) +
             right(text_of(p, "pending_entries"), 8) +
             right(seconds_text(p, "lag_seconds"), 9) + "  " +
             text_of(p, "persisted"),
         find(p, "owner") ? nullptr : red);
  }
}

void system_view::add_flow(const json::object& all) {
  auto evaluation = object_of(all, "evaluation");
  auto waiting = object_of(evaluation, "waiting");
  std::string rules;
  for (const auto& [state, count] : object_of(evaluation, "rules"))
    rules += (rules.empty() ? "" : ", ") + json::serialize(count) + ' ' +
             std::string(state);
  line("");
  line("evaluation  until " + text_of(evaluation, "evaluated_until") + ", " +
       counted(waiting) + " events behind (" +
       seconds_text(waiting, "lag_seconds") +
       "), rules: " + printable(rules.empty() ? "none" : rules));
  auto deliveries = object_of(all, "deliveries");
  auto due = object_of(deliveries, "due");
  line("deliveries  " + counted(due) + " due (oldest " +
       seconds_text(due, "oldest_seconds") + "), " +
       counted(object_of(deliveries, "waiting_for_retry")) +
       " waiting for a retry");
}

void system_view::add_actors(const json::object& all) {
  line("");
  line(left("ACTOR", 44) + left("STATE", 11) + right("RESTARTS", 9) +
           right("MAILBOX", 8) + right("MESSAGES", 11) + right("PER S", 8) +
           right("BUSY", 8) + "  LAST ERROR",
       bold);
  for (const auto& one : array_of(all, "processes")) {
    if (!one.is_object())
      continue;
    const auto& p = one.as_object();
    auto name = text_of(p, "name");
    auto tree = object_of(p, "tree");
    line(name, bold);
    if (tree.empty()) {
      line("  its tree did not answer in time", yellow);
      continue;
    }
    add_node(tree, name, 1,
             parse_rfc3339_ms(text_of(p, "reported_at")).value_or(0));
  }
}

void system_view::add_node(const json::object& node, const std::string& path,
                           size_t depth, int64_t at_ms) {
  auto here = path + '/' + text_of(node, "id");
  add_actor_line(node, here, text_of(node, "id"), depth, at_ms);
  for (const auto& linked : array_of(node, "linked"))
    if (linked.is_object()) {
      auto kind = text_of(linked.as_object(), "kind");
      add_actor_line(linked.as_object(), here + "+" + kind, "+ " + kind,
                     depth + 1, at_ms);
    }
  for (const auto& child : array_of(node, "children"))
    if (child.is_object())
      add_node(child.as_object(), here, depth + 1, at_ms);
  if (auto omitted = number_of(node, "omitted"); omitted > 0)
    line(std::string((depth + 1) * 2, ' ') + "… and " +
         formatted("%.0f", omitted) + " more");
}

void system_view::add_actor_line(const json::object& node,
                                 const std::string& path,
                                 const std::string& name, size_t depth,
                                 int64_t at_ms) {
  auto state = find(node, "state") ? text_of(node, "state") : "running";
  auto error = find(node, "last_error") ? text_of(node, "last_error") : "";
  auto busy = number_of(node, "busy_seconds");
  line(left(std::string(depth * 2, ' ') + name, 44) + left(state, 11) +
           right(find(node, "restarts") ? text_of(node, "restarts") : "", 9) +
           right(text_of(node, "mailbox_depth"), 8) +
           right(text_of(node, "messages"), 11) +
           right(rate(path, number_of(node, "messages"), at_ms), 8) +
           right(busy > 0 ? span_text(busy) : "", 8) + "  " + error,
       state != "running"                ? red
       : number_of(node, "restarts") > 0 ? yellow
                                         : nullptr);
}

std::string system_view::rate(const std::string& path, double messages,
                              int64_t at_ms) {
  now_[path] = {at_ms, messages};
  auto before = before_.find(path);
  if (before == before_.end())
    return "-";
  auto [then_ms, then] = before->second;
  if (at_ms <= then_ms) { // the same report again
    now_[path] = before->second;
    return "-";
  }
  if (messages < then)
    return "-"; // another incarnation
  return formatted("%.1f", (messages - then) * 1000.0 /
                               static_cast<double>(at_ms - then_ms));
}

} // namespace eventpulse
