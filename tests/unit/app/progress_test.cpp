#define CAF_SUITE app_progress
#include <caf/test/unit_test.hpp>

#include "runtime/app/progress.hpp"

#include <sstream>

using namespace eventpulse;
using namespace std::chrono_literals;

namespace {

progress half() {
  progress p;
  p.what = "events.ndjson";
  p.done = 50;
  p.total = 100;
  p.items = 1'234'567;
  p.elapsed = 10s;
  return p;
}

} // namespace

CAF_TEST(a bar shows share count rate and what is left) {
  CAF_CHECK_EQUAL(progress_line(half(), 200),
                  "events.ndjson [##########..........]  50 %  "
                  "1,234,567 events  123,456/s  10s left");
}

CAF_TEST(without a total there is no bar) {
  auto p = half();
  p.total = std::nullopt;
  CAF_CHECK_EQUAL(progress_line(p, 200),
                  "events.ndjson  1,234,567 events  123,456/s");
}

CAF_TEST(bounds of a bar hold) {
  auto p = half();
  p.done = 0;
  CAF_CHECK(progress_line(p, 200).find("[....................]   0 %") !=
            std::string::npos);
  p.done = 1000; // the file grew
  CAF_CHECK(progress_line(p, 200).find("[####################] 100 %") !=
            std::string::npos);
  p.total = 0;
  CAF_CHECK(progress_line(p, 200).find('[') == std::string::npos);
  CAF_CHECK_EQUAL(progress_line(half(), 20).size(), 20u);
}

CAF_TEST(long times and names are short) {
  auto p = half();
  p.what = std::string(100, 'a') + ".ndjson";
  p.done = 1;
  p.elapsed = 60s;
  const auto line = progress_line(p, 200);
  CAF_CHECK(line.starts_with("...aaa"));
  CAF_CHECK(line.ends_with("1h39m left"));
}

CAF_TEST(it is drawn at most ten times a second and only on a terminal) {
  auto now = progress_bar::clock::time_point{};
  std::ostringstream out;
  progress_bar bar(out, true, 80, [&] { return now; });
  for (int i = 0; i < 50; ++i) {
    bar.show(half());
    now += 10ms;
  }
  size_t drawn = 0;
  for (char c : out.str())
    drawn += c == '\r';
  CAF_CHECK_EQUAL(drawn, 5u);
  bar.clear();
  CAF_CHECK(out.str().ends_with("\r\x1b[K"));
  std::ostringstream nothing;
  progress_bar hidden(nothing, false, 80, [&] { return now; });
  hidden.show(half());
  hidden.clear();
  CAF_CHECK_EQUAL(nothing.str(), "");
}
