#pragma once
// Waiting for a condition with a deadline, in place of sleeping for a guess.

#include <chrono>
#include <thread>

namespace eventpulse::test {

/// True as soon as `condition()` is; false when it was not within `limit`.
template <class Condition>
bool eventually(Condition condition,
                std::chrono::milliseconds limit = std::chrono::seconds(20)) {
  auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    if (condition())
      return true;
    if (std::chrono::steady_clock::now() >= until)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

} // namespace eventpulse::test
