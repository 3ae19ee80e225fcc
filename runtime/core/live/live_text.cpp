#include "runtime/core/live/live_text.hpp"

#include "runtime/core/base/json_text.hpp"
#include "runtime/core/base/time.hpp"
#include "runtime/core/delivery/render.hpp"
#include "runtime/core/intake/render.hpp"

namespace eventpulse {

namespace {

std::string begin(std::string_view topic, const std::string& type,
                  int64_t at_ms) {
  std::string out = "{\"topic\":\"";
  out += topic;
  out += "\",\"type\":";
  append_json_string(out, type);
  out += ",\"at\":\"" + format_rfc3339_ms(at_ms) + '"';
  return out;
}

} // namespace

std::string live_text(const live_event& e) {
  return begin("events", "event.persisted", e.persisted_at_ms) +
         ",\"data\":" + intake::to_cloudevents_json(e.what, e.persisted_at_ms);
}

std::string live_text(const live_change& c) {
  return begin(to_string(c.topic), c.type, c.at_ms) +
         ",\"data\":" + (c.after ? alert_json(*c.after) : c.body);
}

std::string live_text(const std::string& type, int64_t at_ms,
                      const std::string& data) {
  auto out = begin("live", type, at_ms);
  if (!data.empty())
    out += ",\"data\":" + data;
  return out;
}

std::string live_tail(const live_cursor& after) {
  return ",\"cursor\":\"" + to_string(after) + "\"}";
}

} // namespace eventpulse
