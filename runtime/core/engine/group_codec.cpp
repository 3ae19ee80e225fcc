#include "runtime/core/engine/group_codec.hpp"

#include "runtime/core/base/limits.hpp"

#include <boost/json/parse.hpp>

namespace eventpulse {

namespace {

void save_time(byte_writer& to, const std::optional<int64_t>& t) {
  to.flag(t.has_value());
  if (t)
    to.i64(*t);
}

std::optional<int64_t> load_time(byte_reader& from) {
  if (!from.flag())
    return std::nullopt;
  return from.i64();
}

std::string load_text(byte_reader& from) {
  return std::string{from.text()};
}

void save_event(byte_writer& to, const event& e) {
  const auto& d = e.document;
  for (const auto* text : {&d.id, &d.source, &d.type, &d.subject, &d.time,
                           &d.datacontenttype, &d.dataschema, &d.payload,
                           &d.traceparent, &d.tracestate, &e.accepted_by})
    to.text(*text);
  to.u8(static_cast<uint8_t>(d.kind));
  to.count(d.extensions.size());
  for (const auto& [name, v] : d.extensions) {
    to.text(name);
    to.u8(static_cast<uint8_t>(v.index()));
    if (const auto* flag = std::get_if<bool>(&v))
      to.flag(*flag);
    else if (const auto* number = std::get_if<int32_t>(&v))
      to.u32(static_cast<uint32_t>(*number));
    else
      to.text(std::get<std::string>(v));
  }
  to.u32(e.where.partition);
  to.u64(e.where.ms);
  to.u64(e.where.seq);
  to.i64(e.received_at_ms);
}

event load_event(byte_reader& from) {
  event e;
  auto& d = e.document;
  for (auto* text : {&d.id, &d.source, &d.type, &d.subject, &d.time,
                     &d.datacontenttype, &d.dataschema, &d.payload,
                     &d.traceparent, &d.tracestate, &e.accepted_by})
    *text = load_text(from);
  const auto kind = from.u8();
  if (kind > static_cast<uint8_t>(payload_kind::binary))
    from.fail();
  else
    d.kind = static_cast<payload_kind>(kind);
  const auto n = from.count(6);
  for (size_t i = 0; i < n && from.ok(); ++i) {
    auto name = load_text(from);
    attribute_value v;
    switch (from.u8()) {
    case 0:
      v = from.flag();
      break;
    case 1:
      v = static_cast<int32_t>(from.u32());
      break;
    case 2:
      v = load_text(from);
      break;
    default:
      from.fail();
    }
    d.extensions.emplace_back(std::move(name), std::move(v));
  }
  e.where.partition = from.u32();
  e.where.ms = from.u64();
  e.where.seq = from.u64();
  e.received_at_ms = from.i64();
  return e;
}

void save_ref(byte_writer& to, const event_ref& r) {
  to.text(r.source);
  to.text(r.id);
}

event_ref load_ref(byte_reader& from) {
  event_ref out;
  out.source = load_text(from);
  out.id = load_text(from);
  return out;
}

constexpr uint8_t format = 2;

} // namespace

void save_key(byte_writer& to, const order_key& k) {
  to.i64(k.received_at_ms);
  to.u32(k.partition);
  to.u64(k.ms);
  to.u64(k.seq);
}

order_key load_key(byte_reader& from) {
  order_key k;
  k.received_at_ms = from.i64();
  k.partition = from.u32();
  k.ms = from.u64();
  k.seq = from.u64();
  return k;
}

void save_alert(byte_writer& to, const alert& a) {
  for (const auto* text :
       {&a.id, &a.rule, &a.group_json, &a.summary, &a.details, &a.values_json,
        &a.resolve_reason, &a.traceparent, &a.tracestate})
    to.text(*text);
  to.i64(a.rule_version);
  to.u8(static_cast<uint8_t>(a.severity));
  to.u8(static_cast<uint8_t>(a.state));
  to.flag(a.shadow);
  to.flag(a.approximate);
  to.u64(a.count);
  to.i64(a.opened_at_ms);
  to.i64(a.last_seen_ms);
  save_time(to, a.resolved_at_ms);
  to.count(a.labels.size());
  for (const auto& [name, value] : a.labels) {
    to.text(name);
    to.text(value);
  }
  to.count(a.events.size());
  for (const auto& ref : a.events)
    save_ref(to, ref);
}

alert load_alert(byte_reader& from) {
  alert a;
  for (auto* text :
       {&a.id, &a.rule, &a.group_json, &a.summary, &a.details, &a.values_json,
        &a.resolve_reason, &a.traceparent, &a.tracestate})
    *text = load_text(from);
  a.rule_version = from.i64();
  const auto level = from.u8();
  const auto state = from.u8();
  if (level > static_cast<uint8_t>(severity::critical) ||
      state > static_cast<uint8_t>(alert_state::resolved)) {
    from.fail();
  } else {
    a.severity = static_cast<severity>(level);
    a.state = static_cast<alert_state>(state);
  }
  a.shadow = from.flag();
  a.approximate = from.flag();
  a.count = from.u64();
  a.opened_at_ms = from.i64();
  a.last_seen_ms = from.i64();
  a.resolved_at_ms = load_time(from);
  const auto labels = from.count(8);
  for (size_t i = 0; i < labels && from.ok(); ++i) {
    auto name = load_text(from);
    auto value = load_text(from);
    a.labels.emplace_back(std::move(name), std::move(value));
  }
  const auto events = from.count(8);
  if (events > limits::alert_events_max)
    from.fail();
  for (size_t i = 0; i < events && from.ok(); ++i)
    a.events.push_back(load_ref(from));
  return a;
}

std::optional<cel::value> group_values(const std::string& json) {
  boost::system::error_code failed;
  boost::json::parse_options options;
  options.max_depth = limits::payload_depth_max;
  auto parsed = boost::json::parse(json, failed, {}, options);
  if (failed || !parsed.is_array())
    return std::nullopt;
  return cel::from_json(
      std::make_shared<const boost::json::value>(std::move(parsed)));
}

void save_group(byte_writer& to, const group& g) {
  to.u8(format);
  to.text(g.json);
  save_key(to, g.touched);
  to.flag(g.window.has_value());
  if (g.window)
    g.window->save(to);
  save_time(to, g.silent_since);
  to.flag(g.open.has_value());
  if (g.open)
    save_alert(to, *g.open);
  to.flag(g.holds);
  save_time(to, g.false_since);
  save_time(to, g.last_opened);
  to.flag(g.hushed);
  to.count(g.recent.size());
  for (size_t i = 0; i < g.recent.size(); ++i) {
    to.i64(g.recent[i].at_ms);
    save_ref(to, g.recent[i].ref);
  }
  to.flag(g.newest.has_value());
  if (g.newest)
    save_event(to, *g.newest);
  to.u64(g.left_out);
}

std::unique_ptr<group> load_group(std::string_view bytes, std::string key,
                                  const window_plan* plan,
                                  const aggregate_specs& specs) {
  byte_reader from{bytes};
  if (from.u8() != format)
    return nullptr;
  auto out = std::make_unique<group>();
  auto& g = *out;
  g.key = std::move(key);
  g.json = load_text(from);
  g.touched = load_key(from);
  if (from.flag()) {
    if (plan == nullptr)
      return nullptr;
    g.window = group_window::load(from, *plan, specs);
  } else if (plan != nullptr) {
    return nullptr;
  }
  g.silent_since = load_time(from);
  if (from.flag())
    g.open = load_alert(from);
  g.holds = from.flag();
  g.false_since = load_time(from);
  g.last_opened = load_time(from);
  g.hushed = from.flag();
  const auto recent = from.count(16);
  if (recent > limits::alert_events_max)
    from.fail();
  for (size_t i = 0; i < recent && from.ok(); ++i) {
    const auto at = from.i64();
    g.recent.push({at, load_ref(from)});
  }
  if (from.flag())
    g.newest = load_event(from);
  g.left_out = from.u64();
  auto values = group_values(g.json);
  if (!from.at_end() || !values)
    return nullptr;
  g.values = std::move(*values);
  return out;
}

} // namespace eventpulse
