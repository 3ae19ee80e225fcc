// The official JSON-Schema-Test-Suite as Debian packages it
// (json-schema-test-suite), where it is installed: draft-06 and draft-07. What
// is refused must be refused for a stated reason; everything else must agree.

#define CAF_SUITE schema_suite
#include <caf/test/unit_test.hpp>

#include "tests/support/corpora.hpp"
#include "tests/unit/schema/support.hpp"

#include <sstream>

using namespace eventpulse;
using namespace eventpulse::test;
namespace json = boost::json;

namespace {

const std::filesystem::path suite{"/usr/share/json-schema-test-suite/tests"};

struct tally {
  size_t agreed = 0;
  size_t refused = 0;
  std::string strange;
};

/// The reasons for which a schema of the suite may be refused.
bool is_stated(const std::string& fault) {
  for (auto* reason :
       {"leads out of this document", "an $id of its own is not supported",
        "is ignored beside $ref in this draft", "no such keyword"})
    if (fault.find(reason) != std::string::npos)
      return true;
  return false;
}

void run_group(const json::value& group, std::string_view draft,
               const std::string& name, tally& out) {
  auto document = group.at("schema");
  if (auto* o = document.if_object())
    o->emplace("$schema", json::string_view(draft.data(), draft.size()));
  auto made = schema::compile(json::serialize(document));
  if (!made.schema) {
    ++out.refused;
    if (auto why = lines_of(made.faults); !is_stated(why))
      out.strange += name + ": refused: " + why + '\n';
    return;
  }
  for (auto& test : group.at("tests").as_array()) {
    auto errors = schema::check(*made.schema, test.at("data")).errors;
    if (errors.empty() == test.at("valid").as_bool())
      ++out.agreed;
    else
      out.strange +=
          name + ": " + json::serialize(test.at("description")) + '\n';
  }
}

tally run_folder(const std::string& folder, std::string_view draft,
                 const std::vector<std::string>& without = {}) {
  tally out;
  for (auto& entry : std::filesystem::directory_iterator(suite / folder)) {
    auto name = entry.path().filename().string();
    if (entry.path().extension() != ".json" ||
        std::find(without.begin(), without.end(), name) != without.end())
      continue;
    std::ifstream in{entry.path()};
    std::stringstream text;
    text << in.rdbuf();
    auto groups = parse_kept_json(text.str());
    for (auto& group : groups.as_array())
      run_group(group, draft, folder + '/' + name, out);
  }
  CAF_MESSAGE(folder << ": " << out.agreed << " agreed, " << out.refused
                     << " schemas refused");
  return out;
}

} // namespace

CAF_TEST(the_official_suite_agrees) {
  if (!std::filesystem::exists(suite)) {
    std::cout << "skipped: the JSON Schema suite is not installed\n";
    return;
  }
  for (auto& [folder, draft] :
       {std::pair{"draft6", "http://json-schema.org/draft-06/schema#"},
        std::pair{"draft7", "http://json-schema.org/draft-07/schema#"}}) {
    auto done = run_folder(folder, draft);
    CAF_CHECK_EQUAL(done.strange, "");
    CAF_CHECK(done.agreed > 350);
    CAF_CHECK(done.refused < 20);
  }
}

CAF_TEST(formats_agree_where_they_are_checked) {
  if (!std::filesystem::exists(suite))
    return;
  // Formats that are not checked, and so take everything.
  auto done = run_folder(
      "draft7/optional/format", "http://json-schema.org/draft-07/schema#",
      {"uri-template.json", "idn-email.json", "idn-hostname.json", "iri.json",
       "iri-reference.json", "relative-json-pointer.json"});
  CAF_CHECK_EQUAL(done.strange, "");
  CAF_CHECK(done.agreed > 80);
}
