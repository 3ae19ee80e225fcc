// Which settings contradict each other, and why that would lose work.

#include "runtime/app/settings.hpp"
#include "runtime/core/base/time.hpp"

#include <numeric>

namespace eventpulse {

namespace {

using ms = std::chrono::milliseconds;

std::string show(ms value) {
  return format_duration_ms(value.count());
}

class relations {
public:
  /// `claim` must hold; `why` says what would happen otherwise.
  void require(bool claim, const std::string& why) {
    if (!claim)
      text_ += (text_.empty() ? "" : "\n") + why;
  }

  result<void> verdict() const {
    if (text_.empty())
      return {};
    return {errc::invalid, text_};
  }

private:
  std::string text_;
};

void check_leases(const settings& s, relations& r) {
  const auto ttl = s.lease.ttl;
  r.require(s.lease.renew * 2 <= ttl,
            "lease.renew (" + show(s.lease.renew) +
                ") must be at most half of lease.ttl (" + show(ttl) +
                "), or one slow renewal loses the lease");
  r.require(s.database.statement_timeout < ttl,
            "database.statement_timeout (" +
                show(s.database.statement_timeout) +
                ") must be less than lease.ttl (" + show(ttl) +
                "), or a statement of a worker that lost its lease is still "
                "under way when the next one starts");
  r.require(s.database.idle_timeout < ttl,
            "database.idle_timeout (" + show(s.database.idle_timeout) +
                ") must be less than lease.ttl (" + show(ttl) +
                "), or a stopped worker's transaction outlives its lease");
  r.require(s.database.lock_timeout <= s.database.statement_timeout,
            "database.lock_timeout (" + show(s.database.lock_timeout) +
                ") must be at most database.statement_timeout (" +
                show(s.database.statement_timeout) + "), or it never acts");
}

void check_outbound(const settings& s, relations& r) {
  const auto& out = s.outbound;
  r.require(out.delivery_lease > out.timeout + ms{5'000},
            "outbound.delivery_lease (" + show(out.delivery_lease) +
                ") must be more than outbound.timeout + 5s (" +
                show(out.timeout + ms{5'000}) +
                "), or another worker sends what is still being sent");
  r.require(out.connect_timeout <= out.timeout,
            "outbound.connect_timeout (" + show(out.connect_timeout) +
                ") must be at most outbound.timeout (" + show(out.timeout) +
                "), or it never acts");
  r.require(!out.retry_schedule.empty(),
            "outbound.retry_schedule is empty: nothing would ever be sent; "
            "give at least [0s]");
}

void check_intake(const settings& s, relations& r) {
  r.require(s.intake.max_event_bytes <= s.intake.max_body_bytes,
            "intake.max_event_bytes must be at most intake.max_body_bytes, or "
            "the largest events cannot be sent");
  r.require(s.stream.timeout < s.server.reply_timeout,
            "stream.timeout (" + show(s.stream.timeout) +
                ") must be less than server.reply_timeout (" +
                show(s.server.reply_timeout) +
                "), or a client is answered before the outcome is known");
  r.require(s.server.tls_certificate_file.empty() ==
                s.server.tls_key_file.empty(),
            "server.tls_certificate_file and server.tls_key_file go together: "
            "give both or neither");
  r.require(!s.server.address.empty(), "server.address is empty");
  r.require(!s.stream.prefix.empty() &&
                s.stream.prefix.find_first_of("{} ") == std::string::npos,
            "stream.prefix must not be empty or hold blanks or braces, which "
            "choose the slot in a Redis Cluster");
}

void check_retention(const settings& s, relations& r) {
  const auto events = s.retention.events;
  r.require(s.rules.dedup_window <= events,
            "rules.dedup_window (" + show(s.rules.dedup_window) +
                ") must be at most retention.events (" + show(events) +
                "), or duplicates of dropped events come back");
  r.require(s.stream.keep <= events,
            "stream.keep (" + show(s.stream.keep) +
                ") must be at most retention.events (" + show(events) +
                "), or entries that are read again bring dropped events back");
  r.require(s.stream.keep == ms{0} || s.stream.keep_bytes > 0,
            "stream.keep is " + show(s.stream.keep) +
                ", but stream.keep_bytes is 0: nothing would be kept");
  const auto retries = std::accumulate(s.outbound.retry_schedule.begin(),
                                       s.outbound.retry_schedule.end(), ms{0});
  r.require(retries <= s.retention.attempts,
            "outbound.retry_schedule spans " + show(retries) +
                ", which must be at most retention.attempts (" +
                show(s.retention.attempts) +
                "), or a failed delivery no longer shows why");
  r.require(s.retention.attempts <= s.retention.deliveries,
            "retention.attempts (" + show(s.retention.attempts) +
                ") must be at most retention.deliveries (" +
                show(s.retention.deliveries) +
                "), since a delivery takes its attempts along");
}

void check_listeners(const settings& s, relations& r) {
  r.require(s.worker.port == 0 || s.worker.port != s.server.port ||
                s.worker.address != s.server.address,
            "worker.port and server.port are both " +
                std::to_string(s.server.port) + " on " + s.server.address +
                ": only one of them can listen");
}

bool starts_with_any(const std::string& text,
                     std::initializer_list<std::string_view> prefixes) {
  for (auto p : prefixes)
    if (text.starts_with(p))
      return true;
  return false;
}

void check_urls(const settings& s, relations& r) {
  r.require(
      s.stream.url.empty() ||
          starts_with_any(s.stream.url, {"redis://", "rediss://", "unix://"}),
      "stream.url must begin with redis://, rediss:// or unix://");
  r.require(
      s.database.url.empty() ||
          starts_with_any(s.database.url, {"postgresql://", "postgres://"}),
      "database.url must begin with postgresql://");
  r.require(s.stream.tls_ca_file.empty() || s.stream.url.empty() ||
                s.stream.url.starts_with("rediss://"),
            "stream.tls_ca_file is given, but stream.url does not begin with "
            "rediss://: the connection would not be encrypted");
  r.require(s.trace.otlp_url.empty() ||
                starts_with_any(s.trace.otlp_url, {"http://", "https://"}),
            "trace.otlp_url must begin with http:// or https://");
  auto colon = s.trace.header.find(':');
  r.require(s.trace.header.empty() ||
                (colon != std::string::npos && colon > 0 &&
                 s.trace.header.find_first_of(" \t") > colon),
            "trace.header must be one header, 'Name: value'");
}

} // namespace

result<void> check_relations(const settings& s) {
  relations r;
  check_leases(s, r);
  check_outbound(s, r);
  check_intake(s, r);
  check_urls(s, r);
  check_retention(s, r);
  check_listeners(s, r);
  return r.verdict();
}

result<void> require_servers(const settings& s) {
  relations r;
  r.require(!s.stream.url.empty(),
            "stream.url is not set: give the Redis that holds the stream as "
            "EVENTPULSE_STREAM_URL, --stream.url or in the file, or run "
            "`eventpulse up`, which starts its own");
  r.require(!s.database.url.empty(),
            "database.url is not set: give the PostgreSQL as "
            "EVENTPULSE_DATABASE_URL, --database.url or in the file, or run "
            "`eventpulse up`, which starts its own");
  return r.verdict();
}

} // namespace eventpulse
