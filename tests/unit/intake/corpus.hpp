#pragma once
// The public test corpora that the suites of this folder read. Where they are
// comes from EVENTPULSE_CORPORA. Without it the cases are reported as skipped,
// by count, or, where CI=true, the suite fails.

#include "runtime/core/intake/cloud_event.hpp"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/json.hpp>

namespace eventpulse::test {

/// The lines of a file of the corpora; `count` is how many it has.
inline std::vector<std::string> corpus_lines(const std::string& file,
                                             size_t count) {
  const char* root = std::getenv("EVENTPULSE_CORPORA");
  if (root == nullptr) {
    const char* ci = std::getenv("CI");
    if (ci != nullptr && std::string{ci} == "true")
      throw std::runtime_error("EVENTPULSE_CORPORA is not set");
    std::cout << "skipped: " << count << " cases of " << file << '\n';
    return {};
  }
  std::vector<std::string> lines;
  std::ifstream in{std::string{root} + '/' + file};
  for (std::string line; std::getline(in, line);)
    if (!line.empty())
      lines.push_back(std::move(line));
  if (lines.empty())
    throw std::runtime_error("no cases in " + file);
  return lines;
}

inline boost::json::value parse_line(const std::string& line) {
  boost::json::parse_options options;
  options.max_depth = 1024;
  return boost::json::parse(line, {}, options);
}

/// Defaults that a test can recognise.
inline intake::event_defaults known_defaults() {
  return {"key one",
          1767323045678,
          [](const event_document&) { return std::string{"made-id"}; },
          {}};
}

/// The document, or an exception that tells the problem.
inline event_document document_of(const intake::event_or_problem& outcome) {
  if (auto* why = std::get_if<problem>(&outcome))
    throw std::runtime_error("refused: " + why->detail);
  return std::get<event_document>(outcome);
}

} // namespace eventpulse::test
