#pragma once
// On whose behalf tests change things.

#include "messages/audit.hpp"

namespace eventpulse::test {

inline const caller me{"key-of-me", "me", "request-1", ""};

} // namespace eventpulse::test
