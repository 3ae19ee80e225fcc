#pragma once
// The corpora of real documents, outside this repository, at the path in
// EVENTPULSE_CORPORA. Without it a test prints that it skipped; in CI that is a
// failure.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace eventpulse::test {

/// The files of a corpus with that ending, sorted; none where there are no
/// corpora.
inline std::vector<std::filesystem::path>
corpus_files(const std::string& folder, const std::string& ending) {
  auto* root = std::getenv("EVENTPULSE_CORPORA");
  if (!root) {
    auto* ci = std::getenv("CI");
    if (ci && std::string{ci} == "true")
      throw std::runtime_error("EVENTPULSE_CORPORA is not set");
    std::cout << "skipped: 1 corpus (" << folder
              << "), EVENTPULSE_CORPORA is not set\n";
    return {};
  }
  std::vector<std::filesystem::path> out;
  for (auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path{root} / folder))
    if (entry.path().extension() == ending)
      out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  if (out.empty())
    throw std::runtime_error("the corpus " + folder + " is empty");
  return out;
}

inline std::vector<std::string>
corpus_lines(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);)
    out.push_back(line);
  return out;
}

} // namespace eventpulse::test
