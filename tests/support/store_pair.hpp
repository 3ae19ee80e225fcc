#pragma once
// Runs one test body against the stores in memory and against PostgreSQL's,
// each on a database of its own, and demands the same answers: what the body
// says (backend::say) is a transcript, and both must be equal.

#include "runtime/adapters/memory/memory_database.hpp"
#include "runtime/adapters/postgres/migrations.hpp"
#include "runtime/adapters/postgres/stores.hpp"
#include "tests/support/caller.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/private_postgres.hpp"
#include "tests/support/render.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

namespace eventpulse::test {

inline int64_t real_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

struct backend {
  std::string name;
  std::unique_ptr<event_store> events;
  std::unique_ptr<lease_store> leases;
  std::unique_ptr<rule_store> rules;
  std::unique_ptr<outcome_store> outcomes;
  std::unique_ptr<delivery_store> deliveries;
  std::unique_ptr<channel_store> channels;
  std::unique_ptr<key_store> keys;
  std::unique_ptr<audit_store> audit;
  std::string transcript;

  template <class T>
  void say(const std::string& what, const T& value) {
    transcript += what + ": " + render(value) + "\n";
  }

  /// The transcript has a failure's code; its detail goes to the test's log.
  template <class T>
  void say(const std::string& what, const result<T>& r) {
    transcript += what + ": " + render(r) + "\n";
    if (!r)
      CAF_MESSAGE(name << ", " << what << ": " << to_string(r.error()));
  }

  /// A lease that nobody else holds.
  lease_token lease(const std::string& of) {
    auto taken = leases->acquire(of, "w1", std::chrono::minutes(1));
    if (!taken || !*taken)
      throw std::runtime_error("no lease " + of);
    return **taken;
  }
};

/// A database with the present schema, for tests of PostgreSQL alone.
inline std::string migrated_database() {
  auto url = shared_postgres().new_database();
  auto done = postgres::migrate(url);
  if (!done)
    throw std::runtime_error(to_string(done.error()));
  return url;
}

inline postgres::options options_of(const std::string& url) {
  postgres::options o;
  o.url = url;
  o.secret_key = std::string(32, 'k');
  return o;
}

template <class From>
backend make_backend(std::string name, const From& from) {
  return {std::move(name),          make_event_store(from),
          make_lease_store(from),   make_rule_store(from),
          make_outcome_store(from), make_delivery_store(from),
          make_channel_store(from), make_key_store(from),
          make_audit_store(from),   {}};
}

inline backend make_postgres_backend() {
  return make_backend("postgres", options_of(migrated_database()));
}

inline backend make_memory_backend() {
  return make_backend("memory",
                      std::make_shared<memory::database>(real_now_ms));
}

struct transcripts {
  std::string memory;
  std::string postgres;
};

inline transcripts run_on_both(const std::function<void(backend&)>& body) {
  auto memory = make_memory_backend();
  body(memory);
  auto postgres = make_postgres_backend();
  body(postgres);
  return {memory.transcript, postgres.transcript};
}

} // namespace eventpulse::test

/// The body is a function (backend&). Equal answers are demanded.
#define EP_SAME_ANSWERS(...)                                                   \
  do {                                                                         \
    auto both = eventpulse::test::run_on_both(__VA_ARGS__);                    \
    CAF_CHECK_EQUAL(both.memory, both.postgres);                               \
    CAF_CHECK(!both.memory.empty());                                           \
  } while (false)
