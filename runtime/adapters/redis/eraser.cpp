#include "runtime/adapters/redis/eraser.hpp"

#include "runtime/adapters/redis/keys.hpp"
#include "runtime/adapters/redis/scripts.hpp"

#include <algorithm>

namespace eventpulse::redis {

namespace {

constexpr const char* page_entries = "1000";
constexpr size_t ids_at_once = 500; // of one script

} // namespace

eraser::eraser(const options& o) : connection_(o) {}

result<eraser::ids> eraser::find(const std::string& stream,
                                 const matcher& wanted) {
  ids out;
  std::string from = "-";
  for (;;) {
    auto page =
        connection_.ask({"XRANGE", stream, from, "+", "COUNT", page_entries});
    if (!page)
      return page.error();
    reply_view entries{*page};
    if (entries.size() == 0)
      return out;
    for (size_t i = 0; i < entries.size(); ++i)
      if (wanted(to_fields(entries[i][1])))
        out.emplace_back(entries[i][0].text());
    from = '(' + std::string{entries[entries.size() - 1][0].text()};
  }
}

result<erased_entries> eraser::count(const position& tail,
                                     const matcher& wanted) {
  auto found =
      find(keys::events(connection_.settings(), tail.partition), wanted);
  if (!found)
    return found.error();
  erased_entries out;
  for (auto& id : *found) {
    auto where = parse_entry_id(id, tail.partition);
    ++(where && *where <= tail ? out.gone : out.left);
  }
  return out;
}

result<erased_entries> eraser::erase(const position& tail,
                                     const matcher& wanted) {
  auto stream = keys::events(connection_.settings(), tail.partition);
  auto found = find(stream, wanted);
  if (!found)
    return found.error();
  erased_entries out;
  out.left = found->size();
  std::erase_if(*found, [&](const std::string& id) {
    auto where = parse_entry_id(id, tail.partition);
    return !where || *where > tail;
  });
  for (size_t first = 0; first < found->size(); first += ids_at_once) {
    auto last = std::min(found->size(), first + ids_at_once);
    auto bound = entry_id(tail);
    std::vector<std::string_view> words{"EVAL", scripts::erase, "1", stream,
                                        bound};
    words.insert(words.end(), found->begin() + static_cast<ptrdiff_t>(first),
                 found->begin() + static_cast<ptrdiff_t>(last));
    auto gone = connection_.ask(words);
    if (!gone)
      return gone.error();
    out.gone += static_cast<uint64_t>(reply_view{*gone}.number());
  }
  out.left -= std::min(out.left, out.gone);
  return out;
}

result<uint64_t> eraser::count_quarantined(const matcher& wanted) {
  auto found = find(keys::quarantine(connection_.settings()), wanted);
  if (!found)
    return found.error();
  return static_cast<uint64_t>(found->size());
}

result<uint64_t> eraser::erase_quarantined(const matcher& wanted) {
  auto stream = keys::quarantine(connection_.settings());
  auto found = find(stream, wanted);
  if (!found)
    return found.error();
  for (auto& id : *found)
    if (auto gone = connection_.ask({"XDEL", stream, id}); !gone)
      return gone.error();
  return static_cast<uint64_t>(found->size());
}

result<void> eraser::rewrite() {
  auto begun = connection_.ask({"BGREWRITEAOF"});
  if (!begun)
    return begun.error();
  return {};
}

} // namespace eventpulse::redis
