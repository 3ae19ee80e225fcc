#pragma once
// One control request while it is being answered: its parts, who asks, and the
// stores. The routes are functions of it; see control_routes.hpp.

#include "messages/api_key.hpp"
#include "messages/http.hpp"
#include "messages/problem.hpp"
#include "runtime/core/intake/request_target.hpp"
#include "runtime/ports/audit_store.hpp"
#include "runtime/ports/clock.hpp"
#include "runtime/ports/dead_letter_store.hpp"
#include "runtime/ports/delivery_store.hpp"
#include "runtime/ports/event_store.hpp"
#include "runtime/ports/event_type_store.hpp"
#include "runtime/ports/key_store.hpp"
#include "runtime/ports/outcome_store.hpp"
#include "runtime/ports/rule_store.hpp"
#include "runtime/ports/system.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <functional>
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
  std::unique_ptr<event_type_store> event_types;
  std::unique_ptr<dead_letter_store> dead_letters;
  std::unique_ptr<audit_store> audit;
  std::unique_ptr<system_store> system;
  std::unique_ptr<process_board> board;
  std::function<std::string()> own_report; // of this process; may be empty
};

/// Dead letters to be replayed before the answer is given.
struct replay_wish {
  std::vector<kept_letter> letters;     // with their originals
  bool many = false;                    // answered with a result a letter
  std::optional<std::string> next = {}; // where more of them are
};

struct control_call {
  const http_request& head;
  const std::string& body;
  std::vector<std::string> path; // decoded segments
  intake::query_parameters query;
  api_key by;
  control_stores& stores;
  world& surroundings;
  /// Names the request in the audit and in the answer.
  std::string request_id = {};
  /// What the route's last outcome remembered, where this is asked again.
  std::string remembered = {};

  /// What every change is made as.
  caller who() const;
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
  std::chrono::milliseconds patience{5'000};      // and how long at most
  std::string remember = {};                      // until then
  bool types_changed = false;                     // as keys_changed, of schemas
  std::shared_ptr<const replay_wish> replay = {}; // makes the answer itself
  std::vector<control_row> more_rows = {}; // of a change of several things
};

/// The client's X-Request-Id where it is 1 to 128 printable ASCII characters
/// without spaces; else one of ours.
std::string request_id_of(const http_request& head, world& surroundings);

/// The body as a JSON object; malformed or invalid otherwise.
result<boost::json::object> body_object(const control_call& call);

http_response json_answer(unsigned status, const boost::json::value& body);

/// {"items": […], "next": cursor or null}.
http_response list_answer(boost::json::array items,
                          const std::optional<std::string>& next);

} // namespace eventpulse
