#pragma once
// The spans of one request to intake: the request itself, and each event's way
// into the stream. Held by the request while it is answered; absent where
// traces are off.

#include "messages/event.hpp"
#include "messages/http.hpp"
#include "runtime/core/intake/trace_context.hpp"
#include "runtime/telemetry/trace.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace eventpulse {

class intake_trace {
public:
  /// `context` is the request's own. Null where `to` is off.
  static std::shared_ptr<intake_trace>
  begin(const tracer& to, const http_request& head,
        const intake::trace_context& context);

  /// These are about to be added, and were (no error) or were not.
  void adding(const event_document& d);
  void added(const std::string& error = {});
  void answered(unsigned status);

  /// `reply`, which also tells `of` (may be null) of the answer.
  static std::function<void(http_reply)>
  wrap(std::function<void(http_reply)> reply,
       const std::shared_ptr<intake_trace>& of);

private:
  intake_trace(const tracer& to, const http_request& head,
               const std::string& context);

  tracer to_;
  std::string context_;
  std::string parent_; // the client's; may be empty
  int64_t began_ns_ = 0;
  int64_t adding_ns_ = 0;
  int64_t events_ = 0;       // added so far
  std::vector<span> adding_; // without their end
};

} // namespace eventpulse
