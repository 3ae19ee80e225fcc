#include "runtime/app/servers.hpp"

#include "runtime/app/private_postgres.hpp"
#include "runtime/app/private_redis.hpp"
#include "runtime/core/base/check.hpp"

namespace eventpulse {

namespace {

constexpr size_t log_bytes_max = 32 << 20;
// After a kill -9 PostgreSQL's backends may hold its memory for a moment, and a
// new server refuses until they are gone.
constexpr unsigned restarts_max = 6;

} // namespace

result<std::unique_ptr<embedded_servers>>
embedded_servers::start(embedded_options options) {
  auto directory = data_directory::open(options.data_dir);
  if (!directory)
    return directory.error();
  return start(std::move(directory).value(), std::move(options));
}

result<std::unique_ptr<embedded_servers>>
embedded_servers::start(std::unique_ptr<data_directory> directory,
                        embedded_options options) {
  const auto tell = [&](const std::string& text) {
    if (options.progress)
      options.progress(text);
  };
  std::unique_ptr<embedded_servers> out{new embedded_servers};
  out->directory_ = std::move(directory);
  const auto& at = *out->directory_;
  if (options.start_redis) {
    tell("starting Redis in " + (at.path() / "redis").string());
    auto plan = private_redis::plan(at, options.durability);
    if (!plan)
      return plan.error();
    plan->cancelled = options.cancelled;
    out->redis_.emplace(std::move(plan).value());
    if (auto done = out->redis_->start_and_wait(0); !done)
      return done.error();
  }
  if (options.start_postgres) {
    tell("starting PostgreSQL in " + (at.path() / "postgres").string());
    auto plan = private_postgres::plan(at, options.durability);
    if (!plan)
      return plan.error();
    plan->cancelled = options.cancelled;
    out->postgres_.emplace(std::move(plan).value());
    if (auto done = out->postgres_->start_and_wait(0); !done)
      return done.error();
    if (auto done = private_postgres::make_database(at); !done)
      return done.error();
  }
  return out;
}

embedded_servers::~embedded_servers() {
  stop();
}

void embedded_servers::each(
    const std::function<void(managed_process&)>& action) {
  for (auto* server : {&redis_, &postgres_})
    if (*server)
      action(**server);
}

std::string embedded_servers::redis_url() const {
  return redis_ ? private_redis::url(*directory_) : "";
}

std::string embedded_servers::database_url() const {
  return postgres_ ? private_postgres::url(*directory_) : "";
}

pid_t embedded_servers::redis_pid() const {
  return redis_ ? redis_->pid() : 0;
}

pid_t embedded_servers::postgres_pid() const {
  return postgres_ ? postgres_->pid() : 0;
}

std::vector<std::string> embedded_servers::tick() {
  std::vector<std::string> told;
  each([&](managed_process& server) {
    if (auto text = server.tick(); !text.empty())
      told.push_back(std::move(text));
    bound_log(server.log_file(), log_bytes_max);
  });
  return told;
}

bool embedded_servers::all_ready() const {
  const auto ready = [](const std::optional<managed_process>& server) {
    return !server || server->now() == managed_process::state::ready;
  };
  return ready(redis_) && ready(postgres_);
}

void embedded_servers::kill_redis() {
  EP_CHECK(redis_.has_value());
  redis_->kill();
}

void embedded_servers::kill_postgres() {
  EP_CHECK(postgres_.has_value());
  postgres_->kill();
}

result<void> embedded_servers::start_redis() {
  EP_CHECK(redis_.has_value());
  return redis_->pid() ? result<void>{} : redis_->start_and_wait(restarts_max);
}

result<void> embedded_servers::start_postgres() {
  EP_CHECK(postgres_.has_value());
  return postgres_->pid() ? result<void>{}
                          : postgres_->start_and_wait(restarts_max);
}

void embedded_servers::stop() {
  each([](managed_process& server) { server.begin_stop(); });
  each([](managed_process& server) { server.finish_stop(); });
}

} // namespace eventpulse
