#include "runtime/adapters/redis/server_facts.hpp"

#include "runtime/adapters/redis/connection.hpp"
#include "runtime/adapters/redis/keys.hpp"
#include "runtime/adapters/redis/scripts.hpp"

#include <charconv>
#include <chrono>
#include <map>

namespace eventpulse::redis {

namespace {

int64_t our_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// "name:value" lines of INFO.
std::map<std::string, std::string> read_info(std::string_view text) {
  std::map<std::string, std::string> out;
  while (!text.empty()) {
    auto end = std::min(text.find("\r\n"), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 2, text.size()));
    if (auto colon = line.find(':'); colon != line.npos && line[0] != '#')
      out.emplace(line.substr(0, colon), line.substr(colon + 1));
  }
  return out;
}

uint64_t number_in(const std::map<std::string, std::string>& info,
                   const char* name) {
  auto found = info.find(name);
  uint64_t out = 0;
  if (found != info.end())
    std::from_chars(found->second.data(),
                    found->second.data() + found->second.size(), out);
  return out;
}

std::string text_in(const std::map<std::string, std::string>& info,
                    const char* name) {
  auto found = info.find(name);
  return found == info.end() ? std::string{} : found->second;
}

result<std::vector<stream_facts>> look_at_streams(connection& link) {
  std::vector<stream_facts> out;
  auto& o = link.settings();
  for (uint32_t p = 0; p < o.partitions; ++p) {
    auto answer = link.ask({"EVAL", scripts::look, "1", keys::events(o, p)});
    if (!answer)
      return answer.error();
    stream_facts one;
    one.partition = p;
    one.exists = reply_view{*answer}[0].text() == "stream";
    auto stream = reply_view{*answer}[1];
    one.length = static_cast<uint64_t>(stream.field("length").number());
    one.added = static_cast<uint64_t>(stream.field("entries-added").number());
    auto last = parse_entry_id(stream.field("last-generated-id").text(), p);
    auto first = parse_entry_id(stream.field("first-entry")[0].text(), p);
    one.last = last.value_or(position{p, 0, 0});
    one.first = first.value_or(position{p, 0, 0});
    out.push_back(one);
  }
  return out;
}

result<clock_reading> read_clock(connection& link) {
  clock_reading out;
  auto before = our_clock_ms();
  auto time = link.ask({"TIME"});
  if (!time)
    return time.error();
  reply_view parts{*time};
  out.theirs_ms = parts[0].number() * 1000 + parts[1].number() / 1000;
  out.took_ms = our_clock_ms() - before;
  out.ours_ms = before + out.took_ms / 2;
  return out;
}

} // namespace

result<std::vector<stream_facts>> look_at_streams(const options& o) {
  connection link{o};
  return look_at_streams(link);
}

result<redis_facts> look_at_server(const options& o) {
  connection link{o};
  auto answer = link.ask({"INFO"});
  if (!answer)
    return answer.error();
  auto info = read_info(reply_view{*answer}.text());
  redis_facts out;
  out.version = text_in(info, "redis_version");
  out.maxmemory_policy = text_in(info, "maxmemory_policy");
  out.maxmemory = number_in(info, "maxmemory");
  out.appendonly = text_in(info, "aof_enabled") == "1";
  out.write_failed = text_in(info, "aof_last_write_status") == "err";
  out.replica = text_in(info, "role") == "slave";
  out.replicas = static_cast<uint32_t>(number_in(info, "connected_slaves"));
  // A user of ACLs may lack this one; then it stays unknown.
  if (auto config = link.ask({"CONFIG", "GET", "appendfsync"}))
    out.appendfsync = reply_view{*config}.field("appendfsync").text();
  auto clock = read_clock(link);
  if (!clock)
    return clock.error();
  out.clock = *clock;
  auto streams = look_at_streams(link);
  if (!streams)
    return streams.error();
  out.streams = std::move(streams).value();
  return out;
}

} // namespace eventpulse::redis
