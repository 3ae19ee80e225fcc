#pragma once
// The command line: a registry of commands, each a table of flags and a
// function. Every command gets `--help` that teaches (usage, flags, settings,
// examples), near names for what is mistyped, completion in shells, and the
// same exit codes. main.cpp fills the registry; nothing here knows what a
// command does, but for `help` and `completion`, which are about the registry.
// Refuses: unknown commands and flags, flags twice that stand once, a missing
// or needless value, too few or too many arguments.

#include "messages/result.hpp"
#include "runtime/app/settings.hpp"

#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eventpulse {

/// What a process ends with. Scripts rely on these; `eventpulse help` says
/// them.
namespace exit_code {
inline constexpr int ok = 0;
inline constexpr int failed =
    1; // it was tried and did not work, or a check
       // (validate, test, diff, doctor) found something
inline constexpr int usage = 2;       // the command line or a setting is wrong
inline constexpr int unavailable = 3; // a server could not be reached or could
                                      // not do it now; the same may work later
inline constexpr int interrupted = 130; // by Ctrl-C, as shells have it
} // namespace exit_code

struct flag_spec {
  std::string name;     // without the dashes
  std::string value;    // "DIR"; empty: a switch without value
  std::string meaning;  // one sentence
  std::string fallback; // what get() gives when the flag is absent
  bool repeated = false;
  std::string setting; // "server.port": the flag is a short name of it
};

/// `--json`, the same in every command that prints data.
flag_spec json_flag();

/// What was given on the command line, checked against the command's table.
class arguments {
public:
  bool has(std::string_view flag) const;
  /// The value given, else the flag's fallback.
  std::string get(std::string_view flag) const;
  /// Every value of a repeated flag.
  std::vector<std::string> all(std::string_view flag) const;
  const std::vector<std::string>& positional() const { return positional_; }
  const std::vector<std::pair<std::string, std::string>>& settings() const {
    return settings_;
  }

private:
  friend class command_line;
  std::map<std::string, std::vector<std::string>, std::less<>> given_;
  std::map<std::string, std::string, std::less<>> fallbacks_;
  std::vector<std::string> positional_;
  std::vector<std::pair<std::string, std::string>> settings_;
};

struct command {
  std::string name;     // "rules apply": words are given one after another
  std::string group;    // the heading it stands under in the list
  std::string summary;  // one line
  std::string operands; // "FILE...", "bash|zsh", for the usage line
  std::string help;     // paragraphs with an empty line between
  std::vector<std::string> examples;
  std::vector<flag_spec> flags;
  size_t operands_min = 0;
  size_t operands_max = 0;
  bool takes_settings = false; // adds --config FILE and --section.key VALUE
  std::function<int(const arguments&)> run;
};

class command_line {
public:
  /// `program` and `version` are for the help texts. Adds `completion`.
  command_line(std::string program, std::string version,
               std::vector<command> commands);

  /// Runs what `words` (argv without the program) ask for; gives the exit code.
  int run(const std::vector<std::string>& words, std::ostream& out,
          std::ostream& err) const;

  /// The arguments of `c`, or what is wrong with them.
  result<arguments> parse(const command& c,
                          const std::vector<std::string>& words) const;

  std::string overview() const;
  std::string help_for(const command& c) const;
  /// Every command with its flags, as JSON (`help --json`).
  std::string table_json() const;

private:
  struct choice {
    const command* found = nullptr;
    size_t words = 0; // how many name it
  };
  choice choose(const std::vector<std::string>& words) const;
  int help(std::vector<std::string> words, std::ostream& out,
           std::ostream& err) const;
  int complete(const arguments& given, std::ostream& out,
               std::ostream& err) const;
  int refuse_command(const std::vector<std::string>& words,
                     std::ostream& err) const;
  std::string list(std::string_view prefix) const;

  std::string program_;
  std::string version_;
  std::vector<command> commands_;
};

/// The settings that the environment and `given` (with --config, else
/// EVENTPULSE_CONFIG) amount to. For commands that take settings.
result<settings> settings_of(const arguments& given);

} // namespace eventpulse
