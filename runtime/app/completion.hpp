#pragma once
// Completion scripts for shells, written from the table of commands, so that
// they know what this very binary knows: commands, their flags with meanings,
// settings, and where files and directories stand.

#include "messages/result.hpp"
#include "runtime/app/command_line.hpp"

#include <string>
#include <vector>

namespace eventpulse {

/// The entry of `completion`; command_line answers it itself.
command completion_command();

/// For bash, zsh or fish; `invalid` for any other shell.
result<std::string> completion_script(const std::string& shell,
                                      const std::string& program,
                                      const std::vector<command>& commands);

} // namespace eventpulse
