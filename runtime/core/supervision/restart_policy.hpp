#pragma once
// What a supervisor is told to do about children that end: OTP's strategies,
// restart kinds and intensity (erlang.org, "supervisor" in stdlib), and what
// OTP lacks, a growing delay between restarts. Used by restart_decider, which
// decides by it. Pure.

#include "messages/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace eventpulse {

enum class restart_strategy : uint8_t {
  one_for_one,  // the child that ended is restarted
  one_for_all,  // all are stopped, then all started
  rest_for_one, // it and those started after it
};

enum class restart_kind : uint8_t {
  permanent, // always restarted
  transient, // restarted after an abnormal end only
  temporary, // never restarted, and forgotten when it ends
};

std::string_view to_string(restart_strategy s) noexcept;
std::string_view to_string(restart_kind k) noexcept;

/// More than restarts_max restarts within `within` are too many. The bounds of
/// a window are part of it, as in OTP.
struct restart_intensity {
  uint32_t restarts_max = 5;
  std::chrono::milliseconds within{60'000};
};

/// The n-th restart in a row waits delay_min * 2^(n-1), at most delay_max, and
/// then by chance up to the part `jitter` less: jitter only shortens, so the
/// bounds hold. A run of healthy_after or longer starts the row anew.
struct restart_back_off {
  std::chrono::milliseconds delay_min{100};
  std::chrono::milliseconds delay_max{10'000};
  std::chrono::milliseconds healthy_after{30'000};
  double jitter = 0.2;
};

struct supervision_policy {
  restart_strategy strategy = restart_strategy::one_for_one;
  restart_intensity intensity;
  restart_back_off back_off;
};

/// How one child is treated.
struct child_policy {
  restart_kind kind = restart_kind::permanent;
  /// Its restarts count against this instead of the supervisor's, and when
  /// there are too many the child alone is parked.
  std::optional<restart_intensity> own_intensity;
};

inline constexpr uint32_t restarts_max_max = 1000;

/// The wait before restart number `in_a_row` (1, 2, …); `random` in [0, 1).
std::chrono::milliseconds restart_delay(const restart_back_off& b,
                                        uint32_t in_a_row, double random);

/// How long `count` restarts in a row wait at most, all together.
std::chrono::milliseconds restart_delay_sum(const restart_back_off& b,
                                            uint32_t count);

/// Refuses what cannot work: bounds out of order, and a window that the delays
/// alone outlast, since a child that fails at once would then be restarted for
/// ever and never count as too often.
result<void> check(const supervision_policy& p);

/// The same for a child under `p`. Its own intensity needs one_for_one: a
/// child that stays away would leave a group of the others half alive.
result<void> check(const child_policy& c, const supervision_policy& p);

} // namespace eventpulse
