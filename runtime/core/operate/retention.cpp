#include "runtime/core/operate/retention.hpp"

#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/json_text.hpp"
#include "runtime/core/base/time.hpp"

#include <algorithm>

namespace eventpulse {

namespace {

constexpr int64_t day_ms = 86'400'000;
constexpr size_t date_length = 10; // "2026-01-02"

} // namespace

int64_t needless_before(const evaluation_reach& reach, int64_t now_ms,
                        const retention_periods& keep) {
  auto overtaken_ms = now_ms - keep.events.count() - keep.behind.count();
  auto out = reach.level_ms;
  for (auto& [rule, at_ms] : reach.behind)
    out = std::min(out, std::max(at_ms, overtaken_ms));
  return out;
}

std::string day_name(int64_t day) {
  return format_rfc3339_ms(day * day_ms).substr(0, date_length);
}

dead_letter overtaken_letter(const std::string& rule, int64_t at_ms,
                             int64_t day, int64_t last_ms, int64_t now_ms) {
  auto from = std::max(at_ms, day * day_ms);
  dead_letter out;
  out.id = uuid_v5("overtaken/" + rule + '/' + day_name(day));
  out.kind = "overtaken";
  out.reason = "the rule was behind when the events of " + day_name(day) +
               " were dropped: it has not seen those received after " +
               format_rfc3339_ms(from) + " and up to " +
               format_rfc3339_ms(last_ms);
  out.headers_json = "{\"rule\":";
  append_json_string(out.headers_json, rule);
  out.headers_json += ",\"after_ms\":" + std::to_string(from) +
                      ",\"until_ms\":" + std::to_string(last_ms) + '}';
  out.created_at_ms = now_ms;
  return out;
}

} // namespace eventpulse
