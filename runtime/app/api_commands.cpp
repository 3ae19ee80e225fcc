#include "runtime/app/api_commands.hpp"

#include <iostream>

namespace eventpulse {

namespace json = boost::json;

namespace {

/// All but RFC 3986's unreserved characters as escapes.
std::string percent_encoded(const std::string& text) {
  constexpr auto* digits = "0123456789ABCDEF";
  std::string out;
  for (const auto c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                       c == '_' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

} // namespace

int fail(const char* name, const failure& why) {
  std::cerr << name << ": " << why.detail << '\n';
  return exit_code::failed;
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

int call_and_show(const char* name, const arguments& given,
                  const std::string& method, const std::string& path,
                  const std::function<void(const json::value&)>& show,
                  const std::string& body, const std::string& type) {
  auto api = api_client::of(given);
  if (!api)
    return fail(name, api.error());
  auto answer = api->call(method, path, body, body.empty() ? "" : type);
  if (!answer)
    return fail(name, answer.error());
  if (given.has("json"))
    std::cout << json::serialize(*answer) << '\n';
  else
    show(*answer);
  return exit_code::ok;
}

std::string text_of(const json::value& object, const char* name) {
  auto* found =
      object.is_object() ? object.as_object().if_contains(name) : nullptr;
  if (!found || found->is_null())
    return "-";
  return found->is_string() ? std::string(found->as_string())
                            : json::serialize(*found);
}

std::function<void(const json::value&)>
columns(std::vector<const char*> names) {
  return [names](const json::value& answer) {
    for (auto& item : answer.at("items").as_array()) {
      std::string line;
      for (auto* name : names)
        line += (line.empty() ? "" : "\t") + text_of(item, name);
      std::cout << line << '\n';
    }
  };
}

void show_members(const json::value& object) {
  for (auto& [name, value] : object.as_object())
    std::cout << std::string_view(name) << '\t'
              << text_of(object, std::string(name).c_str()) << '\n';
}

std::string query_of(const arguments& given,
                     const std::vector<std::string>& flags) {
  std::string out;
  for (auto& flag : flags)
    if (given.has(flag))
      out += (out.empty() ? '?' : '&') + flag + '=' +
             percent_encoded(given.get(flag));
  return out;
}

std::string in_path(const std::string& text) {
  return percent_encoded(text);
}

std::vector<flag_spec> page_flags() {
  return {
      {"limit", "N", "How many at most.", "", false, ""},
      {"cursor", "TEXT", "Go on where the page before ended.", "", false, ""}};
}

std::function<void(const json::value&)>
page_of(std::vector<const char*> names) {
  return [items = columns(std::move(names))](const json::value& answer) {
    items(answer);
    if (auto next = text_of(answer, "next"); next != "-")
      std::cerr << "there are more: --cursor " << next << '\n';
  };
}

} // namespace eventpulse
