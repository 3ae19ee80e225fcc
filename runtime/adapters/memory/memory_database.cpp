#include "runtime/adapters/memory/memory_database.hpp"

#include "runtime/core/base/utf8.hpp"

#include <boost/json.hpp>

namespace eventpulse::memory {

bool database::holds(const lease_token& lease) const {
  auto found = leases.find(lease.name);
  return found != leases.end() && found->second.epoch == lease.epoch;
}

void database::keep(const std::vector<dead_letter>& all) {
  for (auto& letter : all) {
    auto identity = letter.where
                        ? letter.kind + '/' + to_string(*letter.where) + '/' +
                              letter.headers_json
                        : letter.id;
    if (!dead.emplace(identity, letter).second)
      continue;
    boost::json::object body{
        {"id", letter.id}, {"kind", letter.kind}, {"reason", letter.reason}};
    log({0, 0, live_topic::system, "dead_letter.kept", letter.kind,
         boost::json::serialize(body), std::nullopt});
  }
}

void database::keep_audit(audit_entry entry) {
  audit.push_back(
      {static_cast<int64_t>(audit.size()) + 1, now(), std::move(entry)});
}

std::vector<dead_letter> database::dead_letters() {
  std::lock_guard lock{mutex_};
  std::vector<dead_letter> out;
  for (auto& [identity, letter] : dead)
    out.push_back(letter);
  return out;
}

std::vector<control_input> database::placed_controls() {
  std::lock_guard lock{mutex_};
  std::vector<control_input> out;
  for (auto& [id, row] : controls)
    if (row.placed)
      out.push_back(row.what);
  return out;
}

std::string storable_text(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    char32_t character = 0;
    auto length = utf8_take(text, at, character);
    bool storable = length > 0 && character != 0;
    out += storable ? text.substr(at, length) : "\xef\xbf\xbd";
    at += storable ? length : 1;
  }
  return out;
}

failure fenced_by(const lease_token& lease) {
  return {errc::fenced, lease.name + " epoch " + std::to_string(lease.epoch)};
}

} // namespace eventpulse::memory
