#pragma once
// What the commands have in common that speak to a running EventPulse: one call
// of its API, its answer printed for people or, with --json, as it is.

#include "runtime/app/api_client.hpp"
#include "runtime/app/command_line.hpp"

#include <boost/json.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eventpulse {

/// A command with the flags of the API and --json.
command api_command(const char* name, const char* group, const char* summary);

/// Says why on standard error; the exit code.
int fail(const char* name, const failure& why);

/// The same of a flag or an operand that cannot be read: a matter of usage.
int misused(const char* name, const failure& why);

/// Calls the API and prints its answer: with --json as it is, else by `show`.
int call_and_show(const char* name, const arguments& given,
                  const std::string& method, const std::string& path,
                  const std::function<void(const boost::json::value&)>& show,
                  const std::string& body = {},
                  const std::string& type = "application/json");

/// GETs page after page of a list until --limit items are there, and prints
/// them as call_and_show does. `query` as query_text has it. What the server
/// could not evaluate is said on standard error.
int list_and_show(const char* name, const arguments& given,
                  const std::string& path, const std::string& query,
                  const std::function<void(const boost::json::value&)>& show);

/// `--limit N`, for list_and_show.
flag_spec limit_flag();

/// A flag with a value and no default.
flag_spec value_flag(const char* name, const char* value, const char* meaning);

/// A file's text; "-" is standard input.
result<std::string> read_text(const std::string& path);

/// The member as text: strings as they are, "-" where it is missing or null.
std::string text_of(const boost::json::value& object, std::string_view name);

/// A line a member: its name, a tab, its value.
void show_members(const boost::json::value& object);

/// A line an item, the named fields in columns, whatever the texts hold: for
/// people with a line of names and aligned, else with tabs between.
std::string columns_text(const std::vector<const char*>& names,
                         const boost::json::array& items, bool for_people);

/// columns_text of an answer's items, for people where a terminal shows it.
std::function<void(const boost::json::value&)>
columns(std::vector<const char*> names);

/// One path segment or query value, percent-encoded (RFC 3986).
std::string percent_encode(const std::string& text);

/// "a=1&b=2" of those that were given; empty values are left out.
std::string
query_text(const std::vector<std::pair<std::string, std::string>>& all);

/// An RFC 3339 time, or a duration from now ("1h": in an hour, or with `back`
/// an hour ago), as RFC 3339.
enum class direction : uint8_t { ahead, back };
result<std::string> time_text(const std::string& given, direction way);

/// Flags of a list as query parameters: those in `times` are read by time_text.
result<std::string> query_of(const arguments& given,
                             const std::vector<std::string>& plain,
                             const std::vector<std::string>& times);

} // namespace eventpulse
