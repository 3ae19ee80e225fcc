#pragma once
// The product with everything that looks at it: a collector of traces, a
// receiver of alerts, the worker's own port, and one rule.

#include "runtime/app/readiness.hpp"
#include "tests/support/product.hpp"
#include "tests/support/webhooks.hpp"

#include <functional>
#include <string>

namespace eventpulse::test {

inline uint16_t free_port() {
  uint16_t port = 0;
  if (!why_not_listen("127.0.0.1", port).empty())
    throw std::runtime_error("no free port");
  return port;
}

struct observed {
  /// What a payload says that must be in no log and in no span.
  static inline const std::string marker = "payload-that-is-nobodys-business";
  static inline const std::string rule =
      "{id: odd, kind: match, when: event.type == 'odd', notify: [desk]}";

  http_receiver collector{[](const auto&) { return answer(200, "{}"); }};
  http_receiver desk;
  uint16_t worker_port = free_port();
  product p;
  std::string secret; // the channel's

  explicit observed(const std::string& log_format = "json")
      : p({{"EVENTPULSE_WORKER_PORT", std::to_string(worker_port)},
           {"EVENTPULSE_TRACE_OTLP_URL", collector.url("/v1/traces")},
           {"EVENTPULSE_LOG_LEVEL", "debug"},
           {"EVENTPULSE_LOG_FORMAT", log_format},
           {"EVENTPULSE_STREAM_TIMEOUT", "1s"}}) {
    const auto made =
        p.command({"channels", "put", "desk", desk.url("/hook"), "--json"});
    secret = std::string(boost::json::parse(made).at("secret").as_string());
    p.command({"rules", "publish", p.dir().write("odd.yaml", rule)});
  }

  std::string worker_address() const {
    return "http://127.0.0.1:" + std::to_string(worker_port);
  }

  http::client_response post(http::client& link, const std::string& body,
                             const std::string& traceparent = {}) const {
    auto what = p.request("POST", "/v1/events", body, "application/json");
    if (!traceparent.empty())
      what.headers.emplace_back("traceparent", traceparent);
    return call(link, what);
  }

  bool holds(const std::function<bool()>& claim) const {
    return eventually(claim, patience);
  }

  boost::json::value system() const {
    return boost::json::parse(p.get("/v1/system").body);
  }

  static std::string event_text(const std::string& id, bool is_odd) {
    return R"({"source":"urn:load","id":")" + id + R"(","type":")" +
           (is_odd ? "odd" : "even") + R"(","data":{"text":")" + marker +
           R"("}})";
  }
};

} // namespace eventpulse::test
