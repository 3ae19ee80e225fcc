#pragma once
// What commands that speak to the API have in common: calling it, and printing
// what it answers for people or for programs.

#include "runtime/app/api_client.hpp"
#include "runtime/app/command_line.hpp"

#include <boost/json.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace eventpulse::answers {

int fail(std::string_view name, const failure& why);

/// A file's text; "-" is standard input.
result<std::string> read_text(const std::string& path);

/// A command with the API's flags and --json.
command api_command(const char* name, const char* group, const char* summary);

/// A member as text; "-" where there is none.
std::string text_of(const boost::json::value& object, std::string_view name);

/// Percent-encoded, for a path segment or a query value.
std::string escaped(std::string_view text);

/// "?a=1&b=2" of the flags that were given; "" where there are none.
std::string query_of(const arguments& given,
                     const std::vector<std::string>& flags);

struct api_request {
  std::string method;
  std::string path;
  std::string body = {};
};

using show_answer = std::function<void(const boost::json::value&)>;

/// Calls the API and prints its answer: with --json as it is, else by `show`.
int call_and_show(std::string_view name, const arguments& given,
                  const api_request& what, const show_answer& show);

/// A line an item, the named fields in columns.
show_answer columns(std::vector<std::string> names);

} // namespace eventpulse::answers
