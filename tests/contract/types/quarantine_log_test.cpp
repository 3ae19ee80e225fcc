// What the capped stream of refused input and the mirror of schemas promise.

#define CAF_SUITE quarantine_log
#include <caf/test/unit_test.hpp>

#include "runtime/adapters/memory/memory_intake.hpp"
#include "runtime/adapters/redis/factories.hpp"
#include "runtime/adapters/redis/intake_factories.hpp"
#include "tests/support/redis_server.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

struct side_world {
  std::string name;
  std::function<std::unique_ptr<log_appender>()> appender;
  std::function<std::unique_ptr<quarantine_log>()> quarantine;
  std::function<std::unique_ptr<event_type_mirror>()> mirror;
};

template <class Body>
void in_both_worlds(Body body) {
  auto memory = std::make_shared<memory::stream_server>();
  body(side_world{"memory", [=] { return memory::make_appender(memory); },
                  [=] { return memory::make_quarantine_log(memory); },
                  [=] { return memory::make_event_type_mirror(memory); }});
  redis_server server;
  redis::options o;
  o.url = server.url();
  body(side_world{"redis", [=] { return redis::make_appender(o); },
                  [=] { return redis::make_quarantine_log(o); },
                  [=] { return redis::make_event_type_mirror(o); }});
}

} // namespace

CAF_TEST(refused_input_is_read_oldest_first_until_it_is_removed) {
  in_both_worlds([](const side_world& w) {
    CAF_MESSAGE(w.name);
    auto log = w.quarantine();
    CAF_CHECK(log->read(10)->empty());
    auto to = w.appender();
    for (auto text : {"1", "2", "3"})
      CAF_REQUIRE(
          to->quarantine({{"original", std::string("\0\xff", 2) + text}}).ok());
    auto two = log->read(2);
    CAF_REQUIRE(two.ok());
    CAF_REQUIRE_EQUAL(two->size(), 2u);
    CAF_CHECK_EQUAL((*two)[0].fields[0].second, std::string("\0\xff", 2) + "1");
    CAF_CHECK_EQUAL(log->read(10)->size(), 3u); // reading takes nothing
    std::vector<std::string> gone{(*two)[0].id, (*two)[1].id};
    CAF_REQUIRE(log->remove(gone).ok());
    CAF_REQUIRE(log->remove(gone).ok()); // by somebody else, say
    CAF_REQUIRE(log->remove({}).ok());
    auto rest = log->read(10);
    CAF_REQUIRE_EQUAL(rest->size(), 1u);
    CAF_CHECK_EQUAL((*rest)[0].fields[0].second,
                    std::string("\0\xff", 2) + "3");
  });
}

CAF_TEST(the_mirror_of_schemas_keeps_the_newer) {
  in_both_worlds([](const side_world& w) {
    CAF_MESSAGE(w.name);
    CAF_CHECK(w.mirror()->load()->version == 0);
    event_type_set newer;
    newer.version = 10;
    newer.by_type["a/ä"] = {"a/ä", 3, "{\"title\": \"\\u0000\"}",
                            false, 5, "me"};
    event_type_set older;
    older.version = 9;
    CAF_REQUIRE(w.mirror()->store(newer).ok());
    CAF_REQUIRE(w.mirror()->store(older).ok());
    auto back = w.mirror()->load();
    CAF_REQUIRE(back.ok());
    CAF_CHECK_EQUAL(back->version, 10);
    CAF_CHECK((back->by_type == newer.by_type));
  });
}
