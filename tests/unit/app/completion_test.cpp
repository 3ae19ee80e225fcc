#define CAF_SUITE app_completion
#include <caf/test/unit_test.hpp>

#include "runtime/app/completion.hpp"
#include "runtime/app/setting_table.hpp"

#include <boost/json.hpp>

#include <sstream>

using namespace eventpulse;

namespace {

std::vector<command> commands() {
  command up;
  up.name = "up";
  up.summary = "Starts it. And more.";
  up.takes_settings = true;
  up.flags = {{"data", "DIR", "Where the user's data is.", "", false, ""}};
  command test;
  test.name = "rules test";
  test.summary = "Tests.";
  test.operands = "FILE...";
  test.operands_max = 9;
  for (auto* c : {&up, &test})
    c->run = [](const arguments&) { return exit_code::ok; };
  return {up, test};
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

CAF_TEST(every script knows every command flag and setting) {
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    CAF_MESSAGE(shell);
    const auto script = completion_script(shell, "eventpulse", commands());
    CAF_REQUIRE(script.ok());
    for (const auto* word : {"up", "rules", "test", "data", "config", "help"})
      CAF_CHECK(holds(*script, word));
    for (const auto& s : setting_table())
      CAF_CHECK(holds(*script, s.name()));
  }
}

CAF_TEST(texts with quotes stay texts) {
  const auto zsh = completion_script("zsh", "eventpulse", commands());
  CAF_CHECK(holds(*zsh, R"('--data:Where the user'\''s data is')"));
  const auto fish = completion_script("fish", "eventpulse", commands());
  CAF_CHECK(holds(*fish, R"(-d 'Where the user\'s data is')"));
}

CAF_TEST(another shell is refused) {
  const auto script = completion_script("tcsh", "eventpulse", commands());
  CAF_REQUIRE(!script.ok());
  CAF_CHECK_EQUAL(script.error().code, errc::invalid);
}

CAF_TEST(the command line answers completion and its own table) {
  const command_line line("eventpulse", "1", commands());
  std::ostringstream out, err;
  CAF_CHECK_EQUAL(line.run({"completion", "bash"}, out, err), exit_code::ok);
  CAF_CHECK(holds(out.str(), "complete -F _eventpulse eventpulse"));
  CAF_CHECK(holds(out.str(), "completion")); // it knows itself
  CAF_CHECK_EQUAL(line.run({"completion", "tcsh"}, out, err), exit_code::usage);
  CAF_CHECK_EQUAL(line.run({"completion"}, out, err), exit_code::usage);
  std::ostringstream table;
  CAF_CHECK_EQUAL(line.run({"help", "--json"}, table, err), exit_code::ok);
  const auto all = boost::json::parse(table.str()).at("commands").as_array();
  CAF_REQUIRE_EQUAL(all.size(), 3u);
  CAF_CHECK_EQUAL(std::string(all[1].at("name").as_string()), "rules test");
}
