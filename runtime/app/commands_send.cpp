// `eventpulse send`: events from files or standard input, each kept once
// whatever happens on the way.

#include "runtime/app/api_client.hpp"
#include "runtime/app/commands.hpp"
#include "runtime/app/progress.hpp"
#include "runtime/app/send.hpp"
#include "runtime/app/send_journal.hpp"
#include "runtime/app/setting_values.hpp"
#include "runtime/app/system_world.hpp"
#include "runtime/core/base/hash.hpp"

#include <array>
#include <csignal>
#include <ctime>
#include <iostream>
#include <optional>

namespace eventpulse {

namespace json = boost::json;

namespace {

constexpr size_t rejections_shown_max = 1000; // in --json, of one file

constexpr std::chrono::milliseconds wait_min{0};
constexpr std::chrono::hours wait_max{24 * 7};

volatile std::sig_atomic_t interrupted = 0;

/// The first Ctrl-C ends after the block that is under way, the second at once.
void on_interrupt(int number) {
  interrupted = 1;
  std::signal(number, SIG_DFL);
}

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_interrupt; // no SA_RESTART: reading stops, too
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void wait_for(std::chrono::milliseconds time) {
  const auto s = std::chrono::floor<std::chrono::seconds>(time);
  timespec span{s.count(),
                static_cast<long>(std::chrono::nanoseconds(time - s).count())};
  while (!interrupted && nanosleep(&span, &span) != 0) {
  }
}

std::string text_of(const json::object& object, const char* name) {
  auto* found = object.if_contains(name);
  return found && found->is_string() ? std::string(found->as_string()) : "";
}

/// "events.ndjson:17: the event is not valid; /type is missing". A single fault
/// may be the detail already.
std::string sentence(const std::string& file, uint64_t line,
                     const json::object& problem) {
  auto out = file + ':' + std::to_string(line) + ": ";
  auto detail = text_of(problem, "detail");
  out += detail.empty() ? text_of(problem, "title") : detail;
  auto* errors = problem.if_contains("errors");
  if (errors && errors->is_array())
    for (auto& item : errors->as_array())
      if (auto* one = item.if_object();
          one && text_of(*one, "detail") != detail)
        out += "; " + text_of(*one, "pointer") + ' ' + text_of(*one, "detail");
  return out;
}

std::string new_session(world& surroundings) {
  std::array<uint8_t, 10> random{};
  surroundings.random(random.data(), random.size());
  return "send-" + uuid_v7(surroundings.now_ms(), random);
}

class sending {
public:
  sending(api_client api, const arguments& given,
          std::optional<send_journal> journal, std::chrono::milliseconds wait)
      : api_(std::move(api)), as_json_(given.has("json")),
        quiet_(given.has("quiet")), journal_(std::move(journal)),
        bar_(progress_bar::on_terminal()) {
    setup_.session = journal_ ? journal_->session() : new_session(*world_);
    setup_.patience = wait;
    setup_.post = [this](const line_block& block, const std::string& key) {
      return post(block, key);
    };
    setup_.wait = wait_for;
    setup_.now_ms = [this] { return world_->now_ms(); };
    setup_.chance = [this] {
      uint32_t out = 0;
      world_->random(&out, sizeof out);
      return static_cast<double>(out) / 4294967296.0;
    };
    setup_.stopping = [] { return interrupted != 0; };
    setup_.rejected = [this](uint64_t line, const json::object& problem) {
      rejected(line, problem);
    };
    setup_.waiting = [this](const failure& why, std::chrono::milliseconds ms) {
      say(file_ + ": " + why.detail + "; trying again in " +
          std::to_string((ms.count() + 999) / 1000) + "s");
    };
    setup_.decided = [this](const send_totals& totals) -> result<void> {
      show(totals);
      return journal_ ? journal_->note(file_, totals) : result<void>{};
    };
  }

  /// An exit code.
  int send(const std::string& path) {
    file_ = path;
    rejections_.clear();
    send_outcome out;
    if (journal_)
      out.totals = journal_->of(path);
    auto source = line_source::open(path);
    auto ready = source ? source->skip_to(out.totals.lines + 1)
                        : result<void>(source.error());
    if (!ready) {
      say("send: " + ready.error().detail);
      return exit_code_of(ready.error().code);
    }
    source_ = &*source;
    out = send_lines(*source, setup_, out.totals);
    source_ = nullptr;
    conclude(out);
    if (!out.why)
      return out.totals.rejected ? exit_code::failed : exit_code::ok;
    return out.why->code == errc::shutting_down ? exit_code::interrupted
                                                : exit_code_of(out.why->code);
  }

private:
  result<block_answer> post(const line_block& block, const std::string& key) {
    auto answer = api_.exchange(
        "POST", "/v1/events",
        {{"Content-Type", "application/x-ndjson"}, {"Idempotency-Key", key}},
        block.text);
    if (!answer)
      return answer.error();
    return block_answer{answer->status,
                        std::string(http::find_header(*answer, "Retry-After")),
                        std::move(answer->body)};
  }

  void say(const std::string& line) {
    bar_.clear();
    std::cerr << line << std::endl;
  }

  void rejected(uint64_t line, const json::object& problem) {
    if (!quiet_ && !as_json_)
      say(sentence(file_, line, problem));
    if (as_json_ && rejections_.size() < rejections_shown_max)
      rejections_.push_back({{"line", line}, {"problem", problem}});
  }

  void show(const send_totals& totals) {
    bar_.show({file_ == "-" ? "standard input" : file_, source_->bytes_read(),
               source_->bytes_total(), totals.accepted + totals.rejected});
  }

  void conclude(const send_outcome& out) {
    bar_.clear();
    auto& t = out.totals;
    if (as_json_) {
      json::object line{{"file", file_},
                        {"lines", t.lines},
                        {"accepted", t.accepted},
                        {"rejected", t.rejected},
                        {"rejections", std::exchange(rejections_, {})}};
      if (out.why)
        line["stopped"] = out.why->detail;
      std::cout << json::serialize(line) << std::endl;
    } else {
      std::cout << file_ << ": " << t.accepted << " accepted, " << t.rejected
                << " rejected" << std::endl;
    }
    if (out.why)
      say("send: " + file_ + ": " + out.why->detail + "; the lines from " +
          std::to_string(t.lines + 1) + " on are not decided" +
          (journal_ ? "; the same command goes on there" : ""));
  }

  std::shared_ptr<world> world_ = system_world();
  api_client api_;
  bool as_json_;
  bool quiet_;
  std::optional<send_journal> journal_;
  progress_bar bar_;
  send_setup setup_;
  std::string file_;
  line_source* source_ = nullptr;
  json::array rejections_;
};

int usage(const std::string& what) {
  std::cerr << "send: " << what << '\n';
  return exit_code::usage;
}

int send_files(const arguments& given) {
  auto files = given.positional();
  if (files.empty())
    files.emplace_back("-");
  auto wait =
      setting_values::parse_duration(given.get("wait"), wait_min, wait_max);
  if (!wait)
    return usage("--wait: '" + given.get("wait") + "' is not " +
                 wait.error().detail);
  std::optional<send_journal> journal;
  if (given.has("resume")) {
    for (auto& file : files)
      if (file == "-")
        return usage("--resume needs files; standard input cannot be read "
                     "again from where it was");
    auto opened =
        send_journal::open(given.get("resume"), new_session(*system_world()));
    if (!opened)
      return usage(opened.error().detail);
    journal = std::move(*opened);
  }
  auto api = api_client::of(given);
  if (!api) {
    std::cerr << "send: " << api.error().detail << '\n';
    return exit_code_of(api.error().code);
  }
  catch_interrupts();
  sending all(std::move(*api), given, std::move(journal), *wait);
  int worst = exit_code::ok;
  for (auto& file : files) {
    const auto code = all.send(file);
    worst = std::max(worst, code);
    // Rejected lines are that file's affair; what else failed will fail again.
    if (code == exit_code::unavailable || code == exit_code::interrupted)
      break;
  }
  return worst;
}

} // namespace

command send_command() {
  command out;
  out.name = "send";
  out.group = "Events";
  out.summary = "Send events from files or standard input.";
  out.operands = "[FILE...]";
  out.operands_max = 10'000;
  out.help =
      "Reads newline-delimited JSON, an event a line, plain or gzip, from the "
      "files or\nfrom standard input ('-'), and sends it as it is read. A "
      "plain event needs only a\n\"type\"; \"source\", \"id\", \"time\" and "
      "\"data\" are the others people use.\n\n"
      "Nothing is lost or doubled on the way: what was not answered is sent "
      "again under\nthe same ids. While the server says 503 or 429, or is "
      "away, it waits as long as\nRetry-After asks and tries again. Lines that "
      "are no events are told as\nFILE:LINE: WHY on standard error; the rest "
      "is sent all the same.\n\n"
      "Exits with 0 when every line was accepted, 1 when some were rejected "
      "or a file\ncannot be read, 3 when the server could not take it in time, "
      "130 after Ctrl-C.";
  out.examples = {
      "echo '{\"type\":\"order.placed\",\"data\":{\"total\":12}}' | "
      "eventpulse send",
      "eventpulse send events.ndjson more.ndjson.gz",
      "tail -f app.ndjson | eventpulse send",
      "eventpulse send --resume big.progress big.ndjson.gz   # again after a "
      "crash: goes on",
      "jq -c '.[]' array.json | eventpulse send"};
  out.flags = api_flags();
  out.flags.push_back({"wait", "DURATION",
                       "How long to try again a server that cannot take "
                       "events; 0s: not at all.",
                       "2m", false, ""});
  out.flags.push_back({"resume", "FILE",
                       "Keep in it how far each file is sent, and go on from "
                       "there.",
                       "", false, ""});
  out.flags.push_back({"quiet", "",
                       "Do not print the lines that were rejected.", "", false,
                       ""});
  out.flags.push_back(json_flag());
  out.run = send_files;
  return out;
}

} // namespace eventpulse
