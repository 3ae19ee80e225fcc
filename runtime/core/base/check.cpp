#include "runtime/core/base/check.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace eventpulse {

void check_failed(const char* what, const char* file, int line) {
  std::fprintf(stderr, "broken invariant: %s (%s:%d)\n", what, file, line);
  std::abort();
}

void expect_failed(const char* what, const char* file, int line) {
  throw broken_invariant(std::string(what) + " (" + file + ":" +
                         std::to_string(line) + ")");
}

} // namespace eventpulse
