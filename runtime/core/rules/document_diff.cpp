#include "runtime/core/rules/document_diff.hpp"

#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/base/json_write.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace eventpulse {

namespace json = boost::json;

namespace {

std::string escaped(std::string_view name) {
  std::string out;
  for (auto c : name)
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  return out;
}

class comparison {
public:
  std::vector<document_change> found;

  // As deep as the reader lets documents be.
  void compare(const std::string& at, const json::value* before,
               const json::value* after) {
    if (before && after && before->is_object() && after->is_object())
      return objects(at, before->get_object(), after->get_object());
    if (before && after && before->is_array() && after->is_array())
      return arrays(at, before->get_array(), after->get_array());
    if (before && after && *before == *after)
      return;
    found.push_back(
        {at, before ? json_text(*before) : "", after ? json_text(*after) : ""});
  }

private:
  void objects(const std::string& at, const json::object& before,
               const json::object& after) {
    auto below = [&](std::string_view name) {
      return at + '/' + escaped(name);
    };
    for (auto& [name, value] : before)
      compare(below(name), &value, after.if_contains(name));
    for (auto& [name, value] : after)
      if (!before.contains(name))
        compare(below(name), nullptr, &value);
  }

  void arrays(const std::string& at, const json::array& before,
              const json::array& after) {
    for (size_t i = 0; i < std::max(before.size(), after.size()); ++i)
      compare(at + '/' + std::to_string(i), before.if_contains(i),
              after.if_contains(i));
  }
};

} // namespace

std::vector<document_change> diff_documents(const rule_document& before,
                                            const rule_document& after) {
  const auto a = parse_kept_json(to_json(before));
  const auto b = parse_kept_json(to_json(after));
  comparison both;
  both.compare("", &a, &b);
  return std::move(both.found);
}

std::string to_string(const document_change& change) {
  std::string out;
  if (!change.before.empty())
    out += "- " + change.pointer + ": " + change.before + '\n';
  if (!change.after.empty())
    out += "+ " + change.pointer + ": " + change.after + '\n';
  return out;
}

} // namespace eventpulse
