// The one binary: its commands, and the hooks of `up` into the database.

#include "runtime/adapters/postgres/migrations.hpp"
#include "runtime/app/commands.hpp"
#include "runtime/app/first_key.hpp"
#include "runtime/app/process.hpp"
#include "runtime/app/up.hpp"

#include <algorithm>
#include <iostream>

namespace {

using namespace eventpulse;

up_hooks hooks() {
  up_hooks out;
  out.migrate = [](const settings& s) -> result<void> {
    auto done = postgres::migrate(database_conninfo(s));
    if (!done)
      return done.error();
    return {};
  };
  out.admin_key = settle_key;
  return out;
}

} // namespace

int main(int argc, char** argv) {
  std::vector<command> commands{
      up_command(hooks()), intake_command(),        worker_command(),
      migrate_command(),   send_command(),          tail_command(),
      top_command(),       doctor_command(),        erase_command(),
      backup_command(),    restore_command(),       version_command(),
      audit_command(),     keys_bootstrap_command()};
  for (auto& more :
       {events_commands(), rules_commands(), alerts_commands(),
        channels_commands(), deliveries_commands(), keys_commands(),
        event_types_commands(), dead_letters_commands()})
    commands.insert(commands.end(), more.begin(), more.end());
  command_line line("eventpulse", EVENTPULSE_VERSION, std::move(commands));
  return line.run({argv + 1, argv + argc}, std::cout, std::cerr);
}
