// Every command of the binary teaches itself.

#define CAF_SUITE cli_help
#include <caf/test/unit_test.hpp>

#include "tests/integration/cli/binary.hpp"

#include <algorithm>
#include <sstream>

using namespace eventpulse;
using namespace eventpulse::test;
namespace json = boost::json;

namespace {

json::array commands() {
  const auto said = run_product({"help", "--json"});
  CAF_REQUIRE_EQUAL(said.code, 0);
  return json::parse(said.output).at("commands").as_array();
}

std::string text(const json::value& of, const char* name) {
  return std::string(of.at(name).as_string());
}

std::vector<std::string> split(const std::string& name) {
  std::istringstream in(name);
  std::vector<std::string> out;
  for (std::string word; in >> word;)
    out.push_back(word);
  return out;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

CAF_TEST(every command explains its purpose flags and use) {
  const auto all = commands();
  CAF_CHECK(all.size() > 10);
  for (const auto& c : all) {
    const auto name = text(c, "name");
    CAF_MESSAGE(name);
    auto words = split(name);
    words.emplace_back("--help");
    const auto help = run_product(words);
    CAF_CHECK_EQUAL(help.code, 0);
    CAF_CHECK(holds(help.output, text(c, "summary")));
    CAF_CHECK(holds(help.output, "usage: eventpulse " + name + " "));
    CAF_CHECK(text(c, "summary").ends_with('.'));
    for (const auto& f : c.at("flags").as_array()) {
      CAF_CHECK(holds(help.output, "--" + text(f, "name")));
      CAF_CHECK(text(f, "meaning").ends_with('.'));
    }
    // What an operand looks like is best shown; an id needs no example.
    const auto operands = text(c, "operands");
    if (!operands.empty() && operands != "ID")
      CAF_CHECK(!c.at("examples").as_array().empty());
    for (const auto& example : c.at("examples").as_array())
      CAF_CHECK(holds(std::string(example.as_string()), "eventpulse " + name));
  }
}

CAF_TEST(no line of help is wider than a terminal) {
  for (const auto& c : commands()) {
    auto words = split(text(c, "name"));
    words.emplace_back("--help");
    std::istringstream lines(run_product(words).output);
    bool in_examples = false; // those may be as long as they are
    for (std::string line; std::getline(lines, line);) {
      in_examples = in_examples || line == "examples:";
      if (!in_examples && line.size() > 80)
        CAF_ERROR(text(c, "name") << ": " << line);
    }
  }
}

CAF_TEST(paragraphs of help are filled) {
  for (const auto& c : commands()) {
    auto words = split(text(c, "name"));
    words.emplace_back("--help");
    std::istringstream lines(run_product(words).output);
    std::string line, before;
    while (std::getline(lines, line) && !line.starts_with("usage:"))
      continue;
    while (std::getline(lines, line) && line != "flags:") {
      // The first word of a line did not fit on the one before.
      if (!before.empty() && !line.empty())
        CAF_CHECK_GREATER(
            before.size() + 1 + std::min(line.find(' '), line.size()), 79u);
      before = line;
    }
  }
}

CAF_TEST(what the environment may say is in the help) {
  for (const auto& name : {"rules list", "send", "tail"}) {
    auto words = split(name);
    words.emplace_back("--help");
    const auto help = run_product(words).output;
    CAF_CHECK(holds(help, "$EVENTPULSE_URL"));
    CAF_CHECK(holds(help, "$EVENTPULSE_KEY"));
  }
}

CAF_TEST(exit codes are as help says) {
  const auto overview = run_product({"help"});
  CAF_CHECK_EQUAL(overview.code, 0);
  CAF_CHECK(holds(overview.output, "Exit codes"));
  CAF_CHECK_EQUAL(run_product({}).code, 2);
  CAF_CHECK_EQUAL(run_product({"sned"}).code, 2);
  CAF_CHECK_EQUAL(run_product({"send", "--jsno"}).code, 2);
  CAF_CHECK_EQUAL(run_product({"send", "--wait", "soon"}).code, 2);
  CAF_CHECK_EQUAL(run_product({"intake", "--server.port", "x"}).code, 2);
  // Nobody listens on port 1.
  const std::map<std::string, std::string> nowhere{
      {"EVENTPULSE_URL", "http://127.0.0.1:1"}, {"EVENTPULSE_KEY", "ep_x"}};
  CAF_CHECK_EQUAL(run_product({"rules", "list"}, {}, nowhere).code, 3);
  CAF_CHECK_EQUAL(
      run_product({"send", "--wait", "0s"}, "{\"type\":\"a\"}\n", nowhere).code,
      3);
  CAF_CHECK_EQUAL(run_product({"send", "/no/such/file"}, {}, nowhere).code, 1);
  CAF_CHECK_EQUAL(
      run_product({"rules", "validate", "-"}, "id: a\n", nowhere).code, 1);
}
