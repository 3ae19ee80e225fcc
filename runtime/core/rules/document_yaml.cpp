// YAML 1.2 to a document tree, with yaml-cpp. Plain scalars are typed by the
// core schema (YAML 1.2.2, section 10.3.2), so `yes` and `on` are texts.

#include "runtime/core/base/limits.hpp"
#include "runtime/core/rules/document_tree.hpp"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <set>

namespace eventpulse {

namespace {

bool all_of(std::string_view text, bool (*wanted)(char)) {
  if (text.empty())
    return false;
  for (char c : text)
    if (!wanted(c))
      return false;
  return true;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_octal(char c) {
  return c >= '0' && c <= '7';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::optional<boost::json::value> whole(std::string_view digits, int base) {
  int64_t out = 0;
  const auto* end = digits.data() + digits.size();
  const auto [at, failed] = std::from_chars(digits.data(), end, out, base);
  if (failed != std::errc{} || at != end)
    return std::nullopt;
  return boost::json::value(out);
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_float(std::string_view text) {
  size_t i = 0, digits = 0;
  const auto count = [&] {
    const auto from = i;
    while (i < text.size() && is_digit(text[i]))
      ++i;
    return i - from;
  };
  if (i < text.size() && (text[i] == '-' || text[i] == '+'))
    ++i;
  digits += count();
  if (i < text.size() && text[i] == '.') {
    ++i;
    digits += count();
  }
  if (digits == 0)
    return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+'))
      ++i;
    if (count() == 0)
      return false;
  }
  return i == text.size();
}

boost::json::value plain_scalar(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" ||
      text == "NULL")
    return nullptr;
  if (text == "true" || text == "True" || text == "TRUE")
    return true;
  if (text == "false" || text == "False" || text == "FALSE")
    return false;
  std::string_view digits = text;
  if (digits[0] == '+')
    digits.remove_prefix(1);
  const auto unsigned_part = digits.substr(!digits.empty() && digits[0] == '-');
  if (all_of(unsigned_part, is_digit)) {
    if (auto number = whole(digits, 10))
      return *number;
  } else if (text.starts_with("0o") && all_of(text.substr(2), is_octal)) {
    if (auto number = whole(digits.substr(2), 8))
      return *number;
  } else if (text.starts_with("0x") && all_of(text.substr(2), is_hex)) {
    if (auto number = whole(digits.substr(2), 16))
      return *number;
  }
  if (is_float(text)) {
    double out = 0;
    const auto* end = digits.data() + digits.size();
    if (std::from_chars(digits.data(), end, out).ec == std::errc{})
      return out;
  }
  return boost::json::value(text); // .inf and .nan too: JSON has none
}

class converter {
public:
  converter(std::string_view text, document_tree& out)
      : text_(text), out_(out) {}

  std::vector<rule_problem> problems;

  boost::json::value convert(const YAML::Node& node, const std::string& pointer,
                             size_t depth) {
    if (depth > limits::rule_document_depth_max ||
        ++nodes_ > limits::rule_document_nodes_max) {
      if (!full_)
        say(node, pointer,
            depth > limits::rule_document_depth_max
                ? "nested too deeply"
                : "too many parts (aliases count where they are used)");
      full_ = true;
      return nullptr;
    }
    remember(node, pointer);
    switch (node.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null:
      return nullptr;
    case YAML::NodeType::Scalar:
      // yaml-cpp marks quoted and block scalars with the tag "!".
      if (node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str")
        return boost::json::value(node.Scalar());
      return plain_scalar(node.Scalar());
    case YAML::NodeType::Sequence:
      return sequence(node, pointer, depth);
    case YAML::NodeType::Map:
      return mapping(node, pointer, depth);
    }
    return nullptr;
  }

private:
  boost::json::value sequence(const YAML::Node& node,
                              const std::string& pointer, size_t depth) {
    boost::json::array items;
    for (const auto& item : node) {
      items.push_back(convert(
          item, pointer + "/" + std::to_string(items.size()), depth + 1));
      if (full_)
        break;
    }
    return items;
  }

  boost::json::value mapping(const YAML::Node& node, const std::string& pointer,
                             size_t depth) {
    boost::json::object members;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        say(entry.first, pointer, "a field's name must be text");
        continue;
      }
      const auto& name = entry.first.Scalar();
      const auto inner = pointer + pointer_token(name);
      if (members.contains(name)) {
        say(entry.first, inner, "field '" + name + "' is given twice");
        continue;
      }
      members.emplace(name, convert(entry.second, inner, depth + 1));
      if (full_)
        break;
    }
    return members;
  }

  // yaml-cpp columns count characters from 0 and its lines are from 0.
  void remember(const YAML::Node& node, const std::string& pointer) {
    const auto mark = node.Mark();
    if (mark.is_null() || mark.line < 0)
      return;
    document_place p{mark.line + 1, mark.column + 1, 0, false};
    const auto at = static_cast<size_t>(mark.pos);
    if (node.IsScalar() && at < text_.size()) {
      const char first = text_[at];
      p.inset = first == '"' || first == '\'' ? 1 : 0;
      p.block = node.Tag() == "!" && (first == '|' || first == '>');
    }
    out_.places.emplace(pointer, p);
  }

  void say(const YAML::Node& node, const std::string& pointer,
           std::string detail) {
    const auto mark = node.Mark();
    problems.push_back(
        {pointer, mark.line + 1, mark.column + 1, std::move(detail)});
  }

  std::string_view text_;
  document_tree& out_;
  size_t nodes_ = 0;
  bool full_ = false;
};

} // namespace

parsed_tree tree_of_yaml(std::string_view text) {
  if (text.size() > limits::rule_document_bytes_max)
    return std::vector<rule_problem>{
        {"", 0, 0,
         "a rule has at most " +
             std::to_string(limits::rule_document_bytes_max) + " bytes"}};
  try {
    const auto all = YAML::LoadAll(std::string{text});
    if (all.size() != 1)
      return std::vector<rule_problem>{
          {"", 0, 0,
           all.empty() ? "the document is empty"
                       : "one rule a document, and one document a file"}};
    document_tree out;
    converter to_tree{text, out};
    out.root = to_tree.convert(all.front(), "", 0);
    if (!to_tree.problems.empty())
      return std::move(to_tree.problems);
    return out;
  } catch (const YAML::Exception& e) {
    return std::vector<rule_problem>{
        {"", e.mark.line + 1, e.mark.column + 1, "no YAML: " + e.msg}};
  }
}

} // namespace eventpulse
