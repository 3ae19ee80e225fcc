#include "runtime/app/managed_process.hpp"

#include <algorithm>
#include <thread>

namespace eventpulse {

namespace {

using namespace std::chrono_literals;

constexpr auto look_every = 10ms; // for what can only be asked again
constexpr size_t log_lines_told = 12;
constexpr unsigned doublings_max = 16;

std::string show(std::chrono::milliseconds wait) {
  return std::to_string(wait.count()) + " ms";
}

} // namespace

managed_process::managed_process(managed_options options)
    : options_(std::move(options)) {}

result<void> managed_process::start() {
  if (options_.prepare)
    options_.prepare();
  auto started = child_process::start(options_.child);
  if (!started)
    return started.error();
  process_ = std::move(started).value();
  started_ = clock::now();
  state_ = state::starting;
  return {};
}

std::string managed_process::ended_text(const child_exit& how) const {
  return name() + " ended: " + to_string(how);
}

std::chrono::milliseconds managed_process::back_off() const {
  const auto doubled =
      options_.back_off_min *
      (1 << std::min(failures_ ? failures_ - 1 : 0, doublings_max));
  return std::min<std::chrono::milliseconds>(doubled, options_.back_off_max);
}

void managed_process::fail(clock::time_point at) {
  if (state_ == state::ready && at - started_ >= options_.healthy_after)
    failures_ = 0;
  ++failures_;
  state_ = state::waiting;
  start_at_ = at + back_off();
}

result<void> managed_process::start_and_wait(unsigned retries) {
  std::string last;
  for (unsigned i = 0; i <= retries; ++i) {
    if (i > 0)
      std::this_thread::sleep_until(start_at_);
    if (auto done = start(); !done) {
      state_ = state::stopped;
      return done.error();
    }
    while (true) {
      if (const auto how = process_.poll()) {
        last = ended_text(*how);
        break;
      }
      if (options_.ready()) {
        state_ = state::ready;
        ++generation_;
        return {};
      }
      if (options_.cancelled && options_.cancelled()) {
        state_ = state::stopped;
        process_.stop();
        return {errc::shutting_down, "stopped while " + name() + " started"};
      }
      if (clock::now() - started_ > options_.ready_within) {
        process_.signal(SIGKILL);
        process_.finish_stop();
        last = name() + " did not answer in time";
        break;
      }
      std::this_thread::sleep_for(look_every);
    }
    fail(clock::now());
  }
  state_ = state::stopped;
  const auto tail = log_tail(options_.child.log_file, log_lines_told);
  if (!tail.empty())
    last += "; the end of " + options_.child.log_file + ":\n" + tail;
  return {errc::unavailable, last};
}

std::string managed_process::tick() {
  switch (state_) {
  case state::stopped:
    return {};
  case state::waiting: {
    if (clock::now() < start_at_)
      return {};
    if (auto done = start(); !done) {
      fail(clock::now());
      return done.error().detail + "; next try in " + show(back_off());
    }
    return name() + " starts again, process " + std::to_string(pid());
  }
  case state::starting:
  case state::ready:
    break;
  }
  if (const auto how = process_.poll()) {
    fail(clock::now());
    return ended_text(*how) + "; starting it again in " + show(back_off());
  }
  if (state_ == state::ready)
    return {};
  if (options_.ready()) {
    state_ = state::ready;
    ++generation_;
    return name() + " answers again";
  }
  if (clock::now() - started_ > options_.ready_within) {
    process_.signal(SIGKILL); // the next tick reaps it
    return name() + " did not answer in time and is killed";
  }
  return {};
}

void managed_process::begin_stop() {
  state_ = state::stopped;
  process_.begin_stop();
}

child_exit managed_process::finish_stop() {
  return process_.finish_stop();
}

void managed_process::kill() {
  process_.signal(SIGKILL);
  process_.finish_stop();
  if (state_ == state::starting || state_ == state::ready)
    fail(clock::now());
}

} // namespace eventpulse
