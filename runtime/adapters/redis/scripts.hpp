#pragma once
// What must happen in one piece on the server, as Lua. A script rather than
// MULTI wherever a later step depends on what an earlier one found. When out of
// memory Redis refuses whatever is queued in MULTI, yet runs scripts; each
// writes first with a command that Redis then allows, so that reading,
// acknowledging and trimming work there: they are the way out.

#include <string_view>

namespace eventpulse::redis::scripts {

/// KEYS events, kept. ARGV group, id… Acknowledges and counts what it took off
/// the pending list as kept. -> number
extern const std::string_view acknowledge;

/// KEYS events. ARGV group, consumer, from (exclusive "(id" or "-"), count,
/// "all" or "others". Takes over one page of pending entries.
/// -> scanned, last id scanned, [[id, delivery count, fields, 1 where another
/// held it]…], [lost id…], time
extern const std::string_view claim;

/// KEYS events. ARGV group, consumer, count. What a read does in MULTI, for a
/// server that is out of memory; twice as slow.
/// -> [[stream, entries]] or [], XPENDING's summary, time
extern const std::string_view read;

/// KEYS events. -> type, and of a stream what XINFO STREAM and GROUPS say
extern const std::string_view look;

/// KEYS events. ARGV group, from (exclusive), to, count. Looks at a page of
/// entries that were delivered. -> seen, last id seen, how many not pending
extern const std::string_view unpended;

/// KEYS events, kept. ARGV group, tail. Sets the group back to the tail; what
/// is pending beyond it and still there is given up, since it comes again in
/// its order.
extern const std::string_view reread;

/// KEYS events, kept. ARGV group, keep ms, keep bytes, most entries to trim,
/// prefix of consumer names, epoch. Trims, deletes idle consumers of earlier
/// epochs, publishes `kept`. -> entries, lag or -1, pending,
/// ms that the oldest unacknowledged entry is old
extern const std::string_view housekeeping;

/// KEYS hash. ARGV version, document. Keeps the newer.
extern const std::string_view keep_newer;

/// KEYS events. ARGV tail, ids at or below it. Deletes them, but what must stay
/// for the tail to be seen. -> how many went
extern const std::string_view erase;

/// KEYS hash. ARGV name, report, ms that it counts. Clears what is over.
extern const std::string_view publish_report;

/// KEYS hash. -> name, report, … of those that are not over
extern const std::string_view list_reports;

} // namespace eventpulse::redis::scripts
