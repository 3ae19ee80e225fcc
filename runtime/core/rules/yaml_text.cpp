#include "runtime/core/rules/yaml_text.hpp"

#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/base/json_write.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace eventpulse {

namespace json = boost::json;

namespace {

/// Plain where YAML takes it for a text whatever stands around it.
std::string key_text(std::string_view key) {
  auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  constexpr std::string_view taken[] = {"true", "false", "null", "y",  "n",
                                        "yes",  "no",    "on",   "off"};
  bool plain =
      !key.empty() && std::all_of(key.begin(), key.end(), is_plain) &&
      std::find(std::begin(taken), std::end(taken), key) == std::end(taken);
  return plain ? std::string(key)
               : json_text(json::string(key.data(), key.size()));
}

bool is_block(const json::value& v) {
  auto* members = v.if_object();
  auto* items = v.if_array();
  return (members && !members->empty()) || (items && !items->empty());
}

/// `v` in lines that begin with `indent`; the first one does not. As deep as
/// the reader lets documents be.
void add_block(std::string& out, const json::value& v,
               const std::string& indent) {
  bool first = true;
  auto begin_line = [&] {
    if (!std::exchange(first, false))
      out += indent;
  };
  auto add_value = [&](const json::value& value, bool beside) {
    if (!is_block(value)) {
      out += ' ' + json_text(value) + '\n';
      return;
    }
    out += beside ? std::string(" ") : "\n" + indent + "  ";
    add_block(out, value, indent + "  ");
  };
  if (auto* members = v.if_object())
    for (auto& [key, value] : *members) {
      begin_line();
      out += key_text({key.data(), key.size()}) + ':';
      add_value(value, false);
    }
  else
    for (auto& item : v.get_array()) {
      begin_line();
      out += '-';
      add_value(item, true);
    }
}

} // namespace

std::string to_yaml(const rule_document& document) {
  std::string out;
  add_block(out, parse_kept_json(to_json(document)), "");
  return out;
}

} // namespace eventpulse
