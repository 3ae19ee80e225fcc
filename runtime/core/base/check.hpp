#pragma once
// Invariants, on in every build. EP_CHECK ends the process: it guards shared
// state and durability (stream, persistence, leases, recording). EP_EXPECT
// throws broken_invariant, which ends one evaluator only: it is for core/cel,
// rules, windows, aggregates and engine.

#include <stdexcept>

namespace eventpulse {

struct broken_invariant : std::logic_error {
  using std::logic_error::logic_error;
};

[[noreturn]] void check_failed(const char* what, const char* file, int line);
[[noreturn]] void expect_failed(const char* what, const char* file, int line);

} // namespace eventpulse

#define EP_CHECK(condition)                                                    \
  (static_cast<bool>(condition)                                                \
       ? static_cast<void>(0)                                                  \
       : ::eventpulse::check_failed(#condition, __FILE__, __LINE__))

#define EP_EXPECT(condition)                                                   \
  (static_cast<bool>(condition)                                                \
       ? static_cast<void>(0)                                                  \
       : ::eventpulse::expect_failed(#condition, __FILE__, __LINE__))
