#include "actors/intake_answers.hpp"

#include <boost/json.hpp>

#include <map>

namespace eventpulse {

namespace json = boost::json;

namespace {

json::object to_object(const accepted_item& item) {
  return {{"source", item.source},
          {"id", item.id},
          {"position", to_string(item.where)},
          {"status", item.duplicate ? "duplicate" : "accepted"}};
}

http_response with_body(unsigned status, const json::object& body) {
  http_response out;
  out.status = status;
  out.content_type = "application/json";
  out.body = json::serialize(body) + '\n';
  return out;
}

} // namespace

http_response one_accepted(const accepted_item& item) {
  return with_body(item.duplicate ? 200 : 202, to_object(item));
}

http_response many_answered(uint64_t accepted, uint64_t rejected,
                            const std::vector<accepted_item>& items,
                            const std::vector<rejected_item>& refused) {
  std::map<uint64_t, json::object> by_index;
  for (auto& item : items) {
    auto object = to_object(item);
    object["index"] = item.index;
    by_index[item.index] = std::move(object);
  }
  for (auto& item : refused)
    by_index[item.index] = {{"index", item.index},
                            {"problem", json::parse(problem_json(item.why))}};
  json::array results;
  for (auto& [index, object] : by_index)
    results.push_back(std::move(object));
  return with_body(accepted == 0 && rejected > 0 ? 422 : 202,
                   {{"accepted", accepted},
                    {"rejected", rejected},
                    {"results", std::move(results)}});
}

http_response not_added(http_response out,
                        const std::vector<accepted_item>& items,
                        uint64_t next_line) {
  auto body = json::parse(out.body).as_object();
  if (next_line > 0)
    body["next_line"] = next_line;
  else {
    json::array events;
    for (auto& item : items)
      events.push_back({{"source", item.source}, {"id", item.id}});
    body["events"] = std::move(events);
  }
  out.body = json::serialize(body) + '\n';
  return out;
}

} // namespace eventpulse
