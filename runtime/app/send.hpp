#pragma once
// Sending the lines of one source, block by block, until all are decided.
// `eventpulse send` is it with a real server. Each block goes under an
// Idempotency-Key made of the session and its first line, so that a block that
// is sent again makes the same ids: whatever is lost on the way, an event is
// kept once.
//
// Waits and tries again where that may help, as long as the server asks by
// Retry-After; refuses to go on where it cannot. What a server rejects is told
// line by line and does not stop the rest.

#include "messages/result.hpp"
#include "runtime/app/line_source.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace eventpulse {

struct block_answer {
  unsigned status = 0;
  std::string retry_after; // the header, or empty
  std::string body;
};

struct send_totals {
  uint64_t accepted = 0;
  uint64_t rejected = 0;
  uint64_t lines = 0; // decided: the next one is lines + 1
};

struct send_setup {
  std::string session; // what the keys begin with
  /// Without progress for this long it gives up; zero: at the first failure.
  std::chrono::milliseconds patience{120'000};

  std::function<result<block_answer>(const line_block&, const std::string& key)>
      post;
  /// Returns early where somebody wants it to stop.
  std::function<void(std::chrono::milliseconds)> wait;
  std::function<int64_t()> now_ms;
  std::function<double()> chance; // in [0, 1)
  std::function<bool()> stopping;
  /// Told of every line that the server rejects, with its problem.
  std::function<void(uint64_t line, const boost::json::object& problem)>
      rejected;
  /// Told why it waits, and how long.
  std::function<void(const failure& why, std::chrono::milliseconds)> waiting;
  /// Told after every block that is decided; a failure ends it.
  std::function<result<void>(const send_totals&)> decided;
};

/// How long to wait before the next try after `tries` that failed; nullopt
/// where trying again cannot help. The back-off doubles from half a second to
/// ten seconds, is lengthened to a Retry-After and last, by chance, by up to a
/// fifth.
std::optional<std::chrono::milliseconds>
wait_before_retry(const result<block_answer>& answer, unsigned tries,
                  int64_t now_ms, double random);

/// What was decided, and why not all of it: `shutting_down` where it was to
/// stop.
struct send_outcome {
  send_totals totals;
  std::optional<failure> why;
};

/// Sends from where `from` stands; `totals.lines` counts on from `before`.
send_outcome send_lines(line_source& from, const send_setup& setup,
                        send_totals before = {});

} // namespace eventpulse
