#include "runtime/app/completion.hpp"

#include "runtime/app/setting_table.hpp"

#include <algorithm>
#include <functional>

namespace eventpulse {

namespace {

enum class value_kind { none, file, directory, other };

struct known_flag {
  std::string name; // with its dashes
  std::string meaning;
  value_kind value = value_kind::none;
};

struct known_command {
  std::string name; // "rules test"
  std::string summary;
  std::vector<known_flag> flags;
  bool takes_files = false;
  std::vector<std::string> choices;

  bool in_group() const { return name.find(' ') != std::string::npos; }
  std::string first() const { return name.substr(0, name.find(' ')); }
  std::string last() const { return name.substr(name.rfind(' ') + 1); }
};

value_kind kind_of(const std::string& placeholder) {
  if (placeholder.empty())
    return value_kind::none;
  if (placeholder.find("FILE") != std::string::npos || placeholder == "file")
    return value_kind::file;
  return placeholder == "DIR" ? value_kind::directory : value_kind::other;
}

/// The words of "bash|zsh|fish"; capitals stand for something else.
std::vector<std::string> choices_of(const std::string& operands) {
  std::vector<std::string> out;
  bool words = std::none_of(operands.begin(), operands.end(),
                            [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!words || operands.find('|') == std::string::npos)
    return out;
  size_t from = 0;
  while (from <= operands.size()) {
    const auto end = std::min(operands.find('|', from), operands.size());
    out.push_back(operands.substr(from, end - from));
    from = end + 1;
  }
  return out;
}

/// Texts are shown in one line of a list.
std::string first_sentence(const std::string& text) {
  const auto end = text.find(". ");
  auto out = end == std::string::npos ? text : text.substr(0, end);
  while (out.ends_with('.'))
    out.pop_back();
  std::replace(out.begin(), out.end(), '\n', ' ');
  return out;
}

std::vector<known_command> known(const std::vector<command>& commands) {
  std::vector<known_command> out;
  for (const auto& c : commands) {
    known_command k;
    k.name = c.name;
    k.summary = first_sentence(c.summary);
    k.takes_files = kind_of(c.operands) == value_kind::file;
    k.choices = choices_of(c.operands);
    for (const auto& f : c.flags)
      k.flags.push_back(
          {"--" + f.name, first_sentence(f.meaning), kind_of(f.value)});
    if (c.takes_settings) {
      k.flags.push_back(
          {"--config", "The configuration file", value_kind::file});
      for (const auto& s : setting_table())
        k.flags.push_back({"--" + s.name(),
                           first_sentence(std::string(s.meaning)),
                           kind_of(std::string(s.type)) == value_kind::file
                               ? value_kind::file
                               : value_kind::other});
    }
    k.flags.push_back({"--help", "Explain the command", value_kind::none});
    out.push_back(std::move(k));
  }
  return out;
}

/// 'text' for a shell; `escape` is what stands for a quote inside.
std::string quoted(const std::string& text, const std::string& escape) {
  std::string out = "'";
  for (char c : text)
    if (c == '\'')
      out += escape;
    else
      out += c;
  return out + "'";
}

std::string posix_quoted(const std::string& text) {
  return quoted(text, "'\\''");
}

/// The first words of the command line, each once, with what they mean.
std::vector<std::pair<std::string, std::string>>
first_words(const std::vector<known_command>& all) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& c : all) {
    const auto word = c.first();
    if (out.empty() || std::none_of(out.begin(), out.end(),
                                    [&](auto& w) { return w.first == word; }))
      out.emplace_back(word,
                       c.in_group() ? "Commands about " + word : c.summary);
  }
  out.emplace_back("help", "Explain a command");
  return out;
}

std::vector<std::string> groups(const std::vector<known_command>& all) {
  std::vector<std::string> out;
  for (const auto& c : all)
    if (c.in_group() && (out.empty() || out.back() != c.first()))
      out.push_back(c.first());
  return out;
}

std::string joined(const std::vector<std::string>& words,
                   const std::string& by) {
  std::string out;
  for (const auto& w : words)
    out += (out.empty() ? "" : by) + w;
  return out;
}

/// Case labels 'command --flag' of every flag whose value is of a kind.
std::string labels(const std::vector<known_command>& all, value_kind kind) {
  std::vector<std::string> out;
  for (const auto& c : all)
    for (const auto& f : c.flags)
      if (f.value == kind)
        out.push_back(posix_quoted(c.name + ' ' + f.name));
  // '' is never met, and a case needs a label.
  return out.empty() ? "''" : joined(out, " | \\\n      ");
}

// --- bash --------------------------------------------------------------------

std::string bash(const std::string& program,
                 const std::vector<known_command>& all) {
  std::vector<std::string> firsts;
  for (const auto& [word, meaning] : first_words(all))
    firsts.push_back(word);
  std::string subcommands, flags;
  for (const auto& group : groups(all)) {
    std::vector<std::string> words;
    for (const auto& c : all)
      if (c.in_group() && c.first() == group)
        words.push_back(c.last());
    subcommands += "    " + group + ") words='" + joined(words, " ") + "' ;;\n";
  }
  for (const auto& c : all) {
    std::vector<std::string> words;
    for (const auto& f : c.flags)
      words.push_back(f.name);
    flags += "    " + posix_quoted(c.name) + ")\n      flags='" +
             joined(words, " ") + "'\n";
    if (!c.choices.empty())
      flags += "      words='" + joined(c.choices, " ") + "'\n";
    if (c.takes_files)
      flags += "      files=yes\n";
    flags += "      ;;\n";
  }
  const auto function = "_" + program;
  return "# bash completion of " + program + ", written by '" + program +
         " completion bash'.\n" + function +
         "() {\n"
         "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD "
         "- 1]}\n"
         "  local command=${COMP_WORDS[1]} words='' flags='' files=''\n"
         "  COMPREPLY=()\n"
         "  # readline makes '=' a word of its own\n"
         "  [[ $cur == '=' ]] && cur=''\n"
         "  [[ $prev == '=' ]] && prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
         "  if ((COMP_CWORD == 1)); then\n"
         "    mapfile -t COMPREPLY < <(compgen -W '" +
         joined(firsts, " ") +
         " --help --version' -- \"$cur\")\n"
         "    return\n"
         "  fi\n"
         "  if [[ $command == help ]]; then\n"
         "    ((COMP_CWORD == 2)) && mapfile -t COMPREPLY < <(compgen -W '" +
         joined(firsts, " ") +
         "' -- \"$cur\")\n"
         "    ((COMP_CWORD == 2)) && return\n"
         "    command=${COMP_WORDS[2]}\n"
         "    ((COMP_CWORD > 3)) && return\n"
         "  fi\n"
         "  case $command in\n" +
         subcommands +
         "  esac\n"
         "  if [[ -n $words ]]; then\n"
         "    local at=2\n"
         "    [[ ${COMP_WORDS[1]} == help ]] && at=3\n"
         "    if ((COMP_CWORD == at)); then\n"
         "      mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
         "      return\n"
         "    fi\n"
         "    command+=\" ${COMP_WORDS[at]}\"\n"
         "    words=''\n"
         "  fi\n"
         "  [[ ${COMP_WORDS[1]} == help ]] && return\n"
         "  case \"$command $prev\" in\n"
         "    " +
         labels(all, value_kind::file) +
         ")\n"
         "      files=yes\n"
         "      ;;\n"
         "    " +
         labels(all, value_kind::directory) +
         ")\n"
         "      compopt -o filenames 2>/dev/null\n"
         "      mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")\n"
         "      return\n"
         "      ;;\n"
         "    " +
         labels(all, value_kind::other) +
         ")\n"
         "      return\n"
         "      ;;\n"
         "    *)\n"
         "      case $command in\n" +
         flags +
         "      esac\n"
         "      ;;\n"
         "  esac\n"
         "  if [[ $cur == -* && -n $flags ]]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$flags\" -- \"$cur\")\n"
         "  elif [[ -n $words ]]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
         "  elif [[ -n $files ]]; then\n"
         "    compopt -o filenames 2>/dev/null\n"
         "    mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
         "  fi\n"
         "}\n"
         "complete -F " +
         function + " " + program + "\n";
}

// --- zsh ---------------------------------------------------------------------

/// 'name:meaning' of _describe.
std::string described(const std::string& name, const std::string& meaning) {
  return posix_quoted(name + ":" + meaning);
}

std::string zsh(const std::string& program,
                const std::vector<known_command>& all) {
  std::string firsts, subcommands, flags;
  for (const auto& [word, meaning] : first_words(all))
    firsts += "      " + described(word, meaning) + "\n";
  for (const auto& group : groups(all)) {
    subcommands += "    " + group + ")\n      list=(\n";
    for (const auto& c : all)
      if (c.in_group() && c.first() == group)
        subcommands += "        " + described(c.last(), c.summary) + "\n";
    subcommands += "      ) ;;\n";
  }
  for (const auto& c : all) {
    flags += "    " + posix_quoted(c.name) + ")\n      flags=(\n";
    for (const auto& f : c.flags)
      flags += "        " + described(f.name, f.meaning) + "\n";
    flags += "      )\n";
    if (!c.choices.empty())
      flags += "      list=(" + joined(c.choices, " ") + ")\n";
    if (c.takes_files)
      flags += "      files=yes\n";
    flags += "      ;;\n";
  }
  const auto function = "_" + program;
  return "#compdef " + program + "\n# zsh completion of " + program +
         ", written by '" + program + " completion zsh'.\n" + function +
         "() {\n"
         "  local command=$words[2] files='' at=3\n"
         "  local -a list flags\n"
         "  if ((CURRENT == 2)) || [[ $command == help && CURRENT -eq 3 ]]; "
         "then\n"
         "    list=(\n" +
         firsts +
         "    )\n"
         "    _describe command list\n"
         "    return\n"
         "  fi\n"
         "  [[ $command == help ]] && command=$words[3] at=4\n"
         "  case $command in\n" +
         subcommands +
         "  esac\n"
         "  if (($#list)); then\n"
         "    if ((CURRENT == at)); then\n"
         "      _describe command list\n"
         "      return\n"
         "    fi\n"
         "    command+=\" $words[at]\"\n"
         "    list=()\n"
         "  fi\n"
         "  [[ $words[2] == help ]] && return 1\n"
         "  case \"$command $words[CURRENT-1]\" in\n"
         "    " +
         labels(all, value_kind::file) +
         ")\n      _files; return ;;\n"
         "    " +
         labels(all, value_kind::directory) +
         ")\n      _files -/; return ;;\n"
         "    " +
         labels(all, value_kind::other) +
         ")\n      _message value; return ;;\n"
         "  esac\n"
         "  case $command in\n" +
         flags +
         "  esac\n"
         "  if [[ $PREFIX == -* ]]; then\n"
         "    _describe -o option flags\n"
         "  elif (($#list)); then\n"
         "    _describe value list\n"
         "  elif [[ -n $files ]]; then\n"
         "    _files\n"
         "  fi\n"
         "}\n"
         "# In a directory of fpath this file is the function; sourced, it "
         "tells where.\n"
         "if [[ $funcstack[1] == " +
         function + " ]]; then\n  " + function + " \"$@\"\nelse\n  compdef " +
         function + " " + program + "\nfi\n";
}

// --- fish --------------------------------------------------------------------

std::string fish_quoted(const std::string& text) {
  std::string slashed;
  for (char c : text)
    slashed += c == '\\' ? "\\\\" : std::string(1, c);
  return quoted(slashed, "\\'");
}

std::string fish(const std::string& program,
                 const std::vector<known_command>& all) {
  const auto at = "__" + program + "_at";
  const auto in = "__" + program + "_in";
  const auto begin = "complete -c " + program + " -n ";
  std::string out =
      "# fish completion of " + program + ", written by '" + program +
      " completion fish'.\nfunction " + at +
      " # exactly these words stand before the one that is written\n"
      "    set -l words (commandline -opc)\n    set -e words[1]\n"
      "    test \"$words\" = \"$argv\"\nend\nfunction " +
      in +
      " # the words begin with these\n"
      "    set -l words (commandline -opc)\n    set -e words[1]\n"
      "    set -l count (count $argv)\n"
      "    test (count $words) -ge $count; and "
      "test \"$words[1..$count]\" = \"$argv\"\nend\n"
      "complete -c " +
      program + " -f\n";
  for (const auto& [word, meaning] : first_words(all)) {
    out += begin + at + " -a " + word + " -d " + fish_quoted(meaning) + "\n";
    if (word != "help")
      out += begin + "'" + at + " help' -a " + word + " -d " +
             fish_quoted(meaning) + "\n";
  }
  for (const auto& c : all) {
    if (c.in_group())
      for (const auto& before : {c.first(), "help " + c.first()})
        out += begin + "'" + at + " " + before + "' -a " + c.last() + " -d " +
               fish_quoted(c.summary) + "\n";
    const auto here = begin + "'" + in + " " + c.name + "' ";
    for (const auto& f : c.flags) {
      out += here + "-l " + f.name.substr(2);
      switch (f.value) {
      case value_kind::none:
        break;
      case value_kind::file:
        out += " -r -F";
        break;
      case value_kind::directory:
        out += " -x -a '(__fish_complete_directories)'";
        break;
      case value_kind::other:
        out += " -x";
        break;
      }
      out += " -d " + fish_quoted(f.meaning) + "\n";
    }
    if (!c.choices.empty())
      out += here + "-a " + fish_quoted(joined(c.choices, " ")) + "\n";
    if (c.takes_files)
      out += here + "-F\n";
  }
  return out;
}

} // namespace

command completion_command() {
  command out;
  out.name = "completion";
  out.group = "Look";
  out.summary = "Print a completion script for bash, zsh or fish.";
  out.operands = "bash|zsh|fish";
  out.operands_min = out.operands_max = 1;
  out.help = "Completes commands, flags, settings, files and directories of "
             "this version.";
  out.examples = {
      "source <(eventpulse completion bash)          # in this shell",
      "eventpulse completion bash > "
      "~/.local/share/bash-completion/completions/eventpulse",
      "eventpulse completion zsh > ~/.zfunc/_eventpulse     # a directory of "
      "fpath",
      "eventpulse completion fish > "
      "~/.config/fish/completions/eventpulse.fish"};
  return out;
}

result<std::string> completion_script(const std::string& shell,
                                      const std::string& program,
                                      const std::vector<command>& commands) {
  const auto all = known(commands);
  if (shell == "bash")
    return bash(program, all);
  if (shell == "zsh")
    return zsh(program, all);
  if (shell == "fish")
    return fish(program, all);
  return failure{errc::invalid,
                 "no script for '" + shell + "'; there are bash, zsh and fish"};
}

} // namespace eventpulse
