#pragma once
// Everything that can be turned, typed. One YAML file (config/eventpulse.yaml
// documents every setting), `EVENTPULSE_SECTION_KEY` in the environment, and
// flags `--section.key VALUE`; flags win over the environment over the file.
// setting_table.hpp holds the one table of names, meanings and parsers that
// all three, the documented file and `doctor` follow; defaults stand here.
// Refuses unknown names and bad values, naming each with its place, and
// settings that contradict each other, with the reason.

#include "messages/result.hpp"
#include "runtime/telemetry/log.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace eventpulse {

struct settings {
  using ms = std::chrono::milliseconds;

  struct server_settings {
    std::string address = "127.0.0.1";
    uint16_t port = 8080;
    uint32_t threads = 0; // 0: one a core
    ms header_timeout{10'000};
    ms body_timeout{30'000};
    ms idle_timeout{60'000};
    ms reply_timeout{10'000};
    uint32_t connections_max = 10'000;
    std::string tls_certificate_file;
    std::string tls_key_file;
  } server;

  struct intake_settings {
    uint64_t max_event_bytes = 256 << 10;
    uint64_t max_body_bytes = 8 << 20;
    uint32_t max_depth = 64;
    uint32_t wait_replicas = 0;
    uint32_t actors = 2;
  } intake;

  struct stream_settings {
    std::string url;
    std::string url_file;
    std::string username;
    std::string password;
    std::string password_file;
    std::string tls_ca_file; // for rediss://; empty: the system's
    std::string prefix = "ep";
    uint32_t partitions = 1;
    uint64_t max_backlog = 1'000'000;
    ms keep{0};
    uint64_t keep_bytes = 1 << 30;
    uint64_t quarantine_max = 10'000;
    ms timeout{5'000};
  } stream;

  struct database_settings {
    std::string url;
    std::string url_file;
    std::string password;
    std::string password_file;
    uint32_t connections = 3;
    ms connect_timeout{5'000};
    ms statement_timeout{5'000};
    ms lock_timeout{2'000};
    ms idle_timeout{5'000};
  } database;

  struct lease_settings {
    ms ttl{10'000};
    ms renew{3'000};
  } lease;

  struct worker_settings {
    std::string name; // empty: host name and process id
    std::string address = "127.0.0.1";
    uint16_t port = 0; // 0: no listener
    uint32_t threads = 0;
    ms stop_timeout{20'000};
  } worker;

  struct rules_settings {
    ms snapshot_every{10'000};
    uint64_t snapshot_events = 200'000;
    ms cursor_every{500};
    ms dedup_window{24 * 3'600'000};
    ms poll_every{5'000};
  } rules;

  struct live_settings {
    uint32_t connections_max = 100;
    ms poll_every{200};
    uint64_t buffer_bytes = 1 << 20;
    ms stall_timeout{30'000};
    ms idle_timeout{60'000};
    ms keep{24 * 3'600'000};
    uint64_t keep_changes = 1'000'000;
  } live;

  struct outbound_settings {
    std::vector<std::string> allow; // CIDRs
    ms timeout{20'000};
    ms connect_timeout{5'000};
    std::vector<ms> retry_schedule{
        ms{0},          ms{5'000},      ms{300'000},    ms{1'800'000},
        ms{7'200'000},  ms{18'000'000}, ms{36'000'000}, ms{50'400'000},
        ms{72'000'000}, ms{86'400'000}};
    ms delivery_lease{60'000};
  } outbound;

  struct secrets_settings {
    std::string key_file;
  } secrets;

  struct retention_settings {
    static constexpr ms day{86'400'000};
    ms events{30 * day};
    ms alerts{180 * day};
    ms deliveries{180 * day};
    ms attempts{30 * day};
    ms audit{365 * day};
    ms dead_letters{30 * day};
    ms behind{30 * day};
    ms sweep_every{600'000};
  } retention;

  struct log_settings {
    log_format format = log_format::logfmt;
    log_level level = log_level::info;
  } log;

  struct trace_settings {
    std::string otlp_url; // empty: no export
    std::string header;
    std::string header_file;
    uint32_t sample_one_in = 1;
  } trace;
};

/// Where settings come from, besides the defaults. The environment comes as an
/// argument, so that nothing here reads the process's own.
struct settings_sources {
  std::string file; // path; empty: none
  std::map<std::string, std::string> environment;
  std::vector<std::pair<std::string, std::string>> flags; // "server.port", text
};

/// Reads, checks (check_relations) and resolves `*_file` secrets. The detail of
/// a failure has a line a problem, each naming the setting and its place.
result<settings> load_settings(const settings_sources& sources);

/// load_settings from the text of a configuration file; `name` is for errors.
result<void> read_settings_text(const std::string& text,
                                const std::string& name, settings& out);

/// Refuses combinations that would lose work, with the reason.
result<void> check_relations(const settings& s);

/// Refuses a process that needs both servers and lacks a URL.
result<void> require_servers(const settings& s);

/// Every setting as `EVENTPULSE_SECTION_KEY`: what a parent process hands to
/// its children, who then need no file and see nothing else. Holds secrets.
std::map<std::string, std::string> settings_environment(const settings& s);

/// This process's environment, EVENTPULSE_* only. For load_settings.
std::map<std::string, std::string> eventpulse_environment();

} // namespace eventpulse
