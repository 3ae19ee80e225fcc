#include "runtime/core/intake/quarantine.hpp"

#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/intake/media_type.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

namespace eventpulse::intake {

namespace json = boost::json;

namespace {

std::string headers_json(const http_headers& headers) {
  json::object out;
  for (auto& [name, value] : headers)
    out[lower_case(name)] = value;
  return json::serialize(out);
}

http_headers headers_of(const std::string& text) {
  http_headers out;
  boost::system::error_code wrong;
  auto parsed = parse_kept_json(text, wrong);
  if (auto* o = wrong ? nullptr : parsed.if_object())
    for (auto& [name, value] : *o)
      if (auto* held = value.if_string())
        out.emplace_back(std::string(name), std::string(*held));
  return out;
}

std::string errors_json(const std::vector<problem_item>& errors) {
  json::array out;
  for (auto& e : errors)
    out.push_back({{"pointer", e.pointer}, {"detail", e.detail}});
  return json::serialize(out);
}

std::vector<problem_item> errors_of(const std::string& text) {
  std::vector<problem_item> out;
  boost::system::error_code wrong;
  auto parsed = parse_kept_json(text, wrong);
  auto* all = wrong ? nullptr : parsed.if_array();
  for (size_t i = 0; all && i < all->size(); ++i) {
    auto* one = (*all)[i].if_object();
    auto* pointer = one ? one->if_contains("pointer") : nullptr;
    auto* detail = one ? one->if_contains("detail") : nullptr;
    if (pointer && detail && pointer->is_string() && detail->is_string())
      out.push_back({std::string(pointer->get_string()),
                     std::string(detail->get_string())});
  }
  return out;
}

int64_t number_of(std::string_view text) {
  int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

/// An id that follows from the entry: its time, and a hash for chance.
std::string letter_id(const std::string& entry_id,
                      const stream_fields& fields) {
  std::string all = entry_id;
  for (auto& [name, value] : fields)
    all += '\0' + name + '\0' + value;
  auto hash = sha256_hex(all);
  std::array<uint8_t, 10> chance{};
  for (size_t i = 0; i < chance.size(); ++i)
    std::from_chars(hash.data() + 2 * i, hash.data() + 2 * i + 2, chance[i],
                    16);
  return uuid_v7(number_of(entry_id), chance);
}

/// The fields of an entry, as the persister writes them down: "name=value"
/// lines, of which only the last value may hold anything.
std::optional<stream_fields> fields_of(std::string_view text) {
  stream_fields out;
  while (!text.empty()) {
    auto equals = text.find('=');
    if (equals == text.npos)
      return std::nullopt;
    auto name = text.substr(0, equals);
    text.remove_prefix(equals + 1);
    // The payload is the last one, and may hold line ends of its own.
    auto end = name == "d" ? text.rfind('\n') : text.find('\n');
    if (end == text.npos)
      return std::nullopt;
    out.emplace_back(name, text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return out;
}

std::variant<std::vector<accepted_event>, problem>
replay_entry(const kept_letter& letter, const data_check& check) {
  auto fields = fields_of(letter.what.original);
  auto decoded = fields ? decode(*fields)
                        : result<stream_content>{errc::corrupt,
                                                 "the entry's fields are not "
                                                 "readable"};
  if (!decoded)
    return problem{errc::invalid, to_string(decoded.error()), {}};
  auto* event = std::get_if<accepted_event>(&*decoded);
  if (!event)
    return problem{
        errc::conflict, "it is no event but the mark of a control input", {}};
  if (check)
    if (auto wrong = check(event->document, "/data"))
      return *wrong;
  return std::vector<accepted_event>{std::move(*event)};
}

event_defaults defaults_of(const kept_letter& letter, const data_check& check) {
  event_defaults out;
  out.source = letter.facts.key_name;
  out.now_ms = letter.what.created_at_ms;
  out.check = check;
  // The trace follows from the letter as well: replayed twice is the same.
  trace_random random{};
  auto hash = sha256_hex(letter.what.id);
  for (size_t i = 0; i < random.size(); ++i)
    random[i] = static_cast<uint8_t>(hash[2 * i] * 16 + hash[2 * i + 1]);
  out.trace = continue_trace({}, random, trace_flag_sampled);
  auto number = std::make_shared<uint64_t>(0);
  out.make_id = [letter_id = letter.what.id, given = letter.facts.event_id,
                 number](const event_document&) {
    auto n = (*number)++;
    if (n == 0 && !given.empty())
      return given;
    return uuid_v5("dead-letter/" + letter_id + '/' + std::to_string(n));
  };
  return out;
}

std::variant<std::vector<accepted_event>, problem>
replay_request(const kept_letter& letter, const data_check& check,
               const intake_options& options) {
  if (letter.facts.bytes > letter.what.original.size())
    return problem{errc::conflict,
                   "only " + std::to_string(letter.what.original.size()) +
                       " of " + std::to_string(letter.facts.bytes) +
                       " bytes were kept, so it cannot be replayed",
                   {}};
  auto parsed =
      parse_request(headers_of(letter.what.headers_json), letter.what.original,
                    defaults_of(letter, check), options);
  if (parsed.refusal)
    return *parsed.refusal;
  std::vector<accepted_event> out;
  for (auto& item : parsed.items) {
    // All or nothing: a letter is settled once.
    if (auto* why = std::get_if<problem>(&item.outcome)) {
      why->detail = "item " + std::to_string(item.index) + ": " + why->detail;
      return *why;
    }
    out.push_back({std::move(std::get<event_document>(item.outcome)),
                   letter.facts.key_name, letter.what.created_at_ms});
  }
  if (out.empty())
    return problem{errc::conflict, "there is no event in it", {}};
  return out;
}

} // namespace

http_headers kept_headers(const http_headers& all, bool coded) {
  http_headers out;
  for (auto& [name, value] : all) {
    auto lower = lower_case(name);
    if (lower == "content-type" || lower.starts_with("ce-") ||
        (coded && lower == "content-encoding"))
      out.emplace_back(lower, value);
  }
  return out;
}

http_headers item_headers() {
  return {{"content-type", "application/json"}};
}

stream_fields encode(const refused_input& refused) {
  return {{"kind", "request"},
          {"reason", refused.why.detail},
          {"errors", errors_json(refused.why.errors)},
          {"original", refused.raw},
          {"bytes", std::to_string(refused.raw_bytes)},
          {"headers", headers_json(refused.headers)},
          {"type", refused.known.type},
          {"event", refused.known.id},
          {"key_id", refused.key_id},
          {"key", refused.key_name},
          {"at_ms", std::to_string(refused.at_ms)}};
}

kept_letter to_letter(const std::string& entry_id,
                      const stream_fields& fields) {
  auto field = [&](std::string_view wanted) -> std::string {
    for (auto& [name, value] : fields)
      if (name == wanted)
        return value;
    return {};
  };
  dead_letter what;
  what.id = letter_id(entry_id, fields);
  what.kind = "request";
  what.reason = field("reason");
  what.original = field("original");
  what.headers_json = field("headers");
  if (what.headers_json.empty())
    what.headers_json = headers_json({{"content-type", field("content_type")}});
  what.created_at_ms = number_of(field("at_ms"));
  if (what.created_at_ms == 0)
    what.created_at_ms = number_of(entry_id);
  request_facts facts;
  facts.errors = errors_of(field("errors"));
  facts.event_type = field("type");
  facts.event_id = field("event");
  facts.key_id = field("key_id");
  facts.key_name = field("key");
  auto bytes = std::max<int64_t>(number_of(field("bytes")), 0);
  facts.bytes =
      std::max<uint64_t>(static_cast<uint64_t>(bytes), what.original.size());
  return {std::move(what), std::move(facts)};
}

std::variant<std::vector<accepted_event>, problem>
replay(const kept_letter& letter, const data_check& check,
       const intake_options& options) {
  if (letter.what.kind == "request")
    return replay_request(letter, check, options);
  if (letter.what.kind == "row" || letter.what.kind == "entry")
    return replay_entry(letter, check);
  if (letter.what.kind == "evaluation")
    return problem{errc::conflict,
                   "the event itself is stored; only one rule passed it over, "
                   "and a stored event is not evaluated a second time. Mend "
                   "the rule, then discard this letter",
                   {}};
  return problem{errc::conflict,
                 "a dead letter of kind '" + letter.what.kind +
                     "' holds nothing that could be replayed",
                 {}};
}

} // namespace eventpulse::intake
