// Schemas of event types in Redis, as one JSON document beside its version.

#include "runtime/adapters/redis/connection.hpp"
#include "runtime/adapters/redis/intake_factories.hpp"
#include "runtime/adapters/redis/scripts.hpp"

#include <boost/json.hpp>

namespace eventpulse::redis {

namespace {

namespace json = boost::json;

std::string key_of(const options& o) {
  return o.prefix + ":types";
}

/// The schema goes as a string, so that it stays as it was put.
std::string to_document(const event_type_set& types) {
  json::array all;
  for (const auto& [type, one] : types.by_type)
    all.push_back({{"type", type},
                   {"version", one.version},
                   {"schema", one.schema},
                   {"published_at_ms", one.published_at_ms},
                   {"published_by", one.published_by}});
  return json::serialize(all);
}

/// Throws where the document has another shape.
event_type_set from_document(int64_t version, std::string_view text) {
  event_type_set out;
  out.version = version;
  auto parsed = json::parse(json::string_view{text.data(), text.size()});
  for (const auto& item : parsed.as_array()) {
    const auto& o = item.as_object();
    event_type_schema one;
    one.type = json::value_to<std::string>(o.at("type"));
    one.version = o.at("version").as_int64();
    one.schema = json::value_to<std::string>(o.at("schema"));
    one.published_at_ms = o.at("published_at_ms").as_int64();
    one.published_by = json::value_to<std::string>(o.at("published_by"));
    auto type = one.type;
    out.by_type.emplace(std::move(type), std::move(one));
  }
  return out;
}

class mirror : public event_type_mirror {
public:
  explicit mirror(const options& o) : connection_(o) {}

  result<void> store(const event_type_set& types) override {
    auto name = key_of(connection_.settings());
    auto kept =
        connection_.ask({"EVAL", scripts::keep_newer, "1", name,
                         std::to_string(types.version), to_document(types)});
    if (!kept)
      return kept.error();
    return {};
  }

  result<event_type_set> load() override {
    auto name = key_of(connection_.settings());
    auto answer = connection_.ask({"HMGET", name, "version", "document"});
    if (!answer)
      return answer.error();
    reply_view fields{*answer};
    if (fields[0].is_nil())
      return event_type_set{};
    try {
      return from_document(fields[0].number(), fields[1].text());
    } catch (const std::exception& e) {
      return {errc::corrupt,
              "the event types under " + name + " in Redis: " + e.what()};
    }
  }

private:
  connection connection_;
};

} // namespace

std::unique_ptr<event_type_mirror> make_event_type_mirror(const options& o) {
  return std::make_unique<mirror>(o);
}

} // namespace eventpulse::redis
