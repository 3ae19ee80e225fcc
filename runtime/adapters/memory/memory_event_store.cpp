#include "runtime/adapters/memory/memory_database.hpp"

#include "runtime/core/base/check.hpp"
#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/json_text.hpp"
#include "runtime/core/base/utf8.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <limits>
#include <variant>

namespace eventpulse::memory {

namespace {

// 10000-01-01 in Unix milliseconds: no day partition has a name beyond it.
constexpr uint64_t position_ms_end = 253'402'300'800'000;

bool is_storable(std::string_view text) {
  return is_utf8(text) && text.find('\0') == std::string_view::npos;
}

/// Whether PostgreSQL's type json takes it: like Boost.JSON, but it looks at
/// the digits of an escaped surrogate only, not for its other half, so those
/// are made something else first. Its nesting is bounded by its stack, ours by
/// intake.
bool is_json(std::string text) {
  for (size_t at = 0; at + 3 < text.size(); ++at) {
    if (text[at] != '\\')
      continue;
    ++at;
    bool surrogate = text[at] == 'u' && (text[at + 1] | 0x20) == 'd' &&
                     std::string_view{"89abcdefABCDEF"}.find(text[at + 2]) !=
                         std::string_view::npos;
    if (surrogate)
      text[at + 1] = '0';
  }
  boost::json::error_code error;
  boost::json::parse_options options;
  options.max_depth = 1024;
  auto ignored = boost::json::parse(text, error, {}, options);
  return !error;
}

/// Whether PostgreSQL takes every part of a document.
bool is_storable(const event_document& d) {
  for (auto* text :
       {&d.id, &d.source, &d.type, &d.subject, &d.time, &d.datacontenttype,
        &d.dataschema, &d.traceparent, &d.tracestate})
    if (!is_storable(*text))
      return false;
  for (auto& [name, value] : d.extensions) {
    auto* text = std::get_if<std::string>(&value);
    if (!is_storable(name) || (text && !is_storable(*text)))
      return false;
  }
  return d.kind != payload_kind::json ||
         (is_storable(d.payload) && is_json(d.payload));
}

std::string content_of(const event_document& d) {
  return d.source + '\0' + d.id + '\0' + partition_key(d);
}

std::string headers_of(const std::string& source, const std::string& id) {
  std::string out = "{\"source\":";
  append_json_string(out, source);
  out += ",\"id\":";
  append_json_string(out, id);
  return out + '}';
}

/// One persist, on copies that replace the tables at its end.
class persisting {
public:
  persisting(database& db, const persist_request& request)
      : db_(db), request_(request), state_(db.partitions[request.partition]) {
    state_.persisted.partition = request.partition;
  }

  persist_outcome run() {
    dead_ = request_.dead;
    auto c = request_.controls.begin();
    for (auto& e : request_.events) {
      for (; c != request_.controls.end() && c->where < e.where; ++c)
        place(*c);
      add(e);
    }
    for (; c != request_.controls.end(); ++c)
      place(*c);
    if (request_.time_ms)
      state_.clock_ms = std::max(state_.clock_ms, *request_.time_ms);
    if (request_.last)
      state_.persisted = std::max(state_.persisted, *request_.last);
    db_.partitions[request_.partition] = state_;
    db_.keep(dead_);
    batch_.partition = request_.partition;
    batch_.clock_ms = state_.clock_ms;
    std::stable_sort(
        batch_.events.begin(), batch_.events.end(),
        [](const event& a, const event& b) { return a.key() < b.key(); });
    std::stable_sort(batch_.controls.begin(), batch_.controls.end(),
                     [](const control_input& a, const control_input& b) {
                       return a.key < b.key;
                     });
    outcome_.batch = std::make_shared<const persisted_batch>(std::move(batch_));
    return std::move(outcome_);
  }

private:
  void add(const incoming_event& e) {
    auto there = db_.event_places.find(e.where);
    if (there != db_.event_places.end()) {
      auto& stored = db_.events.at(there->second).what;
      if (stored.document.source == e.document.source &&
          stored.document.id == e.document.id)
        batch_.events.push_back(stored);
      else
        conflict(e.where, e.document.source, e.document.id, e.document.payload);
    } else if (control_at(e.where)) {
      conflict(e.where, e.document.source, e.document.id, e.document.payload);
    } else if (is_duplicate(e)) {
      ++outcome_.duplicates;
    } else {
      event kept{e.document, e.where, next_time(e.where), e.accepted_by};
      db_.event_places.emplace(e.where, kept.key());
      db_.event_contents.emplace(content_of(e.document), e.where);
      db_.events.emplace(
          kept.key(), database::kept_event{kept, db_.now(), e.accepted_at_ms});
      batch_.events.push_back(std::move(kept));
      ++outcome_.inserted;
    }
  }

  void place(const incoming_control& c) {
    auto row = db_.controls.find(c.row_id);
    if (row != db_.controls.end() && row->second.placed) {
      if (row->second.what.key.where() == c.where)
        batch_.controls.push_back(row->second.what);
      else
        ++outcome_.duplicates;
    } else if (db_.event_places.contains(c.where) || control_at(c.where)) {
      conflict(c.where, "control", c.row_id, c.row_id);
    } else if (row == db_.controls.end()) {
      auto id = uuid_v5("no_control_row/" + to_string(c.where) + c.row_id);
      dead_.push_back({id, "entry", "it names a control row that is not there",
                       c.row_id, headers_of("control", c.row_id), c.where,
                       db_.now()});
    } else {
      row->second.placed = true;
      row->second.what.key = {next_time(c.where), c.where.partition, c.where.ms,
                              c.where.seq};
      batch_.controls.push_back(row->second.what);
    }
  }

  bool control_at(const position& where) const {
    return std::any_of(
        db_.controls.begin(), db_.controls.end(), [&](const auto& entry) {
          return entry.second.placed && entry.second.what.key.where() == where;
        });
  }

  bool is_duplicate(const incoming_event& e) const {
    auto [first, last] = db_.event_contents.equal_range(content_of(e.document));
    return std::any_of(first, last, [&](const auto& entry) {
      auto age = static_cast<int64_t>(e.where.ms) -
                 static_cast<int64_t>(entry.second.ms);
      return age >= 0 && age < request_.dedup_window_ms;
    });
  }

  void conflict(const position& where, const std::string& source,
                const std::string& id, const std::string& original) {
    ++outcome_.conflicts;
    auto name =
        "position_conflict/" + to_string(where) + '/' + source + '\0' + id;
    dead_.push_back({uuid_v5(name), "position_conflict",
                     "another entry was kept at this position", original,
                     headers_of(source, id), where, db_.now()});
  }

  int64_t next_time(const position& where) {
    state_.clock_ms = std::max(state_.clock_ms, static_cast<int64_t>(where.ms));
    return state_.clock_ms;
  }

  database& db_;
  const persist_request& request_;
  partition_state state_;
  std::vector<dead_letter> dead_;
  persisted_batch batch_;
  persist_outcome outcome_;
};

template <class Items>
void check_ascending(const Items& all, uint32_t number) {
  for (size_t i = 0; i < all.size(); ++i) {
    EP_CHECK(all[i].where.partition == number);
    EP_CHECK(i == 0 || all[i - 1].where < all[i].where);
  }
}

class memory_event_store final : public event_store {
public:
  explicit memory_event_store(database_ptr d) : database_(std::move(d)) {}

  result<partition_state> load_partition(uint32_t partition) override {
    database::access db{*database_, "event_store.load_partition"};
    if (db.broken)
      return *db.broken;
    auto& state = db->partitions[partition];
    state.persisted.partition = partition;
    return state;
  }

  result<persist_outcome> persist(const persist_request& request) override {
    database::access db{*database_, "event_store.persist"};
    if (db.broken)
      return *db.broken;
    check_ascending(request.events, request.partition);
    check_ascending(request.controls, request.partition);
    for (auto& e : request.events)
      if (e.where.ms >= position_ms_end ||
          e.where.seq > std::numeric_limits<int64_t>::max())
        return failure{errc::rejected, to_string(e.where) + " is too far off"};
    if (!db->holds(request.lease))
      return fenced_by(request.lease);
    for (auto& e : request.events)
      if (!is_storable(e.document))
        return failure{errc::rejected, "an event's text cannot be stored"};
    return persisting{*db.operator->(), request}.run();
  }

  result<history_page> read_back(const order_key& after,
                                 std::optional<order_key> until,
                                 size_t limit) override {
    database::access db{*database_, "event_store.read_back"};
    if (db.broken)
      return *db.broken;
    std::map<order_key, const control_input*> controls;
    for (auto& [id, row] : db->controls)
      if (row.placed && row.what.key > after &&
          (!until || row.what.key <= *until))
        controls.emplace(row.what.key, &row.what);
    auto clock = std::numeric_limits<int64_t>::max();
    for (auto& [number, state] : db->partitions)
      clock = std::min(clock, state.clock_ms);
    if (db->partitions.empty())
      clock = 0;
    auto last = until ? db->events.upper_bound(*until) : db->events.end();
    auto first = db->events.upper_bound(after);
    if (until && *until < after)
      first = last;
    return merge(first, last, controls, limit, clock, until);
  }

  result<std::vector<stored_event>> query(const event_query& q) override {
    database::access db{*database_, "event_store.query"};
    if (db.broken)
      return *db.broken;
    std::vector<stored_event> out;
    for (auto e = db->events.rbegin();
         e != db->events.rend() && out.size() < q.limit; ++e)
      if (matches(q, e->second.what))
        out.push_back({e->second.what, e->second.persisted_at_ms,
                       e->second.accepted_at_ms});
    return out;
  }

  result<void> prepare_days(int64_t, int) override {
    database::access db{*database_, "event_store.prepare_days"};
    return db.broken ? result<void>{*db.broken} : result<void>{};
  }

  result<void> keep_dead_letters(const std::vector<dead_letter>& all) override {
    database::access db{*database_, "event_store.keep_dead_letters"};
    if (db.broken)
      return *db.broken;
    db->keep(all);
    return {};
  }

private:
  using event_iterator = std::map<order_key, database::kept_event>::iterator;

  static history_page
  merge(event_iterator e, event_iterator events_end,
        const std::map<order_key, const control_input*>& controls, size_t limit,
        int64_t clock_ms, std::optional<order_key> until) {
    auto batch = std::make_shared<persisted_batch>();
    auto c = controls.begin();
    for (size_t i = 0; i < limit; ++i) {
      bool no_event = e == events_end;
      bool no_control = c == controls.end();
      if (no_event && no_control)
        break;
      if (no_control || (!no_event && e->first < c->first))
        batch->events.push_back((e++)->second.what);
      else
        batch->controls.push_back(*(c++)->second);
    }
    history_page out;
    out.more = e != events_end || c != controls.end();
    if (out.more) {
      auto last = std::numeric_limits<int64_t>::min();
      if (!batch->events.empty())
        last = batch->events.back().received_at_ms;
      if (!batch->controls.empty())
        last = std::max(last, batch->controls.back().key.received_at_ms);
      clock_ms = std::min(clock_ms, last);
    }
    if (until)
      clock_ms = std::min(clock_ms, until->received_at_ms);
    batch->clock_ms = clock_ms;
    out.batch = std::move(batch);
    return out;
  }

  static bool matches(const event_query& q, const event& e) {
    auto& d = e.document;
    return (!q.type || *q.type == d.type) &&
           (!q.source || *q.source == d.source) &&
           (!q.subject || (!d.subject.empty() && *q.subject == d.subject)) &&
           (!q.id || *q.id == d.id) &&
           (!q.from_ms || e.received_at_ms >= *q.from_ms) &&
           (!q.to_ms || e.received_at_ms < *q.to_ms) &&
           (!q.before || e.key() < *q.before);
  }

  database_ptr database_;
};

} // namespace

std::unique_ptr<event_store> make_event_store(database_ptr d) {
  return std::make_unique<memory_event_store>(std::move(d));
}

} // namespace eventpulse::memory
