// The OpenAPI document and the route tables say the same.

#define CAF_SUITE app_openapi
#include <caf/test/unit_test.hpp>

#include "actors/control_routes.hpp"
#include "runtime/app/api_document.hpp"
#include "runtime/app/process_routes.hpp"
#include "runtime/core/live/live_request.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <map>
#include <set>

using namespace eventpulse;
namespace json = boost::json;

namespace {

/// "GET /v1/rules": the operation.
std::map<std::string, json::object> documented() {
  static const json::value document = json::parse(api_document());
  std::map<std::string, json::object> out;
  for (const auto& [path, item] : document.at("paths").as_object())
    for (const auto& [name, what] : item.as_object()) {
      std::string method(name);
      if (method == "parameters")
        continue;
      for (auto& c : method)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      out[method + ' ' + std::string(path)] = what.as_object();
    }
  return out;
}

/// The scope that a route needs, the live feed for its default topic.
std::string needed_by(route_owner who) {
  switch (who) {
  case route_owner::intake:
    return std::string(to_string(scope::events_write));
  case route_owner::live:
    return std::string(to_string(scope_of(live_topic::alerts)));
  case route_owner::health:
  case route_owner::document:
    return {};
  }
  return {};
}

/// The same, and the scope that each needs; empty where none.
std::map<std::string, std::string> served() {
  std::map<std::string, std::string> out;
  for (const auto& r : control_routes())
    out[std::string(r.method) + ' ' + std::string(r.path)] =
        to_string(r.needed);
  for (const auto& r : process_routes())
    out[std::string(r.method) + ' ' + std::string(r.path)] = needed_by(r.owner);
  return out;
}

http_request request(const std::string& method, const std::string& path) {
  http_request out;
  out.method = method;
  out.path = path;
  return out;
}

} // namespace

CAF_TEST(every route is in the document and nothing else is) {
  const auto in_document = documented();
  const auto in_tables = served();
  for (const auto& [route, scope] : in_tables)
    if (!in_document.contains(route))
      CAF_ERROR(route << " is missing in schema/openapi");
  for (const auto& [route, operation] : in_document)
    if (!in_tables.contains(route))
      CAF_ERROR(route << " is in schema/openapi, but no route is");
}

CAF_TEST(every operation names the scope that its route needs) {
  const auto in_document = documented();
  for (const auto& [route, scope] : served()) {
    if (!in_document.contains(route))
      continue;
    const auto& operation = in_document.at(route);
    if (scope.empty()) {
      CAF_CHECK(operation.at("security").as_array().empty());
      continue;
    }
    CAF_CHECK(!operation.contains("security"));
    const auto begin = "Scope `" + scope + "`";
    if (!operation.at("description").as_string().starts_with(begin))
      CAF_ERROR(route << ": the description does not begin with " << begin);
  }
}

CAF_TEST(every operation says how it is refused) {
  std::set<std::string> ids;
  for (const auto& [route, operation] : documented()) {
    CAF_MESSAGE(route);
    CAF_CHECK(ids.insert(std::string(operation.at("operationId").as_string()))
                  .second);
    const auto& answers = operation.at("responses").as_object();
    CAF_CHECK(answers.contains("default"));
    const bool open = operation.contains("security");
    for (const auto* status : {"401", "403"})
      CAF_CHECK_EQUAL(answers.contains(status), !open);
  }
}

CAF_TEST(the document is served to whoever asks) {
  const auto answer = api_document_answer(request("GET", "/openapi.json"));
  CAF_CHECK_EQUAL(answer.status, 200u);
  CAF_CHECK_EQUAL(answer.content_type, "application/json");
  CAF_CHECK_EQUAL(answer.body, api_document());
  const auto refused = api_document_answer(request("POST", "/openapi.json"));
  CAF_CHECK_EQUAL(refused.status, 405u);
}

CAF_TEST(a path decides who answers and for events the method too) {
  auto owner = [](const char* method, const char* path) {
    const auto* found = find_process_route(request(method, path));
    return found ? static_cast<int>(found->owner) : -1;
  };
  const auto of = [](route_owner o) { return static_cast<int>(o); };
  CAF_CHECK_EQUAL(owner("POST", "/v1/events"), of(route_owner::intake));
  CAF_CHECK_EQUAL(owner("GET", "/v1/events"), -1);
  CAF_CHECK_EQUAL(owner("POST", "/v1/live"), of(route_owner::live));
  CAF_CHECK_EQUAL(owner("PUT", "/healthz"), of(route_owner::health));
  CAF_CHECK_EQUAL(owner("GET", "/openapi.json"), of(route_owner::document));
  CAF_CHECK_EQUAL(owner("GET", "/v1/rules"), -1);
  CAF_CHECK_EQUAL(owner("POST", "/v1/%65vents"), of(route_owner::intake));
  CAF_CHECK_EQUAL(owner("POST", "/v1/events/"), of(route_owner::intake));
  CAF_CHECK_EQUAL(owner("GET", "/readyz/"), of(route_owner::health));
  CAF_CHECK_EQUAL(owner("GET", "/v1/events%2Fa"), -1);
}
