#include "actors/admission.hpp"

#include "messages/problem.hpp"
#include "runtime/core/intake/bearer.hpp"

#include <boost/json.hpp>

namespace eventpulse {

namespace json = boost::json;

namespace {

http_headers rate_headers(const api_key& key, const rate_verdict& found) {
  return {{"RateLimit-Policy", rate_policy_field(*key.rate)},
          {"RateLimit", rate_field(*key.rate, found)}};
}

} // namespace

std::variant<api_key, http_response> admit(const http_request& head,
                                           const key_set& keys, scope wanted,
                                           rate_gate& rates, int64_t now_ms) {
  auto key = intake::authorize(head, keys, wanted, now_ms);
  if (!key)
    return to_http(key.error());
  if (key->rate)
    if (auto found = rates.take(*key, now_ms); !found.allowed)
      return over_rate(*key, found);
  return std::move(*key);
}

http_response over_rate(const api_key& key, const rate_verdict& found) {
  auto wait = std::to_string(wait_seconds(found));
  json::object body{
      {"type",
       "https://iana.org/assignments/http-problem-types#quota-exceeded"},
      {"title", "Request cannot be satisfied as assigned quota has been "
                "exceeded"},
      {"status", 429},
      {"detail", "the API key '" + key.name + "' may make " +
                     std::to_string(key.rate->limit) + " requests in " +
                     rate_window_text(*key.rate) + ", an event of a batch " +
                     "counting as one; the next is let in in " + wait + "s"},
      {"violated-policies", json::array{"key"}}};
  http_response out;
  out.status = 429;
  out.content_type = "application/problem+json";
  out.body = json::serialize(body);
  out.headers = rate_headers(key, found);
  out.headers.emplace_back("Retry-After", wait);
  return out;
}

reply_function with_headers(reply_function reply, http_headers more) {
  return [reply = std::move(reply), more = std::move(more)](http_reply answer) {
    if (auto* whole = std::get_if<http_response>(&answer))
      whole->headers.insert(whole->headers.end(), more.begin(), more.end());
    reply(std::move(answer));
  };
}

reply_function with_rate(reply_function reply, const api_key& key,
                         std::shared_ptr<rate_gate> rates,
                         std::shared_ptr<world> surroundings) {
  if (!key.rate)
    return reply;
  return [reply = std::move(reply), key, rates = std::move(rates),
          surroundings = std::move(surroundings)](http_reply answer) {
    if (auto* whole = std::get_if<http_response>(&answer)) {
      auto more = rate_headers(key, rates->look(key, surroundings->now_ms()));
      whole->headers.insert(whole->headers.end(), more.begin(), more.end());
    }
    reply(std::move(answer));
  };
}

} // namespace eventpulse
