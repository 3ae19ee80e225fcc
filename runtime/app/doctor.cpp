// `eventpulse doctor`: what is configured, whether it answers, and what to do.

#include "runtime/adapters/postgres/migrations.hpp"
#include "runtime/adapters/postgres/stores.hpp"
#include "runtime/adapters/redis/factories.hpp"
#include "runtime/app/commands.hpp"
#include "runtime/app/process.hpp"

#include <boost/json.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <iostream>

namespace eventpulse {

namespace json = boost::json;

namespace {

struct finding {
  std::string what;
  bool good = true;
  std::string detail; // what was found
  std::string advice; // what to do; empty when it is good
};

finding of(const std::string& what, const result<void>& outcome,
           const std::string& advice) {
  if (outcome)
    return {what, true, "ok", {}};
  return {what, false, to_string(outcome.error()), advice};
}

finding check_stream(const settings& s) {
  auto log = redis::make_appender(redis_options(s));
  return of("stream takes entries", log->probe(),
            "start Redis, check stream.url, and start a worker, which makes "
            "the stream");
}

finding check_database(const settings& s) {
  auto rules = postgres::make_rule_store(postgres_options(s, {}));
  auto generation = rules->generation();
  if (generation)
    return {"database answers with our schema", true, "ok", {}};
  return {"database answers with our schema", false,
          to_string(generation.error()),
          "start PostgreSQL, check database.url, and run eventpulse migrate"};
}

finding check_secret(const settings& s) {
  finding out{"secrets.key_file is private", true, "ok", {}};
  if (s.secrets.key_file.empty()) {
    out.good = false;
    out.detail = "not set";
    out.advice = "set secrets.key_file to a file of 32 random bytes, or "
                 "channels cannot keep secrets";
    return out;
  }
  if (auto key = read_secret_key(s); !key) {
    out.good = false;
    out.detail = key.error().detail;
    out.advice = "make one: head -c 32 /dev/urandom > FILE; chmod 600 FILE";
    return out;
  }
  struct stat info {};
  if (stat(s.secrets.key_file.c_str(), &info) == 0 &&
      (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    out.good = false;
    out.detail = "others may read it";
    out.advice = "chmod 600 " + s.secrets.key_file;
  }
  return out;
}

void print(const std::vector<finding>& all, bool as_json) {
  json::array items;
  for (auto& f : all) {
    if (as_json)
      items.push_back({{"check", f.what},
                       {"ok", f.good},
                       {"detail", f.detail},
                       {"advice", f.advice}});
    else
      std::cout << (f.good ? "ok    " : "WRONG ") << f.what
                << (f.good ? "" : ": " + f.detail + "\n      " + f.advice)
                << '\n';
  }
  if (as_json)
    std::cout << json::serialize(json::object{{"items", std::move(items)}})
              << '\n';
}

} // namespace

command doctor_command() {
  command out;
  out.name = "doctor";
  out.group = "Look";
  out.summary = "Check the configuration and the servers, and say what to do.";
  out.examples = {"eventpulse doctor --config /etc/eventpulse.yaml"};
  out.flags = {json_flag()};
  out.takes_settings = true;
  out.run = [](const arguments& given) {
    auto s = settings_of(given);
    if (!s) {
      std::cerr << "doctor: " << s.error().detail << '\n';
      return exit_code::usage;
    }
    if (auto both = require_servers(*s); !both) {
      std::cerr << "doctor: " << both.error().detail << '\n';
      return exit_code::usage;
    }
    std::vector<finding> all{check_database(*s), check_stream(*s),
                             check_secret(*s)};
    print(all, given.has("json"));
    bool good =
        std::all_of(all.begin(), all.end(), [](auto& f) { return f.good; });
    return good ? exit_code::ok : exit_code::failed;
  };
  return out;
}

} // namespace eventpulse
