#include "runtime/core/intake/idempotency.hpp"

#include "runtime/core/base/hash.hpp"

#include <algorithm>

namespace eventpulse::intake {

namespace {

bool is_name(std::string_view header) {
  constexpr std::string_view name = "idempotency-key";
  return std::equal(header.begin(), header.end(), name.begin(), name.end(),
                    [](char a, char b) {
                      return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b;
                    });
}

bool is_printable(char c) {
  return c >= 0x20 && c <= 0x7e;
}

/// RFC 8941, section 3.3.3.
std::optional<std::string> unquoted(std::string_view text) {
  std::string out;
  for (size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"')
      return at + 1 == text.size() ? std::optional{out} : std::nullopt;
    if (text[at] == '\\') {
      if (++at == text.size() || (text[at] != '"' && text[at] != '\\'))
        return std::nullopt;
    }
    if (!is_printable(text[at]))
      return std::nullopt;
    out += text[at];
  }
  return std::nullopt;
}

std::optional<std::string> bare(std::string_view text) {
  if (!std::all_of(text.begin(), text.end(), [](char c) {
        return is_printable(c) && c != ' ' && c != '"' && c != ',' && c != ';';
      }))
    return std::nullopt;
  return std::string(text);
}

std::string place_of(const std::string& client, const std::string& key) {
  return client + '\0' + key;
}

} // namespace

result<std::optional<std::string>>
idempotency_key(const http_headers& headers) {
  const std::string* given = nullptr;
  for (const auto& [name, value] : headers) {
    if (!is_name(name))
      continue;
    if (given != nullptr)
      return failure{errc::malformed, "Idempotency-Key is given twice"};
    given = &value;
  }
  if (given == nullptr)
    return std::optional<std::string>{};
  auto key = given->starts_with('"') ? unquoted(*given) : bare(*given);
  if (!key || key->empty())
    return failure{errc::malformed,
                   "Idempotency-Key is no string such as \"8e03978e\""};
  if (key->size() > idempotency_key_bytes_max)
    return failure{errc::malformed,
                   "Idempotency-Key is longer than " +
                       std::to_string(idempotency_key_bytes_max) + " bytes"};
  return key;
}

std::string stable_id(const std::string& client, const std::string& key,
                      uint64_t number, const event_document& d) {
  std::string seed = client + '\0' + key + '\0' + std::to_string(number);
  for (const auto* part : {&d.source, &d.type, &d.subject, &d.time,
                           &d.datacontenttype, &d.dataschema, &d.payload})
    seed += '\0' + std::to_string(part->size()) + ':' + *part;
  for (const auto& [name, value] : d.extensions)
    if (const auto* text = std::get_if<std::string>(&value))
      seed += '\0' + name + '=' + *text;
    else if (const auto* flag = std::get_if<bool>(&value))
      seed += '\0' + name + (*flag ? "=true" : "=false");
    else
      seed += '\0' + name + '=' + std::to_string(std::get<int32_t>(value));
  return uuid_v5(seed);
}

idempotency_keys::idempotency_keys(size_t count_max) : count_max_(count_max) {}

bool idempotency_keys::fits(const std::string& client, const std::string& key,
                            uint64_t fingerprint) const {
  const auto found = used_.find(place_of(client, key));
  return found == used_.end() || found->second == fingerprint;
}

void idempotency_keys::remember(const std::string& client,
                                const std::string& key, uint64_t fingerprint) {
  auto [place, added] = used_.try_emplace(place_of(client, key), fingerprint);
  if (!added)
    return;
  order_.push_back(&place->first);
  if (order_.size() <= count_max_)
    return;
  used_.erase(*order_.front());
  order_.pop_front();
}

} // namespace eventpulse::intake
