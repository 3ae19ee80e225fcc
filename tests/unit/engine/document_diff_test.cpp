#define CAF_SUITE document_diff
#include "tests/unit/engine/rule_fixture.hpp"

#include "runtime/core/rules/document_diff.hpp"

using namespace eventpulse;
using namespace eventpulse::testing;

namespace {

std::string diff(const std::string& before, const std::string& after) {
  std::string out;
  for (auto& change : diff_documents(document_of(before), document_of(after)))
    out += to_string(change);
  return out;
}

const std::string base = "{id: r, kind: match, when: 'true'";

} // namespace

CAF_TEST(the_same_content_differs_in_nothing) {
  CAF_CHECK_EQUAL(diff(three_in_100, three_in_100), "");
  // A default that is spelt out says nothing new.
  CAF_CHECK_EQUAL(diff(base + "}", base + ", severity: warning, mode: live}"),
                  "");
}

CAF_TEST(a_changed_value_is_named_by_its_pointer) {
  CAF_CHECK_EQUAL(diff(three_in_100, with(three_in_100, "100ms", "2s")),
                  "- /window/size: \"100ms\"\n+ /window/size: \"2s\"\n");
  CAF_CHECK_EQUAL(diff(three_in_100, with(three_in_100, "n >= 3", "n >= 4")),
                  "- /condition: \"n >= 3\"\n+ /condition: \"n >= 4\"\n");
}

CAF_TEST(what_comes_and_goes_stands_on_one_side) {
  CAF_CHECK_EQUAL(diff(base + ", labels: {a: x}}", base + ", name: N}"),
                  "- /labels: {\"a\":\"x\"}\n+ /name: \"N\"\n");
  CAF_CHECK_EQUAL(
      diff(base + ", labels: {a: x, 'b/~': y}}", base + ", labels: {a: x}}"),
      "- /labels/b~1~0: \"y\"\n");
  CAF_CHECK_EQUAL(
      diff(base + ", notify: [a, b]}", base + ", notify: [a, c, d]}"),
      "- /notify/1: \"b\"\n+ /notify/1: \"c\"\n+ /notify/2: \"d\"\n");
}
