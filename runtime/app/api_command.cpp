#include "runtime/app/api_command.hpp"

#include "runtime/app/system_world.hpp"
#include "runtime/core/base/json_write.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/base/time.hpp"
#include "runtime/core/cel/utf8.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iostream>
#include <sstream>

namespace eventpulse {

namespace json = boost::json;

command api_command(const char* name, const char* group, const char* summary) {
  command out;
  out.name = name;
  out.group = group;
  out.summary = summary;
  out.flags = api_flags();
  out.flags.push_back(json_flag());
  return out;
}

int fail(const char* name, const failure& why) {
  std::cerr << name << ": " << why.detail << '\n';
  return exit_code_of(why.code);
}

int misused(const char* name, const failure& why) {
  fail(name, why);
  return exit_code::usage;
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
    std::cout << json_text(*answer) << '\n';
  else
    show(*answer);
  return exit_code::ok;
}

int list_and_show(const char* name, const arguments& given,
                  const std::string& path, const std::string& query,
                  const std::function<void(const json::value&)>& show) {
  auto api = api_client::of(given);
  if (!api)
    return fail(name, api.error());
  auto text = given.get("limit");
  size_t wanted = 0;
  auto [end, wrong] =
      std::from_chars(text.data(), text.data() + text.size(), wanted);
  if (wrong != std::errc{} || end != text.data() + text.size() || wanted == 0)
    return misused(name, {errc::malformed, "--limit must be a number above 0"});
  json::array items;
  json::value next;
  std::string last_error = "-";
  do {
    auto limit = std::min(wanted - items.size(), limits::page_items_max);
    auto target = path + "?limit=" + std::to_string(limit);
    if (!query.empty())
      target += '&' + query;
    if (next.is_string())
      target += "&cursor=" + percent_encode(std::string(next.as_string()));
    auto page = api->call("GET", target);
    if (!page)
      return fail(name, page.error());
    for (auto& item : page->at("items").as_array())
      items.push_back(std::move(item));
    next = page->at("next");
    if (auto failed = text_of(*page, "last_error"); failed != "-")
      last_error = failed;
  } while (next.is_string() && items.size() < wanted);
  if (last_error != "-")
    std::cerr << name << ": some were left out: " << last_error << '\n';
  json::value all{{"items", std::move(items)}, {"next", std::move(next)}};
  if (given.has("json"))
    std::cout << json_text(all) << '\n';
  else
    show(all);
  return exit_code::ok;
}

flag_spec limit_flag() {
  return {"limit", "N", "How many at most, newest first.", "100", false, ""};
}

flag_spec value_flag(const char* name, const char* value, const char* meaning) {
  return {name, value, meaning, "", false, ""};
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

std::string text_of(const json::value& object, std::string_view name) {
  auto* members = object.if_object();
  auto* found =
      members ? members->if_contains({name.data(), name.size()}) : nullptr;
  if (!found || found->is_null())
    return "-";
  return found->is_string() ? std::string(found->as_string())
                            : json_text(*found);
}

void show_members(const json::value& object) {
  for (auto& member : object.as_object()) {
    std::string_view name{member.key().data(), member.key().size()};
    std::cout << name << '\t' << text_of(object, name) << '\n';
  }
}

std::function<void(const json::value&)>
columns(std::vector<const char*> names) {
  return [names](const json::value& answer) {
    std::cout << columns_text(names, answer.at("items").as_array(),
                              isatty(STDOUT_FILENO) == 1);
  };
}

std::string columns_text(const std::vector<const char*>& names,
                         const json::array& items, bool for_people) {
  std::vector<std::vector<std::string>> rows;
  if (for_people && !items.empty())
    rows.emplace_back(names.begin(), names.end());
  for (auto& item : items) {
    auto& row = rows.emplace_back();
    for (auto* name : names) {
      auto& cell = row.emplace_back(text_of(item, name));
      std::replace(cell.begin(), cell.end(), '\n', ' ');
    }
  }
  std::vector<size_t> widths(names.size());
  for (auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], cel::code_point_count(row[i]));
  std::string out;
  for (auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 == row.size())
        out += '\n';
      else if (for_people)
        out += std::string(widths[i] + 2 - cel::code_point_count(row[i]), ' ');
      else
        out += '\t';
    }
  return out;
}

std::string percent_encode(const std::string& text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view plain = "-._~";
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  (c >= '0' && c <= '9');
    if (letter || plain.find(c) != plain.npos) {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

std::string
query_text(const std::vector<std::pair<std::string, std::string>>& all) {
  std::string out;
  for (auto& [name, value] : all)
    if (!value.empty())
      out += (out.empty() ? "" : "&") + name + '=' + percent_encode(value);
  return out;
}

result<std::string> time_text(const std::string& given, direction way) {
  if (parse_rfc3339_ms(given))
    return given;
  auto apart = parse_duration_ms(given);
  if (!apart)
    return failure{errc::malformed,
                   "'" + given +
                       "' is neither a time such as "
                       "2026-01-02T03:04:05Z nor a duration such as "
                       "30d"};
  auto now = system_world()->now_ms();
  return format_rfc3339_ms(way == direction::ahead ? now + *apart
                                                   : now - *apart);
}

result<std::string> query_of(const arguments& given,
                             const std::vector<std::string>& plain,
                             const std::vector<std::string>& times) {
  std::vector<std::pair<std::string, std::string>> all;
  for (auto& name : plain)
    all.emplace_back(name, given.get(name));
  for (auto& name : times) {
    if (!given.has(name))
      continue;
    auto at = time_text(given.get(name), direction::back);
    if (!at)
      return failure{errc::malformed, "--" + name + ": " + at.error().detail};
    all.emplace_back(name, *at);
  }
  return query_text(all);
}

} // namespace eventpulse
