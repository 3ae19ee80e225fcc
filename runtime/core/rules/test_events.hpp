#pragma once
// The events of a rule test: from what the author wrote, with holes filled and
// left-out attributes made, to events on a virtual timeline. Used by the runner
// of rule tests alone.

#include "messages/event.hpp"
#include "runtime/core/rules/document.hpp"

namespace eventpulse {

/// 2026-01-01T00:00:00Z, time 0s of every test.
inline constexpr int64_t test_epoch_ms = 1'767'225'600'000;

/// In order; or why there are none, for people.
std::variant<std::vector<event>, std::string>
make_test_events(const rule_test& test);

} // namespace eventpulse
