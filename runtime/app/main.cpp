// The one binary: its commands, and the hooks of `up` into the database.

#include "runtime/adapters/postgres/migrations.hpp"
#include "runtime/app/commands.hpp"
#include "runtime/app/process.hpp"
#include "runtime/app/system_world.hpp"
#include "runtime/app/up.hpp"
#include "runtime/core/base/key_text.hpp"

#include <algorithm>
#include <array>
#include <iostream>

namespace {

using namespace eventpulse;

const std::string admin_name = "admin";
constexpr int admin_names_max = 100;

result<bool> admin_key(const settings& s, const std::string& text,
                       key_origin origin) {
  auto store = postgres::make_key_store(postgres_options(s, {}));
  auto hash = key_hash(text);
  auto known = store->load();
  if (!known)
    return known.error();
  auto world = system_world();
  auto now = world->now_ms();
  if (auto found = known->by_hash.find(hash); found != known->by_hash.end())
    return found->second.allows(scope::admin, now);
  if (origin == key_origin::kept)
    return false;
  api_key key;
  std::array<uint8_t, 10> random{};
  world->random(random.data(), random.size());
  key.id = uuid_v7(now, random);
  key.hash = hash;
  key.scopes = {scope::admin};
  key.created_at_ms = now;
  const caller by{{}, "eventpulse up", {}, {}};
  // A directory that lost its key's file, or was restored without it, gets
  // another key beside the one that nobody here knows.
  for (int n = 1;; ++n) {
    key.name = admin_name + (n == 1 ? "" : '-' + std::to_string(n));
    auto added = store->add(key, by);
    if (added)
      return true;
    if (added.error().code != errc::conflict || n == admin_names_max)
      return added.error();
  }
}

up_hooks hooks() {
  up_hooks out;
  out.migrate = [](const settings& s) -> result<void> {
    auto done = postgres::migrate(database_conninfo(s));
    if (!done)
      return done.error();
    return {};
  };
  out.admin_key = admin_key;
  return out;
}

} // namespace

int main(int argc, char** argv) {
  std::vector<command> commands{
      up_command(hooks()), intake_command(),  worker_command(),
      migrate_command(),   send_command(),    tail_command(),
      top_command(),       doctor_command(),  erase_command(),
      backup_command(),    restore_command(), version_command(),
      audit_command()};
  for (auto& more :
       {events_commands(), rules_commands(), alerts_commands(),
        channels_commands(), deliveries_commands(), keys_commands(),
        event_types_commands(), dead_letters_commands()})
    commands.insert(commands.end(), more.begin(), more.end());
  command_line line("eventpulse", EVENTPULSE_VERSION, std::move(commands));
  return line.run({argv + 1, argv + argc}, std::cout, std::cerr);
}
