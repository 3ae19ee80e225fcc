#include "runtime/app/process.hpp"

#include "actors/directory.hpp"
#include "actors/metered.hpp"
#include "messages/protocols/errors.hpp"
#include "runtime/adapters/postgres/conninfo.hpp"
#include "runtime/adapters/redis/factories.hpp"
#include "runtime/app/service_notice.hpp"
#include "runtime/app/system_world.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

namespace eventpulse {

namespace {

constexpr size_t secret_key_bytes = 32;

/// Sent to ourselves when the root has ended by itself.
constexpr int root_ended = SIGUSR1;

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int s : {SIGINT, SIGTERM, SIGHUP, root_ended})
    sigaddset(&set, s);
  return set;
}

/// Whether the scheduler still runs actors.
bool answers(caf::actor_system& system, std::chrono::milliseconds within) {
  caf::scoped_actor self{system};
  auto echo = system.spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](bool heard) { return heard; }};
  });
  bool out = false;
  self->request(echo, within, true)
      .receive([&](bool heard) { out = heard; }, [](const caf::error&) {});
  return out;
}

/// Waits for one of `set`, and tells the manager meanwhile that we are alive.
int wait_for_signal(const sigset_t& set, const service_notice& manager,
                    caf::actor_system& system) {
  int got = 0;
  if (!manager.watchdog_interval) {
    sigwait(&set, &got);
    return got;
  }
  const auto every = *manager.watchdog_interval;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(every);
  const timespec interval{seconds.count(),
                          std::chrono::nanoseconds{every - seconds}.count()};
  for (;;) {
    if (answers(system, every))
      manager.tell("WATCHDOG=1");
    got = sigtimedwait(&set, nullptr, &interval);
    if (got > 0)
      return got;
  }
}

caf::actor_system_config& configured(caf::actor_system_config& config,
                                     uint32_t threads) {
  // Two at least: one busy evaluator must not stand in the router's way.
  auto count =
      std::max(2u, threads ? threads : std::thread::hardware_concurrency());
  config.set("scheduler.max-threads", static_cast<size_t>(count));
  config.set("scheduler.max-throughput", size_t{200});
  config.set("scheduler.policy", caf::atom("sharing"));
  return config;
}

metrics_options metrics_of(const settings& s, const std::string& role) {
  metrics_options out;
  out.version = EVENTPULSE_VERSION;
  out.role = role;
  out.partitions = s.stream.partitions;
  return out;
}

process_facts facts_of(const std::string& role, world& surroundings) {
  process_facts out;
  out.role = role;
  out.version = EVENTPULSE_VERSION;
  char host[256] = "localhost";
  gethostname(host, sizeof host - 1);
  out.host = host;
  out.pid = getpid();
  out.name = role + '-' + out.host + '-' + std::to_string(out.pid);
  out.started_at_ms = surroundings.now_ms();
  return out;
}

constexpr size_t spans_queued_max = 8192;

std::shared_ptr<span_queue> queue_of(const settings& s, metrics& meters) {
  if (s.trace.otlp_url.empty())
    return nullptr;
  return std::make_shared<span_queue>(spans_queued_max,
                                      &meters.traces().dropped);
}

/// Names by OpenTelemetry's conventions of resources.
outbound::trace_exporter_options exporter_options(const settings& s,
                                                  const process_facts& who) {
  outbound::trace_exporter_options out;
  out.url = s.trace.otlp_url;
  auto path = out.url.find('/', out.url.find("://") + 3);
  if (path == std::string::npos || path + 1 == out.url.size())
    out.url = out.url.substr(0, path) + "/v1/traces"; // only its address
  if (!s.trace.header.empty())
    out.headers.push_back(s.trace.header);
  out.resource = {{"service.name", "eventpulse"},
                  {"service.version", who.version},
                  {"service.instance.id", who.name},
                  {"eventpulse.role", who.role},
                  {"host.name", who.host},
                  {"process.pid", std::to_string(who.pid)}};
  return out;
}

} // namespace

std::string database_conninfo(const settings& s) {
  return postgres::with_password(s.database.url, s.database.password);
}

postgres::options postgres_options(const settings& s,
                                   const std::string& secret_key) {
  postgres::options out;
  out.url = database_conninfo(s);
  out.connect_timeout = s.database.connect_timeout;
  out.statement_timeout = s.database.statement_timeout;
  out.lock_timeout = s.database.lock_timeout;
  out.idle_in_transaction_timeout = s.database.idle_timeout;
  out.secret_key = secret_key;
  return out;
}

redis::options redis_options(const settings& s) {
  redis::options out;
  out.url = s.stream.url;
  if (!s.stream.tls_ca_file.empty())
    out.url += (out.url.find('?') == std::string::npos ? "?" : "&") +
               ("ca_file=" + postgres::percent_encoded(s.stream.tls_ca_file));
  out.username = s.stream.username;
  out.password = s.stream.password;
  out.prefix = s.stream.prefix;
  out.partitions = s.stream.partitions;
  out.timeout = s.stream.timeout;
  out.max_backlog = s.stream.max_backlog;
  out.keep = s.stream.keep;
  out.keep_bytes = s.stream.keep_bytes;
  out.wait_replicas = s.intake.wait_replicas;
  out.quarantine_max = s.stream.quarantine_max;
  return out;
}

result<std::string> read_secret_key(const settings& s) {
  if (s.secrets.key_file.empty())
    return std::string{};
  std::ifstream in(s.secrets.key_file, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  if (!in || bytes.str().size() != secret_key_bytes)
    return failure{errc::invalid,
                   "secrets.key_file " + s.secrets.key_file +
                       " must be a readable file of exactly 32 bytes"};
  return bytes.str();
}

void block_ending_signals() {
  auto set = ending_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

process_frame::process_frame(const settings& s, const std::string& role,
                             const std::vector<std::string>& parts)
    : surroundings(system_world()),
      log(logger(stderr_sink(), s.log.level, s.log.format)
              .with({{"role", role}})),
      meters(metrics_of(s, role)), who(facts_of(role, *surroundings)),
      ready(std::make_shared<readiness>(parts)), spans(queue_of(s, meters)),
      exporter(spans
                   ? outbound::make_trace_exporter(exporter_options(s, who),
                                                   spans, meters.traces(), log)
                   : nullptr),
      traces(spans),
      system(configured(config, role == "worker" ? s.worker.threads
                                                 : s.server.threads)),
      directory(spawn_directory(system, &meters)) {}

process_frame::~process_frame() {
  caf::anon_send_exit(directory, caf::exit_reason::user_shutdown);
}

child_spec process_frame::reporter_child(
    const settings& s,
    std::function<std::unique_ptr<system_store>()> open_store) {
  system_reporter_setup setup;
  setup.who = who;
  setup.open_board = [o = redis_options(s)] {
    return redis::make_process_board(o);
  };
  setup.open_store = std::move(open_store);
  setup.partitions = s.stream.partitions;
  setup.ready = ready;
  setup.report = report;
  setup.directory = directory;
  setup.surroundings = surroundings;
  setup.log = log;
  setup.meters = &meters;
  child_spec out;
  out.id = "system_reporter";
  out.actor_kind = out.id;
  out.start = [this, setup](caf::local_actor* parent) {
    auto mine = setup;
    mine.root = parent->address();
    return caf::actor_cast<caf::actor>(spawn_metered<caf::detached>(
        *parent, &meters, "system_reporter", system_reporter, mine));
  };
  return out;
}

int process_frame::run(const caf::actor& root,
                       const std::function<void()>& before_stop,
                       std::chrono::milliseconds patience) {
  std::atomic<bool> failed{false};
  std::atomic<bool> stopping{false};
  caf::actor_cast<caf::abstract_actor*>(root)->attach_functor(
      [this, &failed, &stopping](const caf::error& why) {
        if (stopping)
          return; // we told it to
        failed = true;
        log.error("root_ended", {{"reason", to_string(to_failure(why))}});
        kill(getpid(), root_ended);
      });
  const auto manager = service_notice::of_environment();
  manager.tell("READY=1");
  const int got = wait_for_signal(ending_signals(), manager, system);
  manager.tell("STOPPING=1");
  log.info("stopping", {{"signal", got}});
  stopping = true;
  bool root_failed = failed;
  if (before_stop)
    before_stop();
  bool in_time = end_tree(root, patience);
  if (!in_time) {
    // Crash-only: what is not finished is recovered at the next start.
    log.error("stop_timed_out", {{"patience", patience}});
    _exit(1);
  }
  log.info("stopped");
  return root_failed ? 1 : 0;
}

void process_frame::stop(const caf::actor& root) {
  end_tree(root, std::chrono::seconds(5));
}

bool process_frame::end_tree(const caf::actor& root,
                             std::chrono::milliseconds patience) {
  caf::scoped_actor self{system};
  self->monitor(root);
  caf::anon_send_exit(root, caf::exit_reason::user_shutdown);
  bool down = false;
  self->receive([&](const caf::down_msg&) { down = true; },
                caf::after(patience) >> [] {});
  return down;
}

} // namespace eventpulse
