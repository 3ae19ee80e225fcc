// The CloudEvents SDK for JavaScript sends unchanged, in every mode it has, and
// what it sent is what is kept.

#define CAF_SUITE e2e_cloudevents
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/hash.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/npm_script.hpp"

using namespace eventpulse;
using namespace eventpulse::test;
namespace json = boost::json;

namespace {

struct fixture {
  cluster p;

  fixture() {
    p.start_worker("worker");
    CAF_REQUIRE(p.intake_ready());
  }

  json::array send() {
    const auto file = (p.dir().path / "expected.json").string();
    CAF_MESSAGE(run_npm_script(p, "cloudevents.mjs", {file}, {}));
    return json::parse(file_text(file)).as_array();
  }

  static std::string text(const json::value& of, const char* name) {
    const auto& value = of.at(name);
    return value.is_null() ? "" : std::string(value.as_string());
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(cloudevents, fixture)

CAF_TEST(what the SDK sends in each mode is kept as it was) {
  const auto expected = send();
  CAF_REQUIRE(expected.size() > 40);
  CAF_REQUIRE(eventually(
      [&] {
        return p.number("SELECT count(*) FROM events") ==
               static_cast<int64_t>(expected.size());
      },
      patience));
  std::map<std::string, std::vector<std::string>> kept;
  for (auto& row :
       p.rows("SELECT id, source, type, subject, time_text,"
              " datacontenttype, coalesce(extensions, '{}'),"
              " payload::text,"
              " replace(encode(payload_bytes, 'base64'), E'\\n', '')"
              " FROM events"))
    kept[row[0]] = row;
  for (const auto& e : expected) {
    const auto id = text(e, "id");
    CAF_MESSAGE(id);
    CAF_REQUIRE(kept.contains(id));
    const auto& row = kept.at(id);
    CAF_CHECK_EQUAL(row[1], text(e, "source"));
    CAF_CHECK_EQUAL(row[2], text(e, "type"));
    CAF_CHECK_EQUAL(row[3], text(e, "subject"));
    CAF_CHECK_EQUAL(row[4], text(e, "time"));
    CAF_CHECK_EQUAL(row[5], text(e, "datacontenttype"));
    CAF_CHECK_EQUAL(json::parse(row[6]), e.at("extensions"));
    CAF_CHECK_EQUAL(row[7], text(e, "json"));
    CAF_CHECK_EQUAL(row[8], text(e, "raw"));
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
