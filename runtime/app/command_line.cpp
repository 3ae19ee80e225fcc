#include "runtime/app/command_line.hpp"

#include "runtime/app/completion.hpp"
#include "runtime/app/setting_table.hpp"
#include "runtime/core/base/check.hpp"
#include "runtime/core/base/near_name.hpp"

#include <algorithm>
#include <exception>
#include <ostream>
#include <set>

namespace eventpulse {

namespace {

const flag_spec config_flag{"config",
                            "FILE",
                            "The configuration file (default: "
                            "$EVENTPULSE_CONFIG, else none).",
                            "",
                            false,
                            ""};

std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> out;
  size_t from = 0;
  while (from < text.size()) {
    const auto blank = std::min(text.find(' ', from), text.size());
    out.push_back(text.substr(from, blank - from));
    from = blank + 1;
  }
  return out;
}

const flag_spec* find_flag(const std::vector<flag_spec>& flags,
                           std::string_view name) {
  for (const auto& f : flags)
    if (f.name == name)
      return &f;
  return nullptr;
}

std::vector<flag_spec> all_flags(const command& c) {
  auto flags = c.flags;
  if (c.takes_settings)
    flags.push_back(config_flag);
  return flags;
}

failure unknown_flag(const command& c, const std::string& name) {
  std::vector<std::string> known{"help"};
  for (const auto& f : all_flags(c))
    known.push_back(f.name);
  if (c.takes_settings)
    for (const auto& s : setting_table())
      known.push_back(s.name());
  for (auto& k : known)
    k.insert(0, "--");
  const std::vector<std::string_view> views(known.begin(), known.end());
  return {errc::invalid,
          "unknown flag '--" + name + "'" + near_name_hint("--" + name, views)};
}

bool asks_for_help(const std::vector<std::string>& words) {
  for (const auto& w : words) {
    if (w == "--")
      return false;
    if (w == "--help" || w == "-h")
      return true;
  }
  return false;
}

} // namespace

flag_spec json_flag() {
  return {"json", "",    "Print JSON for programs instead of text for people.",
          "",     false, ""};
}

bool arguments::has(std::string_view flag) const {
  return given_.find(flag) != given_.end();
}

std::string arguments::get(std::string_view flag) const {
  if (const auto at = given_.find(flag); at != given_.end())
    return at->second.back();
  const auto at = fallbacks_.find(flag);
  return at == fallbacks_.end() ? "" : at->second;
}

std::vector<std::string> arguments::all(std::string_view flag) const {
  const auto at = given_.find(flag);
  return at == given_.end() ? std::vector<std::string>{} : at->second;
}

command_line::command_line(std::string program, std::string version,
                           std::vector<command> commands)
    : program_(std::move(program)), version_(std::move(version)),
      commands_(std::move(commands)) {
  commands_.push_back(completion_command());
  commands_.back().run = [](const arguments&) { return exit_code::ok; };
  std::set<std::string> names;
  for (const auto& c : commands_) {
    EP_CHECK(names.insert(c.name).second);
    EP_CHECK(c.run != nullptr);
  }
}

result<arguments>
command_line::parse(const command& c,
                    const std::vector<std::string>& words) const {
  arguments out;
  const auto flags = all_flags(c);
  for (const auto& f : flags)
    out.fallbacks_[f.name] = f.fallback;
  bool only_operands = false;
  for (size_t i = 0; i < words.size(); ++i) {
    const auto& word = words[i];
    if (!only_operands && word == "--") {
      only_operands = true;
      continue;
    }
    if (only_operands || word.size() < 2 || word[0] != '-') {
      out.positional_.push_back(word); // "-" alone is standard input
      continue;
    }
    if (!word.starts_with("--"))
      return failure{errc::invalid, "unknown flag '" + word +
                                        "'; flags begin with two dashes"};
    const auto equals = word.find('=');
    const auto name = word.substr(2, equals - 2);
    const auto* flag = find_flag(flags, name);
    const auto* named =
        c.takes_settings && !flag ? find_setting(name) : nullptr;
    if (!flag && !named)
      return unknown_flag(c, name);
    if (flag && flag->value.empty()) {
      if (equals != std::string::npos)
        return failure{errc::invalid, "flag '--" + name + "' takes no value"};
      out.given_[name].emplace_back();
      continue;
    }
    if (equals == std::string::npos && i + 1 == words.size())
      return failure{errc::invalid, "flag '--" + name + "' needs a value"};
    auto value =
        equals == std::string::npos ? words[++i] : word.substr(equals + 1);
    if (named) {
      out.settings_.emplace_back(name, std::move(value));
      continue;
    }
    if (!flag->repeated && out.given_.count(name))
      return failure{errc::invalid, "flag '--" + name + "' is given twice"};
    if (!flag->setting.empty())
      out.settings_.emplace_back(flag->setting, value);
    out.given_[name].push_back(std::move(value));
  }
  const auto count = out.positional_.size();
  if (count < c.operands_min)
    return failure{errc::invalid, "missing argument: " + c.operands};
  if (count > c.operands_max)
    return failure{errc::invalid, "unexpected argument '" +
                                      out.positional_[c.operands_max] + "'"};
  return out;
}

command_line::choice
command_line::choose(const std::vector<std::string>& words) const {
  choice best;
  for (const auto& c : commands_) {
    const auto name = split_words(c.name);
    if (name.size() > best.words && name.size() <= words.size() &&
        std::equal(name.begin(), name.end(), words.begin()))
      best = {&c, name.size()};
  }
  return best;
}

int command_line::run(const std::vector<std::string>& words, std::ostream& out,
                      std::ostream& err) const {
  if (words.empty()) {
    err << overview();
    return exit_code::usage;
  }
  if (words[0] == "--version" || words[0] == "-V") {
    out << program_ << " " << version_ << "\n";
    return exit_code::ok;
  }
  if (words[0] == "help")
    return help({words.begin() + 1, words.end()}, out, err);
  const auto chosen = choose(words);
  if (asks_for_help(words))
    return help(words, out, err);
  if (!chosen.found)
    return refuse_command(words, err);
  const auto& c = *chosen.found;
  const auto given =
      parse(c, {words.begin() + static_cast<std::ptrdiff_t>(chosen.words),
                words.end()});
  if (!given) {
    err << program_ << " " << c.name << ": " << given.error().detail << "\n"
        << "Try '" << program_ << " " << c.name << " --help'.\n";
    return exit_code::usage;
  }
  try {
    if (&c == &commands_.back()) // what it prints is the registry itself
      return complete(*given, out, err);
    return c.run(*given);
  } catch (const std::exception& e) {
    // Commands answer with values; what is thrown all the same (out of memory,
    // a library's surprise) ends this command with a message, not a core.
    err << program_ << " " << c.name << ": " << e.what() << "\n";
    return exit_code::failed;
  }
}

int command_line::complete(const arguments& given, std::ostream& out,
                           std::ostream& err) const {
  const auto script =
      completion_script(given.positional()[0], program_, commands_);
  if (!script) {
    err << program_ << " completion: " << script.error().detail << "\n";
    return exit_code::usage;
  }
  out << *script;
  return exit_code::ok;
}

int command_line::refuse_command(const std::vector<std::string>& words,
                                 std::ostream& err) const {
  const auto group = list(words[0] + " ");
  if (!group.empty()) {
    err << program_ << ": '" << words[0] << "' needs one of\n\n" << group;
    return exit_code::usage;
  }
  std::vector<std::string_view> names{"help"};
  for (const auto& c : commands_)
    names.push_back(c.name);
  err << program_ << ": unknown command '" << words[0] << "'"
      << near_name_hint(words[0], names) << "\nTry '" << program_
      << " help'.\n";
  return exit_code::usage;
}

int command_line::help(std::vector<std::string> words, std::ostream& out,
                       std::ostream& err) const {
  if (words == std::vector<std::string>{"--json"}) {
    out << table_json();
    return exit_code::ok;
  }
  words.erase(std::remove_if(words.begin(), words.end(),
                             [](const auto& w) { return w.starts_with("-"); }),
              words.end());
  if (words.empty()) {
    out << overview();
    return exit_code::ok;
  }
  if (const auto chosen = choose(words); chosen.found) {
    out << help_for(*chosen.found);
    return exit_code::ok;
  }
  const auto group = list(words[0] + " ");
  if (group.empty())
    return refuse_command(words, err);
  out << group;
  return exit_code::ok;
}

result<settings> settings_of(const arguments& given) {
  settings_sources from;
  from.environment = eventpulse_environment();
  from.file = given.get("config");
  if (from.file.empty())
    from.file = from.environment["EVENTPULSE_CONFIG"];
  from.flags = given.settings();
  return load_settings(from);
}

} // namespace eventpulse
