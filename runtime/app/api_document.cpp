#include "runtime/app/api_document.hpp"

#include "messages/problem.hpp"

namespace eventpulse {

http_response api_document_answer(const http_request& head) {
  if (head.method != "GET" && head.method != "HEAD") {
    auto out = to_http(problem_type{405, "method-not-allowed",
                                    "the method is not allowed here"},
                       "allowed: GET, HEAD");
    out.headers.emplace_back("Allow", "GET, HEAD");
    return out;
  }
  http_response out;
  out.status = 200;
  out.content_type = "application/json";
  out.body = api_document();
  return out;
}

} // namespace eventpulse
