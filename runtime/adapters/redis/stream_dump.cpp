#include "runtime/adapters/redis/stream_dump.hpp"

#include "runtime/adapters/redis/keys.hpp"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>

namespace eventpulse::redis {

namespace {

constexpr const char* page_entries = "500";
constexpr size_t entries_at_once = 500; // of one MULTI
constexpr size_t bytes_at_once = 8 << 20;
constexpr std::string_view quarantine_name = "quarantine";

struct free_parser {
  void operator()(redisReader* r) const { redisReaderFree(r); }
};

result<uint64_t>
dump(connection& link, const std::string& stream, std::string_view name,
     const std::function<result<void>(std::string_view)>& write) {
  uint64_t count = 0;
  std::string from = "-";
  for (;;) {
    auto page = link.ask({"XRANGE", stream, from, "+", "COUNT", page_entries});
    if (!page)
      return page.error();
    reply_view entries{*page};
    if (entries.size() == 0)
      return count;
    pipeline out;
    for (size_t i = 0; i < entries.size(); ++i) {
      std::vector<std::string_view> words{name, entries[i][0].text()};
      for (size_t f = 0; f < entries[i][1].size(); ++f)
        words.push_back(entries[i][1][f].text());
      out.add(words);
    }
    if (auto done = write(out.bytes()); !done)
      return done.error();
    count += entries.size();
    from = '(' + std::string{entries[entries.size() - 1][0].text()};
  }
}

/// The keys with our prefix, a page a call of `take`; stops when it says so.
result<void> scan(connection& link,
                  const std::function<result<bool>(reply_view keys)>& take) {
  std::string pattern;
  for (char c : link.settings().prefix) {
    if (std::string_view{"*?[]\\^-"}.find(c) != std::string_view::npos)
      pattern += '\\';
    pattern += c;
  }
  pattern += ":*";
  std::string at = "0";
  do {
    auto page = link.ask({"SCAN", at, "MATCH", pattern, "COUNT", "1000"});
    if (!page)
      return page.error();
    at = reply_view{*page}[0].text();
    auto more = take(reply_view{*page}[1]);
    if (!more)
      return more.error();
    if (!*more)
      return {};
  } while (at != "0");
  return {};
}

/// Entries on their way into Redis, a MULTI at a time.
class loader {
public:
  explicit loader(const options& o) : link_(o) {}

  result<void> feed(std::string_view piece) {
    if (redisReaderFeed(parser_.get(), piece.data(), piece.size()) != REDIS_OK)
      return corrupt();
    for (;;) {
      void* raw = nullptr;
      if (redisReaderGetReply(parser_.get(), &raw) != REDIS_OK)
        return corrupt();
      if (!raw)
        return {};
      reply entry{static_cast<redisReply*>(raw)};
      if (auto done = add(entry); !done)
        return done;
    }
  }

  result<void> finish() {
    // What is left over would be half an entry: the checksum guards that.
    return flush();
  }

  result<void> settle(uint32_t partition, const position& last) {
    auto stream = keys::events(link_.settings(), partition);
    pipeline body;
    body.add({"XGROUP", "CREATE", stream, keys::group, "0", "MKSTREAM"});
    if (last.ms > 0 || last.seq > 0)
      body.add({"XSETID", stream, entry_id(last)});
    return run(body);
  }

  dumped_streams loaded;

private:
  static failure corrupt() {
    return {errc::corrupt, "the entries of the backup cannot be read"};
  }

  result<void> add(reply_view entry) {
    // A stream, an id, and at least one field with its value.
    if (entry.size() < 4 || entry.size() % 2 != 0)
      return corrupt();
    auto name = entry[0].text();
    std::string key;
    if (name == quarantine_name) {
      key = keys::quarantine(link_.settings());
      ++loaded.quarantined;
    } else {
      uint32_t partition = 0;
      auto parsed =
          std::from_chars(name.data(), name.data() + name.size(), partition);
      if (parsed.ec != std::errc{} || partition >= link_.settings().partitions)
        return {errc::corrupt, "the backup has entries of partition " +
                                   std::string{name.substr(0, 20)}};
      if (loaded.partitions.size() <= partition)
        loaded.partitions.resize(partition + 1);
      ++loaded.partitions[partition].entries;
      key = keys::events(link_.settings(), partition);
    }
    std::vector<std::string_view> words{"XADD", key};
    for (size_t i = 1; i < entry.size(); ++i)
      words.push_back(entry[i].text());
    gathered_.add(words);
    if (gathered_.size() < entries_at_once &&
        gathered_.bytes().size() < bytes_at_once)
      return {};
    return flush();
  }

  result<void> flush() {
    if (gathered_.size() == 0)
      return {};
    auto done = run(gathered_);
    gathered_ = {};
    return done;
  }

  result<void> run(const pipeline& body) {
    auto items = link_.transact(body);
    if (!items)
      return items.error();
    for (size_t i = 0; i < body.size(); ++i)
      if (auto item = reply_view{*items}[i]; item.is_error())
        return to_failure(item);
    return {};
  }

  connection link_;
  std::unique_ptr<redisReader, free_parser> parser_{redisReaderCreate()};
  pipeline gathered_;
};

} // namespace

result<dumped_streams>
dump_streams(const options& o,
             const std::function<result<void>(std::string_view)>& write) {
  connection link{o};
  dumped_streams out;
  for (uint32_t p = 0; p < o.partitions; ++p) {
    auto stream = keys::events(o, p);
    auto count = dump(link, stream, std::to_string(p), write);
    if (!count)
      return count.error();
    dumped_stream one{*count, {p, 0, 0}};
    auto kind = link.ask({"TYPE", stream});
    if (!kind)
      return kind.error();
    if (reply_view{*kind}.text() == "stream") {
      auto info = link.ask({"XINFO", "STREAM", stream});
      if (!info)
        return info.error();
      auto last = reply_view{*info}.field("last-generated-id").text();
      one.last = parse_entry_id(last, p).value_or(one.last);
    }
    out.partitions.push_back(one);
  }
  auto count = dump(link, keys::quarantine(o), quarantine_name, write);
  if (!count)
    return count.error();
  out.quarantined = *count;
  return out;
}

result<bool> is_empty(const options& o) {
  connection link{o};
  bool empty = true;
  auto done = scan(link, [&](reply_view found) -> result<bool> {
    empty = empty && found.size() == 0;
    return empty;
  });
  if (!done)
    return done.error();
  return empty;
}

result<void> clear(const options& o) {
  connection link{o};
  return scan(link, [&](reply_view found) -> result<bool> {
    for (size_t i = 0; i < found.size(); ++i)
      if (auto gone = link.ask({"UNLINK", found[i].text()}); !gone)
        return gone.error();
    return true;
  });
}

result<void> forget_keys(const options& o) {
  connection link{o};
  if (auto gone = link.ask({"DEL", keys::api_keys(o)}); !gone)
    return gone.error();
  return {};
}

result<dumped_streams>
load_streams(const options& o, const std::vector<position>& last,
             const std::vector<position>& tails,
             const std::function<result<std::string>()>& read) {
  loader into{o};
  for (;;) {
    auto piece = read();
    if (!piece)
      return piece.error();
    if (piece->empty())
      break;
    if (auto done = into.feed(*piece); !done)
      return done.error();
  }
  if (auto done = into.finish(); !done)
    return done.error();
  into.loaded.partitions.resize(o.partitions);
  for (uint32_t p = 0; p < o.partitions; ++p) {
    position ends{p, 0, 0};
    for (auto* all : {&last, &tails})
      for (auto& one : *all)
        if (one.partition == p)
          ends = std::max(ends, one);
    if (auto done = into.settle(p, ends); !done)
      return done.error();
    into.loaded.partitions[p].last = ends;
  }
  return std::move(into.loaded);
}

} // namespace eventpulse::redis
