#include "runtime/app/command_answers.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>

namespace eventpulse::answers {

namespace json = boost::json;

int fail(std::string_view name, const failure& why) {
  std::cerr << name << ": " << why.detail << '\n';
  return exit_code::failed;
}

result<std::string> read_text(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return failure{errc::not_found, "cannot read " + path};
  text << in.rdbuf();
  return text.str();
}

command api_command(const char* name, const char* group, const char* summary) {
  command out;
  out.name = name;
  out.group = group;
  out.summary = summary;
  out.flags = api_flags();
  out.flags.push_back(json_flag());
  return out;
}

std::string text_of(const json::value& object, std::string_view name) {
  auto* o = object.if_object();
  auto* found = o ? o->if_contains({name.data(), name.size()}) : nullptr;
  if (!found || found->is_null())
    return "-";
  return found->is_string() ? std::string(found->as_string())
                            : json::serialize(*found);
}

std::string escaped(std::string_view text) {
  constexpr char hex[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                 (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                 c == '~';
    if (plain) {
      out += c;
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += hex[byte >> 4];
    out += hex[byte & 15];
  }
  return out;
}

std::string query_of(const arguments& given,
                     const std::vector<std::string>& flags) {
  std::string out;
  for (auto& flag : flags)
    if (auto value = given.get(flag); !value.empty())
      out += (out.empty() ? "?" : "&") + flag + '=' + escaped(value);
  return out;
}

int call_and_show(std::string_view name, const arguments& given,
                  const api_request& what, const show_answer& show) {
  auto api = api_client::of(given);
  if (!api)
    return fail(name, api.error());
  auto answer = api->call(what.method, what.path, what.body,
                          what.body.empty() ? "" : "application/json");
  if (!answer)
    return fail(name, answer.error());
  if (given.has("json"))
    std::cout << json::serialize(*answer) << '\n';
  else
    show(*answer);
  return exit_code::ok;
}

show_answer columns(std::vector<std::string> names) {
  return [names = std::move(names)](const json::value& answer) {
    for (auto& item : answer.at("items").as_array()) {
      std::string line;
      for (auto& name : names)
        line += (line.empty() ? "" : "\t") + text_of(item, name);
      // One line an item, whatever the texts hold.
      std::replace(line.begin(), line.end(), '\n', ' ');
      std::cout << line << '\n';
    }
  };
}

} // namespace eventpulse::answers
