#include "runtime/app/progress.hpp"

#include "runtime/core/base/utf8.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string_view>

namespace eventpulse {

using namespace std::chrono_literals;

namespace {

constexpr auto redraw_every = 100ms;
constexpr size_t bar_columns = 20;
constexpr size_t name_columns_max = 30;

std::string grouped(uint64_t number) {
  auto out = std::to_string(number);
  for (size_t at = out.size(); at > 3;)
    out.insert(at -= 3, ",");
  return out;
}

std::string brief(std::chrono::seconds time) {
  const auto s = time.count();
  if (s < 60)
    return std::to_string(s) + "s";
  if (s < 3600)
    return std::to_string(s / 60) + "m" + std::to_string(s % 60) + "s";
  return std::to_string(s / 3600) + "h" + std::to_string(s % 3600 / 60) + "m";
}

/// The end of a long name tells more than its beginning.
std::string shortened(const std::string& name) {
  if (name.size() <= name_columns_max)
    return name;
  return "..." + name.substr(name.size() - (name_columns_max - 3));
}

size_t terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0
             ? size.ws_col
             : 80;
}

bool is_terminal() {
  const auto* kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) && kind && *kind &&
         std::string_view{kind} != "dumb";
}

} // namespace

std::string progress_line(const progress& p, size_t columns) {
  std::string out = shortened(p.what);
  const bool bounded = p.total && *p.total > 0;
  const auto done = bounded ? std::min(p.done, *p.total) : p.done;
  if (bounded) {
    const double share =
        static_cast<double>(done) / static_cast<double>(*p.total);
    const auto filled = static_cast<size_t>(share * bar_columns);
    const auto percent = std::to_string(static_cast<unsigned>(share * 100.0));
    out += " [" + std::string(filled, '#') +
           std::string(bar_columns - filled, '.') + "] " +
           std::string(3 - percent.size(), ' ') + percent + " %";
  }
  out += "  " + grouped(p.items) + ' ' + p.unit;
  const auto ms = static_cast<uint64_t>(p.elapsed.count());
  if (ms >= 1000) {
    out += "  " + grouped(p.items * 1000 / ms) + "/s";
    if (bounded && done > 0 && done < *p.total) {
      const double left = static_cast<double>(ms) *
                          static_cast<double>(*p.total - done) /
                          static_cast<double>(done);
      out += "  " +
             brief(std::chrono::seconds{static_cast<int64_t>(left / 1000)}) +
             " left";
    }
  }
  return std::string(utf8_prefix(out, columns));
}

progress_bar progress_bar::on_terminal() {
  return {std::cerr, is_terminal(), terminal_columns() - 1};
}

progress_bar::progress_bar(std::ostream& out, bool shown, size_t columns,
                           std::function<clock::time_point()> now)
    : out_(&out), shown_(shown), columns_(columns), now_(std::move(now)),
      begun_(now_()) {}

void progress_bar::show(progress p) {
  const auto now = now_();
  if (!shown_ || (drawn_ && now - *drawn_ < redraw_every))
    return;
  p.elapsed =
      std::chrono::duration_cast<std::chrono::milliseconds>(now - begun_);
  // Back to the first column, the line, and away with what is longer.
  *out_ << '\r' << progress_line(p, columns_) << "\x1b[K" << std::flush;
  drawn_ = now;
  on_screen_ = true;
}

void progress_bar::clear() {
  if (on_screen_)
    *out_ << "\r\x1b[K" << std::flush;
  on_screen_ = false;
}

} // namespace eventpulse
