#include "actors/intake_trace.hpp"

namespace eventpulse {

namespace {

constexpr size_t spans_held_max = 1000; // of one append; the rest is untraced

} // namespace

std::shared_ptr<intake_trace>
intake_trace::begin(const tracer& to, const http_request& head,
                    const intake::trace_context& context) {
  if (!to.is_on())
    return nullptr;
  return std::shared_ptr<intake_trace>(
      new intake_trace(to, head, context.traceparent));
}

intake_trace::intake_trace(const tracer& to, const http_request& head,
                           const std::string& context)
    : to_(to), context_(context), began_ns_(to.now_ns()) {
  auto given = intake::parse_traceparent(find_header(head, "traceparent"));
  // Two contradicting headers count as none, and began a trace of its own.
  if (given && given->trace_id == trace_stage::trace_id(context))
    parent_ = intake::format_traceparent(*given);
}

void intake_trace::adding(const event_document& d) {
  if (adding_.empty())
    adding_ns_ = to_.now_ns();
  ++events_;
  if (!to_.wants(d.traceparent) || adding_.size() >= spans_held_max)
    return;
  span s;
  s.name = "stream";
  s.kind = span_kind::producer;
  s.context = trace_stage::stream(d.traceparent, d.source, d.id);
  s.parent = d.traceparent;
  s.start_ns = adding_ns_;
  s.attributes = {{"messaging.system", std::string("redis")},
                  {"cloudevents.event_id", d.id},
                  {"cloudevents.event_source", d.source},
                  {"cloudevents.event_type", d.type}};
  adding_.push_back(std::move(s));
}

void intake_trace::added(const std::string& error) {
  auto now = to_.now_ns();
  for (auto& s : adding_) {
    s.end_ns = now;
    s.error = error;
    to_.record(std::move(s));
  }
  adding_.clear();
}

void intake_trace::answered(unsigned status) {
  to_.record({"POST /v1/events",
              span_kind::server,
              context_,
              parent_,
              began_ns_,
              to_.now_ns(),
              {{"http.request.method", std::string("POST")},
               {"http.route", std::string("/v1/events")},
               {"http.response.status_code", static_cast<int64_t>(status)},
               {"eventpulse.events", events_}},
              status >= 500 ? "HTTP status " + std::to_string(status) : ""});
}

std::function<void(http_reply)>
intake_trace::wrap(std::function<void(http_reply)> reply,
                   const std::shared_ptr<intake_trace>& of) {
  if (!of)
    return reply;
  return [reply = std::move(reply), of](http_reply r) {
    if (auto* answer = std::get_if<http_response>(&r))
      of->answered(answer->status);
    reply(std::move(r));
  };
}

} // namespace eventpulse
