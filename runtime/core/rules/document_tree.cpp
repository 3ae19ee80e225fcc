#include "runtime/core/rules/document_tree.hpp"

#include "runtime/core/base/limits.hpp"
#include "runtime/core/rules/source_place.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/stream_parser.hpp>

namespace eventpulse {

namespace {

std::vector<rule_problem> one_problem(int line, int column,
                                      std::string detail) {
  return {{"", line, column, std::move(detail)}};
}

rule_problem problem_at(std::string_view text, size_t offset,
                        std::string detail) {
  const auto place = place_finder{text}.at(offset);
  return {"", place.line, place.column, std::move(detail)};
}

rule_draft draft_of(parsed_tree tree) {
  if (auto* bad = std::get_if<1>(&tree))
    return {{}, std::move(*bad)};
  return read_document(std::move(std::get<0>(tree)));
}

parsed_rule parsed(rule_draft draft) {
  if (!draft.problems.empty())
    return std::move(draft.problems);
  return std::move(draft.document);
}

} // namespace

std::string pointer_token(std::string_view name) {
  std::string out = "/";
  for (char c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

parsed_tree tree_of_json(std::string_view text) {
  if (text.size() > limits::rule_document_bytes_max)
    return one_problem(0, 0,
                       "a rule has at most " +
                           std::to_string(limits::rule_document_bytes_max) +
                           " bytes");
  boost::json::parse_options options;
  options.max_depth = limits::rule_document_depth_max;
  boost::json::stream_parser parser{{}, options};
  boost::system::error_code failed;
  const auto read = parser.write_some(text.data(), text.size(), failed);
  if (!failed && read < text.size()) {
    const auto rest = text.find_first_not_of(" \t\r\n", read);
    if (rest != std::string_view::npos)
      return std::vector{problem_at(text, rest, "text after the document")};
  }
  if (!failed)
    parser.finish(failed);
  if (failed)
    return std::vector{problem_at(text, read, "no JSON: " + failed.message())};
  return document_tree{parser.release(), std::string{text},
                       places_of_json(text)};
}

rule_draft draft_of_json(std::string_view json) {
  return draft_of(tree_of_json(json));
}

rule_draft draft_of_yaml(std::string_view yaml) {
  return draft_of(tree_of_yaml(yaml));
}

parsed_rule parse_rule_json(std::string_view json) {
  return parsed(draft_of_json(json));
}

parsed_rule parse_rule_yaml(std::string_view yaml) {
  return parsed(draft_of_yaml(yaml));
}

} // namespace eventpulse
