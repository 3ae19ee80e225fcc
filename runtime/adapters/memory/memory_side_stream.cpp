// What stands beside the events: refused input, and the mirror of schemas.

#include "runtime/adapters/memory/memory_intake.hpp"

#include <algorithm>

namespace eventpulse::memory {

result<std::vector<quarantined_entry>>
stream_server::read_quarantine(size_t limit) {
  std::lock_guard lock{mutex_};
  if (auto why = refusal())
    return *why;
  auto end = now_.refused.begin() +
             static_cast<ptrdiff_t>(std::min(limit, now_.refused.size()));
  return std::vector<quarantined_entry>(now_.refused.begin(), end);
}

result<void>
stream_server::remove_quarantined(std::span<const std::string> ids) {
  std::lock_guard lock{mutex_};
  if (auto why = refusal())
    return *why;
  std::erase_if(now_.refused, [&](const auto& entry) {
    return std::find(ids.begin(), ids.end(), entry.id) != ids.end();
  });
  return {};
}

result<void> stream_server::store_types(const event_type_set& types) {
  std::lock_guard lock{mutex_};
  if (auto why = refusal())
    return *why;
  if (!now_.types || now_.types->version < types.version)
    now_.types = types;
  return {};
}

result<event_type_set> stream_server::load_types() {
  std::lock_guard lock{mutex_};
  if (auto why = refusal())
    return *why;
  return now_.types.value_or(event_type_set{});
}

namespace {

class type_mirror : public event_type_mirror {
public:
  explicit type_mirror(stream_server_ptr server) : server_(std::move(server)) {}

  result<void> store(const event_type_set& types) override {
    return server_->store_types(types);
  }
  result<event_type_set> load() override { return server_->load_types(); }

private:
  stream_server_ptr server_;
};

class quarantine_reader : public quarantine_log {
public:
  explicit quarantine_reader(stream_server_ptr server)
      : server_(std::move(server)) {}

  result<std::vector<quarantined_entry>> read(size_t limit) override {
    return server_->read_quarantine(limit);
  }
  result<void> remove(std::span<const std::string> ids) override {
    return server_->remove_quarantined(ids);
  }

private:
  stream_server_ptr server_;
};

} // namespace

std::unique_ptr<event_type_mirror>
make_event_type_mirror(stream_server_ptr server) {
  return std::make_unique<type_mirror>(std::move(server));
}

std::unique_ptr<quarantine_log> make_quarantine_log(stream_server_ptr server) {
  return std::make_unique<quarantine_reader>(std::move(server));
}

} // namespace eventpulse::memory
