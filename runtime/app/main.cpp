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

constexpr auto* admin_name = "admin";

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
  key.name = admin_name;
  key.hash = hash;
  key.scopes = {scope::admin};
  key.created_at_ms = now;
  if (auto added = store->add(key); !added)
    return added.error();
  return true;
}

up_hooks hooks() {
  up_hooks out;
  out.migrate = [](const settings& s) -> result<void> {
    auto done = postgres::migrate(s.database.url);
    if (!done)
      return done.error();
    return {};
  };
  out.admin_key = admin_key;
  return out;
}

} // namespace

int main(int argc, char** argv) {
  std::vector<command> commands{up_command(hooks()), intake_command(),
                                worker_command(),    migrate_command(),
                                send_command(),      doctor_command(),
                                version_command()};
  for (auto& more : {events_commands(), rules_commands(), alerts_commands(),
                     channels_commands(), keys_commands()})
    commands.insert(commands.end(), more.begin(), more.end());
  command_line line("eventpulse", EVENTPULSE_VERSION, std::move(commands));
  return line.run({argv + 1, argv + argc}, std::cout, std::cerr);
}
