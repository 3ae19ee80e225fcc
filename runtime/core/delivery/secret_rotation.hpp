#pragma once
// Rotation of a channel's secrets: the new one signs at once, those before it
// go on signing for an overlap, so that receivers may change over in their own
// time (Standard Webhooks 1.0, "Signature scheme": several signatures). Pure.

#include "messages/delivery.hpp"
#include "messages/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace eventpulse {

/// The secrets that sign at `now_ms`, newest first.
std::vector<std::string> signing_secrets(const channel& c, int64_t now_ms);

/// Makes `secret` the newest; no earlier one signs longer than `overlap` from
/// now, and those that do not sign any more are forgotten. errc::conflict where
/// more than limits::channel_secrets_max would sign. The newest again changes
/// nothing but the ends of the earlier ones.
result<void> rotate_secret(channel& c, const std::string& secret,
                           int64_t now_ms, std::chrono::milliseconds overlap);

} // namespace eventpulse
