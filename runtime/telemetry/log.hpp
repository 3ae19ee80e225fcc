#pragma once
// Structured logs: one line an event, in logfmt or JSON, made by a cheap value
// that everybody is handed (no singleton). `log.info("batch_committed",
// {{"rows", 12}, {"lease", "p0"}})` names the event first, facts after it.
// Promises: one write(2) a line of at most log_line_bytes_max bytes, so that
// lines of several threads and processes never mix; time in RFC 3339 with
// milliseconds; control characters escaped, ill-formed UTF-8 replaced.
// Refuses: payloads have no place here, values are cut at
// log_value_bytes_max, and what looks like a secret is masked (redact.hpp).

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace eventpulse {

/// What POSIX lets a pipe write at once without mixing in others (PIPE_BUF).
inline constexpr size_t log_line_bytes_max = 4096;
inline constexpr size_t log_value_bytes_max = 1024;
inline constexpr size_t log_key_bytes_max = 64;
inline constexpr size_t log_context_fields_max = 32;

enum class log_level : uint8_t { debug, info, warn, error };
enum class log_format : uint8_t { logfmt, json };

std::string_view to_string(log_level level) noexcept;
std::optional<log_level> parse_log_level(std::string_view text) noexcept;
std::optional<log_format> parse_log_format(std::string_view text) noexcept;

/// Where lines go, and whose clock they carry. Thread-safe.
class log_sink {
public:
  virtual ~log_sink() = default;
  /// Unix milliseconds.
  virtual int64_t now_ms() = 0;
  /// One line with its LF, at most log_line_bytes_max bytes. Never throws; a
  /// line that cannot be written is lost, since a log must not stop the work.
  virtual void write(std::string_view line) noexcept = 0;
};

/// Lines to the process's standard error.
std::shared_ptr<log_sink> stderr_sink();

/// Lines to a file descriptor, which stays the caller's.
std::shared_ptr<log_sink> fd_sink(int fd);

/// Drops everything: for code under test whose logs are of no interest.
std::shared_ptr<log_sink> null_sink();

/// Keeps the lines (without LF) of a test; its clock stands until set.
class memory_sink : public log_sink {
public:
  int64_t now_ms() override;
  void write(std::string_view line) noexcept override;
  void set_now_ms(int64_t now_ms);
  std::vector<std::string> lines() const;

private:
  mutable std::mutex mutex_;
  int64_t now_ms_ = 0;
  std::vector<std::string> lines_;
};

/// One fact of a line. Lives only within the call that logs it.
class log_field {
public:
  using value = std::variant<bool, int64_t, uint64_t, double, std::string_view>;

  log_field(std::string_view key, bool v) : key_(key), value_(v) {}
  template <std::signed_integral T>
  log_field(std::string_view key, T v)
      : key_(key), value_(static_cast<int64_t>(v)) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) log_field(std::string_view key, T v)
      : key_(key), value_(static_cast<uint64_t>(v)) {}
  log_field(std::string_view key, double v) : key_(key), value_(v) {}
  log_field(std::string_view key, std::string_view v) : key_(key), value_(v) {}
  log_field(std::string_view key, const std::string& v)
      : log_field(key, std::string_view{v}) {}
  log_field(std::string_view key, const char* v)
      : log_field(key, std::string_view{v}) {}
  /// Durations are written as seconds.
  template <class Rep, class Period>
  log_field(std::string_view key, std::chrono::duration<Rep, Period> v)
      : log_field(key, std::chrono::duration<double>(v).count()) {}

  std::string_view key() const noexcept { return key_; }
  const value& get() const noexcept { return value_; }

private:
  std::string_view key_;
  value value_;
};

/// A value: copy it freely. Thread-safe.
class logger {
public:
  using fields = std::initializer_list<log_field>;

  /// Logs nothing.
  logger();
  logger(std::shared_ptr<log_sink> sink, log_level level_min,
         log_format format);

  void debug(std::string_view event, fields facts = {}) const;
  void info(std::string_view event, fields facts = {}) const;
  void warn(std::string_view event, fields facts = {}) const;
  void error(std::string_view event, fields facts = {}) const;

  bool is_on(log_level level) const noexcept;

  /// A logger whose every line also has these facts. A later fact replaces an
  /// earlier one of the same key; beyond log_context_fields_max they are lost.
  logger with(fields facts) const;

  /// The same with trace_id and span_id of a W3C traceparent; unchanged where
  /// the text is not one.
  logger with_trace(std::string_view traceparent) const;

private:
  // Key and value in the form of the line, so that context costs a copy.
  using context = std::vector<std::pair<std::string, std::string>>;

  void write(log_level level, std::string_view event, fields facts) const;

  std::shared_ptr<log_sink> sink_;
  std::shared_ptr<const context> context_;
  log_level level_min_ = log_level::error;
  log_format format_ = log_format::logfmt;
};

} // namespace eventpulse
