#include "runtime/adapters/redis/scripts.hpp"

namespace eventpulse::redis::scripts {

const std::string_view acknowledge = R"lua(
local taken = redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 2))
if taken > 0 then redis.call('INCRBY', KEYS[2], taken) end
return taken
)lua";

// XPENDING and XCLAIM in one piece: what a stale owner acknowledges in between
// would look lost otherwise.
const std::string_view claim = R"lua(
local page = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], '+', ARGV[4])
local ids, times, others = {}, {}, {}
for _, p in ipairs(page) do
  if ARGV[5] == 'all' or p[2] ~= ARGV[2] then
    ids[#ids + 1] = p[1]
    times[p[1]] = p[4]
    others[p[1]] = p[2] ~= ARGV[2] and 1 or 0
  end
end
local found, lost = {}, {}
if #ids > 0 then
  local there = {}
  local claimed = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0,
                             unpack(ids))
  for _, e in ipairs(claimed) do
    if e and e[2] then
      there[e[1]] = true
      found[#found + 1] = {e[1], times[e[1]] + 1, e[2], others[e[1]]}
    end
  end
  for _, id in ipairs(ids) do
    if not there[id] then lost[#lost + 1] = id end
  end
end
local last = ''
if #page > 0 then last = page[#page][1] end
return {#page, last, found, lost, redis.call('TIME')}
)lua";

const std::string_view read = R"lua(
local fresh = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT',
                         ARGV[3], 'STREAMS', KEYS[1], '>')
return {fresh or {}, redis.call('XPENDING', KEYS[1], ARGV[1]),
        redis.call('TIME')}
)lua";

const std::string_view look = R"lua(
local kind = redis.call('TYPE', KEYS[1])['ok']
if kind ~= 'stream' then return {kind} end
return {kind, redis.call('XINFO', 'STREAM', KEYS[1]),
        redis.call('XINFO', 'GROUPS', KEYS[1])}
)lua";

const std::string_view unpended = R"lua(
local seen = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[3], 'COUNT', ARGV[4])
if #seen == 0 then return {0, '', 0} end
local last = seen[#seen][1]
local pending = {}
local held = redis.call('XPENDING', KEYS[1], ARGV[1], seen[1][1], last,
                        ARGV[4])
for _, p in ipairs(held) do pending[p[1]] = true end
local count = 0
for _, e in ipairs(seen) do
  if not pending[e[1]] then count = count + 1 end
end
return {#seen, last, count}
)lua";

const std::string_view reread = R"lua(
local from = '(' .. ARGV[2]
while true do
  local page = redis.call('XPENDING', KEYS[1], ARGV[1], from, '+', 1000)
  if #page == 0 then break end
  for _, p in ipairs(page) do
    local there = redis.call('XRANGE', KEYS[1], p[1], p[1], 'COUNT', 1)
    if #there > 0 then redis.call('XACK', KEYS[1], ARGV[1], p[1]) end
    from = '(' .. p[1]
  end
end
redis.call('DEL', KEYS[2])
return redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], ARGV[2])
)lua";

// The newest acknowledged entry below every group's first pending one always
// stays: its being there tells open() that nothing beyond the tail is gone.
// `keep` is a window of time; where the stream is over its bytes the window is
// halved until it is not, at last to nothing.
const std::string_view housekeeping = R"lua(
local stream, group = KEYS[1], ARGV[1]

local function as_table(flat)
  local out = {}
  for i = 1, #flat, 2 do out[flat[i]] = flat[i + 1] end
  return out
end

local function parts(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end

local function is_below(a, b)
  local a_ms, a_seq = parts(a)
  local b_ms, b_seq = parts(b)
  return a_ms < b_ms or (a_ms == b_ms and a_seq < b_seq)
end

if redis.call('EXISTS', stream) == 0 then
  return redis.error_reply('NOGROUP the stream is missing')
end

local safe, pending, oldest = nil, -1, nil
for _, flat in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  local g = as_table(flat)
  local held = redis.call('XPENDING', stream, g['name'])
  local bound = g['last-delivered-id']
  if held[1] > 0 and is_below(held[2], bound) then
    bound = '(' .. held[2]
  elseif held[1] > 0 then
    bound = '(' .. bound
  end
  local done = redis.call('XREVRANGE', stream, bound, '-', 'COUNT', 1)
  local id = '0-0'
  if #done > 0 then id = done[1][1] end
  if not safe or is_below(id, safe) then safe = id end
  if g['name'] == group then
    pending = held[1]
    if pending > 0 then
      oldest = held[2]
    else
      local next = redis.call('XRANGE', stream, '(' .. g['last-delivered-id'],
                              '+', 'COUNT', 1)
      if #next > 0 then oldest = next[1][1] end
    end
  end
end
if pending < 0 then
  return redis.error_reply('NOGROUP the consumer group is missing')
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local window = tonumber(ARGV[2])
local safe_ms = parts(safe)
while true do
  local id = safe
  if window > 0 and now - window < safe_ms then
    id = string.format('%.0f-0', math.max(now - window, 0))
  end
  redis.call('XTRIM', stream, 'MINID', '~', id, 'LIMIT', ARGV[4])
  if window == 0 then break end
  local bytes = redis.call('MEMORY', 'USAGE', stream)
  if not bytes or bytes <= tonumber(ARGV[3]) then break end
  window = math.floor(window / 2)
end

for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do
  local c = as_table(flat)
  if c['pending'] == 0 and string.sub(c['name'], 1, #ARGV[5]) == ARGV[5] then
    local epoch = tonumber(string.sub(c['name'], #ARGV[5] + 1))
    if epoch and epoch < tonumber(ARGV[6]) then
      redis.call('XGROUP', 'DELCONSUMER', stream, group, c['name'])
    end
  end
end

local entries = redis.call('XLEN', stream)
local lag = -1
for _, flat in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  local g = as_table(flat)
  if g['name'] == group and g['lag'] then lag = g['lag'] end
end
-- Where Redis cannot tell the lag everything counts as not acknowledged, which
-- can only refuse too early.
local kept = 0
if lag >= 0 then kept = math.max(entries - lag - pending, 0) end
redis.call('SET', KEYS[2], string.format('%.0f', kept))
local age = 0
if oldest then age = math.max(now - parts(oldest), 0) end
return {entries, lag, pending, age}
)lua";

// Of the ids, all at or below the tail: they go, but for the last one where
// nothing else would stand at or below the tail while later entries exist.
const std::string_view erase = R"lua(
local wanted = {}
for i = 2, #ARGV do wanted[ARGV[i]] = true end
local page = redis.call('XRANGE', KEYS[1], '-', ARGV[1], 'COUNT', #ARGV)
local stays = false
for _, e in ipairs(page) do
  if not wanted[e[1]] then stays = true end
end
local later = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', 1)
if not stays and #later > 0 and #page > 0 then
  wanted[page[#page][1]] = nil
end
local gone = 0
for id, _ in pairs(wanted) do
  gone = gone + redis.call('XDEL', KEYS[1], id)
end
return gone
)lua";

const std::string_view keep_newer = R"lua(
local present = tonumber(redis.call('HGET', KEYS[1], 'version'))
if present and present >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'document', ARGV[2])
return 1
)lua";

// A value is `<Unix ms until which it counts>|<report>`.
const std::string_view publish_report = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local until_ms = tonumber(string.match(all[i + 1], '^(%d+)|'))
  if not until_ms or until_ms <= now then
    redis.call('HDEL', KEYS[1], all[i])
  end
end
redis.call('HSET', KEYS[1], ARGV[1],
           string.format('%.0f|', now + tonumber(ARGV[3])) .. ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return 1
)lua";

const std::string_view list_reports = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local out = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local until_ms, report = string.match(all[i + 1], '^(%d+)|(.*)$')
  if until_ms and tonumber(until_ms) > now then
    out[#out + 1] = all[i]
    out[#out + 1] = report
  end
end
return out
)lua";

} // namespace eventpulse::redis::scripts
