#include "runtime/adapters/postgres/connection.hpp"

#include <algorithm>

namespace eventpulse::postgres {

namespace {

using std::chrono::steady_clock;

const statement hold_lease{
    "hold_lease",
    "SELECT 1 FROM lease WHERE name = $1 AND epoch = $2 FOR KEY SHARE"};

/// `url` with `key=value` added unless it has that key already.
void add_setting(std::string& url, const std::string& key,
                 const std::string& value) {
  if (url.find(key + "=") != std::string::npos)
    return;
  bool is_uri =
      url.starts_with("postgresql://") || url.starts_with("postgres://");
  if (!is_uri)
    url += ' ';
  else
    url += url.find('?') == std::string::npos ? '?' : '&';
  url += key + "=" + value;
}

std::string with_settings(const options& o) {
  auto url = o.url;
  auto timeout = std::chrono::ceil<std::chrono::seconds>(o.connect_timeout);
  add_setting(url, "connect_timeout", std::to_string(timeout.count()));
  add_setting(url, "client_encoding", "UTF8");
  // A server that vanished without a word is noticed as fast as a slow one.
  add_setting(url, "tcp_user_timeout",
              std::to_string((o.statement_timeout + o.lock_timeout).count()));
  return url;
}

std::string setting(const std::string& name, std::chrono::milliseconds value) {
  return "SET " + name + " = " + std::to_string(value.count()) + ";";
}

void refuse_nul(const parameters& p) {
  if (p.has_nul())
    throw value_refused("a text holds a NUL byte");
}

} // namespace

// -- session ------------------------------------------------------------------

pqxx::result session::run(const statement& s, const parameters& p) {
  refuse_nul(p);
  owner_.prepare(s);
  return driver::run_prepared(tx_, s.name, p.all());
}

pqxx::result session::run_text(const std::string& sql, const parameters& p) {
  refuse_nul(p);
  return driver::run_text(tx_, sql, p.all());
}

bool session::holds(const lease_token& lease) {
  return !run(hold_lease, parameters{}.text(lease.name).number(lease.epoch))
              .empty();
}

// -- connection ---------------------------------------------------------------

connection::connection(options o, std::string extra)
    : options_(std::move(o)), extra_(std::move(extra)) {}

connection::~connection() = default;

void connection::serve(const lease_token& lease) {
  name_wanted_ = "eventpulse/" + lease.name + "/" + std::to_string(lease.epoch);
}

std::optional<fault>
connection::attempt(const std::function<bool(session&)>& work) {
  bool reused = link_ != nullptr;
  auto broken = attempt_once(work);
  // A connection that died while it was idle is only noticed when it is used.
  // Nothing of this transaction happened, so it may start again at once.
  if (broken && broken->nothing_happened && reused)
    broken = attempt_once(work);
  last_sqlstate_ = broken ? broken->sqlstate : std::string{};
  return broken;
}

std::optional<fault>
connection::attempt_once(const std::function<bool(session&)>& work) {
  if (auto refused = connect())
    return refused;
  std::optional<fault> broken;
  try {
    take_name();
    pqxx::work tx{*link_};
    session s{*this, tx};
    if (work(s))
      tx.commit();
    else
      tx.abort();
  } catch (...) {
    broken = current_fault();
  }
  // Only here, since a transaction must not outlive its connection.
  if (broken && broken->connection_lost)
    link_.reset();
  return broken;
}

std::optional<fault> connection::connect() {
  if (link_)
    return std::nullopt;
  if (steady_clock::now() < retry_at_)
    return fault{last_refusal_, {}, true, false};
  try {
    prepared_.clear();
    name_now_.clear();
    auto link = std::make_unique<pqxx::connection>(with_settings(options_));
    pqxx::nontransaction tx{*link};
    // Notices would go to standard error.
    tx.exec("SET client_min_messages = error; SET bytea_output = hex;" +
            setting("statement_timeout", options_.statement_timeout) +
            setting("lock_timeout", options_.lock_timeout) +
            setting("idle_in_transaction_session_timeout",
                    options_.idle_in_transaction_timeout) +
            extra_);
    tx.commit();
    link_ = std::move(link);
    delay_ = {};
    return std::nullopt;
  } catch (...) {
    auto refused = current_fault();
    refused.nothing_happened = false; // no second try at once
    delay_ =
        std::clamp(delay_ * 2, options_.back_off_min, options_.back_off_max);
    retry_at_ = steady_clock::now() + delay_;
    last_refusal_ = refused.what;
    return refused;
  }
}

void connection::take_name() {
  if (name_now_ == name_wanted_)
    return;
  // Outside the transaction: a ROLLBACK would take the name back.
  pqxx::nontransaction tx{*link_};
  driver::run_text(tx, "SELECT set_config('application_name', $1, false)",
                   parameters{}.text(name_wanted_).all());
  tx.commit();
  name_now_ = name_wanted_;
}

void connection::prepare(const statement& s) {
  if (prepared_.contains(s.name))
    return;
  link_->prepare(s.name, s.sql);
  prepared_.insert(s.name);
}

failure fenced_by(const lease_token& lease) {
  return {errc::fenced, lease.name + " epoch " + std::to_string(lease.epoch)};
}

} // namespace eventpulse::postgres
