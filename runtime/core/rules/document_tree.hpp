#pragma once
// A document as a JSON value with the places of its parts: the common ground of
// the YAML and the JSON reader. Bounded in size, depth and number of nodes, so
// that aliases cannot blow it up.

#include "runtime/core/rules/document.hpp"

#include <boost/json/value.hpp>

namespace eventpulse {

struct document_tree {
  boost::json::value root;
  std::string text;
  std::map<std::string, document_place> places;
};

using parsed_tree = std::variant<document_tree, std::vector<rule_problem>>;

parsed_tree tree_of_json(std::string_view text);

/// The places of all values of a text that is JSON, by pointer.
std::map<std::string, document_place> places_of_json(std::string_view text);

parsed_tree tree_of_yaml(std::string_view text);

/// `name` as one token of a JSON pointer (RFC 6901 section 3), with its '/'.
std::string pointer_token(std::string_view name);

/// The typed document of a tree.
rule_draft read_document(document_tree tree);

} // namespace eventpulse
