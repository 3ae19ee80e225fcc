// The completion scripts in the shells they are for.

#define CAF_SUITE cli_completion
#include <caf/test/unit_test.hpp>

#include "tests/integration/cli/binary.hpp"

#include <algorithm>
#include <sstream>

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

using words = std::vector<std::string>;

struct fixture {
  scratch_directory dir;

  fixture() {
    dir.write("file-one.ndjson", "");
    dir.write("file two.ndjson", "");
    std::filesystem::create_directory(dir.path / "folder");
  }

  std::string script(const std::string& shell) {
    const auto path = dir.write("script." + shell, "");
    const auto done = run({"/bin/sh", "-c", "\"$0\" completion \"$1\" > \"$2\"",
                           product_binary(), shell, path});
    CAF_REQUIRE_EQUAL(done.code, 0);
    return path;
  }

  static words lines(const std::string& text) {
    words out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
      if (!line.empty())
        out.push_back(line);
    std::sort(out.begin(), out.end());
    return out;
  }

  /// What bash offers at the end of `typed`.
  words bash(words typed) {
    std::string line = "cd '" + dir.path.string() + "'; . '" + script("bash") +
                       "'; COMP_WORDS=(eventpulse";
    for (auto& w : typed)
      line += " '" + w + "'";
    line += "); COMP_CWORD=" + std::to_string(typed.size()) +
            "; _eventpulse; printf '%s\\n' \"${COMPREPLY[@]}\"";
    const auto done = run({"/bin/bash", "--norc", "-uc", line});
    CAF_MESSAGE(done.output);
    CAF_CHECK_EQUAL(done.code, 0);
    return lines(done.output);
  }

  /// The same of fish, without the meanings.
  words fish(const std::string& typed) {
    const auto done = run(
        {"/usr/bin/env", "fish", "--no-config", "-c",
         "cd '" + dir.path.string() + "'; source '" + script("fish") +
             "'; complete -C 'eventpulse " + typed + "'"},
        {},
        {{"HOME", dir.path.string()}, {"XDG_DATA_HOME", dir.path.string()}});
    CAF_CHECK_EQUAL(done.code, 0);
    auto out = lines(done.output);
    for (auto& line : out)
      line = line.substr(0, line.find('\t'));
    return out;
  }

  /// What is in the line of an interactive zsh after `typed` and a tab, as
  /// <line>.
  std::string zsh(const std::string& typed) {
    const auto driver = dir.write("driver.zsh", R"(
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1='%% '; cd $1; autoload -Uz compinit; compinit -u -D"
zpty -w z "source $1/script.zsh; bindkey '^I' complete-word"
zpty -w z "show() { print -r -- \"<\$BUFFER>\" }; zle -N show; bindkey '^X' show"
zpty -w z "print re''ady"
zpty -r -m z answer '*ready*' || exit 1
zpty -w -n z "eventpulse $2"$'\t\x18'
zpty -r -m z answer '*<eventpulse*>*' || exit 1
print -r -- $answer
)");
    script("zsh");
    const auto done =
        run({"/usr/bin/env", "zsh", "-f", driver, dir.path.string(), typed}, {},
            {{"TERM", "dumb"}, {"HOME", dir.path.string()}});
    CAF_MESSAGE(done.output);
    return done.output;
  }
};

bool has(const words& all, const std::string& word) {
  return std::find(all.begin(), all.end(), word) != all.end();
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(completion, fixture)

CAF_TEST(bash completes commands and those of two words) {
  CAF_CHECK_EQUAL(bash({"se"}), words{"send"});
  const auto all = bash({""});
  for (const auto* word : {"up", "rules", "help", "completion", "--version"})
    CAF_CHECK(has(all, word));
  CAF_CHECK_EQUAL(bash({"rules", "val"}), words{"validate"});
  CAF_CHECK_EQUAL(bash({"help", "rul"}), words{"rules"});
  CAF_CHECK_EQUAL(bash({"help", "rules", "val"}), words{"validate"});
  CAF_CHECK(bash({"nonsense", ""}).empty());
}

CAF_TEST(bash completes flags settings and values) {
  CAF_CHECK_EQUAL(bash({"send", "--js"}), words{"--json"});
  CAF_CHECK_EQUAL(bash({"rules", "publish", "--key"}), words{"--key-file"});
  CAF_CHECK_EQUAL(bash({"up", "--server.por"}), words{"--server.port"});
  CAF_CHECK_EQUAL(bash({"completion", "z"}), words{"zsh"});
  CAF_CHECK(bash({"up", "--port", ""}).empty());
  CAF_CHECK_EQUAL(bash({"up", "--data", "fo"}), words{"folder"});
  CAF_CHECK_EQUAL(bash({"up", "--data", "=", "fo"}), words{"folder"});
}

CAF_TEST(bash completes files also with spaces) {
  CAF_CHECK_EQUAL(bash({"send", "file"}),
                  (words{"file two.ndjson", "file-one.ndjson"}));
  CAF_CHECK_EQUAL(bash({"send", "--resume", "file-"}),
                  words{"file-one.ndjson"});
  CAF_CHECK_EQUAL(bash({"send", "--json", "file-"}), words{"file-one.ndjson"});
  CAF_CHECK(bash({"version", "file"}).empty());
}

CAF_TEST(fish completes the same) {
  CAF_CHECK_EQUAL(fish("se"), words{"send"});
  CAF_CHECK_EQUAL(fish("rules val"), words{"validate"});
  CAF_CHECK_EQUAL(fish("send --js"), words{"--json"});
  CAF_CHECK_EQUAL(fish("up --server.por"), words{"--server.port"});
  CAF_CHECK_EQUAL(fish("up --data fo"), words{"folder/"});
  CAF_CHECK_EQUAL(fish("completion z"), words{"zsh"});
  CAF_CHECK_EQUAL(fish("send file-"), words{"file-one.ndjson"});
  CAF_CHECK_EQUAL(fish("rules publish --key"), words{"--key-file"});
}

CAF_TEST(zsh completes the same) {
  auto completed = [&](const std::string& typed, const std::string& line) {
    return zsh(typed).find("<eventpulse " + line + ">") != std::string::npos;
  };
  CAF_CHECK(completed("sen", "send "));
  CAF_CHECK(completed("rules val", "rules validate "));
  CAF_CHECK(completed("send --js", "send --json "));
  CAF_CHECK(completed("up --data fo", "up --data folder/"));
  CAF_CHECK(completed("send file-", "send file-one.ndjson "));
  CAF_CHECK(completed("completion z", "completion zsh "));
}

CAF_TEST_FIXTURE_SCOPE_END()
