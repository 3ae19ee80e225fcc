#pragma once
// A delivery: one message to one channel, its attempts, and the channel.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace eventpulse {

/// A notification channel. Secrets are in the clear only in memory.
struct channel {
  std::string id;
  std::string kind; // "webhook"
  std::string url;
  std::vector<std::string> secrets; // newest first; whsec_…
  bool disabled = false;            // the receiver answered 410
  int64_t created_at_ms = 0;
  int64_t updated_at_ms = 0;
  /// When the second, third … secret stops signing; one without signs for good.
  std::vector<int64_t> secret_ends_at_ms = {};
};

enum class delivery_state : uint8_t { pending, delivered, failed };

struct delivery {
  std::string id;    // the message id of every attempt; UUIDv5, fixed at commit
  std::string alert; // empty for a test
  std::string channel;
  std::string type; // "alert.opened", "alert.resolved", "channel.test"
  std::string body; // what is sent and signed, fixed at commit
  delivery_state state = delivery_state::pending;
  uint32_t attempt_count = 0;
  int64_t created_at_ms = 0;
  std::string traceparent;
  std::string tracestate;
  uint32_t attempts_before = 0; // it was last tried anew by hand
};

/// The type of a message that only shows whether a channel works. It is tried
/// once.
inline constexpr auto channel_test_type = "channel.test";

/// What one try came to.
struct attempt {
  std::string delivery;
  uint32_t number = 0; // 1, 2, …
  int64_t started_at_ms = 0;
  int64_t duration_ms = 0;
  unsigned status = 0;        // HTTP status, 0 where there was no answer
  std::string error;          // why there was none, or why it counts as failed
  std::string answer_excerpt; // at most answer_excerpt_bytes_max
};

/// What follows from an attempt: done, again at a time, or given up.
struct attempt_verdict {
  delivery_state state = delivery_state::pending;
  std::optional<int64_t> next_attempt_at_ms; // only when pending
  bool disable_channel = false;
};

} // namespace eventpulse
