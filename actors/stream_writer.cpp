#include "actors/stream_writer.hpp"

#include "actors/metered.hpp"
#include "messages/protocols/errors.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/intake/recent_ids.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <deque>
#include <span>

namespace eventpulse {

namespace {

struct stream_writer_state {
  static inline const char* name = "stream_writer";
  using pointer = stream_writer_actor::stateful_pointer<stream_writer_state>;

  struct waiting {
    append_entries entries;
    caf::typed_response_promise<append_receipts> answer;
  };

  explicit stream_writer_state(pointer me) : self(me) {}

  ~stream_writer_state() {
    // A promise that dies with its holder is never answered otherwise.
    for (auto& w : queue)
      w.answer.deliver(make_error(errc::outcome_unknown));
  }

  caf::typed_response_promise<append_receipts>
  append(const append_entries& entries) {
    auto answer = self->make_response_promise<append_receipts>();
    queue.push_back({entries, answer});
    wake();
    return answer;
  }

  /// Everything in the mailbox now is ahead of the flush: it gathers.
  void wake() {
    if (flushing)
      return;
    flushing = true;
    caf::anon_send(caf::actor_cast<caf::actor>(self), flush_atom::value);
  }

  void flush() {
    flushing = false;
    if (queue.empty())
      return;
    now_ms = surroundings ? surroundings->now_ms() : 0;
    std::vector<append_entry> gathered;
    size_t jobs = 0;
    size_t bytes = 0;
    while (jobs < queue.size() && fits(gathered.size(), bytes, jobs)) {
      for (auto& entry : *queue[jobs].entries) {
        if (remembered(entry))
          continue;
        for (auto& [field, value] : entry.fields)
          bytes += field.size() + value.size();
        gathered.push_back(entry);
      }
      ++jobs;
    }
    if (gathered.empty())
      answer(jobs, std::vector<position>{});
    else
      answer(jobs, add(gathered));
    if (failed) // what was there may be gone when the stream is back
      recent = intake::recent_ids();
    for (auto& [identity, where] : later)
      recent.remember(std::move(identity), where);
    later.clear();
    if (!queue.empty())
      wake();
  }

  /// The first job always goes, whatever its size.
  bool fits(size_t entries, size_t bytes, size_t job) const {
    return job == 0 ||
           (entries + queue[job].entries->size() <= limits::append_batch_max &&
            bytes < limits::append_batch_bytes_max);
  }

  /// In pieces that the log takes at once. Only a job that is larger than one
  /// piece needs several; where a later one fails, the first are there.
  result<std::vector<position>> add(std::span<const append_entry> all) {
    std::vector<position> placed;
    for (size_t i = 0; i < all.size(); i += limits::append_batch_max) {
      auto piece =
          all.subspan(i, std::min(limits::append_batch_max, all.size() - i));
      auto added = log->append(piece);
      if (!added && i > 0)
        return failure{errc::outcome_unknown,
                       "only a part was added: " + to_string(added.error())};
      if (!added)
        return added.error();
      placed.insert(placed.end(), added->begin(), added->end());
    }
    return placed;
  }

  void answer(size_t jobs, const result<std::vector<position>>& outcome) {
    size_t next = 0;
    failed = !outcome;
    for (; jobs > 0; --jobs) {
      auto& job = queue.front();
      if (outcome)
        job.answer.deliver(share(receipts(*job.entries, *outcome, next)));
      else
        job.answer.deliver(to_error(outcome.error()));
      queue.pop_front();
    }
  }

  /// What was remembered when the entries were gathered is remembered still:
  /// new ids are taken in only below.
  std::vector<append_receipt> receipts(const std::vector<append_entry>& entries,
                                       const std::vector<position>& added,
                                       size_t& next) {
    std::vector<append_receipt> list;
    std::vector<std::pair<std::string, position>> fresh;
    for (auto& entry : entries) {
      if (auto first = remembered(entry)) {
        list.push_back({*first, true});
      } else {
        list.push_back({added[next], false});
        fresh.emplace_back(entry.identity, added[next]);
        ++next;
      }
    }
    for (auto& [identity, where] : fresh)
      if (!identity.empty())
        later.emplace_back(std::move(identity), where);
    return list;
  }

  std::optional<position> remembered(const append_entry& entry) const {
    return entry.identity.empty() ? std::nullopt
                                  : recent.find(entry.identity, now_ms);
  }

  void quarantine(const append_entries& refused) {
    for (auto& entry : *refused)
      if (auto kept = log->quarantine(entry.fields); !kept)
        out.warn("quarantine_not_kept", {{"reason", to_string(kept.error())}});
  }

  pointer self;
  std::unique_ptr<log_appender> log;
  logger out;
  std::shared_ptr<world> surroundings;
  int64_t now_ms = 0;        // of this flush
  std::deque<waiting> queue; // unanswered, oldest first
  intake::recent_ids recent; // of entries whose XADD was answered
  /// Answered in this flush; remembered when all of it is.
  std::vector<std::pair<std::string, position>> later;
  bool failed = false;   // the append of this flush
  bool flushing = false; // a flush is in the mailbox
};

stream_writer_actor::behavior_type
stream_writer(stream_writer_actor::stateful_pointer<stream_writer_state> self,
              const stream_writer_setup& setup) {
  self->state.log = setup.open_log();
  self->state.out = setup.log;
  self->state.surroundings = setup.surroundings;
  self->set_error_handler([](caf::error&) {});
  return {
      [self](append_atom, const append_entries& entries) {
        return self->state.append(entries);
      },
      [self](quarantine_atom, const append_entries& refused) {
        self->state.quarantine(refused);
      },
      [self](probe_atom) -> caf::result<caf::ok_atom> {
        auto taken = self->state.log->probe();
        if (!taken)
          return error_of(taken);
        return caf::ok_atom::value;
      },
      [self](flush_atom) { self->state.flush(); },
  };
}

} // namespace

stream_writer_actor spawn_stream_writer(caf::actor_system& system,
                                        stream_writer_setup setup) {
  auto* meters = setup.meters;
  return setup.detached
             ? spawn_metered<caf::detached>(system, meters, "stream_writer",
                                            stream_writer, setup)
             : spawn_metered(system, meters, "stream_writer", stream_writer,
                             setup);
}

} // namespace eventpulse
