#pragma once
// What must happen in one piece on the server, as Lua. A script rather than
// MULTI wherever a later step depends on what an earlier one found. Each writes
// with a command that Redis allows when out of memory before any that it does
// not, so that acknowledging and trimming work there: they are the way out.

#include <string_view>

namespace eventpulse::redis::scripts {

/// KEYS events, kept. ARGV group, id… Acknowledges and counts what it took off
/// the pending list as kept. -> number
extern const std::string_view acknowledge;

/// KEYS events. ARGV group, consumer, from (exclusive "(id" or "-"), count,
/// "all" or "others". Takes over one page of pending entries.
/// -> scanned, last id scanned, [[id, delivery count, fields]…], [lost id…]
extern const std::string_view claim;

/// KEYS events. ARGV group, from (exclusive), to, count. Looks at a page of
/// entries that were delivered. -> seen, last id seen, how many not pending
extern const std::string_view unpended;

/// KEYS events, kept. ARGV group, tail. Sets the group back to the tail; what
/// is pending beyond it and still there is given up, since it comes again in
/// its order.
extern const std::string_view reread;

/// KEYS events, kept. ARGV group, keep ms, keep bytes, most entries to trim,
/// prefix of consumer names, epoch. Trims, deletes idle consumers of earlier
/// epochs, publishes `kept`. -> entries, lag or -1, pending
extern const std::string_view housekeeping;

/// KEYS hash. ARGV version, document. Keeps the newer.
extern const std::string_view keep_newer;

} // namespace eventpulse::redis::scripts
