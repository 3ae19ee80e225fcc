#define CAF_SUITE app_settings
#include <caf/test/unit_test.hpp>

#include "runtime/app/setting_table.hpp"
#include "runtime/app/settings.hpp"
#include "tests/support/source_tree.hpp"
#include "tests/unit/app/scratch.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

using namespace eventpulse;
using namespace std::chrono_literals;

namespace {

std::string refusal(const std::string& yaml) {
  settings out;
  const auto done = read_settings_text(yaml, "c.yaml", out);
  return done ? "" : done.error().detail;
}

std::string refusal(const settings_sources& sources) {
  const auto loaded = load_settings(sources);
  return loaded ? "" : loaded.error().detail;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

CAF_TEST(the documented file lists exactly the settings with their defaults) {
  const auto root = eventpulse::testing::source_tree();
  std::ifstream in{root / "config/eventpulse.yaml"};
  CAF_REQUIRE(in.good());
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  CAF_CHECK(text == documented_settings_file());
  settings read;
  CAF_CHECK_EQUAL(refusal(text), "");
  CAF_REQUIRE(read_settings_text(text, "eventpulse.yaml", read).ok());
  for (const auto& s : setting_table())
    CAF_CHECK_EQUAL(s.name() + "=" + s.show(read),
                    s.name() + "=" + s.show(settings{}));
}

CAF_TEST(every setting reads back what it shows) {
  std::set<std::string> names;
  for (const auto& s : setting_table()) {
    CAF_CHECK(names.insert(s.variable()).second);
    settings out;
    const auto shown = s.show(settings{});
    CAF_CHECK(s.parse(out, shown).ok());
    CAF_CHECK_EQUAL(s.show(out), shown);
  }
}

CAF_TEST(defaults are without contradiction) {
  CAF_CHECK_EQUAL(refusal(settings_sources{}), "");
}

CAF_TEST(flags win over the environment and the environment over the file) {
  scratch dir;
  settings_sources from;
  from.file = dir.write("c.yaml", "server: {port: 1, threads: 2}\n"
                                  "intake: {max_depth: 3}\n");
  from.environment = {{"EVENTPULSE_SERVER_PORT", "10"},
                      {"EVENTPULSE_SERVER_THREADS", "20"}};
  from.flags = {{"server.port", "100"}};
  const auto loaded = load_settings(from);
  CAF_REQUIRE(loaded.ok());
  CAF_CHECK_EQUAL(loaded->server.port, 100u);
  CAF_CHECK_EQUAL(loaded->server.threads, 20u);
  CAF_CHECK_EQUAL(loaded->intake.max_depth, 3u);
}

CAF_TEST(values of every type are read) {
  settings out;
  const auto done = read_settings_text("intake: {max_event_bytes: 64KiB}\n"
                                       "lease:\n  ttl: 1m30s\n"
                                       "outbound:\n"
                                       "  allow: [127.0.0.0/8, '::1']\n"
                                       "  retry_schedule: [0s, 2s]\n"
                                       "log: {format: json, level: error}\n",
                                       "c.yaml", out);
  CAF_REQUIRE(done.ok());
  CAF_CHECK_EQUAL(out.intake.max_event_bytes, 65536u);
  CAF_CHECK(out.lease.ttl == 90s);
  CAF_CHECK(out.outbound.allow ==
            (std::vector<std::string>{"127.0.0.0/8", "::1/128"}));
  CAF_CHECK(out.outbound.retry_schedule ==
            (std::vector<std::chrono::milliseconds>{0s, 2s}));
  CAF_CHECK(out.log.format == log_format::json);
  CAF_CHECK(out.log.level == log_level::error);
}

CAF_TEST(an unknown name is refused with its line and the near name) {
  CAF_CHECK_EQUAL(refusal(std::string{"server:\n  prot: 1\n"}),
                  "c.yaml:2: server.prot: no such setting; did you mean "
                  "'server.port'?");
  CAF_CHECK_EQUAL(refusal(std::string{"\nsevrer:\n  port: 1\n"}),
                  "c.yaml:2: sevrer: no such section; did you mean "
                  "'server'?");
  settings_sources from;
  from.environment = {{"EVENTPULSE_SERVER_PROT", "1"}};
  CAF_CHECK_EQUAL(refusal(from),
                  "environment EVENTPULSE_SERVER_PROT: no such setting; did "
                  "you mean 'EVENTPULSE_SERVER_PORT'?");
  from.environment = {{"EVENTPULSE_OUTBUOND_ALLOW", "127.0.0.0/8"}};
  CAF_CHECK_EQUAL(refusal(from),
                  "environment EVENTPULSE_OUTBUOND_ALLOW: no such setting; did "
                  "you mean 'EVENTPULSE_OUTBOUND_ALLOW'?");
  from.environment = {{"EVENTPULSE_SECRET", "x"}};
  CAF_CHECK(holds(refusal(from), "EVENTPULSE_SECRET: no such setting"));
  from.environment.clear();
  from.flags = {{"lease.tll", "1s"}};
  CAF_CHECK_EQUAL(refusal(from), "flag --lease.tll: no such setting; did you "
                                 "mean 'lease.ttl'?");
}

CAF_TEST(variables of others are left alone) {
  settings_sources from;
  from.environment = {{"EVENTPULSE_SERVICE_HOST", "10.0.0.1"},
                      {"EVENTPULSE_PORT", "tcp://10.0.0.1:80"},
                      {"EVENTPULSE_PORT_80_TCP_ADDR", "10.0.0.1"},
                      {"EVENTPULSE_INTAKE_SERVICE_PORT_HTTP", "80"},
                      {"EVENTPULSE_SERVER_PORT", "tcp://10.0.0.1:80"},
                      {"EVENTPULSE_CONFIG", "x"},
                      {"EVENTPULSE_URL", "http://h"},
                      {"EVENTPULSE_KEY", "ep_x"},
                      {"EVENTPULSE_SEEDS", "9"}};
  CAF_CHECK_EQUAL(refusal(from), "");
}

CAF_TEST(a bad value is refused with what was expected) {
  CAF_CHECK_EQUAL(refusal(std::string{"server:\n  port: 65536\n"}),
                  "c.yaml:2: server.port: '65536' is not a whole number from "
                  "0 to 65535");
  CAF_CHECK(holds(refusal(std::string{"server: {port: -1}"}), "'-1' is not"));
  CAF_CHECK(holds(refusal(std::string{"server: {port: [1, [2]]}"}),
                  "a number is expected"));
  CAF_CHECK(holds(refusal(std::string{"lease: {ttl: soon}"}),
                  "'soon' is not a duration from"));
  CAF_CHECK(holds(refusal(std::string{"intake: {max_event_bytes: 1e3}"}),
                  "'1e3' is not a size from 1KiB to 16MiB"));
  CAF_CHECK(holds(refusal(std::string{"intake: {max_event_bytes: "
                                      "99999999999TiB}"}),
                  "is not a size"));
  CAF_CHECK(holds(refusal(std::string{"outbound: {allow: [10.0.0.1/8]}"}),
                  "bits are set beyond its length"));
  CAF_CHECK(holds(refusal(std::string{"outbound: {allow: localhost}"}),
                  "is not an address range"));
  CAF_CHECK(holds(refusal(std::string{"log: {level: loud}"}),
                  "is not debug, info, warn"));
}

CAF_TEST(limits hold at n and not at n plus one) {
  settings out;
  const auto* depth = find_setting("intake.max_depth");
  CAF_REQUIRE(depth != nullptr);
  CAF_CHECK(depth->parse(out, "1000").ok());
  CAF_CHECK(!depth->parse(out, "1001").ok());
  CAF_CHECK(depth->parse(out, "1").ok());
  CAF_CHECK(!depth->parse(out, "0").ok());
}

CAF_TEST(what is not a file of settings is refused) {
  CAF_CHECK(holds(refusal(std::string{"- a\n"}), "a mapping of sections"));
  CAF_CHECK(holds(refusal(std::string{"server: 1\n"}), "a mapping of"));
  CAF_CHECK(holds(refusal(std::string{"server: {port: 1\n"}), "not YAML"));
  CAF_CHECK(
      holds(refusal(std::string{"server: {port: 1, port: 2}"}), "given twice"));
  CAF_CHECK_EQUAL(refusal(std::string{"# nothing\n"}), "");
  CAF_CHECK_EQUAL(refusal(std::string{"server:\n"}), "");
  settings_sources from;
  from.file = "/nonexistent/eventpulse.yaml";
  CAF_CHECK_EQUAL(refusal(from),
                  "configuration: cannot read /nonexistent/eventpulse.yaml");
}

CAF_TEST(all problems are told at once) {
  const auto text = refusal(std::string{"server: {prot: 1, threads: x}\n"});
  CAF_CHECK(holds(text, "server.prot"));
  CAF_CHECK(holds(text, "server.threads"));
}

CAF_TEST(contradictions are refused with the reason) {
  using flags = std::vector<std::pair<std::string, std::string>>;
  const auto with = [](const std::string& name, const std::string& value,
                       const flags& more = {}) {
    settings_sources from;
    from.flags = more;
    from.flags.emplace_back(name, value);
    return refusal(from);
  };
  CAF_CHECK(holds(with("database.statement_timeout", "10s"),
                  "must be less than lease.ttl (10s)"));
  CAF_CHECK_EQUAL(with("database.statement_timeout", "9s"), "");
  CAF_CHECK(holds(with("outbound.delivery_lease", "25s"),
                  "must be more than outbound.timeout + 5s (25s)"));
  CAF_CHECK_EQUAL(with("outbound.delivery_lease", "25001ms"), "");
  CAF_CHECK(holds(with("lease.renew", "5001ms"), "at most half"));
  CAF_CHECK(holds(with("server.tls_key_file", "/k"), "both or neither"));
  CAF_CHECK(holds(with("stream.url", "http://x"), "must begin with redis://"));
  CAF_CHECK(holds(with("stream.timeout", "10s"), "server.reply_timeout"));
  CAF_CHECK(holds(with("outbound.retry_schedule", ""), "nothing would ever"));
  CAF_CHECK(holds(with("stream.prefix", "a{b}"), "stream.prefix"));
  CAF_CHECK(
      holds(with("rules.dedup_window", "25h", {{"retention.events", "1d"}}),
            "come back"));
  CAF_CHECK_EQUAL(with("retention.events", "1d"), "");
  CAF_CHECK(holds(with("retention.events", "1d", {{"stream.keep", "25h"}}),
                  "bring dropped events back"));
  CAF_CHECK(holds(with("stream.keep", "10m", {{"stream.keep_bytes", "0"}}),
                  "nothing would be kept"));
  CAF_CHECK(holds(with("retention.attempts", "2d"), "outbound.retry_schedule"));
  CAF_CHECK(holds(with("retention.attempts", "181d"), "retention.deliveries"));
  CAF_CHECK(holds(with("trace.otlp_url", "collector:4318"), "http://"));
  CAF_CHECK(holds(with("trace.header", "a secret"), "'Name: value'"));
  CAF_CHECK_EQUAL(with("trace.header", "X-Key: a secret"), "");
  CAF_CHECK(holds(with("worker.port", "8080"), "only one of them can listen"));
  CAF_CHECK_EQUAL(with("worker.port", "8080", {{"worker.address", "::1"}}), "");
  CAF_CHECK(holds(
      with("stream.tls_ca_file", "/ca.pem", {{"stream.url", "redis://h"}}),
      "would not be encrypted"));
}

CAF_TEST(a secret may stand in a file and is never shown in an error) {
  scratch dir;
  settings_sources from;
  from.flags = {{"stream.password_file", dir.write("p", "hunter2\nmore\n")}};
  const auto loaded = load_settings(from);
  CAF_REQUIRE(loaded.ok());
  CAF_CHECK_EQUAL(loaded->stream.password, "hunter2");
  from.flags.push_back({"stream.password", "other"});
  CAF_CHECK(holds(refusal(from), "keep one of them"));
  CAF_CHECK(!holds(refusal(from), "hunter2"));
  from.flags = {{"stream.password", "hun\nter2"}};
  CAF_CHECK(holds(refusal(from), "the value is not text"));
  CAF_CHECK(!holds(refusal(from), "ter2"));
  from.flags = {{"database.password_file", dir.write("e", "\n")}};
  CAF_CHECK(holds(refusal(from), "is empty"));
  from.flags = {{"stream.url_file", dir.write("u", "redis://u:pw@h/1\n")},
                {"database.url_file", dir.write("d", "postgresql://h/x\n")}};
  const auto urls = load_settings(from);
  CAF_REQUIRE(urls.ok());
  CAF_CHECK_EQUAL(urls->stream.url, "redis://u:pw@h/1");
  CAF_CHECK_EQUAL(urls->database.url, "postgresql://h/x");
  from.flags = {{"trace.header_file", dir.write("h", "X-Key: hunter2\n")}};
  const auto traced = load_settings(from);
  CAF_REQUIRE(traced.ok());
  CAF_CHECK_EQUAL(traced->trace.header, "X-Key: hunter2");
}

CAF_TEST(children get every setting and no file of a secret) {
  settings s;
  s.server.port = 81;
  s.stream.password = "p";
  s.stream.password_file = "/root/p";
  s.outbound.allow = {"10.0.0.0/8", "::1/128"};
  settings_sources from;
  from.environment = settings_environment(s);
  CAF_CHECK_EQUAL(from.environment.size(), setting_table().size());
  const auto loaded = load_settings(from);
  CAF_REQUIRE(loaded.ok());
  s.stream.password_file.clear();
  for (const auto& entry : setting_table())
    CAF_CHECK_EQUAL(entry.name() + "=" + entry.show(*loaded),
                    entry.name() + "=" + entry.show(s));
}

CAF_TEST(servers are required by name) {
  const auto done = require_servers(settings{});
  CAF_REQUIRE(!done.ok());
  CAF_CHECK(holds(done.error().detail, "EVENTPULSE_STREAM_URL"));
  CAF_CHECK(holds(done.error().detail, "EVENTPULSE_DATABASE_URL"));
}

CAF_TEST(every_setting_is_used_by_some_code) {
  // Beyond the table, the checks and the reader, which know all of them.
  std::string code;
  const auto root = eventpulse::testing::source_tree() / "runtime/app";
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    const auto name = entry.path().filename().string();
    if (!name.ends_with(".cpp") || name.starts_with("setting"))
      continue;
    std::ifstream in{entry.path()};
    code.append(std::istreambuf_iterator<char>{in}, {});
  }
  // Those of files are resolved by the reader.
  const std::set<std::string> resolved{"stream.url_file",
                                       "stream.password_file",
                                       "database.url_file",
                                       "database.password_file",
                                       "trace.header_file"};
  std::string unused;
  for (const auto& s : setting_table())
    if (!resolved.contains(s.name()) &&
        code.find("." + std::string{s.key}) == std::string::npos)
      unused += s.name() + " ";
  CAF_CHECK_EQUAL(unused, "");
}
