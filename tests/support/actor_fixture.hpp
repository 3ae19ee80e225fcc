#pragma once
// What every actor test stands on: CAF's deterministic scheduler, a clock that
// only moves when a test says so, and the memory adapters as the outside world.
// Include it last: it brings CAF's test macros along. CAF_SUITE and FAIL must
// be defined before.

#include "actors/directory.hpp"
#include "messages/protocols/errors.hpp"
#include "runtime/adapters/memory/memory_database.hpp"
#include "runtime/adapters/memory/memory_log.hpp"
#include "runtime/core/intake/stream_entry.hpp"
#include "runtime/ports/clock.hpp"
#include "runtime/telemetry/log.hpp"
#include "tests/support/caller.hpp"
#include "tests/support/sample_events.hpp"

#include <caf/actor_cast.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <caf/test/dsl.hpp>

namespace eventpulse::test {

using namespace std::chrono_literals;

/// Time stands until it is moved; chance is a counter.
class still_world : public world {
public:
  int64_t now_ms() override { return now; }
  void random(void* bytes, size_t count) override {
    auto* out = static_cast<unsigned char*>(bytes);
    for (size_t i = 0; i < count; ++i)
      out[i] = static_cast<unsigned char>(drawn_++ * 37);
  }
  int64_t now = static_cast<int64_t>(day_start_ms);

private:
  uint64_t drawn_ = 0;
};

/// Never blocks, and counts how often in a row there was nothing: an idle
/// partition_reader asks it again and again.
class counting_waiter : public log_waiter {
public:
  counting_waiter(std::unique_ptr<log_waiter> in, size_t& idle)
      : in_(std::move(in)), idle_(idle) {}
  result<bool> wait(uint32_t partition, const position& after,
                    std::chrono::milliseconds timeout) override {
    auto found = in_->wait(partition, after, timeout);
    idle_ = found && *found ? 0 : idle_ + 1;
    return found;
  }

private:
  std::unique_ptr<log_waiter> in_;
  size_t& idle_;
};

/// Outlives the actor system, which is in the other base of the fixture.
struct outside {
  std::shared_ptr<still_world> surroundings = std::make_shared<still_world>();
  memory::database_ptr db =
      std::make_shared<memory::database>([w = surroundings] { return w->now; });
  memory::stream_server_ptr stream = [w = surroundings] {
    memory::stream_options o;
    o.clock = [w] { return w->now; };
    o.blocks = false;
    return std::make_shared<memory::stream_server>(o);
  }();
  std::shared_ptr<memory_sink> sink = std::make_shared<memory_sink>();
  logger log{sink, log_level::debug, log_format::logfmt};
  size_t idle_waits = 0;

  bool logged(const std::string& what) const {
    for (const auto& line : sink->lines())
      if (line.find(what) != line.npos)
        return true;
    return false;
  }

  size_t times_logged(const std::string& what) const {
    size_t out = 0;
    for (const auto& line : sink->lines())
      out += line.find(what) != line.npos;
    return out;
  }

  /// The operation fails from now on with this; nullopt: works again.
  void break_store(std::string operation, std::optional<failure> why) {
    broken[std::move(operation)] = std::move(why);
    db->fault = [this](std::string_view asked) -> std::optional<failure> {
      auto found = broken.find(std::string(asked));
      return found == broken.end() ? std::nullopt : found->second;
    };
  }
  std::map<std::string, std::optional<failure>> broken;

  lease_token take_lease(const std::string& name, const std::string& owner) {
    auto got = memory::make_lease_store(db)->acquire(name, owner, 3600s);
    if (!got || !*got)
      throw std::runtime_error("the lease is not free");
    return **got;
  }
  /// Another worker takes it over, whatever the holder does.
  void steal_lease(const std::string& name) { ++db->leases[name].epoch; }
};

struct actor_fixture : outside, test_coordinator_fixture<> {
  actor_fixture() { directory = live(spawn_directory(sys)); }

  ~actor_fixture() override {
    for (auto& one : living)
      caf::anon_send_exit(one, caf::exit_reason::kill);
    living.clear();
    directory = nullptr;
    settle();
  }

  /// It is ended with the fixture, since actors that tick never end alone.
  template <class Handle>
  Handle live(Handle one) {
    living.push_back(caf::actor_cast<caf::actor>(one));
    return one;
  }

  template <class Handle>
  void kill(Handle& one) {
    caf::anon_send_exit(one, caf::exit_reason::kill);
    std::erase(living, caf::actor_cast<caf::actor>(one));
    one = nullptr;
    settle();
  }

  /// Until nobody has anything to do but to wait for the stream. What was sent
  /// with no delay comes too.
  void settle() {
    do {
      idle_waits = 0;
      while (idle_waits < 200 && sched.try_run_once()) {
      }
    } while (advance_time(0ms) > 0);
  }

  void pass(std::chrono::milliseconds time) {
    for (; time > 0ms; time -= 50ms) {
      auto some = std::min(time, std::chrono::milliseconds{50});
      surroundings->now += some.count();
      advance_time(some);
      settle();
    }
  }

  template <class T, class Handle, class... Ts>
  result<T> ask(const Handle& who, const Ts&... what) {
    auto request = self->request(who, caf::infinite, what...);
    settle();
    result<T> out{errc::timed_out, "no answer"};
    if (!self->has_next_message())
      return out;
    request.receive([&](T& value) { out = std::move(value); },
                    [&](caf::error& e) { out = to_failure(e); });
    return out;
  }

  void announce(const std::string& name, const caf::actor& who) {
    caf::anon_send(directory, announce_atom::value, name, who);
    settle();
  }

  std::function<std::unique_ptr<log_waiter>()> waiters() {
    return [this]() -> std::unique_ptr<log_waiter> {
      return std::make_unique<counting_waiter>(memory::make_waiter(stream),
                                               idle_waits);
    };
  }

  static stream_fields fields_of(event_document document) {
    return intake::encode({std::move(document), "a key", 17});
  }

  position append(stream_fields fields) {
    std::vector<append_entry> one{{0, std::move(fields)}};
    auto added = stream->append(one);
    if (!added)
      CAF_FAIL("not added: " << to_string(added.error()));
    return added->front();
  }

  position append_event(const std::string& id) {
    return append(fields_of(sample_document(id)));
  }

  directory_actor directory;
  std::vector<caf::actor> living;
};

} // namespace eventpulse::test
