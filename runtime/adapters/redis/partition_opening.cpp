// stream_log::open: finding and mending what is missing, behind or ahead, so
// that reading starts right after the tail whatever happened to either server.

#include "runtime/adapters/redis/keys.hpp"
#include "runtime/adapters/redis/partition_log.hpp"
#include "runtime/adapters/redis/scripts.hpp"
#include "runtime/core/base/check.hpp"

#include <limits>

namespace eventpulse::redis {

namespace {

constexpr int64_t look_page = 1000;

position before(const position& p) {
  if (p.seq > 0)
    return {p.partition, p.ms, p.seq - 1};
  return {p.partition, p.ms == 0 ? 0 : p.ms - 1,
          p.ms == 0 ? 0 : std::numeric_limits<uint64_t>::max()};
}

} // namespace

result<log_opening> stream_log::open(const position& tail) {
  EP_CHECK(tail.partition == partition_);
  is_open_ = false;
  held_ = {};
  scan_.reset();
  trimmed_at_.reset();
  auto opening = mend(tail);
  if (!opening) {
    auto why = opening.error();
    if (why.code == errc::outcome_unknown)
      why.code = errc::unavailable;
    return why;
  }
  // First of all what was delivered to anybody, this consumer included, and
  // not acknowledged.
  scan_ = scan{"-", true};
  is_open_ = true;
  return opening;
}

result<log_opening> stream_log::mend(const position& tail) {
  log_opening out;
  auto found = look();
  if (!found)
    return found.error();
  if (!found->has_stream) {
    if (auto made = create(tail); !made)
      return made.error();
    out.created = true;
    out.behind = tail > position{partition_, 0, 0};
    return out;
  }
  if (found->last < tail) {
    // New ids must not fall below the tail: they would look handled.
    auto set = connection_.ask({"XSETID", events_, entry_id(tail)});
    if (!set)
      return set.error();
    out.behind = true;
  }
  if (!found->has_group) {
    // From 0, not from the tail: what is there twice is found by its position.
    auto made =
        connection_.ask({"XGROUP", "CREATE", events_, keys::group, "0"});
    if (!made)
      return failure{errc::unavailable, made.error().detail};
    out.created = true;
  }
  // Trimming always leaves one entry at or below the tail (see scripts.cpp).
  if (found->added > found->length) {
    if (found->length == 0 && found->last > tail)
      out.gap_until = found->last;
    else if (found->length > 0 && found->first > tail)
      out.gap_until = before(found->first);
  }
  if (found->has_group && found->delivered > tail) {
    auto due = is_reread_due(tail, found->delivered);
    if (!due)
      return due.error();
    if (*due)
      if (auto set = set_back(tail); !set)
        return set.error();
    out.reread = *due;
  }
  return out;
}

result<stream_log::condition> stream_log::look() {
  auto answer = connection_.ask({"EVAL", scripts::look, "1", events_});
  if (!answer)
    return answer.error();
  auto kind = reply_view{*answer}[0].text();
  condition out;
  if (kind == "none")
    return out;
  if (kind != "stream")
    return {errc::unavailable, "the key " + events_ + " holds no stream"};
  reply_view stream = reply_view{*answer}[1];
  reply_view groups = reply_view{*answer}[2];
  auto last = parse_id(stream.field("last-generated-id"));
  if (!last)
    return last.error();
  out.has_stream = true;
  out.last = *last;
  out.length = static_cast<uint64_t>(stream.field("length").number());
  out.added = static_cast<uint64_t>(stream.field("entries-added").number());
  if (out.length > 0) {
    auto first = parse_id(stream.field("first-entry")[0]);
    if (!first)
      return first.error();
    out.first = *first;
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    if (groups[i].field("name").text() != keys::group)
      continue;
    auto delivered = parse_id(groups[i].field("last-delivered-id"));
    if (!delivered)
      return delivered.error();
    out.has_group = true;
    out.delivered = *delivered;
  }
  return out;
}

result<void> stream_log::create(const position& tail) {
  pipeline body;
  body.add({"XGROUP", "CREATE", events_, keys::group, "0", "MKSTREAM"});
  if (tail.ms > 0 || tail.seq > 0)
    body.add({"XSETID", events_, entry_id(tail)});
  body.add({"DEL", kept_});
  auto items = connection_.transact(body);
  if (!items)
    return items.error();
  for (size_t i = 0; i < body.size(); ++i)
    if (auto item = reply_view{*items}[i]; item.is_error())
      // Somebody else was quicker: the next open() sees what is there.
      return failure{errc::unavailable, to_failure(item).detail};
  return {};
}

result<bool> stream_log::is_reread_due(const position& tail,
                                       const position& delivered) {
  auto from = '(' + entry_id(tail);
  auto until = entry_id(delivered);
  for (;;) {
    auto page =
        connection_.ask({"EVAL", scripts::unpended, "1", events_, keys::group,
                         from, until, std::to_string(look_page)});
    if (!page)
      return page.error();
    reply_view seen{*page};
    if (seen[2].number() > 0)
      return true;
    if (seen[0].number() < look_page)
      return false;
    from = '(' + std::string{seen[1].text()};
  }
}

result<void> stream_log::set_back(const position& tail) {
  auto set = connection_.ask({"EVAL", scripts::reread, "2", events_, kept_,
                              keys::group, entry_id(tail)});
  if (!set)
    return set.error();
  return {};
}

} // namespace eventpulse::redis
