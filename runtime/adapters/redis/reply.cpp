#include "runtime/adapters/redis/reply.hpp"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace eventpulse::redis {

namespace {

const std::string answers = "Redis answers: ";

} // namespace

void free_reply::operator()(redisReply* r) const {
  freeReplyObject(r);
}

bool reply_view::is_nil() const {
  return raw_ == nullptr || raw_->type == REDIS_REPLY_NIL;
}

bool reply_view::is_error() const {
  return raw_ != nullptr && raw_->type == REDIS_REPLY_ERROR;
}

bool reply_view::is_array() const {
  return raw_ != nullptr && raw_->type == REDIS_REPLY_ARRAY;
}

std::string_view reply_view::text() const {
  if (raw_ == nullptr ||
      (raw_->type != REDIS_REPLY_STRING && raw_->type != REDIS_REPLY_STATUS &&
       raw_->type != REDIS_REPLY_ERROR))
    return {};
  return {raw_->str, static_cast<size_t>(raw_->len)};
}

int64_t reply_view::number() const {
  if (raw_ != nullptr && raw_->type == REDIS_REPLY_INTEGER)
    return raw_->integer;
  int64_t out = 0;
  auto digits = text();
  auto end = digits.data() + digits.size();
  auto parsed = std::from_chars(digits.data(), end, out);
  return parsed.ec == std::errc{} && parsed.ptr == end ? out : 0;
}

size_t reply_view::size() const {
  return is_array() ? raw_->elements : 0;
}

reply_view reply_view::operator[](size_t i) const {
  return i < size() ? reply_view{raw_->element[i]} : reply_view{};
}

reply_view reply_view::field(std::string_view name) const {
  for (size_t i = 0; i + 1 < size(); i += 2)
    if ((*this)[i].text() == name)
      return (*this)[i + 1];
  return {};
}

failure to_failure(reply_view error) {
  // A server that is away for a while, that must not be written, or whose keys
  // somebody took away: nothing is lost by trying again.
  static constexpr std::array<std::string_view, 21> passing{
      "OOM",       "LOADING",    "MISCONF",    "READONLY",  "CLUSTERDOWN",
      "TRYAGAIN",  "MASTERDOWN", "NOREPLICAS", "NOGROUP",   "UNBLOCKED",
      "WRONGTYPE", "BUSY",       "NOAUTH",     "WRONGPASS", "NOPERM",
      "MOVED",     "ASK",        "UNKILLABLE", "EXECABORT", "NOPROTO",
      "NOTBUSY"};
  auto text = error.text();
  auto word = text.substr(0, text.find(' '));
  auto known = std::find(passing.begin(), passing.end(), word) != passing.end();
  return {known ? errc::unavailable : errc::internal,
          answers + std::string{text.substr(0, 512)}};
}

bool is_out_of_memory(const failure& f) {
  return f.detail.starts_with(answers + "OOM");
}

std::string entry_id(const position& p) {
  return std::to_string(p.ms) + '-' + std::to_string(p.seq);
}

std::optional<position> parse_entry_id(std::string_view text,
                                       uint32_t partition) {
  position out{partition, 0, 0};
  auto end = text.data() + text.size();
  auto ms = std::from_chars(text.data(), end, out.ms);
  if (ms.ec != std::errc{} || ms.ptr == end || *ms.ptr != '-')
    return std::nullopt;
  auto seq = std::from_chars(ms.ptr + 1, end, out.seq);
  if (seq.ec != std::errc{} || seq.ptr != end)
    return std::nullopt;
  return out;
}

stream_fields to_fields(reply_view flat) {
  stream_fields out;
  out.reserve(flat.size() / 2);
  for (size_t i = 0; i + 1 < flat.size(); i += 2)
    out.emplace_back(flat[i].text(), flat[i + 1].text());
  return out;
}

} // namespace eventpulse::redis
