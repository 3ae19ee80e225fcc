#pragma once
// The binary as a shell sees it.

#include "tests/support/installation.hpp"

namespace eventpulse::test {

struct run_result {
  int code = -1;
  std::string output; // both streams
};

inline run_result run(std::vector<std::string> argv,
                      const std::string& input = {},
                      std::map<std::string, std::string> environment = {}) {
  child_options o;
  o.name = argv.at(0);
  o.argv = std::move(argv);
  o.environment = std::move(environment);
  const auto done = run_program(std::move(o), input, patience);
  if (!done)
    throw std::runtime_error(to_string(done.error()));
  return {done->exit.signal ? 128 + done->exit.signal : done->exit.code,
          done->output};
}

inline run_result run_product(std::vector<std::string> words,
                              const std::string& input = {},
                              std::map<std::string, std::string> more = {}) {
  words.insert(words.begin(), product_binary());
  return run(std::move(words), input, std::move(more));
}

} // namespace eventpulse::test
