#pragma once
// The corpus of HTTP requests that others' servers are tested with, from
// $EVENTPULSE_CORPORA/http. Without it the tests say so and skip, but fail
// where CI is true.

#include "runtime/core/base/hash.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace corpus {

struct message {
  std::string method;
  std::string target;
  std::string version;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::vector<std::pair<std::string, std::string>> trailers;
};

struct request {
  std::string name;
  std::string raw;
  std::string expect;
  std::vector<message> messages;
  size_t well_formed_before = 0;
  size_t responses_max = SIZE_MAX;
  std::string smuggled_target;
};

inline std::string decode_base64(std::string_view text) {
  std::string out;
  if (!eventpulse::base64_decode(text, out))
    throw std::runtime_error("the corpus holds what is not base64");
  return out;
}

/// A string value that is missing or is not UTF-8 text in the corpus is "".
inline std::string text_of(const boost::json::object& from, const char* key) {
  const auto* value = from.if_contains(key);
  return value && value->is_string() ? std::string{value->as_string()} : "";
}

inline std::vector<std::pair<std::string, std::string>>
fields_of(const boost::json::object& from, const char* key) {
  std::vector<std::pair<std::string, std::string>> out;
  if (const auto* list = from.if_contains(key))
    for (const auto& field : list->as_array())
      out.emplace_back(std::string{field.at(0).as_string()},
                       std::string{field.at(1).as_string()});
  return out;
}

inline request read_line(const std::string& line) {
  const auto value = boost::json::parse(line);
  const auto& object = value.as_object();
  request out;
  out.name = text_of(object, "name");
  out.raw = decode_base64(text_of(object, "raw_base64"));
  out.expect = text_of(object, "expect");
  out.smuggled_target = text_of(object, "smuggled_target");
  if (const auto* n = object.if_contains("well_formed_before"))
    out.well_formed_before = n->to_number<size_t>();
  if (const auto* n = object.if_contains("max_responses"))
    out.responses_max = n->to_number<size_t>();
  if (const auto* list = object.if_contains("messages")) {
    for (const auto& item : list->as_array()) {
      const auto& from = item.as_object();
      out.messages.push_back({text_of(from, "method"), text_of(from, "target"),
                              text_of(from, "version"),
                              fields_of(from, "headers"),
                              decode_base64(text_of(from, "body_base64")),
                              fields_of(from, "trailers")});
    }
  }
  return out;
}

/// The cases of one file; `present` is false where there is no corpus.
inline std::vector<request> read(const std::string& file, bool& present) {
  const char* root = std::getenv("EVENTPULSE_CORPORA");
  std::vector<request> out;
  std::ifstream input;
  if (root)
    input.open(std::string{root} + "/http/" + file);
  present = input.is_open();
  for (std::string line; std::getline(input, line);)
    out.push_back(read_line(line));
  return out;
}

inline bool is_required() {
  const char* ci = std::getenv("CI");
  return ci && std::string_view{ci} == "true";
}

} // namespace corpus
