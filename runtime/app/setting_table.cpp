#include "runtime/app/setting_table.hpp"

#include "runtime/app/setting_values.hpp"
#include "runtime/core/base/time.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>

namespace eventpulse {

namespace {

namespace values = setting_values;
using ms = std::chrono::milliseconds;

constexpr ms day{86'400'000};
constexpr ms forever{3650 * day};
constexpr size_t list_items_max = 64;

// --- one maker a type of setting; each takes pointers to members -------------

template <class Part, class Field>
struct place {
  Part settings::*part;
  Field Part::*field;

  Field& operator()(settings& s) const { return s.*part.*field; }
  const Field& operator()(const settings& s) const { return s.*part.*field; }
};

template <class Part, class Field>
place<Part, Field> at(Part settings::*part, Field Part::*field) {
  return {part, field};
}

/// `read` turns text into result<Field>, `show` turns a Field into text.
template <class Place, class Read, class Show>
setting make(std::string_view section, std::string_view key,
             std::string_view type, std::string_view meaning, Place where,
             Read read, Show show) {
  setting out;
  out.section = section;
  out.key = key;
  out.type = type;
  out.meaning = meaning;
  out.parse = [=](settings& s, std::string_view text) -> result<void> {
    auto value = read(text);
    if (!value)
      return value.error();
    where(s) = static_cast<std::remove_cvref_t<decltype(where(s))>>(
        std::move(value).value());
    return {};
  };
  out.show = [=](const settings& s) { return std::string{show(where(s))}; };
  return out;
}

template <class Place>
setting text(std::string_view section, std::string_view key, Place where,
             std::string_view meaning, std::string_view type = "text") {
  return make(
      section, key, type, meaning, where,
      [](std::string_view t) -> result<std::string> {
        if (std::any_of(t.begin(), t.end(),
                        [](unsigned char c) { return std::iscntrl(c); }))
          return {errc::invalid, "text without control characters"};
        return std::string{t};
      },
      [](const std::string& v) { return v; });
}

template <class Place>
setting secret(std::string_view section, std::string_view key, Place where,
               std::string_view meaning, std::string_view type = "text") {
  auto out = text(section, key, where, meaning, type);
  out.secret = true;
  return out;
}

template <class Place>
setting number(std::string_view section, std::string_view key, Place where,
               uint64_t least, uint64_t most, std::string_view meaning) {
  return make(
      section, key, "number", meaning, where,
      [=](std::string_view t) { return values::parse_integer(t, least, most); },
      [](uint64_t v) { return std::to_string(v); });
}

template <class Place>
setting bytes(std::string_view section, std::string_view key, Place where,
              uint64_t least, uint64_t most, std::string_view meaning) {
  return make(
      section, key, "size", meaning, where,
      [=](std::string_view t) { return values::parse_bytes(t, least, most); },
      values::show_bytes);
}

template <class Place>
setting duration(std::string_view section, std::string_view key, Place where,
                 ms least, ms most, std::string_view meaning) {
  return make(
      section, key, "duration", meaning, where,
      [=](std::string_view t) {
        return values::parse_duration(t, least, most);
      },
      [](ms v) { return format_duration_ms(v.count()); });
}

/// A list whose items `read` parses and `show` prints.
template <class Place, class Read, class Show>
setting list(std::string_view section, std::string_view key,
             std::string_view type, Place where, std::string_view meaning,
             Read read, Show show) {
  using items_type =
      std::remove_cvref_t<decltype(where(std::declval<settings&>()))>;
  return make(
      section, key, type, meaning, where,
      [=](std::string_view t) -> result<items_type> {
        auto parts = values::split_list(t, list_items_max);
        if (!parts)
          return parts.error();
        items_type out;
        for (const auto& part : *parts) {
          auto item = read(part);
          if (!item)
            return item.error();
          out.push_back(std::move(item).value());
        }
        return out;
      },
      [=](const items_type& items) {
        std::string out;
        for (const auto& item : items)
          out += (out.empty() ? "" : ", ") + show(item);
        return out;
      });
}

// --- the table, a function a section -----------------------------------------

void add_server(std::vector<setting>& all) {
  using part = settings::server_settings;
  const auto in = &settings::server;
  const auto port_max = std::numeric_limits<uint16_t>::max();
  all.push_back(text("server", "address", at(in, &part::address),
                     "The address intake listens on; 0.0.0.0 for all."));
  all.push_back(number("server", "port", at(in, &part::port), 0, port_max,
                       "Its TCP port; 0 lets the system choose one."));
  all.push_back(number("server", "threads", at(in, &part::threads), 0, 256,
                       "Threads that serve sockets; 0 is one a core."));
  all.push_back(duration("server", "header_timeout",
                         at(in, &part::header_timeout), ms{100}, ms{300'000},
                         "How long a client may take to send a request's "
                         "head."));
  all.push_back(duration("server", "body_timeout", at(in, &part::body_timeout),
                         ms{100}, ms{3'600'000},
                         "How long a client may take for a body, or for each "
                         "piece of a streamed one."));
  all.push_back(duration("server", "idle_timeout", at(in, &part::idle_timeout),
                         ms{1'000}, ms{3'600'000},
                         "How long a kept-alive connection may be silent."));
  all.push_back(duration("server", "reply_timeout",
                         at(in, &part::reply_timeout), ms{100}, ms{300'000},
                         "After this long without an outcome a request is "
                         "answered 503."));
  all.push_back(number("server", "connections_max",
                       at(in, &part::connections_max), 1, 1'000'000,
                       "Connections served at once; more are turned away."));
  all.push_back(text("server", "tls_certificate_file",
                     at(in, &part::tls_certificate_file),
                     "PEM file of the certificate chain; with tls_key_file "
                     "it turns HTTPS on.",
                     "file"));
  all.push_back(text("server", "tls_key_file", at(in, &part::tls_key_file),
                     "PEM file of the certificate's private key.", "file"));
}

void add_intake(std::vector<setting>& all) {
  using part = settings::intake_settings;
  const auto in = &settings::intake;
  all.push_back(bytes("intake", "max_event_bytes",
                      at(in, &part::max_event_bytes), 1'024, 16 << 20,
                      "The largest event taken."));
  all.push_back(bytes("intake", "max_body_bytes", at(in, &part::max_body_bytes),
                      1'024, 256 << 20,
                      "The largest request body, unpacked; NDJSON streams "
                      "are bounded a line instead."));
  all.push_back(number("intake", "max_depth", at(in, &part::max_depth), 1, 1000,
                       "How deep the JSON of an event may nest."));
  all.push_back(number("intake", "wait_replicas", at(in, &part::wait_replicas),
                       0, 16,
                       "Redis replicas that must hold an event before it is "
                       "answered 202."));
  all.push_back(number("intake", "actors", at(in, &part::actors), 1, 64,
                       "Actors that validate events side by side."));
}

void add_stream(std::vector<setting>& all) {
  using part = settings::stream_settings;
  const auto in = &settings::stream;
  all.push_back(secret("stream", "url", at(in, &part::url),
                       "The Redis that holds the stream: "
                       "redis://host:6379/0, rediss://host:6379/0 or "
                       "unix:///path/redis.sock?db=0. `eventpulse up` starts "
                       "its own when this is empty.",
                       "URL"));
  all.push_back(text("stream", "url_file", at(in, &part::url_file),
                     "File whose first line is the URL, where that holds a "
                     "secret.",
                     "file"));
  all.push_back(text("stream", "username", at(in, &part::username),
                     "User name for Redis ACLs."));
  all.push_back(secret("stream", "password", at(in, &part::password),
                       "Password for Redis; better in password_file."));
  all.push_back(text("stream", "password_file", at(in, &part::password_file),
                     "File whose first line is the password.", "file"));
  all.push_back(text("stream", "tls_ca_file", at(in, &part::tls_ca_file),
                     "PEM file of the authorities a rediss:// server is "
                     "checked against; empty is the system's.",
                     "file"));
  all.push_back(text("stream", "prefix", at(in, &part::prefix),
                     "What every key in Redis begins with."));
  all.push_back(number("stream", "partitions", at(in, &part::partitions), 1,
                       1024,
                       "Partitions of the stream. More than one serves only "
                       "several Redis nodes or workers; changing it is "
                       "refused until the streams are drained."));
  all.push_back(number("stream", "max_backlog", at(in, &part::max_backlog), 1,
                       1'000'000'000,
                       "Unacknowledged entries at which intake answers 503."));
  all.push_back(duration("stream", "keep", at(in, &part::keep), ms{0}, 30 * day,
                         "How long acknowledged entries stay in Redis; with a "
                         "PostgreSQL that can fail over, e.g. 10m."));
  all.push_back(bytes("stream", "keep_bytes", at(in, &part::keep_bytes), 0,
                      uint64_t{1} << 40,
                      "The bound on what `keep` holds, in bytes."));
  all.push_back(number("stream", "quarantine_max",
                       at(in, &part::quarantine_max), 0, 10'000'000,
                       "Refused requests that wait in Redis to be kept; "
                       "beyond it they are counted, not kept."));
  all.push_back(duration("stream", "timeout", at(in, &part::timeout), ms{100},
                         ms{60'000},
                         "How long a command may take, connecting included."));
}

void add_database(std::vector<setting>& all) {
  using part = settings::database_settings;
  const auto in = &settings::database;
  all.push_back(secret("database", "url", at(in, &part::url),
                       "The PostgreSQL that keeps everything: "
                       "postgresql://user@host/name. `eventpulse up` starts "
                       "its own when this is empty.",
                       "URL"));
  all.push_back(text("database", "url_file", at(in, &part::url_file),
                     "File whose first line is the URL, where that holds a "
                     "secret.",
                     "file"));
  all.push_back(secret("database", "password", at(in, &part::password),
                       "Password for PostgreSQL; better in password_file."));
  all.push_back(text("database", "password_file", at(in, &part::password_file),
                     "File whose first line is the password.", "file"));
  all.push_back(number("database", "connections", at(in, &part::connections), 1,
                       64,
                       "Control requests that an intake process serves at "
                       "once, each on a connection of its own."));
  all.push_back(duration("database", "connect_timeout",
                         at(in, &part::connect_timeout), ms{1'000}, ms{60'000},
                         "How long connecting may take."));
  all.push_back(duration("database", "statement_timeout",
                         at(in, &part::statement_timeout), ms{100}, ms{600'000},
                         "How long a statement may take; less than "
                         "lease.ttl."));
  all.push_back(duration("database", "lock_timeout",
                         at(in, &part::lock_timeout), ms{10}, ms{600'000},
                         "How long a statement may wait for a lock."));
  all.push_back(duration("database", "idle_timeout",
                         at(in, &part::idle_timeout), ms{100}, ms{600'000},
                         "How long a transaction may be idle before "
                         "PostgreSQL ends it; less than lease.ttl."));
}

void add_worker(std::vector<setting>& all) {
  using lease = settings::lease_settings;
  using part = settings::worker_settings;
  const auto in = &settings::worker;
  all.push_back(duration("lease", "ttl", at(&settings::lease, &lease::ttl),
                         ms{1'000}, ms{600'000},
                         "After this long without renewal another worker may "
                         "take a partition over."));
  all.push_back(duration("lease", "renew", at(&settings::lease, &lease::renew),
                         ms{100}, ms{300'000},
                         "How often a held lease is renewed; at most half of "
                         "ttl."));
  all.push_back(text("worker", "name", at(in, &part::name),
                     "The worker's name in logs and leases; empty is host "
                     "and process id."));
  all.push_back(text("worker", "address", at(in, &part::address),
                     "The address of the worker's own /metrics, /healthz and "
                     "/readyz."));
  all.push_back(number("worker", "port", at(in, &part::port), 0, 65'535,
                       "Its TCP port; 0 turns it off."));
  all.push_back(number("worker", "threads", at(in, &part::threads), 0, 256,
                       "Threads that run actors; 0 is one a core."));
  all.push_back(duration("worker", "stop_timeout", at(in, &part::stop_timeout),
                         ms{100}, ms{600'000},
                         "How long a process may take to drain when asked to "
                         "stop."));
}

void add_rules(std::vector<setting>& all) {
  using part = settings::rules_settings;
  const auto in = &settings::rules;
  all.push_back(duration("rules", "snapshot_every",
                         at(in, &part::snapshot_every), ms{100}, ms{3'600'000},
                         "How often rules' state is saved."));
  all.push_back(number("rules", "snapshot_events",
                       at(in, &part::snapshot_events), 1'000, 100'000'000,
                       "It is saved after this many events at the latest."));
  all.push_back(duration("rules", "cursor_every", at(in, &part::cursor_every),
                         ms{10}, ms{60'000},
                         "How often progress without alerts is committed."));
  all.push_back(duration("rules", "dedup_window", at(in, &part::dedup_window),
                         ms{0}, 30 * day,
                         "How long an event sent again counts as the same "
                         "one."));
  all.push_back(duration("rules", "poll_every", at(in, &part::poll_every),
                         ms{100}, ms{60'000},
                         "How often workers look for rules whose "
                         "notification was lost."));
}

void add_live(std::vector<setting>& all) {
  using part = settings::live_settings;
  const auto in = &settings::live;
  all.push_back(number("live", "connections_max",
                       at(in, &part::connections_max), 0, 100'000,
                       "Clients of an intake's live feed at once; more are "
                       "answered 503."));
  all.push_back(duration("live", "poll_every", at(in, &part::poll_every),
                         ms{10}, ms{60'000},
                         "How often the feed looks for what is new while "
                         "somebody follows it."));
  all.push_back(bytes("live", "buffer_bytes", at(in, &part::buffer_bytes),
                      4'096, 1 << 30,
                      "What is sent ahead to a client of the feed that reads "
                      "slowly; one message more at the most."));
  all.push_back(duration("live", "stall_timeout", at(in, &part::stall_timeout),
                         ms{100}, ms{3'600'000},
                         "A client that takes nothing for so long is closed "
                         "with 4008; it can resume."));
  all.push_back(duration("live", "idle_timeout", at(in, &part::idle_timeout),
                         ms{1'000}, ms{3'600'000},
                         "A client that is silent for half of it is pinged, "
                         "and cut off at its end."));
  all.push_back(duration("live", "keep", at(in, &part::keep), ms{60'000},
                         forever,
                         "How long the feed's changes are kept for clients "
                         "that resume; events as retention.events says."));
  all.push_back(number("live", "keep_changes", at(in, &part::keep_changes),
                       1'000, 1'000'000'000,
                       "How many changes are kept at the most."));
}

void add_outbound(std::vector<setting>& all) {
  using part = settings::outbound_settings;
  const auto in = &settings::outbound;
  all.push_back(list(
      "outbound", "allow", "list of address ranges", at(in, &part::allow),
      "Private and loopback ranges that webhooks may call all the same, e.g. "
      "10.0.0.0/8; none by default.",
      [](std::string_view t) { return values::parse_cidr(t); },
      [](const std::string& v) { return v; }));
  all.push_back(duration("outbound", "timeout", at(in, &part::timeout), ms{100},
                         ms{300'000}, "How long one attempt may take."));
  all.push_back(duration("outbound", "connect_timeout",
                         at(in, &part::connect_timeout), ms{100}, ms{60'000},
                         "How long its connecting may take."));
  all.push_back(list(
      "outbound", "retry_schedule", "list of durations",
      at(in, &part::retry_schedule),
      "The wait before each attempt, the first included; after the last the "
      "delivery has failed.",
      [](std::string_view t) {
        return values::parse_duration(t, ms{0}, 7 * day);
      },
      [](ms v) { return format_duration_ms(v.count()); }));
  all.push_back(duration("outbound", "delivery_lease",
                         at(in, &part::delivery_lease), ms{1'000},
                         ms{3'600'000},
                         "How long a worker holds a delivery that it sends; "
                         "more than timeout + 5s."));
}

void add_retention(std::vector<setting>& all) {
  using part = settings::retention_settings;
  const auto in = &settings::retention;
  const auto add = [&](std::string_view key, ms part::*field,
                       std::string_view meaning) {
    all.push_back(
        duration("retention", key, at(in, field), day, forever, meaning));
  };
  add("events", &part::events, "How long events are kept, by whole days.");
  add("alerts", &part::alerts, "How long resolved alerts are kept.");
  add("deliveries", &part::deliveries, "How long deliveries are kept.");
  add("attempts", &part::attempts, "How long delivery attempts are kept.");
  add("audit", &part::audit, "How long it is kept who changed what.");
  add("dead_letters", &part::dead_letters, "How long dead letters are kept.");
  all.push_back(duration("retention", "behind", at(in, &part::behind), ms{0},
                         forever,
                         "How much longer events are kept for a rule that is "
                         "behind; then it misses them, which is recorded as a "
                         "dead letter."));
  all.push_back(duration("retention", "sweep_every", at(in, &part::sweep_every),
                         ms{1'000}, day,
                         "How often what is old is looked for. A day of "
                         "events goes when a sweep before found it "
                         "evaluated."));
}

void add_trace(std::vector<setting>& all) {
  using part = settings::trace_settings;
  const auto in = &settings::trace;
  all.push_back(text("trace", "otlp_url", at(in, &part::otlp_url),
                     "Where traces are sent by OTLP over HTTP, e.g. "
                     "http://localhost:4318/v1/traces; empty is nowhere."));
  all.push_back(secret("trace", "header", at(in, &part::header),
                       "A header that is sent along, 'Name: value', such as "
                       "the collector's key; better in header_file."));
  all.push_back(text("trace", "header_file", at(in, &part::header_file),
                     "File whose first line is the header.", "file"));
  all.push_back(number("trace", "sample_one_in", at(in, &part::sample_one_in),
                       1, 1'000'000,
                       "Of the traces that begin here, one in so many is "
                       "recorded; those of clients are as their traceparent "
                       "says."));
}

void add_rest(std::vector<setting>& all) {
  all.push_back(
      text("secrets", "key_file",
           at(&settings::secrets, &settings::secrets_settings::key_file),
           "File of the 32 bytes that encrypt channels' secrets in "
           "the database; `eventpulse up` makes one when empty.",
           "file"));
  all.push_back(make("log", "format", "logfmt or json",
                     "How log lines are written to standard error.",
                     at(&settings::log, &settings::log_settings::format),
                     values::parse_log_format,
                     [](log_format v) { return values::show(v); }));
  all.push_back(make("log", "level", "debug, info, warn or error",
                     "The least severe line that is written.",
                     at(&settings::log, &settings::log_settings::level),
                     values::parse_log_level,
                     [](log_level v) { return values::show(v); }));
  add_trace(all);
}

std::vector<setting> make_table() {
  std::vector<setting> all;
  add_server(all);
  add_intake(all);
  add_stream(all);
  add_database(all);
  add_worker(all);
  add_rules(all);
  add_live(all);
  add_outbound(all);
  add_retention(all);
  add_rest(all);
  return all;
}

} // namespace

std::span<const setting> setting_table() {
  static const std::vector<setting> table = make_table();
  return table;
}

} // namespace eventpulse
