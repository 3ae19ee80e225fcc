// `eventpulse top`: how the installation stands, again and again.

#include "runtime/app/api_client.hpp"
#include "runtime/app/commands.hpp"
#include "runtime/app/system_view.hpp"
#include "runtime/core/base/time.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <thread>

namespace eventpulse {

namespace json = boost::json;

namespace {

constexpr int64_t interval_min_ms = 100;
constexpr int64_t interval_max_ms = 3'600'000;

struct screen {
  size_t rows = 0; // 0: it is no terminal
  size_t columns = 120;
};

screen screen_now() {
  screen out;
  winsize size{};
  if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
      size.ws_row > 2 && size.ws_col > 20)
    out = {size.ws_row, size.ws_col};
  return out;
}

/// The first lines, over what stood there before, without flicker: each line
/// clears its own rest, the last one everything below.
void paint(const std::string& text, size_t rows) {
  std::string out = "\x1b[H";
  size_t from = 0;
  for (size_t row = 1; row < rows && from < text.size(); ++row) {
    auto end = text.find('\n', from);
    out += text.substr(from, end - from) + "\x1b[K\n";
    from = end + 1;
  }
  std::cout << out << "\x1b[J" << std::flush;
}

int run_top(const arguments& given) {
  auto interval = parse_duration_ms(given.get("interval"));
  if (!interval || *interval < interval_min_ms || *interval > interval_max_ms) {
    std::cerr << "top: --interval must be a duration from 100ms to 1h\n";
    return exit_code::usage;
  }
  auto api = api_client::of(given);
  if (!api) {
    std::cerr << "top: " << api.error().detail << '\n';
    return exit_code_of(api.error().code);
  }
  bool is_terminal = screen_now().rows > 0;
  bool is_once = given.has("once") || (!is_terminal && !given.has("interval"));
  system_view view({is_terminal, screen_now().columns});
  for (bool is_first = true;; is_first = false) {
    auto answer = api->call("GET", "/v1/system");
    if (!answer && (is_once || is_first)) {
      std::cerr << "top: " << answer.error().detail << '\n';
      return exit_code_of(answer.error().code);
    }
    std::string text;
    if (!answer)
      text = "no answer: " + answer.error().detail + '\n';
    else if (given.has("json"))
      text = json::serialize(*answer) + '\n';
    else
      text = view.render(*answer);
    if (is_terminal && !is_once && !given.has("json"))
      paint((is_first ? "\x1b[2J" : "") + text, screen_now().rows);
    else
      (answer ? std::cout : std::cerr) << text << std::flush;
    if (is_once || !std::cout)
      return exit_code::ok;
    std::this_thread::sleep_for(std::chrono::milliseconds(*interval));
  }
}

} // namespace

command top_command() {
  command out;
  out.name = "top";
  out.group = "Run it";
  out.summary = "Show processes, actors, partitions and lags, live.";
  out.help =
      "Every process with its supervision tree: states, restarts, last errors, "
      "mailboxes;\npartitions with their owners and lags; how far evaluation "
      "and delivery are. Where\nstandard output is no terminal it prints once, "
      "unless --interval is given. The key\nneeds admin.";
  out.examples = {"eventpulse top", "eventpulse top --once",
                  "eventpulse top --json --once | jq .evaluation"};
  out.flags = api_flags();
  out.flags.push_back(
      {"interval", "DURATION", "How often it looks.", "2s", false, ""});
  out.flags.push_back({"once", "", "Look once and end.", "", false, ""});
  out.flags.push_back(json_flag());
  out.run = run_top;
  return out;
}

} // namespace eventpulse
