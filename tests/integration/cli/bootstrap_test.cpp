#define CAF_SUITE cli_bootstrap
#define FAIL CAF_FAIL

// The first admin key of an installation that `up` did not make.

#include <caf/test/unit_test.hpp>
#include <pqxx/pqxx>

#include "runtime/adapters/postgres/stores.hpp"
#include "runtime/core/base/key_text.hpp"

#include "tests/integration/cli/binary.hpp"
#include "tests/support/store_pair.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

/// As the settings take it.
std::string url_of(const std::string& conninfo) {
  pqxx::connection link{conninfo};
  const auto text = [](const char* part) {
    return std::string{part == nullptr ? "" : part};
  };
  return "postgresql:///" + text(link.dbname()) +
         "?host=" + text(link.hostname()) + "&port=" + text(link.port()) +
         "&user=" + text(link.username());
}

} // namespace

CAF_TEST(the first admin key is made in the database and only the first) {
  const auto database = migrated_database();
  const auto url = url_of(database);
  const auto made = run_product({"keys", "bootstrap", "--database.url", url});
  CAF_CHECK_EQUAL(made.output.substr(0, 3), "ep_");
  CAF_CHECK_EQUAL(made.code, 0);
  const auto text = made.output.substr(0, made.output.find('\n'));
  CAF_CHECK(text.starts_with("ep_"));
  const auto known = postgres::make_key_store(options_of(database))->load();
  CAF_REQUIRE(known.ok());
  CAF_REQUIRE_EQUAL(known->by_hash.count(key_hash(text)), 1u);
  CAF_CHECK(known->by_hash.at(key_hash(text)).allows(scope::admin, 1));
  const auto again = run_product({"keys", "bootstrap", "--database.url", url});
  CAF_CHECK_EQUAL(again.code, 1);
  CAF_CHECK_EQUAL(
      postgres::make_key_store(options_of(database))->load()->by_hash.size(),
      1u);
}

CAF_TEST(a database that is not named or away is told apart) {
  CAF_CHECK_EQUAL(run_product({"keys", "bootstrap"}).code, 2);
  CAF_CHECK_EQUAL(run_product({"keys", "bootstrap", "--database.url",
                               "postgresql://127.0.0.1:1/none"})
                      .code,
                  3);
}
