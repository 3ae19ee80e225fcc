#include "runtime/adapters/postgres/persist.hpp"

#include "runtime/adapters/postgres/dead_letters.hpp"
#include "runtime/core/base/check.hpp"
#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/json_text.hpp"

#include <algorithm>
#include <limits>

namespace eventpulse::postgres {

namespace {

// The fence and the partition's row in one round trip. READ COMMITTED looks
// again at a lease row that it had to wait for, so a finished take-over gives
// no row here.
const statement lock_partition{
    "persist_lock",
    "SELECT p.persisted_ms, p.persisted_seq, p.clock_ms,"
    " floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    " FROM lease l, partition p"
    " WHERE l.name = $1 AND l.epoch = $2 AND p.number = $3"
    " FOR KEY SHARE OF l FOR UPDATE OF p"};

const statement make_partition{
    "persist_make_partition",
    "INSERT INTO partition (number) VALUES ($1) ON CONFLICT DO NOTHING"};

const statement find_positions{
    "persist_find_positions",
    "SELECT c.id, c.position_ms, c.position_seq FROM control c"
    " WHERE c.position_partition = $1 AND (c.position_ms, c.position_seq)"
    " IN (SELECT * FROM unnest($2::bigint[], $3::bigint[]))"};

const statement find_hashes{
    "persist_find_hashes",
    "SELECT dedup_hash, source, id, extensions, position_partition,"
    " position_ms, position_seq FROM events"
    " WHERE dedup_hash = ANY ($1::bigint[])"
    " AND position_ms > $2 AND position_ms <= $3"};

const statement find_controls{
    "persist_find_controls",
    "SELECT id, kind, body, received_at_ms, position_partition, position_ms,"
    " position_seq FROM control WHERE id = ANY ($1::text[]) FOR UPDATE"};

const statement place{
    "persist_place",
    "UPDATE control c SET position_partition = $1, position_ms = u.ms,"
    " position_seq = u.seq, received_at_ms = u.received_at_ms"
    " FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[])"
    " AS u (id, ms, seq, received_at_ms)"
    " WHERE c.id = u.id AND c.position_ms IS NULL"};

const statement move_tail{
    "persist_move_tail",
    "UPDATE partition SET persisted_ms = $2, persisted_seq = $3, clock_ms = $4"
    " WHERE number = $1"};

const std::string& find_events_sql() {
  static const std::string sql =
      std::string{"SELECT "} + event_columns +
      " FROM events WHERE position_partition = $1"
      " AND position_ms BETWEEN $4 AND $5"
      " AND (position_ms, position_seq)"
      " IN (SELECT * FROM unnest($2::bigint[], $3::bigint[]))";
  return sql;
}

position read_position(const pqxx::row& row, int ms, int seq,
                       uint32_t partition) {
  return {partition, static_cast<uint64_t>(number_of(row[ms])),
          static_cast<uint64_t>(number_of(row[seq]))};
}

std::string headers_of(const std::string& source, const std::string& id) {
  std::string out = "{\"source\":";
  append_json_string(out, storable_text(source));
  out += ",\"id\":";
  append_json_string(out, storable_text(id));
  return out + '}';
}

template <class Items>
void check_ascending(const Items& all, uint32_t number) {
  for (size_t i = 0; i < all.size(); ++i) {
    EP_CHECK(all[i].where.partition == number);
    EP_CHECK(i == 0 || all[i - 1].where < all[i].where);
  }
}

} // namespace

result<persist_outcome> persisting::run() {
  check_ascending(request_.events, request_.partition);
  check_ascending(request_.controls, request_.partition);
  if (auto locked = lock(); !locked)
    return locked.error();
  for (auto& e : request_.events)
    hashes_.push_back(dedup_hash(e.document));
  dead_ = request_.dead;
  find_taken_positions();
  find_content();
  find_control_rows();
  decide_in_order();
  write();
  return take_outcome();
}

// -- what is there already ----------------------------------------------------

result<void> persisting::lock() {
  auto p = parameters{}
               .text(request_.lease.name)
               .number(request_.lease.epoch)
               .number(request_.partition);
  auto rows = s_.run(lock_partition, p);
  if (rows.empty()) {
    if (!s_.holds(request_.lease))
      return fenced_by(request_.lease);
    s_.run(make_partition, parameters{}.number(request_.partition));
    rows = s_.run(lock_partition, p);
    EP_CHECK(!rows.empty());
  }
  tail_ = read_position(rows[0], 0, 1, request_.partition);
  clock_ms_ = number_of(rows[0][2]);
  now_ms_ = number_of(rows[0][3]);
  return {};
}

/// Entries at or before the tail were handled once. What is still there at
/// their positions tells a re-read from a Redis that came back with its ids
/// given out anew.
void persisting::find_taken_positions() {
  array_text ms, seq, ms_again, seq_again;
  int64_t low = std::numeric_limits<int64_t>::max();
  int64_t high = 0;
  auto add = [&](const position& where) {
    if (where > tail_)
      return;
    low = std::min(low, stored_number(where.ms));
    high = std::max(high, stored_number(where.ms));
    ms.number(stored_number(where.ms));
    seq.number(stored_number(where.seq));
    ms_again.number(stored_number(where.ms));
    seq_again.number(stored_number(where.seq));
  };
  for (auto& e : request_.events)
    add(e.where);
  for (auto& c : request_.controls)
    add(c.where);
  if (low > high)
    return;
  auto events = s_.run_text(find_events_sql(), parameters{}
                                                   .number(request_.partition)
                                                   .array(std::move(ms))
                                                   .array(std::move(seq))
                                                   .number(low)
                                                   .number(high));
  for (auto row : events) {
    auto stored = read_event(row);
    taken_by_event_.emplace(stored.where, std::move(stored));
  }
  auto controls = s_.run(find_positions, parameters{}
                                             .number(request_.partition)
                                             .array(std::move(ms_again))
                                             .array(std::move(seq_again)));
  for (auto row : controls)
    taken_by_control_.emplace(read_position(row, 1, 2, request_.partition),
                              text_of(row[0]));
}

/// Stored events that any of the batch might repeat: one look-up by hash in the
/// days that the window touches.
void persisting::find_content() {
  array_text hashes;
  int64_t low = std::numeric_limits<int64_t>::max();
  int64_t high = 0;
  for (size_t i = 0; i < request_.events.size(); ++i) {
    auto ms = stored_number(request_.events[i].where.ms);
    low = std::min(low, ms - request_.dedup_window_ms);
    high = std::max(high, ms);
    hashes.number(hashes_[i]);
  }
  if (request_.events.empty() || request_.dedup_window_ms <= 0)
    return;
  auto rows =
      s_.run(find_hashes,
             parameters{}.array(std::move(hashes)).number(low).number(high));
  for (auto row : rows) {
    event_document d;
    d.source = text_of(row[1]);
    d.id = text_of(row[2]);
    d.extensions = read_extensions(text_of(row[3]));
    auto where =
        read_position(row, 5, 6, static_cast<uint32_t>(number_of(row[4])));
    known_.emplace(number_of(row[0]),
                   content{d.source, d.id, partition_key(d), where});
  }
}

void persisting::find_control_rows() {
  if (request_.controls.empty())
    return;
  array_text ids;
  for (auto& c : request_.controls)
    ids.text(c.row_id);
  for (auto row : s_.run(find_controls, parameters{}.array(std::move(ids)))) {
    control_input found{text_of(row[0]), text_of(row[1]), text_of(row[2]), {}};
    bool placed = !row[3].is_null();
    if (placed)
      found.key = {number_of(row[3]), static_cast<uint32_t>(number_of(row[4])),
                   static_cast<uint64_t>(number_of(row[5])),
                   static_cast<uint64_t>(number_of(row[6]))};
    auto id = found.id;
    rows_.emplace(std::move(id), std::pair{std::move(found), placed});
  }
}

// -- what becomes of each entry -----------------------------------------------

void persisting::decide_in_order() {
  auto e = request_.events.begin();
  auto c = request_.controls.begin();
  while (e != request_.events.end() || c != request_.controls.end()) {
    bool event_first = c == request_.controls.end() ||
                       (e != request_.events.end() && e->where < c->where);
    if (event_first)
      decide(*e++);
    else
      decide(*c++);
  }
}

void persisting::decide(const incoming_event& e) {
  if (auto there = taken_by_event_.find(e.where);
      there != taken_by_event_.end()) {
    auto& stored = there->second;
    if (stored.document.source == e.document.source &&
        stored.document.id == e.document.id)
      batch_.events.push_back(stored);
    else
      conflict(e.where, e.document.source, e.document.id, e.document.payload);
    return;
  }
  if (taken_by_control_.contains(e.where)) {
    conflict(e.where, e.document.source, e.document.id, e.document.payload);
    return;
  }
  auto hash = hashes_[static_cast<size_t>(&e - request_.events.data())];
  if (is_duplicate(e, hash)) {
    ++outcome_.duplicates;
    return;
  }
  inserts_.push_back({&e, next_time(e.where), hash});
  known_.emplace(hash, content{e.document.source, e.document.id,
                               partition_key(e.document), e.where});
  batch_.events.push_back(
      {e.document, e.where, inserts_.back().received_at_ms, e.accepted_by});
}

void persisting::decide(const incoming_control& c) {
  auto there = rows_.find(c.row_id);
  bool known = there != rows_.end();
  if (known && there->second.second) {
    // Placed: a re-read of its own entry, or a second entry of the sweep's.
    if (there->second.first.key.where() == c.where)
      batch_.controls.push_back(there->second.first);
    else
      ++outcome_.duplicates;
    return;
  }
  if (taken_by_event_.contains(c.where) ||
      taken_by_control_.contains(c.where)) {
    conflict(c.where, "control", c.row_id, c.row_id);
    return;
  }
  if (!known) {
    auto id = uuid_v5("no_control_row/" + to_string(c.where) + c.row_id);
    dead_.push_back({id, "entry", "it names a control row that is not there",
                     c.row_id, headers_of("control", c.row_id), c.where,
                     now_ms_});
    return;
  }
  auto& [row, placed] = there->second;
  row.key = {next_time(c.where), c.where.partition, c.where.ms, c.where.seq};
  placed = true;
  placements_.push_back(row);
  batch_.controls.push_back(row);
}

bool persisting::is_duplicate(const incoming_event& e, int64_t hash) const {
  auto [first, last] = known_.equal_range(hash);
  return std::any_of(first, last, [&](const auto& entry) {
    auto& stored = entry.second;
    // Positions fit a bigint here, so the difference does not overflow.
    auto age = static_cast<int64_t>(e.where.ms) -
               static_cast<int64_t>(stored.where.ms);
    return age >= 0 && age < request_.dedup_window_ms &&
           stored.where != e.where && stored.source == e.document.source &&
           stored.id == e.document.id &&
           stored.partition_key == partition_key(e.document);
  });
}

void persisting::conflict(const position& where, const std::string& source,
                          const std::string& id, const std::string& original) {
  ++outcome_.conflicts;
  auto name =
      "position_conflict/" + to_string(where) + '/' + source + '\0' + id;
  dead_.push_back({uuid_v5(name), "position_conflict",
                   "another entry was kept at this position", original,
                   headers_of(source, id), where, now_ms_});
}

int64_t persisting::next_time(const position& where) {
  clock_ms_ = std::max(clock_ms_, stored_number(where.ms));
  return clock_ms_;
}

// -- writing ------------------------------------------------------------------

void persisting::write() {
  insert_events(s_, inserts_);
  place_controls();
  insert_dead_letters(s_, dead_);
  if (request_.time_ms)
    clock_ms_ = std::max(clock_ms_, *request_.time_ms);
  if (request_.last)
    tail_ = std::max(tail_, *request_.last);
  s_.run(move_tail, parameters{}
                        .number(request_.partition)
                        .number(stored_number(tail_.ms))
                        .number(stored_number(tail_.seq))
                        .number(clock_ms_));
}

void persisting::place_controls() {
  if (placements_.empty())
    return;
  array_text ids, ms, seq, times;
  for (auto& row : placements_) {
    ids.text(row.id);
    ms.number(stored_number(row.key.ms));
    seq.number(stored_number(row.key.seq));
    times.number(row.key.received_at_ms);
  }
  auto done = s_.run(place, parameters{}
                                .number(request_.partition)
                                .array(std::move(ids))
                                .array(std::move(ms))
                                .array(std::move(seq))
                                .array(std::move(times)));
  EP_CHECK(static_cast<size_t>(done.affected_rows()) == placements_.size());
}

persist_outcome persisting::take_outcome() {
  auto by_key = [](const auto& a, const auto& b) { return a.key() < b.key(); };
  // Only a re-read among new entries is out of order here: the new ones get
  // the clock of today, the old ones keep theirs.
  std::stable_sort(batch_.events.begin(), batch_.events.end(), by_key);
  std::stable_sort(batch_.controls.begin(), batch_.controls.end(),
                   [](const auto& a, const auto& b) { return a.key < b.key; });
  batch_.partition = request_.partition;
  batch_.clock_ms = clock_ms_;
  outcome_.inserted = inserts_.size();
  outcome_.batch = std::make_shared<const persisted_batch>(std::move(batch_));
  return std::move(outcome_);
}

} // namespace eventpulse::postgres
