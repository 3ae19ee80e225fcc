#define CAF_SUITE yaml_text
#include "tests/unit/engine/rule_fixture.hpp"

#include "runtime/core/rules/document_diff.hpp"
#include "runtime/core/rules/yaml_text.hpp"
#include "tests/support/source_tree.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

using namespace eventpulse;
using namespace eventpulse::testing;

namespace {

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What is different when it is read again.
std::string lost(const rule_document& document) {
  auto again = parse_rule_yaml(to_yaml(document));
  if (auto* wrong = std::get_if<1>(&again))
    return to_string(wrong->front());
  std::string out;
  for (auto& change : diff_documents(document, std::get<0>(again)))
    out += to_string(change);
  return out;
}

} // namespace

CAF_TEST(a_document_is_a_field_a_line) {
  CAF_CHECK_EQUAL(
      to_yaml(document_of("{id: r, kind: match, when: 'event.type == \"a\"', "
                          "group_by: [event.id, event.data.x], labels: {team: "
                          "a, 'on': b}}")),
      "id: \"r\"\n"
      "labels:\n"
      "  team: \"a\"\n"
      "  \"on\": \"b\"\n"
      "kind: \"match\"\n"
      "when: \"event.type == \\\"a\\\"\"\n"
      "group_by:\n"
      "  - \"event.id\"\n"
      "  - \"event.data.x\"\n");
}

CAF_TEST(the_rules_that_ship_come_back_as_they_were) {
  size_t count = 0;
  for (auto& file :
       std::filesystem::directory_iterator(source_tree() / "config/rules")) {
    CAF_MESSAGE(file.path());
    CAF_CHECK_EQUAL(lost(document_of(text_of(file.path()))), "");
    ++count;
  }
  CAF_CHECK(count >= 3);
}

CAF_TEST(texts_that_look_like_something_else_stay_texts) {
  CAF_CHECK_EQUAL(
      lost(document_of(R"({id: r, kind: match, when: 'true', name: "null",
        description: "a: b # c\n- d\t\u0007 é 'x' \"y\" \\",
        labels: {"yes": "no", "1": "2", "": "~", "a b": "5m", "é": "!!x"},
        tests: [{name: "0x10", events: [{at: 0s, event: {type: "1e3", data: {
          "n": 1.0e+2, "i": -3, "t": true, "z": null, "s": "true", "o": {},
          "a": [], "aa": [[1, [2]], {"k": [{}]}]}}}], alerts: []}]})")),
      "");
}
