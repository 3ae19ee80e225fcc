// The commands that run EventPulse: intake, worker, migrate, version.

#include "runtime/adapters/postgres/migrations.hpp"
#include "runtime/app/api_client.hpp"
#include "runtime/app/commands.hpp"
#include "runtime/app/intake.hpp"
#include "runtime/app/process.hpp"
#include "runtime/app/worker.hpp"

#include <iostream>

namespace eventpulse {

namespace {

/// The settings, checked for both servers, handed on; or why not.
int with_settings(const arguments& given, const char* name,
                  const std::function<int(const settings&)>& run) {
  auto s = settings_of(given);
  if (!s) {
    std::cerr << name << ": " << s.error().detail << '\n';
    return exit_code::usage;
  }
  if (auto both = require_servers(*s); !both) {
    std::cerr << name << ": " << both.error().detail << '\n';
    return exit_code::usage;
  }
  return run(*s);
}

} // namespace

command intake_command() {
  command out;
  out.name = "intake";
  out.group = "Run it";
  out.summary = "Take events over HTTP and serve the control API.";
  out.help = "The process that HTTP clients talk to. It adds events to the "
             "Redis stream and\nanswers when Redis has. Any number may run; "
             "it goes on while PostgreSQL is down.";
  out.examples = {"eventpulse intake --config /etc/eventpulse.yaml"};
  out.takes_settings = true;
  out.run = [](const arguments& given) {
    return with_settings(given, "intake",
                         [](const settings& s) { return run_intake(s); });
  };
  return out;
}

command worker_command() {
  command out;
  out.name = "worker";
  out.group = "Run it";
  out.summary = "Persist events, evaluate rules and deliver alerts.";
  out.help =
      "The process behind the stream: insert, acknowledge, evaluate, in that "
      "order.\nThe first worker holds the leases; others stand by and take "
      "over when it ends.";
  out.examples = {"eventpulse worker --config /etc/eventpulse.yaml"};
  out.flags = {{"ready-file", "FILE", "Written once evaluation is live.", "",
                false, ""}};
  out.takes_settings = true;
  out.run = [](const arguments& given) {
    return with_settings(given, "worker", [&](const settings& s) {
      return run_worker(s, given.get("ready-file"));
    });
  };
  return out;
}

command migrate_command() {
  command out;
  out.name = "migrate";
  out.group = "Run it";
  out.summary = "Bring the PostgreSQL schema up to date.";
  out.help = "Applies the numbered migrations that are missing, each in a "
             "transaction, under\nan advisory lock. Refuses a database whose "
             "migrations were changed.";
  out.examples = {"eventpulse migrate --database.url postgresql:///eventpulse"};
  out.takes_settings = true;
  out.run = [](const arguments& given) {
    auto s = settings_of(given);
    if (!s || s->database.url.empty()) {
      std::cerr << "migrate: " << (s ? "set database.url" : s.error().detail)
                << '\n';
      return exit_code::usage;
    }
    auto applied = postgres::migrate(database_conninfo(*s));
    if (!applied) {
      std::cerr << "migrate: " << to_string(applied.error()) << '\n';
      return exit_code_of(applied.error().code);
    }
    for (auto& name : *applied)
      std::cout << "applied " << name << '\n';
    if (applied->empty())
      std::cout << "the schema is up to date\n";
    return exit_code::ok;
  };
  return out;
}

command version_command() {
  command out;
  out.name = "version";
  out.group = "Look";
  out.summary = "Print the version.";
  out.flags = {json_flag()};
  out.run = [](const arguments& given) {
    if (given.has("json"))
      std::cout << "{\"version\":\"" EVENTPULSE_VERSION "\"}\n";
    else
      std::cout << "eventpulse " EVENTPULSE_VERSION "\n";
    return exit_code::ok;
  };
  return out;
}

} // namespace eventpulse
