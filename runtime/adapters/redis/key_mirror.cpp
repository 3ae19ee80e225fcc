// API keys in Redis, as one JSON document beside its version. Only hashes of
// keys are in it, never a key.

#include "runtime/adapters/redis/connection.hpp"
#include "runtime/adapters/redis/factories.hpp"
#include "runtime/adapters/redis/keys.hpp"
#include "runtime/adapters/redis/scripts.hpp"

#include <boost/json.hpp>

namespace eventpulse::redis {

namespace {

namespace json = boost::json;

json::value optional_number(const std::optional<int64_t>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

std::string to_document(const key_set& keys) {
  json::array all;
  for (const auto& [hash, key] : keys.by_hash) {
    json::array scopes;
    for (auto s : key.scopes)
      scopes.emplace_back(
          json::string_view{to_string(s).data(), to_string(s).size()});
    json::value rate = nullptr;
    if (key.rate)
      rate = {{"limit", key.rate->limit}, {"window_ms", key.rate->window_ms}};
    all.push_back({{"id", key.id},
                   {"name", key.name},
                   {"hash", hash},
                   {"scopes", std::move(scopes)},
                   {"created_at_ms", key.created_at_ms},
                   {"expires_at_ms", optional_number(key.expires_at_ms)},
                   {"revoked_at_ms", optional_number(key.revoked_at_ms)},
                   {"rate", std::move(rate)}});
  }
  return json::serialize(all);
}

std::optional<int64_t> read_optional(const json::value& value) {
  return value.is_null() ? std::nullopt : std::optional{value.as_int64()};
}

/// Throws where the document has another shape.
key_set from_document(int64_t version, std::string_view text) {
  key_set out;
  out.version = version;
  auto parsed = json::parse(json::string_view{text.data(), text.size()});
  for (const auto& item : parsed.as_array()) {
    const auto& o = item.as_object();
    api_key key;
    key.id = json::value_to<std::string>(o.at("id"));
    key.name = json::value_to<std::string>(o.at("name"));
    key.hash = json::value_to<std::string>(o.at("hash"));
    for (const auto& s : o.at("scopes").as_array())
      // A scope of a later version is nothing that this one could grant.
      if (auto known = parse_scope(json::value_to<std::string>(s)))
        key.scopes.push_back(*known);
    key.created_at_ms = o.at("created_at_ms").as_int64();
    key.expires_at_ms = read_optional(o.at("expires_at_ms"));
    key.revoked_at_ms = read_optional(o.at("revoked_at_ms"));
    // Mirrors of earlier versions know no rates.
    if (auto* rate = o.if_contains("rate"); rate && !rate->is_null())
      key.rate = key_rate{rate->at("limit").as_int64(),
                          rate->at("window_ms").as_int64()};
    auto hash = key.hash;
    out.by_hash.emplace(std::move(hash), std::move(key));
  }
  return out;
}

class mirror : public key_mirror {
public:
  explicit mirror(const options& o) : connection_(o) {}

  result<void> store(const key_set& keys) override {
    auto name = keys::api_keys(connection_.settings());
    auto kept =
        connection_.ask({"EVAL", scripts::keep_newer, "1", name,
                         std::to_string(keys.version), to_document(keys)});
    if (!kept)
      return kept.error();
    return {};
  }

  result<key_set> load() override {
    auto name = keys::api_keys(connection_.settings());
    auto answer = connection_.ask({"HMGET", name, "version", "document"});
    if (!answer)
      return answer.error();
    reply_view fields{*answer};
    if (fields[0].is_nil())
      return key_set{};
    try {
      return from_document(fields[0].number(), fields[1].text());
    } catch (const std::exception& e) {
      return {errc::corrupt,
              "the API keys under " + name + " in Redis: " + e.what()};
    }
  }

private:
  connection connection_;
};

} // namespace

std::unique_ptr<key_mirror> make_key_mirror(const options& o) {
  return std::make_unique<mirror>(o);
}

} // namespace eventpulse::redis
