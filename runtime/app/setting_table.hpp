#pragma once
// The one table of settings: name, type, meaning, parser and printer. The file
// reader, the environment, the flags, `--help`, `doctor` and the documented
// config/eventpulse.yaml all follow from it, so they cannot disagree.

#include "messages/result.hpp"
#include "runtime/app/settings.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace eventpulse {

struct setting {
  std::string_view section;
  std::string_view key;
  std::string_view type; // as people read it: "duration", "0 to 65535"
  std::string_view meaning;
  bool secret = false; // never printed
  /// Sets the field from text; the failure's detail says what was expected.
  std::function<result<void>(settings&, std::string_view)> parse;
  /// The field as text that `parse` reads back. Lists are joined by ", ".
  std::function<std::string(const settings&)> show;

  /// "server.port".
  std::string name() const;
  /// "EVENTPULSE_SERVER_PORT".
  std::string variable() const;
};

/// Every setting, section by section, in the order of the documented file.
std::span<const setting> setting_table();

/// nullptr where there is none.
const setting* find_setting(std::string_view name);

/// ": no such setting; did you mean 'server.port'?" without the name.
std::string unknown_setting_hint(std::string_view name);

/// The whole of config/eventpulse.yaml: every setting with its default and
/// meaning.
std::string documented_settings_file();

} // namespace eventpulse
