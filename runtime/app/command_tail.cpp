// `eventpulse tail`: the live feed on a terminal or in a pipe. It connects
// again where the connection is lost and goes on where it was.

#include "messages/web_socket.hpp"
#include "runtime/adapters/http/web_socket_client.hpp"
#include "runtime/app/api_client.hpp"
#include "runtime/app/commands.hpp"
#include "runtime/app/live_lines.hpp"

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <iostream>

namespace eventpulse {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto look_interval = 200ms; // at what a signal has left
constexpr std::chrono::milliseconds back_off_min = 200ms;
constexpr std::chrono::milliseconds back_off_max = 5s;

// Names of flags that are query parameters of the same name.
constexpr std::array<const char*, 10> parameters{
    "topics",   "type", "source", "subject", "where",
    "severity", "rule", "state",  "channel", "after"};

// A handler can do no more than this.
volatile sig_atomic_t asked_to_end = 0;

void on_signal(int) {
  asked_to_end = 1;
}

void catch_signals() {
  struct sigaction act {};
  act.sa_handler = on_signal;
  sigaction(SIGINT, &act, nullptr);
  sigaction(SIGTERM, &act, nullptr);
  // Whoever reads the pipe may go first; then writing fails, and that is seen.
  signal(SIGPIPE, SIG_IGN);
}

size_t terminal_columns() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
    return 0;
  return size.ws_col;
}

class tail {
public:
  tail(const arguments& given, api_client api)
      : api_(std::move(api)), as_json_(given.has("json")),
        on_terminal_(isatty(STDOUT_FILENO) == 1) {
    for (auto* name : parameters)
      if (auto value = given.get(name); !value.empty()) {
        if (std::string_view{name} == "after")
          cursor_ = value;
        else
          query_ += std::string(query_.empty() ? "?" : "&") + name + '=' +
                    query_value(value);
      }
  }

  int run(uint64_t count_max) {
    bool first = true;
    auto delay = back_off_min;
    while (!ended(count_max)) {
      auto opened = connect();
      if (opened == outcome::refused || (first && opened == outcome::lost)) {
        std::cerr << "tail: " << said_ << '\n';
        return opened == outcome::lost ? exit_code::unavailable
                                       : exit_code::failed;
      }
      if (opened == outcome::open) {
        first = false;
        delay = back_off_min;
        if (follow(count_max) == outcome::refused) {
          std::cerr << "tail: " << said_ << '\n';
          return exit_code::failed;
        }
      }
      if (ended(count_max))
        break;
      std::cerr << "tail: " << said_ << "; connecting again\n";
      wait(delay);
      delay = std::min(delay * 2, back_off_max);
    }
    return exit_code::ok;
  }

private:
  enum class outcome { open, lost, refused };

  bool ended(uint64_t count_max) const {
    return asked_to_end || !std::cout || (count_max && count_ >= count_max);
  }

  outcome connect() {
    auto path = "/v1/live" + query_;
    if (!cursor_.empty())
      path += (query_.empty() ? "?after=" : "&after=") + query_value(cursor_);
    auto answer = api_.follow(socket_, path);
    if (answer)
      return outcome::open;
    said_ = answer.error().detail;
    return retryable(answer.error().code) ? outcome::lost : outcome::refused;
  }

  outcome follow(uint64_t count_max) {
    while (!ended(count_max)) {
      if (auto message = socket_.read(look_interval))
        show(*message);
      else if (!socket_.is_open())
        return lost();
    }
    socket_.close();
    return outcome::open;
  }

  outcome lost() {
    said_ = "the connection was closed";
    if (!socket_.close_reason().empty())
      said_ += ": " + socket_.close_reason();
    if (socket_.close_code() != 0)
      said_ += " (" + std::to_string(socket_.close_code()) + ')';
    // Whatever else it is, coming back may help.
    return socket_.close_code() == close_code::policy ? outcome::refused
                                                      : outcome::lost;
  }

  void show(const std::string& text) {
    boost::system::error_code wrong;
    json::parse_options deep;
    deep.max_depth = 2000; // as deep as events may be, and what is around
    auto parsed = json::parse(text, wrong, {}, deep);
    auto* message = wrong ? nullptr : parsed.if_object();
    if (!message)
      return;
    if (auto* cursor = message->if_contains("cursor"))
      cursor_ = std::string(cursor->as_string());
    if (message->at("topic") == "live") // ready, progress
      return;
    ++count_;
    if (as_json_)
      std::cout << text << '\n';
    else
      std::cout << live_line(*message, look()) << '\n';
    std::cout.flush();
  }

  live_line_options look() const {
    live_line_options out;
    if (!on_terminal_)
      return out;
    out.columns = terminal_columns();
    auto* none = std::getenv("NO_COLOR");
    out.colours = !none || !*none;
    return out;
  }

  static void wait(std::chrono::milliseconds time) {
    for (; time > 0ms && !asked_to_end; time -= look_interval)
      ::usleep(static_cast<useconds_t>(
          std::chrono::microseconds(
              std::min<std::chrono::milliseconds>(time, look_interval))
              .count()));
  }

  api_client api_;
  http::web_socket_client socket_;
  std::string query_;
  std::string cursor_;
  std::string said_; // what ended the connection
  bool as_json_;
  bool on_terminal_;
  uint64_t count_ = 0;
};

int run_tail(const arguments& given) {
  uint64_t count = 0;
  auto text = given.get("count");
  auto [end, wrong] =
      std::from_chars(text.data(), text.data() + text.size(), count);
  if (wrong != std::errc{} || end != text.data() + text.size()) {
    std::cerr << "tail: --count must be a number\n";
    return exit_code::usage;
  }
  auto api = api_client::of(given);
  if (!api) {
    std::cerr << "tail: " << api.error().detail << '\n';
    return exit_code::failed;
  }
  catch_signals();
  return tail(given, std::move(*api)).run(count);
}

} // namespace

command tail_command() {
  command out;
  out.name = "tail";
  out.group = "Events";
  out.summary = "Show events, alerts and more as they happen.";
  out.help =
      "Follows the live feed until Ctrl-C. A connection that is lost is made "
      "again, and\nnothing is missed or shown twice meanwhile. With --json "
      "each "
      "line holds a cursor;\n--after goes on from it.\n\nA filter concerns the "
      "topics that have what it names: type, source, subject and\nwhere are "
      "for "
      "events, severity and state for alerts, rule for alerts and rules,\n"
      "channel for deliveries.";
  out.examples = {"eventpulse tail",
                  "eventpulse tail --topics events --where "
                  "'event.data.total > 100'",
                  "eventpulse tail --topics alerts,deliveries --severity "
                  "critical --json"};
  out.flags = api_flags();
  out.flags.push_back(json_flag());
  const auto add = [&](const char* name, const char* value, const char* meaning,
                       const char* fallback = "") {
    out.flags.push_back({name, value, meaning, fallback, false, ""});
  };
  add("topics", "LIST",
      "What to follow: events, alerts, deliveries, rules, system.",
      "events,alerts");
  add("type", "TYPE", "Events of this type.");
  add("source", "SOURCE", "Events of this source.");
  add("subject", "SUBJECT", "Events of this subject.");
  add("where", "CEL", "Events for which this holds.");
  add("rule", "ID", "Alerts and changes of this rule.");
  add("severity", "NAME", "Alerts of this severity.");
  add("state", "NAME", "Alerts in this state: firing or resolved.");
  add("channel", "ID", "Deliveries to this channel.");
  add("after", "CURSOR", "Go on after this cursor, instead of from now on.");
  add("count", "N", "End after so many messages; 0 is never.", "0");
  out.run = run_tail;
  return out;
}

} // namespace eventpulse
