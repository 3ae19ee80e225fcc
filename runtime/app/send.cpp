#include "runtime/app/send.hpp"

#include "runtime/app/api_client.hpp"
#include "runtime/core/delivery/retry.hpp"

#include <algorithm>

namespace eventpulse {

namespace json = boost::json;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds back_off_min{500};
constexpr milliseconds back_off_max{10'000};
constexpr double jitter = 0.2;

bool may_help(unsigned status) {
  return status == 408 || status == 429 || status == 502 || status == 503 ||
         status == 504;
}

/// Whether the answer decides every line of the block.
bool decides(unsigned status) {
  return status == 202 || status == 422;
}

uint64_t number_of(const json::object& object, const char* name) {
  auto* found = object.if_contains(name);
  boost::system::error_code wrong;
  return found ? found->to_number<uint64_t>(wrong) : 0;
}

/// Adds what the answer says to `totals` and tells of what was rejected.
result<void> take(const line_block& block, const block_answer& answer,
                  const send_setup& setup, send_totals& totals) {
  boost::system::error_code wrong;
  auto parsed = json::parse(answer.body, wrong);
  auto* body = wrong ? nullptr : parsed.if_object();
  auto* results = body ? body->if_contains("results") : nullptr;
  if (!results || !results->is_array())
    return failure_of(answer.status, answer.body);
  totals.accepted += number_of(*body, "accepted");
  totals.rejected += number_of(*body, "rejected");
  totals.lines = block.first_line + block.lines - 1;
  for (auto& item : results->as_array()) {
    auto* object = item.if_object();
    auto* why = object ? object->if_contains("problem") : nullptr;
    if (why && why->is_object())
      setup.rejected(block.first_line + number_of(*object, "index") - 1,
                     why->as_object());
  }
  return {};
}

failure why_not(const result<block_answer>& answer) {
  return answer ? failure_of(answer->status, answer->body) : answer.error();
}

/// Posts a block until it is decided.
result<block_answer> post(const line_block& block, const send_setup& setup) {
  const auto key = setup.session + '/' + std::to_string(block.first_line);
  const auto begun_ms = setup.now_ms();
  for (unsigned tries = 1;; ++tries) {
    auto answer = setup.post(block, key);
    if (answer && decides(answer->status))
      return answer;
    const auto wait =
        wait_before_retry(answer, tries, setup.now_ms(), setup.chance());
    const milliseconds spent{setup.now_ms() - begun_ms};
    if (!wait || spent + *wait > setup.patience)
      return why_not(answer);
    setup.waiting(why_not(answer), *wait);
    setup.wait(*wait);
    if (setup.stopping())
      return failure{errc::shutting_down, "interrupted"};
  }
}

} // namespace

std::optional<milliseconds>
wait_before_retry(const result<block_answer>& answer, unsigned tries,
                  int64_t now_ms, double random) {
  if (answer ? !may_help(answer->status) : !retryable(answer.error().code))
    return std::nullopt;
  auto wait = back_off_min * (1u << std::min(tries - 1, 10u));
  wait = std::min<milliseconds>(wait, back_off_max);
  if (answer && !answer->retry_after.empty())
    if (auto at = retry_after_ms(answer->retry_after, now_ms))
      wait = std::max(wait, milliseconds{*at - now_ms});
  return wait + milliseconds{static_cast<int64_t>(
                    random * jitter * static_cast<double>(wait.count()))};
}

send_outcome send_lines(line_source& from, const send_setup& setup,
                        send_totals before) {
  send_outcome out{before, {}};
  for (;;) {
    if (setup.stopping()) {
      out.why = failure{errc::shutting_down, "interrupted"};
      return out;
    }
    auto block = from.next();
    if (!block) {
      out.why = block.error();
      return out;
    }
    if (!*block)
      return out;
    auto answer = post(**block, setup);
    if (!answer) {
      out.why = answer.error();
      return out;
    }
    auto taken = take(**block, *answer, setup, out.totals);
    if (taken)
      taken = setup.decided(out.totals);
    if (!taken) {
      out.why = taken.error();
      return out;
    }
  }
}

} // namespace eventpulse
