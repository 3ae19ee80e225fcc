#pragma once
// What the commands that speak to a running EventPulse share: flags, one call
// of the API, and its answer in columns or as JSON.

#include "runtime/app/api_client.hpp"
#include "runtime/app/command_line.hpp"

#include <boost/json.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace eventpulse {

/// Says what went wrong; the exit code.
int fail(const char* name, const failure& why);

/// A command with the flags of the API and --json.
command api_command(const char* name, const char* group, const char* summary);

/// Calls the API and prints its answer: with --json as it is, else by `show`.
int call_and_show(const char* name, const arguments& given,
                  const std::string& method, const std::string& path,
                  const std::function<void(const boost::json::value&)>& show,
                  const std::string& body = {},
                  const std::string& type = "application/json");

/// The member as text; "-" where there is none.
std::string text_of(const boost::json::value& object, const char* name);

/// Prints a line an item, the named fields in columns.
std::function<void(const boost::json::value&)>
columns(std::vector<const char*> names);

/// Prints a line a member: its name, a tab, its value.
void show_members(const boost::json::value& object);

/// "?name=value&…" of those flags that are given, each percent-encoded.
std::string query_of(const arguments& given,
                     const std::vector<std::string>& flags);

/// One segment of a path, percent-encoded.
std::string in_path(const std::string& text);

/// Of a list: --limit and --cursor.
std::vector<flag_spec> page_flags();

/// Prints the items with `columns`, then how the next page is asked for.
std::function<void(const boost::json::value&)>
page_of(std::vector<const char*> names);

} // namespace eventpulse
