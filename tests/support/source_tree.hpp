#pragma once
// Where the sources are that a test reads: CTest says so; run by hand, the
// working directory must be the top of the checkout.

#include <cstdlib>
#include <filesystem>

namespace eventpulse::testing {

inline std::filesystem::path source_tree() {
  auto* told = std::getenv("EVENTPULSE_SOURCE_DIR");
  return told ? std::filesystem::path{told} : std::filesystem::current_path();
}

} // namespace eventpulse::testing
