#include "runtime/adapters/memory/memory_log.hpp"

#include "runtime/core/base/check.hpp"
#include "runtime/core/base/limits.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace eventpulse::memory {

namespace {

class appender : public log_appender {
public:
  explicit appender(stream_server_ptr server) : server_(std::move(server)) {}

  result<std::vector<position>>
  append(std::span<const append_entry> entries) override {
    if (entries.empty())
      return std::vector<position>{};
    return server_->append(entries);
  }
  result<void> quarantine(const stream_fields& fields) override {
    return server_->quarantine(fields);
  }
  result<void> probe() override { return server_->probe(); }

private:
  stream_server_ptr server_;
};

class stream_log : public partition_log {
public:
  stream_log(stream_server_ptr server, uint32_t partition, int64_t epoch)
      : server_(std::move(server)), partition_(partition), epoch_(epoch),
        consumer_(std::to_string(partition) + '-' + std::to_string(epoch)) {}

  result<log_opening> open(const position& tail) override {
    EP_CHECK(tail.partition == partition_);
    is_open_ = false;
    held_ = {};
    auto opening = server_->open(partition_, tail);
    if (!opening)
      return opening;
    scan_from_ = position{partition_, 0, 0};
    scan_own_ = true;
    is_open_ = true;
    return opening;
  }

  result<log_read> read(size_t count_max) override {
    if (!is_open_)
      return {errc::unavailable, "the partition must be opened (again)"};
    auto out = step(std::clamp<size_t>(count_max, 1, limits::read_batch_max));
    is_open_ = out.ok();
    return out;
  }

  result<void> acknowledge(std::span<const position> handled) override {
    if (handled.empty())
      return {};
    auto done = server_->acknowledge(partition_, handled);
    is_open_ = is_open_ && done.ok();
    return done;
  }

  result<log_numbers> housekeeping() override {
    auto done = server_->housekeeping(partition_, epoch_);
    is_open_ = is_open_ && done.ok();
    return done;
  }

private:
  result<log_read> step(size_t count_max) {
    if (scan_from_) {
      auto claimed = server_->claim(partition_, consumer_, scan_own_, count_max,
                                    scan_from_);
      if (!claimed || !claimed->entries.empty() || !claimed->lost.empty())
        return claimed;
    }
    if (!held_.entries.empty())
      return std::exchange(held_, {});
    auto fresh = server_->read(partition_, consumer_, count_max);
    if (!fresh)
      return fresh.error();
    if (!fresh->others_hold) {
      fresh->what.drained = fresh->what.entries.empty();
      return std::move(fresh->what);
    }
    scan_from_ = position{partition_, 0, 0};
    scan_own_ = false;
    auto earlier =
        server_->claim(partition_, consumer_, scan_own_, count_max, scan_from_);
    if (!earlier)
      return earlier;
    if (earlier->entries.empty() && earlier->lost.empty())
      return std::move(fresh->what);
    held_ = std::move(fresh->what);
    return earlier;
  }

  stream_server_ptr server_;
  uint32_t partition_;
  int64_t epoch_;
  std::string consumer_;
  bool is_open_ = false;
  std::optional<position> scan_from_; // pending entries to give first
  bool scan_own_ = false;
  log_read held_; // read already, to be given after them
};

class waiter : public log_waiter {
public:
  explicit waiter(stream_server_ptr server) : server_(std::move(server)) {}

  result<bool> wait(uint32_t partition, const position& after,
                    std::chrono::milliseconds timeout) override {
    return server_->wait(partition, after, timeout);
  }

private:
  stream_server_ptr server_;
};

class bus : public hint_bus {
public:
  explicit bus(stream_server_ptr server) : server_(std::move(server)) {}

  result<void> publish(const std::string& topic) override {
    return server_->publish(topic);
  }

  result<bool> wait(const std::string& topic,
                    std::chrono::milliseconds timeout) override {
    // As with Pub/Sub, what was said before the first listening is missed.
    auto [seen, is_new] = seen_.try_emplace(topic, 0);
    if (is_new)
      seen->second = server_->hints(topic);
    return server_->wait_hint(topic, seen->second, timeout);
  }

private:
  stream_server_ptr server_;
  std::map<std::string, uint64_t> seen_;
};

class mirror : public key_mirror {
public:
  explicit mirror(stream_server_ptr server) : server_(std::move(server)) {}

  result<void> store(const key_set& keys) override {
    return server_->store_keys(keys);
  }
  result<key_set> load() override { return server_->load_keys(); }

private:
  stream_server_ptr server_;
};

} // namespace

std::unique_ptr<log_appender> make_appender(stream_server_ptr server) {
  return std::make_unique<appender>(std::move(server));
}

std::unique_ptr<partition_log> make_partition_log(stream_server_ptr server,
                                                  uint32_t partition,
                                                  int64_t epoch) {
  return std::make_unique<stream_log>(std::move(server), partition, epoch);
}

std::unique_ptr<log_waiter> make_waiter(stream_server_ptr server) {
  return std::make_unique<waiter>(std::move(server));
}

std::unique_ptr<hint_bus> make_hint_bus(stream_server_ptr server) {
  return std::make_unique<bus>(std::move(server));
}

std::unique_ptr<key_mirror> make_key_mirror(stream_server_ptr server) {
  return std::make_unique<mirror>(std::move(server));
}

} // namespace eventpulse::memory
