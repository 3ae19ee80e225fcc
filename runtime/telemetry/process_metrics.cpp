#include "runtime/telemetry/process_metrics.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace eventpulse {

namespace {

// Fields of /proc/self/stat by their numbers in proc(5).
struct process_stat {
  double user_ticks = 0;     // 14
  double system_ticks = 0;   // 15
  double threads = 0;        // 20
  double start_ticks = 0;    // 22, since boot
  double virtual_bytes = 0;  // 23
  double resident_pages = 0; // 24
};

std::optional<process_stat> read_stat() {
  std::ifstream file("/proc/self/stat");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  // The name in field 2 may hold anything, also blanks and parentheses.
  auto name_end = text.rfind(')');
  if (name_end == text.npos)
    return std::nullopt;
  std::istringstream rest{text.substr(name_end + 1)};
  std::string state;
  rest >> state; // 3
  process_stat out;
  for (int field = 4; field <= 24; ++field) {
    double value = 0;
    if (!(rest >> value))
      return std::nullopt;
    switch (field) {
    case 14:
      out.user_ticks = value;
      break;
    case 15:
      out.system_ticks = value;
      break;
    case 20:
      out.threads = value;
      break;
    case 22:
      out.start_ticks = value;
      break;
    case 23:
      out.virtual_bytes = value;
      break;
    case 24:
      out.resident_pages = value;
      break;
    default:
      break;
    }
  }
  return out;
}

// Unix seconds.
std::optional<double> read_boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("btime "))
      return std::stod(line.substr(6));
  return std::nullopt;
}

std::optional<double> count_descriptors() {
  std::error_code failed;
  std::filesystem::directory_iterator all("/proc/self/fd", failed);
  if (failed)
    return std::nullopt;
  double count = 0;
  for (; all != std::filesystem::directory_iterator{}; all.increment(failed)) {
    if (failed)
      return std::nullopt;
    ++count;
  }
  return count - 1; // the one that reads the directory
}

void add(std::vector<prometheus::MetricFamily>& out, const char* name,
         const char* help, prometheus::MetricType type, double value) {
  prometheus::ClientMetric metric;
  metric.counter.value = value;
  metric.gauge.value = value;
  out.push_back({name, help, type, {metric}});
}

} // namespace

std::vector<prometheus::MetricFamily> collect_process_metrics() {
  using enum prometheus::MetricType;
  std::vector<prometheus::MetricFamily> out;
  auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  if (auto s = read_stat()) {
    add(out, "process_cpu_seconds_total",
        "CPU time of the process, user and system", Counter,
        (s->user_ticks + s->system_ticks) / ticks);
    add(out, "process_threads", "Threads of the process", Gauge, s->threads);
    add(out, "process_virtual_memory_bytes", "Address space of the process",
        Gauge, s->virtual_bytes);
    add(out, "process_resident_memory_bytes",
        "Memory of the process that is in RAM", Gauge,
        s->resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE)));
    if (auto boot = read_boot_time())
      add(out, "process_start_time_seconds",
          "When the process started, in Unix seconds", Gauge,
          *boot + s->start_ticks / ticks);
  }
  if (auto count = count_descriptors())
    add(out, "process_open_fds", "Open file descriptors", Gauge, *count);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    add(out, "process_max_fds", "Most file descriptors that may be open", Gauge,
        static_cast<double>(limit.rlim_cur));
  return out;
}

} // namespace eventpulse
