#include "runtime/core/rules/document_parts.hpp"

#include "runtime/core/base/json_write.hpp"
#include "runtime/core/base/limits.hpp"

#include <numeric>

namespace eventpulse {

namespace {

enum class direction : uint8_t { up, down, both };

std::string_view to_string(direction d) noexcept {
  switch (d) {
  case direction::up:
    return "up";
  case direction::down:
    return "down";
  case direction::both:
    return "both";
  }
  return "";
}

void check_hopping(field_reader& part, const window_spec& w) {
  if (w.every_ms > w.size_ms) {
    part.say("every", "must be at most the window's size");
    return;
  }
  const auto pane = std::gcd(w.size_ms, w.every_ms);
  if (w.size_ms / pane > static_cast<int64_t>(limits::hopping_panes_max))
    part.say("every", "size and every must have a common divisor of at least "
                      "1/" +
                          std::to_string(limits::hopping_panes_max) +
                          " of the size");
}

} // namespace

void read_window(reading& all, field_reader& in, rule_document& out) {
  const auto* v = in.find("window");
  if (v == nullptr)
    return;
  field_reader part{all, *v, in.pointer_of("window")};
  window_spec w;
  if (part.require("type") == nullptr ||
      !part.choice("type",
                   {window_type::sliding, window_type::tumbling,
                    window_type::hopping, window_type::session},
                   w.type))
    return;
  bool good = true;
  const auto need = [&](std::string_view name, int64_t& ms) {
    good = part.require(name) != nullptr && part.duration(name, ms, 1) && good;
  };
  if (w.type == window_type::session) {
    need("gap", w.gap_ms);
    need("max", w.max_ms);
    if (good && w.max_ms < w.gap_ms)
      part.say("max", "must be at least the gap");
  } else {
    need("size", w.size_ms);
  }
  if (w.type == window_type::hopping) {
    need("every", w.every_ms);
    if (good)
      check_hopping(part, w);
  }
  if (w.type == window_type::tumbling)
    part.text("time_zone", w.time_zone, limits::rule_name_bytes_max);
  part.finish();
  out.window = std::move(w);
}

void read_absence(reading& all, field_reader& in, rule_document& out) {
  const auto* v = in.find("absence");
  if (v == nullptr)
    return;
  field_reader part{all, *v, in.pointer_of("absence")};
  absence_spec a;
  if (part.require("for") != nullptr)
    part.duration("for", a.for_ms, 1);
  part.list("expect", limits::groups_max,
            [&](const boost::json::value& item, const std::string& pointer) {
              // One value stands for the group of that one value.
              boost::json::array group;
              if (item.is_array())
                group = item.get_array();
              else
                group.push_back(item);
              if (group.size() != out.group_by.size())
                all.say(pointer, "must have as many values as 'group_by', " +
                                     std::to_string(out.group_by.size()));
              else
                a.expect.push_back(json_text(group));
            });
  part.finish();
  out.absence = std::move(a);
}

void read_sequence(reading& all, field_reader& in, rule_document& out) {
  const auto* v = in.find("sequence");
  if (v == nullptr)
    return;
  field_reader part{all, *v, in.pointer_of("sequence")};
  sequence_spec s;
  if (part.require("within") != nullptr)
    part.duration("within", s.within_ms, 1);
  part.require("steps");
  part.list("steps", limits::rule_items_max,
            [&](const boost::json::value& item, const std::string& pointer) {
              field_reader one{all, item, pointer};
              sequence_step step;
              uint64_t times = 1;
              if (one.require("name") != nullptr)
                one.text("name", step.name, limits::rule_name_bytes_max);
              if (one.require("when") != nullptr)
                one.expression("when", step.when);
              one.whole("times", 1, 1000, times);
              one.flag("not", step.absent);
              one.finish();
              step.times = static_cast<uint32_t>(times);
              s.steps.push_back(std::move(step));
            });
  part.finish();
  out.sequence = std::move(s);
}

void read_anomaly(reading& all, field_reader& in, rule_document& out) {
  const auto* v = in.find("anomaly");
  if (v == nullptr)
    return;
  field_reader part{all, *v, in.pointer_of("anomaly")};
  anomaly_spec a;
  const bool per_event = part.expression("value", a.value);
  const bool per_bin = part.expression("aggregate", a.aggregate);
  if (per_event == per_bin)
    part.say("", "needs either 'value' or 'aggregate' with 'every'");
  const bool every = part.duration("every", a.every_ms, 1);
  if (per_bin != every)
    part.say("", "'aggregate' and 'every' belong together");
  part.text("detector", a.detector, limits::rule_name_bytes_max);
  if (const auto* s = part.find("sensitivity")) {
    a.sensitivity = s->is_number() ? s->to_number<double>() : -1;
    if (!(a.sensitivity >= 0 && a.sensitivity <= 1))
      part.say("sensitivity", "must be a number from 0 to 1");
  }
  direction d = direction::both;
  part.choice("direction", {direction::up, direction::down, direction::both},
              d);
  a.direction = to_string(d);
  uint64_t warmup = 0;
  part.whole("warmup", 0, 1'000'000, warmup);
  a.warmup = static_cast<uint32_t>(warmup);
  part.finish();
  out.anomaly = std::move(a);
}

void read_alert(reading& all, field_reader& in, rule_document& out) {
  const auto* v = in.find("alert");
  if (v == nullptr)
    return;
  field_reader part{all, *v, in.pointer_of("alert")};
  part.text("summary", out.alert.summary, limits::alert_summary_bytes_max);
  part.text("details", out.alert.details, limits::alert_details_bytes_max);
  part.duration("cooldown", out.alert.cooldown_ms, 0);
  part.duration("resolve_after", out.alert.resolve_after_ms, 0);
  part.finish();
}

namespace {

test_event read_test_event(reading& all, const boost::json::value& item,
                           const std::string& pointer) {
  field_reader one{all, item, pointer};
  test_event e;
  if (one.require("at") != nullptr)
    one.duration("at", e.at_ms, 0);
  uint64_t repeat = 1;
  one.whole("repeat", 1, limits::rule_test_events_max, repeat);
  e.repeat = static_cast<uint32_t>(repeat);
  one.duration("every", e.every_ms, 0);
  if (const auto* event = one.require("event")) {
    if (event->is_object())
      e.event = json_text(*event);
    else
      one.say("event",
              "must be an object, not " + std::string{kind_in_words(*event)});
  }
  one.finish();
  return e;
}

expected_alert read_expected(reading& all, const boost::json::value& item,
                             const std::string& pointer) {
  field_reader one{all, item, pointer};
  expected_alert e;
  if (one.require("at") != nullptr)
    one.duration("at", e.at_ms, 0);
  if (const auto* group = one.find("group")) {
    if (group->is_array())
      e.group = json_text(*group);
    else
      one.say("group",
              "must be a list, not " + std::string{kind_in_words(*group)});
  }
  one.duration("resolved_at", e.resolved_at_ms, 0);
  uint64_t count = 0;
  if (one.whole("count", 1, UINT64_MAX, count))
    e.count = count;
  std::string summary;
  if (one.text("summary", summary, limits::alert_summary_bytes_max))
    e.summary = std::move(summary);
  if (const auto* values = one.find("values")) {
    if (values->is_object())
      e.values = json_text(*values);
    else
      one.say("values",
              "must be an object, not " + std::string{kind_in_words(*values)});
  }
  one.finish();
  return e;
}

} // namespace

void read_tests(reading& all, field_reader& in, rule_document& out) {
  in.list("tests", limits::rule_tests_max,
          [&](const boost::json::value& item, const std::string& pointer) {
            field_reader part{all, item, pointer};
            rule_test test;
            if (part.require("name") != nullptr)
              part.text("name", test.name, limits::rule_name_bytes_max);
            part.require("events");
            uint64_t events = 0;
            part.list("events", limits::rule_test_events_max,
                      [&](const auto& one, const auto& at) {
                        test.events.push_back(read_test_event(all, one, at));
                        events += test.events.back().repeat;
                      });
            if (events > limits::rule_test_events_max)
              part.say("events",
                       "must be at most " +
                           std::to_string(limits::rule_test_events_max) +
                           " events in all");
            part.require("alerts");
            part.list("alerts", limits::rule_test_events_max,
                      [&](const auto& one, const auto& at) {
                        test.alerts.push_back(read_expected(all, one, at));
                      });
            part.duration("until", test.until_ms, 0);
            part.finish();
            out.tests.push_back(std::move(test));
          });
}

} // namespace eventpulse
