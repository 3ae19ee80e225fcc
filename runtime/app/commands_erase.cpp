// `eventpulse erase`: privacy. Takes the content of the events of one subject
// (or source, or id) out of everything that EventPulse keeps, says what went
// and what is left, and records that it was done without saying of whom.

#include "runtime/adapters/postgres/eraser.hpp"
#include "runtime/adapters/redis/eraser.hpp"
#include "runtime/app/api_client.hpp"
#include "runtime/app/commands.hpp"
#include "runtime/app/local_servers.hpp"
#include "runtime/app/process.hpp"
#include "runtime/app/user_identity.hpp"
#include "runtime/core/intake/stream_entry.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <iostream>
#include <thread>

namespace eventpulse {

namespace json = boost::json;

namespace {

using namespace std::chrono_literals;

// How long the worker may take to persist what was just accepted.
constexpr auto patience = 15s;
constexpr auto look_every = 250ms;

erase_selector selector_of(const arguments& given) {
  erase_selector out;
  const auto take = [&](const char* flag, std::optional<std::string>& into) {
    if (given.has(flag) && !given.get(flag).empty())
      into = given.get(flag);
  };
  take("subject", out.subject);
  take("source", out.source);
  take("id", out.id);
  return out;
}

bool is_wanted_entry(const erase_selector& what, const stream_fields& fields) {
  auto content = intake::decode(fields);
  if (content) {
    auto* event = std::get_if<intake::accepted_event>(&*content);
    return event && selects(what, event->document);
  }
  std::string bytes; // it will be a dead letter
  for (auto& [name, value] : fields)
    bytes += name + '\n' + value + '\n';
  return mentions(what, bytes);
}

bool is_wanted_refusal(const erase_selector& what,
                       const stream_fields& fields) {
  std::string bytes;
  for (auto& [name, value] : fields)
    bytes += value + '\n';
  return mentions(what, bytes);
}

class erasure {
public:
  erasure(const settings& s, erase_selector what)
      : what_(std::move(what)), rows_(postgres_options(s, {})),
        entries_(redis_options(s)) {}

  result<erase_report> look() {
    auto found = rows_.find(what_);
    if (!found)
      return found;
    auto tails = rows_.tails();
    if (!tails)
      return tails.error();
    for (auto& tail : *tails) {
      auto counted = entries_.count(tail, entry_matcher());
      if (!counted)
        return counted.error();
      found->stream_entries += counted->gone + counted->left;
    }
    auto quarantined = entries_.count_quarantined(refusal_matcher());
    if (!quarantined)
      return quarantined.error();
    found->quarantined = *quarantined;
    return found;
  }

  /// The stream first: what is in it becomes rows until it is out of it.
  result<erase_report> run(std::string& notes) {
    erase_report out;
    if (auto done = empty_stream(out); !done)
      return done.error();
    auto quarantined = entries_.erase_quarantined(refusal_matcher());
    if (!quarantined)
      return quarantined.error();
    auto found = rows_.find(what_);
    if (!found)
      return found;
    if (auto done = rows_.erase(); !done)
      return done.error();
    found->stream_entries = out.stream_entries;
    found->stream_left = out.stream_left;
    found->quarantined = *quarantined;
    if (auto done = rows_.record("command line, " + current_user().name,
                                 pseudonym(what_),
                                 json::serialize(report_json(*found)));
        !done)
      return done.error();
    note(notes, "PostgreSQL frees the space later", rows_.vacuum());
    if (found->stream_entries + found->quarantined > 0)
      note(notes, "Redis rewrites its file later", entries_.rewrite());
    return found;
  }

  static json::object report_json(const erase_report& r) {
    return {{"events", r.events},
            {"alerts", r.alerts},
            {"alerts_open", r.alerts_open},
            {"deliveries", r.deliveries},
            {"deliveries_unsent", r.unsent},
            {"dead_letters", r.dead_letters},
            {"stream_entries", r.stream_entries},
            {"stream_entries_left", r.stream_left},
            {"refused_requests", r.quarantined},
            {"rule_groups_left", r.rule_groups}};
  }

private:
  result<void> empty_stream(erase_report& out) {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
      auto tails = rows_.tails();
      if (!tails)
        return tails.error();
      out.stream_left = 0;
      for (auto& tail : *tails) {
        auto erased = entries_.erase(tail, entry_matcher());
        if (!erased)
          return erased.error();
        out.stream_entries += erased->gone;
        out.stream_left += erased->left;
      }
      if (out.stream_left == 0 || std::chrono::steady_clock::now() >= until)
        return {};
      std::this_thread::sleep_for(look_every); // for the worker's next commit
    }
  }

  static void note(std::string& notes, const char* what,
                   const result<void>& done) {
    if (!done)
      notes += std::string{what} + ": " + to_string(done.error()) + '\n';
  }

  redis::eraser::matcher entry_matcher() const {
    return [this](const stream_fields& f) { return is_wanted_entry(what_, f); };
  }
  redis::eraser::matcher refusal_matcher() const {
    return
        [this](const stream_fields& f) { return is_wanted_refusal(what_, f); };
  }

  erase_selector what_;
  postgres::eraser rows_;
  redis::eraser entries_;
};

void print(const erase_report& r, bool dry) {
  const auto line = [](uint64_t count, const char* what) {
    if (count > 0)
      std::cout << "  " << count << ' ' << what << '\n';
  };
  std::cout << (dry ? "would erase:\n" : "erased:\n");
  std::cout << "  " << r.events << " events\n";
  line(r.stream_entries, "entries of the stream");
  line(r.quarantined, "refused requests in Redis");
  line(r.alerts, "copies in resolved alerts");
  line(r.deliveries, "bodies of deliveries");
  line(r.unsent, "of these deliveries given up unsent");
  line(r.dead_letters, "dead letters");
  if (r.is_complete())
    return;
  std::cout << (dry ? "would be left for now:\n" : "left for now:\n");
  line(r.alerts_open, "alerts that are open: erase again when they are "
                      "resolved");
  line(r.stream_left, "entries of the stream: erase again when a worker has "
                      "persisted something after them");
  line(r.rule_groups, "groups in the state of rules: they go when their "
                      "windows have passed");
}

int run_erase(const arguments& given) {
  auto what = selector_of(given);
  if (what.values().empty()) {
    std::cerr << "erase: say whose events: --subject, --source or --id\n";
    return exit_code::usage;
  }
  auto s = settings_with_servers(given);
  if (!s) {
    std::cerr << "erase: " << s.error().detail << '\n';
    return exit_code::usage;
  }
  const bool dry = given.has("dry-run");
  erasure work{*s, what};
  std::string notes;
  auto done = dry ? work.look() : work.run(notes);
  if (!done) {
    std::cerr << "erase: " << to_string(done.error()) << '\n';
    return exit_code_of(done.error().code);
  }
  if (given.has("json")) {
    auto out = erasure::report_json(*done);
    out["dry_run"] = dry;
    out["complete"] = done->is_complete();
    std::cout << json::serialize(out) << '\n';
  } else {
    print(*done, dry);
  }
  std::cerr << notes;
  return dry || done->is_complete() ? exit_code::ok : exit_code::failed;
}

} // namespace

command erase_command() {
  command out;
  out.name = "erase";
  out.group = "Keep it";
  out.summary = "Erase the content of one subject's events everywhere.";
  out.help =
      "Takes payload, subject and extensions out of the events whose "
      "attributes are all\nequal to those given, with the copies in the "
      "stream, in resolved alerts, in\ndeliveries (what is not sent yet is "
      "given up) and in dead letters. An event's\nrow stays with its source, "
      "id, type and times. Recorded in the table audit by\nSHA-256. Backups "
      "and the write-ahead log of PostgreSQL keep what they hold.\nExit code "
      "1 where something is left for now; what it is is said.";
  out.examples = {"eventpulse erase --subject user-17 --dry-run",
                  "eventpulse erase --subject user-17",
                  "eventpulse erase --source /shop --id 4711 --json"};
  out.flags = {
      {"subject", "TEXT", "The events' subject.", "", false, ""},
      {"source", "TEXT", "The events' source.", "", false, ""},
      {"id", "TEXT", "The event's id.", "", false, ""},
      {"dry-run", "", "Change nothing, say what would go.", "", false, ""},
      data_flag(),
      json_flag()};
  out.takes_settings = true;
  out.run = run_erase;
  return out;
}

} // namespace eventpulse
