#pragma once
// The commands of the binary, by file: each gives its entries of the registry.

#include "runtime/app/command_line.hpp"

#include <vector>

namespace eventpulse {

command intake_command();
command worker_command();
command migrate_command();
command version_command();
command doctor_command();
command send_command();
command erase_command();
command backup_command();
command restore_command();
command tail_command();
command top_command();
std::vector<command> rules_commands();
command rules_publish_command();
std::vector<command> rule_change_commands(); // among rules_commands()
std::vector<command> alerts_commands();
std::vector<command> events_commands();
std::vector<command> channels_commands();
std::vector<command> deliveries_commands();
std::vector<command> keys_commands();
std::vector<command> event_types_commands();
std::vector<command> dead_letters_commands();
command audit_command();

} // namespace eventpulse
