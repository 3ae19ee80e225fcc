#include "runtime/telemetry/log.hpp"

#include "runtime/telemetry/log_text.hpp"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <unistd.h>

namespace eventpulse {

namespace {

constexpr int write_wait_ms = 100;

class descriptor_sink : public log_sink {
public:
  explicit descriptor_sink(int fd) : fd_(fd) {}

  int64_t now_ms() override {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch())
        .count();
  }

  // One write takes the whole line as a rule; the loop is for signals and for
  // terminals that are stopped, and gives up instead of holding up the caller.
  void write(std::string_view line) noexcept override {
    std::lock_guard guard{mutex_};
    while (!line.empty()) {
      auto n = ::write(fd_, line.data(), line.size());
      if (n > 0) {
        line.remove_prefix(static_cast<size_t>(n));
        continue;
      }
      if (n < 0 && errno == EINTR)
        continue;
      pollfd ready{fd_, POLLOUT, 0};
      bool may_wait = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
      if (!may_wait || ::poll(&ready, 1, write_wait_ms) != 1)
        return;
    }
  }

private:
  std::mutex mutex_;
  int fd_;
};

class silent_sink : public log_sink {
public:
  int64_t now_ms() override { return 0; }
  void write(std::string_view) noexcept override {}
};

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

using rendered = std::vector<std::pair<std::string, std::string>>;

// Later facts replace earlier ones of the same key, in their place.
void merge(rendered& into, logger::fields facts, log_format format) {
  for (const auto& fact : facts) {
    auto key = log_text::key(fact.key());
    auto value = log_text::value(fact, format);
    auto same = std::find_if(into.begin(), into.end(), [&](const auto& known) {
      return known.first == key;
    });
    if (same != into.end())
      same->second = std::move(value);
    else
      into.emplace_back(std::move(key), std::move(value));
  }
}

} // namespace

std::string_view to_string(log_level level) noexcept {
  switch (level) {
  case log_level::debug:
    return "debug";
  case log_level::info:
    return "info";
  case log_level::warn:
    return "warn";
  case log_level::error:
    return "error";
  }
  return "unknown";
}

std::optional<log_level> parse_log_level(std::string_view text) noexcept {
  for (auto level :
       {log_level::debug, log_level::info, log_level::warn, log_level::error})
    if (text == to_string(level))
      return level;
  return std::nullopt;
}

std::optional<log_format> parse_log_format(std::string_view text) noexcept {
  if (text == "logfmt")
    return log_format::logfmt;
  if (text == "json")
    return log_format::json;
  return std::nullopt;
}

std::shared_ptr<log_sink> fd_sink(int fd) {
  return std::make_shared<descriptor_sink>(fd);
}

std::shared_ptr<log_sink> stderr_sink() {
  return fd_sink(STDERR_FILENO);
}

std::shared_ptr<log_sink> null_sink() {
  return std::make_shared<silent_sink>();
}

int64_t memory_sink::now_ms() {
  std::lock_guard guard{mutex_};
  return now_ms_;
}

void memory_sink::write(std::string_view line) noexcept {
  std::lock_guard guard{mutex_};
  line.remove_suffix(line.ends_with('\n') ? 1 : 0);
  lines_.emplace_back(line);
}

void memory_sink::set_now_ms(int64_t now_ms) {
  std::lock_guard guard{mutex_};
  now_ms_ = now_ms;
}

std::vector<std::string> memory_sink::lines() const {
  std::lock_guard guard{mutex_};
  return lines_;
}

logger::logger() = default;

logger::logger(std::shared_ptr<log_sink> sink, log_level level_min,
               log_format format)
    : sink_(std::move(sink)), level_min_(level_min), format_(format) {}

void logger::debug(std::string_view event, fields facts) const {
  write(log_level::debug, event, facts);
}

void logger::info(std::string_view event, fields facts) const {
  write(log_level::info, event, facts);
}

void logger::warn(std::string_view event, fields facts) const {
  write(log_level::warn, event, facts);
}

void logger::error(std::string_view event, fields facts) const {
  write(log_level::error, event, facts);
}

bool logger::is_on(log_level level) const noexcept {
  return sink_ && level >= level_min_;
}

logger logger::with(fields facts) const {
  if (!sink_)
    return *this;
  auto merged = context_ ? *context_ : context{};
  merge(merged, facts, format_);
  if (merged.size() > log_context_fields_max)
    merged.resize(log_context_fields_max);
  auto out = *this;
  out.context_ = std::make_shared<const context>(std::move(merged));
  return out;
}

// W3C Trace Context, "version-format": 2 hex digits, 32, 16, 2. A later
// version may add fields behind these.
logger logger::with_trace(std::string_view traceparent) const {
  constexpr size_t size_min = 55;
  if (traceparent.size() < size_min || traceparent[2] != '-' ||
      traceparent[35] != '-' || traceparent[52] != '-')
    return *this;
  auto trace_id = traceparent.substr(3, 32);
  auto span_id = traceparent.substr(36, 16);
  if (!is_hex(trace_id) || !is_hex(span_id))
    return *this;
  return with({{"trace_id", trace_id}, {"span_id", span_id}});
}

void logger::write(log_level level, std::string_view event,
                   fields facts) const {
  if (!is_on(level))
    return;
  auto all = context_ ? *context_ : context{};
  merge(all, facts, format_);
  log_text::line line{sink_->now_ms(), level, event, format_};
  for (const auto& [key, value] : all)
    line.add(key, value);
  sink_->write(line.finish());
}

} // namespace eventpulse
