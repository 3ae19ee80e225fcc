#define CAF_SUITE app_command_line
#include <caf/test/unit_test.hpp>

#include "runtime/app/command_line.hpp"

#include <sstream>
#include <stdexcept>

using namespace eventpulse;

namespace {

struct outcome {
  int code = -1;
  std::string out;
  std::string err;
};

/// Commands that write down what they were given.
struct fixture {
  std::string seen;

  command_line make() {
    command up;
    up.name = "up";
    up.group = "Run it";
    up.summary = "Starts everything on one machine.";
    up.takes_settings = true;
    up.flags = {
        {"data", "DIR", "Where the data is.", "./.eventpulse", false, ""},
        {"port", "N", "The port.", "", false, "server.port"},
        json_flag()};
    up.examples = {"eventpulse up --port 9090"};
    up.run = [this](const arguments& a) {
      seen = "up data=" + a.get("data") + (a.has("json") ? " json" : "");
      for (const auto& [name, value] : a.settings())
        seen += " " + name + "=" + value;
      return exit_code::ok;
    };
    command apply;
    apply.name = "rules apply";
    apply.group = "Rules";
    apply.summary = "Publishes rules.";
    apply.operands = "FILE...";
    apply.operands_min = 1;
    apply.operands_max = 2;
    apply.flags = {{"label", "K=V", "A label.", "", true, ""}};
    apply.run = [this](const arguments& a) {
      seen = "apply";
      for (const auto& p : a.positional())
        seen += " " + p;
      for (const auto& l : a.all("label"))
        seen += " label:" + l;
      return exit_code::failed;
    };
    command bad;
    bad.name = "bad";
    bad.group = "Rules";
    bad.summary = "Throws.";
    bad.run = [](const arguments&) -> int {
      throw std::runtime_error("out of luck");
    };
    return {"eventpulse", "1.2.3", {up, apply, bad}};
  }

  outcome run(const std::vector<std::string>& words) {
    std::ostringstream out, err;
    outcome o;
    o.code = make().run(words, out, err);
    o.out = out.str();
    o.err = err.str();
    return o;
  }

  static bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(command_line_tests, fixture)

CAF_TEST(flags and short names of settings reach the command) {
  CAF_CHECK_EQUAL(run({"up", "--port", "81", "--json"}).code, 0);
  CAF_CHECK_EQUAL(seen, "up data=./.eventpulse json server.port=81");
  CAF_CHECK_EQUAL(run({"up", "--data=/d", "--lease.ttl=5s"}).code, 0);
  CAF_CHECK_EQUAL(seen, "up data=/d lease.ttl=5s");
}

CAF_TEST(a command of two words takes its own arguments) {
  const auto o =
      run({"rules", "apply", "a", "--label", "x=1", "--label=y=2", "b"});
  CAF_CHECK_EQUAL(o.code, 1);
  CAF_CHECK_EQUAL(seen, "apply a b label:x=1 label:y=2");
}

CAF_TEST(after two dashes everything is an argument) {
  run({"rules", "apply", "--", "--label"});
  CAF_CHECK_EQUAL(seen, "apply --label");
  run({"rules", "apply", "-"});
  CAF_CHECK_EQUAL(seen, "apply -");
}

CAF_TEST(an unknown flag is refused with the near name) {
  const auto o = run({"up", "--prot", "81"});
  CAF_CHECK_EQUAL(o.code, exit_code::usage);
  CAF_CHECK_EQUAL(o.err, "eventpulse up: unknown flag '--prot'; did you mean "
                         "'--port'?\nTry 'eventpulse up --help'.\n");
  CAF_CHECK(holds(run({"up", "--server.prot", "1"}).err,
                  "did you mean '--server.port'?"));
  CAF_CHECK(holds(run({"up", "-p"}).err, "unknown flag '-p'"));
  CAF_CHECK(holds(run({"rules", "apply", "a", "--server.port", "1"}).err,
                  "unknown flag '--server.port'"));
}

CAF_TEST(an unknown command is refused with the near name) {
  const auto o = run({"upp"});
  CAF_CHECK_EQUAL(o.code, exit_code::usage);
  CAF_CHECK(holds(o.err, "unknown command 'upp'; did you mean 'up'?"));
  CAF_CHECK(holds(run({"rules"}).err, "'rules' needs one of"));
  CAF_CHECK(holds(run({"rules", "aply"}).err, "rules apply FILE..."));
}

CAF_TEST(values are neither forgotten nor needless nor doubled) {
  CAF_CHECK(holds(run({"up", "--data"}).err, "'--data' needs a value"));
  CAF_CHECK(holds(run({"up", "--json=1"}).err, "'--json' takes no value"));
  CAF_CHECK(holds(run({"up", "--data", "a", "--data", "b"}).err,
                  "'--data' is given twice"));
}

CAF_TEST(the number of arguments is held to) {
  CAF_CHECK(holds(run({"rules", "apply"}).err, "missing argument: FILE..."));
  CAF_CHECK_EQUAL(run({"rules", "apply", "a", "b"}).code, 1);
  CAF_CHECK(holds(run({"rules", "apply", "a", "b", "c"}).err,
                  "unexpected argument 'c'"));
  CAF_CHECK(holds(run({"up", "x"}).err, "unexpected argument 'x'"));
}

CAF_TEST(help teaches on standard output) {
  const auto o = run({"up", "--help"});
  CAF_CHECK_EQUAL(o.code, 0);
  CAF_CHECK(holds(o.out, "usage: eventpulse up [FLAGS]"));
  CAF_CHECK(holds(o.out, "--data DIR"));
  CAF_CHECK(holds(o.out, "Default: ./.eventpulse."));
  CAF_CHECK(holds(o.out, "--SECTION.KEY VALUE"));
  CAF_CHECK(holds(o.out, "eventpulse up --port 9090"));
  CAF_CHECK_EQUAL(run({"help", "up"}).out, o.out);
  CAF_CHECK(holds(run({"help"}).out, "Starts everything on one machine."));
  CAF_CHECK(holds(run({"rules", "--help"}).out, "rules apply"));
  CAF_CHECK_EQUAL(run({"help", "nothing"}).code, exit_code::usage);
}

CAF_TEST(no command shows the list and is wrong usage) {
  const auto o = run({});
  CAF_CHECK_EQUAL(o.code, exit_code::usage);
  CAF_CHECK(holds(o.err, "usage: eventpulse COMMAND"));
  CAF_CHECK_EQUAL(run({"--version"}).out, "eventpulse 1.2.3\n");
}

CAF_TEST(a command that throws ends with its message) {
  const auto o = run({"bad"});
  CAF_CHECK_EQUAL(o.code, exit_code::failed);
  CAF_CHECK_EQUAL(o.err, "eventpulse bad: out of luck\n");
}

CAF_TEST_FIXTURE_SCOPE_END()
