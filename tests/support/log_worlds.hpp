#pragma once
// The stream, in memory and on a real Redis, behind one face: contract tests
// run one body on both and demand the same of them.

#include "runtime/adapters/memory/memory_log.hpp"
#include "runtime/adapters/redis/factories.hpp"
#include "runtime/adapters/redis/keys.hpp"
#include "tests/support/redis_server.hpp"

#include <cstdint>
#include <memory>
#include <set>
#include <string>

namespace eventpulse::test {

struct log_limits {
  uint32_t partitions = 2;
  uint64_t max_backlog = 1'000'000;
  std::chrono::milliseconds keep{0};
  uint64_t quarantine_max = 10'000;
};

class log_world {
public:
  virtual ~log_world() = default;
  virtual std::string name() const = 0;
  virtual std::unique_ptr<log_appender> appender() = 0;
  virtual std::unique_ptr<partition_log> partition(uint32_t k,
                                                   int64_t epoch) = 0;
  virtual std::unique_ptr<log_waiter> waiter() = 0;
  virtual std::unique_ptr<hint_bus> hints() = 0;
  virtual std::unique_ptr<key_mirror> mirror() = 0;

  // What happens behind the ports' backs.
  virtual void trim(const position& until) = 0;
  virtual void wipe() = 0;
  virtual void destroy_group(uint32_t k) = 0;
  virtual uint64_t entries(uint32_t k) = 0;
  virtual uint64_t quarantined() = 0;
  virtual std::set<std::string> consumers(uint32_t k) = 0;
};

class memory_world : public log_world {
public:
  explicit memory_world(const log_limits& limits) {
    memory::stream_options o;
    o.partitions = limits.partitions;
    o.max_backlog = limits.max_backlog;
    o.keep = limits.keep;
    o.quarantine_max = limits.quarantine_max;
    server_ = std::make_shared<memory::stream_server>(o);
  }

  std::string name() const override { return "memory"; }
  std::unique_ptr<log_appender> appender() override {
    return memory::make_appender(server_);
  }
  std::unique_ptr<partition_log> partition(uint32_t k, int64_t epoch) override {
    return memory::make_partition_log(server_, k, epoch);
  }
  std::unique_ptr<log_waiter> waiter() override {
    return memory::make_waiter(server_);
  }
  std::unique_ptr<hint_bus> hints() override {
    return memory::make_hint_bus(server_);
  }
  std::unique_ptr<key_mirror> mirror() override {
    return memory::make_key_mirror(server_);
  }
  void trim(const position& until) override { server_->trim(until); }
  void wipe() override { server_->wipe(); }
  void destroy_group(uint32_t k) override { server_->destroy_group(k); }
  uint64_t entries(uint32_t k) override { return server_->entries(k).size(); }
  uint64_t quarantined() override { return server_->quarantined().size(); }
  std::set<std::string> consumers(uint32_t k) override {
    return server_->consumers(k);
  }

private:
  memory::stream_server_ptr server_;
};

/// On one server for the whole executable; a prefix of its own keeps the tests
/// apart.
class redis_world : public log_world {
public:
  explicit redis_world(const log_limits& limits) {
    static int number = 0;
    options_.url = server().url();
    options_.prefix = "t" + std::to_string(++number);
    options_.partitions = limits.partitions;
    options_.max_backlog = limits.max_backlog;
    options_.keep = limits.keep;
    options_.quarantine_max = limits.quarantine_max;
    options_.trim_every = std::chrono::milliseconds{0};
  }

  static redis_server& server() {
    static redis_server one;
    return one;
  }

  std::string name() const override { return "redis"; }
  std::unique_ptr<log_appender> appender() override {
    return redis::make_appender(options_);
  }
  std::unique_ptr<partition_log> partition(uint32_t k, int64_t epoch) override {
    return redis::make_partition_log(options_, k, epoch);
  }
  std::unique_ptr<log_waiter> waiter() override {
    return redis::make_waiter(options_);
  }
  std::unique_ptr<hint_bus> hints() override {
    return redis::make_hint_bus(options_);
  }
  std::unique_ptr<key_mirror> mirror() override {
    return redis::make_key_mirror(options_);
  }
  void trim(const position& until) override {
    auto next = until;
    ++next.seq;
    server().command(
        {"XTRIM", key(until.partition), "MINID", "=", redis::entry_id(next)});
  }
  void wipe() override { server().command({"FLUSHALL"}); }
  void destroy_group(uint32_t k) override {
    server().command({"XGROUP", "DESTROY", key(k), redis::keys::group});
  }
  uint64_t entries(uint32_t k) override { return length(key(k)); }
  uint64_t quarantined() override {
    return length(redis::keys::quarantine(options_));
  }
  std::set<std::string> consumers(uint32_t k) override {
    auto answer =
        server().command({"XINFO", "CONSUMERS", key(k), redis::keys::group});
    redis::reply_view all{answer};
    std::set<std::string> out;
    for (size_t i = 0; i < all.size(); ++i)
      out.emplace(all[i].field("name").text());
    return out;
  }

private:
  std::string key(uint32_t k) const { return redis::keys::events(options_, k); }
  uint64_t length(const std::string& of) const {
    auto answer = server().command({"XLEN", of});
    return static_cast<uint64_t>(redis::reply_view{answer}.number());
  }

  redis::options options_;
};

/// Runs `body(world)` on both.
template <class Body>
void in_both_worlds(const log_limits& limits, Body body) {
  memory_world first{limits};
  body(static_cast<log_world&>(first));
  redis_world second{limits};
  body(static_cast<log_world&>(second));
}

inline append_entry entry(uint32_t partition, const std::string& text) {
  return {partition, {{"v", "1"}, {"text", text}}};
}

/// Adds entries "from" … "to" as text, and gives their positions.
inline std::vector<position> add(log_appender& to, uint32_t partition,
                                 int first, int last) {
  std::vector<append_entry> entries;
  for (int i = first; i <= last; ++i)
    entries.push_back(entry(partition, std::to_string(i)));
  auto added = to.append(entries);
  if (!added)
    throw std::runtime_error(to_string(added.error()));
  return *added;
}

/// "1 2 3" of the entries' texts.
inline std::string texts(const std::vector<raw_entry>& entries) {
  std::string out;
  for (const auto& e : entries)
    out += (out.empty() ? "" : " ") + e.fields.at(1).second;
  return out;
}

inline std::vector<position> places(const std::vector<raw_entry>& entries) {
  std::vector<position> out;
  for (const auto& e : entries)
    out.push_back(e.where);
  return out;
}

} // namespace eventpulse::test
