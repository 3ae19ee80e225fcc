#include "actors/persister.hpp"

#include "messages/protocols/errors.hpp"
#include "runtime/core/base/hash.hpp"
#include "runtime/core/intake/stream_entry.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace eventpulse {

using namespace std::chrono_literals;

namespace {

constexpr int days_ahead = 3;
constexpr auto days_interval = 1h;

std::chrono::milliseconds back_off(unsigned failures) {
  return std::min<std::chrono::milliseconds>(
      100ms * (1u << std::min(failures, 5u)), 2s);
}

std::string original_of(const raw_entry& entry) {
  std::string out;
  for (auto& [field, value] : entry.fields)
    out += field + '=' + value + '\n';
  return out;
}

} // namespace

persister_state::~persister_state() {
  for (auto& w : queue_)
    w.answer.deliver(make_error(errc::unavailable));
}

persister_actor::behavior_type persister_state::start(persister_setup setup) {
  setup_ = std::move(setup);
  store_ = setup_.open_store();
  self_->set_error_handler([](caf::error&) {});
  self_->send(self_, house_atom::value);
  return {
      [this](load_atom) -> caf::result<partition_state_ptr> {
        auto loaded = store_->load_partition(setup_.partition);
        if (!loaded)
          return error_of(loaded);
        return share(*loaded);
      },
      [this](persist_atom,
             const log_read_ptr& read) -> caf::result<persisted_read_ptr> {
        auto answer = self_->make_response_promise<persisted_read_ptr>();
        queue_.push_back({read, answer});
        if (!retry_pending_)
          work();
        return answer;
      },
      [this](retry_atom) {
        retry_pending_ = false;
        work();
      },
      [this](house_atom) { prepare_days(); },
  };
}

void persister_state::work() {
  while (!queue_.empty()) {
    auto done = persist(*queue_.front().read);
    if (!done && done.error().code != errc::fenced) {
      ++failures_;
      if (setup_.meters)
        setup_.meters->persistence().retries_total.Increment();
      setup_.log.warn("persist_retry", {{"partition", setup_.partition},
                                        {"failures", failures_},
                                        {"reason", to_string(done.error())}});
      tell(to_string(done.error()));
      retry_pending_ = true;
      self_->delayed_send(self_, back_off(failures_), retry_atom::value);
      return;
    }
    failures_ = 0;
    tell("");
    if (done)
      queue_.front().answer.deliver(share(std::move(done).value()));
    else
      queue_.front().answer.deliver(to_error(done.error()));
    queue_.pop_front();
    if (!done)
      setup_.fenced();
  }
}

result<persisted_read> persister_state::persist(const log_read& read) {
  auto done = persist_range(read, 0, read.entries.size());
  if (!done)
    return done;
  for (auto& gone : read.lost)
    done->handled.push_back(gone);
  return done;
}

/// Halves what PostgreSQL refuses. The halves go in order, so the tail never
/// passes an entry that was not handled.
result<persisted_read> persister_state::persist_range(const log_read& read,
                                                      size_t first,
                                                      size_t last) {
  auto request = decode(read, first, last);
  auto began = std::chrono::steady_clock::now();
  auto began_ns = setup_.traces.now_ns();
  auto outcome = store_->persist(request);
  if (!outcome && outcome.error().code == errc::rejected) {
    if (last - first > 1) {
      auto middle = first + (last - first) / 2;
      auto left = persist_range(read, first, middle);
      if (!left)
        return left;
      auto right = persist_range(read, middle, last);
      if (!right)
        return right;
      merge(*left, std::move(right).value());
      return left;
    }
    if (last - first == 1) {
      bury_alone(request, outcome.error());
      outcome = store_->persist(request);
    }
  }
  if (!outcome)
    return outcome.error();
  report(request.dead);
  count(*outcome,
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began)
            .count());
  trace(*outcome->batch, began_ns);
  persisted_read done{outcome->batch, {}};
  for (auto i = first; i < last; ++i)
    done.handled.push_back(read.entries[i].where);
  return done;
}

persist_request persister_state::decode(const log_read& read, size_t first,
                                        size_t last) {
  persist_request request;
  request.lease = setup_.lease;
  request.partition = setup_.partition;
  request.dedup_window_ms = setup_.dedup_window_ms;
  if (read.drained && read.entries.empty())
    request.time_ms = read.time_ms;
  // Lost entries are reported once, with the first piece of the read.
  if (first == 0)
    for (auto& gone : read.lost) {
      raw_entry entry{gone, {}, 0};
      request.dead.push_back(
          letter(entry, "trimmed", "gone from Redis while pending"));
    }
  for (auto i = first; i < last; ++i) {
    auto& entry = read.entries[i];
    request.last = entry.where;
    auto decoded = intake::decode(entry.fields);
    if (!decoded)
      request.dead.push_back(
          letter(entry, "entry", to_string(decoded.error())));
    else if (auto* mark = std::get_if<intake::control_mark>(&*decoded))
      request.controls.push_back({entry.where, mark->row});
    else {
      auto& accepted = std::get<intake::accepted_event>(*decoded);
      request.events.push_back({entry.where, std::move(accepted.document),
                                std::move(accepted.accepted_by),
                                accepted.accepted_at_ms});
    }
  }
  return request;
}

/// The single entry of the request becomes a dead letter.
void persister_state::bury_alone(persist_request& request, const failure& why) {
  for (auto& e : request.events) {
    auto fields = intake::encode(
        {std::move(e.document), e.accepted_by, e.accepted_at_ms});
    request.dead.push_back(
        letter({e.where, std::move(fields), 0}, "row", to_string(why)));
  }
  for (auto& c : request.controls)
    request.dead.push_back(
        letter({c.where, intake::encode(intake::control_mark{c.row_id}), 0},
               "row", to_string(why)));
  request.events.clear();
  request.controls.clear();
}

/// Once they are kept: a try that failed says nothing of them.
void persister_state::report(const std::vector<dead_letter>& kept) {
  for (auto& dead : kept) {
    setup_.log.error("dead_letter",
                     {{"kind", dead.kind},
                      {"position", dead.where ? to_string(*dead.where) : ""},
                      {"reason", dead.reason}});
    if (setup_.meters)
      setup_.meters->persistence().dead_letters_total.Increment();
  }
}

dead_letter persister_state::letter(const raw_entry& entry, const char* kind,
                                    const std::string& reason) {
  dead_letter out;
  // The same entry read again is the same letter.
  out.id = uuid_v5(std::string(kind) + '/' + to_string(entry.where));
  out.kind = kind;
  out.reason = reason;
  out.original = original_of(entry);
  out.headers_json = "{}";
  out.where = entry.where;
  out.created_at_ms = setup_.surroundings->now_ms();
  return out;
}

void persister_state::merge(persisted_read& into, persisted_read&& more) {
  persisted_batch both = *into.batch;
  both.events.insert(both.events.end(), more.batch->events.begin(),
                     more.batch->events.end());
  both.controls.insert(both.controls.end(), more.batch->controls.begin(),
                       more.batch->controls.end());
  both.clock_ms = std::max(both.clock_ms, more.batch->clock_ms);
  into.batch = share(std::move(both));
  into.handled.insert(into.handled.end(), more.handled.begin(),
                      more.handled.end());
}

void persister_state::prepare_days() {
  auto made = store_->prepare_days(setup_.surroundings->now_ms(), days_ahead);
  if (!made)
    setup_.log.warn("days_not_prepared", {{"reason", to_string(made.error())}});
  self_->delayed_send(self_, made ? days_interval : 10s, house_atom::value);
}

void persister_state::count(const persist_outcome& outcome, double seconds) {
  if (!setup_.meters)
    return;
  auto& m = setup_.meters->persistence();
  m.rows_total.Increment(static_cast<double>(outcome.inserted));
  m.duplicates_total.Increment(static_cast<double>(outcome.duplicates));
  m.dead_letters_total.Increment(static_cast<double>(outcome.conflicts));
  m.batch_rows.Observe(static_cast<double>(outcome.inserted));
  m.commit_seconds.Observe(seconds);
  auto now = setup_.surroundings->now_ms();
  for (auto& e : outcome.batch->events)
    setup_.meters->end_to_end().event_to_persist_seconds.Observe(
        static_cast<double>(now - static_cast<int64_t>(e.where.ms)) / 1000.0);
}

/// From the start of the insert to its COMMIT.
void persister_state::trace(const persisted_batch& batch,
                            int64_t start_ns) const {
  if (!setup_.traces.is_on())
    return;
  auto end_ns = setup_.traces.now_ns();
  for (auto& e : batch.events) {
    auto& d = e.document;
    if (!setup_.traces.wants(d.traceparent))
      continue;
    auto parent = trace_stage::stream(d.traceparent, d.source, d.id);
    auto context = trace_stage::persist(parent);
    setup_.traces.record({"persist",
                          span_kind::consumer,
                          std::move(context),
                          std::move(parent),
                          start_ns,
                          end_ns,
                          {{"db.system", std::string("postgresql")},
                           {"eventpulse.position", to_string(e.where)},
                           {"messaging.batch.message_count",
                            static_cast<int64_t>(batch.events.size())}},
                          ""});
  }
}

/// Once a change: readiness has nothing to do with every try.
void persister_state::tell(const std::string& why) {
  if (setup_.store_state && (told_ || !why.empty()))
    setup_.store_state(why);
  told_ = !why.empty();
}

persister_actor::behavior_type
persister(persister_actor::stateful_pointer<persister_state> self,
          const persister_setup& setup) {
  return self->state.start(setup);
}

} // namespace eventpulse
