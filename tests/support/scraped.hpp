#pragma once
// A scrape of /metrics as a test looks at it.

#include "runtime/adapters/http/client.hpp"
#include "tests/support/installation.hpp"

#include <map>
#include <sstream>
#include <string>

namespace eventpulse::test {

class scraped {
public:
  explicit scraped(std::string text) : text_(std::move(text)) {
    std::istringstream lines{text_};
    for (std::string line; std::getline(lines, line);)
      if (const auto space = line.rfind(' ');
          !line.starts_with('#') && space != std::string::npos)
        samples_[line.substr(0, space)] = std::stod(line.substr(space + 1));
  }

  /// "name{label=\"value\"}"; -1 where there is no such series.
  double at(const std::string& series) const {
    const auto found = samples_.find(series);
    return found == samples_.end() ? -1 : found->second;
  }
  /// Over all series of that name.
  double sum(const std::string& name) const {
    double out = 0;
    for (const auto& [series, value] : samples_)
      if (series == name || series.starts_with(name + '{'))
        out += value;
    return out;
  }
  /// The series of that name.
  size_t count(const std::string& name) const {
    size_t out = 0;
    for (const auto& [series, value] : samples_)
      out += series == name || series.starts_with(name + '{');
    return out;
  }
  const std::string& text() const { return text_; }
  bool empty() const { return samples_.empty(); }

private:
  std::string text_;
  std::map<std::string, double> samples_;
};

inline scraped scrape(const std::string& address) {
  http::client link;
  http::client_request what;
  what.method = "GET";
  what.url = address + "/metrics";
  const auto answer = call(link, what);
  return scraped{answer.status == 200 ? answer.body : ""};
}

} // namespace eventpulse::test
