#pragma once
// One control request while it is being answered: its parts, who asks, and the
// stores. The routes are functions of it; see control_routes.hpp.

#include "messages/api_key.hpp"
#include "messages/http.hpp"
#include "messages/problem.hpp"
#include "runtime/core/intake/request_target.hpp"
#include "runtime/ports/clock.hpp"
#include "runtime/ports/delivery_store.hpp"
#include "runtime/ports/event_store.hpp"
#include "runtime/ports/key_store.hpp"
#include "runtime/ports/outcome_store.hpp"
#include "runtime/ports/rule_store.hpp"

#include <boost/json.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace eventpulse {

struct control_stores {
  std::unique_ptr<rule_store> rules;
  std::unique_ptr<channel_store> channels;
  std::unique_ptr<key_store> keys;
  std::unique_ptr<event_store> events;
  std::unique_ptr<outcome_store> outcomes;
  std::unique_ptr<delivery_store> deliveries;
};

struct control_call {
  const http_request& head;
  const std::string& body;
  std::vector<std::string> path; // decoded segments
  intake::query_parameters query;
  api_key by;
  control_stores& stores;
  world& surroundings;

  /// The parameter's value, or nullopt. Empty counts as absent.
  std::optional<std::string> parameter(std::string_view name) const;
  /// limit within 1…page_items_max, or invalid.
  result<size_t> limit() const;
  /// An RFC 3339 parameter as Unix milliseconds; nullopt when absent.
  result<std::optional<int64_t>> time(std::string_view name) const;
};

/// What a route comes to: an answer, and where a control row was committed, the
/// row whose entry must be in the stream before the answer is given.
struct control_outcome {
  http_response answer;
  std::optional<control_row> row = {};
  bool keys_changed = false; // intake should know before the answer is given
  bool again = false; // the caller waits for something: ask once more soon
  std::vector<control_row> more_rows = {}; // of a change of several things
};

/// The body as a JSON object; malformed or invalid otherwise.
result<boost::json::object> body_object(const control_call& call);

http_response json_answer(unsigned status, const boost::json::value& body);

/// {"items": […], "next": cursor or null}.
http_response list_answer(boost::json::array items,
                          const std::optional<std::string>& next);

} // namespace eventpulse
