// The help texts of the command line, laid out from the table of commands.

#include "runtime/app/command_line.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace eventpulse {

namespace {

constexpr size_t columns_max = 79;

/// `text` wrapped, each line but the first indented by `indent`.
std::string wrap(const std::string& text, size_t indent) {
  std::string out, line;
  const auto width = columns_max > indent + 20 ? columns_max - indent : 20;
  size_t from = 0;
  while (from < text.size()) {
    const auto blank = std::min(text.find(' ', from), text.size());
    const auto word = text.substr(from, blank - from);
    if (!line.empty() && line.size() + 1 + word.size() > width) {
      out += line + "\n" + std::string(indent, ' ');
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    from = blank + 1;
  }
  return out + line;
}

/// Paragraphs, which empty lines part, each filled anew.
std::string fill(const std::string& text) {
  std::string out;
  size_t from = 0;
  while (from < text.size()) {
    const auto end = std::min(text.find("\n\n", from), text.size());
    auto paragraph = text.substr(from, end - from);
    std::replace(paragraph.begin(), paragraph.end(), '\n', ' ');
    out += (out.empty() ? "" : "\n") + wrap(paragraph, 0) + '\n';
    from = end + 2;
  }
  return out;
}

/// Two columns, the left one as wide as its widest cell.
std::string
table(const std::vector<std::pair<std::string, std::string>>& rows) {
  size_t width = 0;
  for (const auto& row : rows)
    width = std::max(width, row.first.size());
  std::string out;
  for (const auto& [left, right] : rows)
    out += "  " + left + std::string(width - left.size() + 2, ' ') +
           wrap(right, width + 4) + "\n";
  return out;
}

} // namespace

std::string command_line::list(std::string_view prefix) const {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto& c : commands_)
    if (c.name.starts_with(prefix))
      rows.emplace_back(program_ + " " + c.name +
                            (c.operands.empty() ? "" : " " + c.operands),
                        c.summary);
  return table(rows);
}

std::string command_line::overview() const {
  std::string out = program_ + " " + version_ +
                    " - events in, alerts out, nothing lost between.\n\n"
                    "usage: " +
                    program_ + " COMMAND [FLAGS] [ARGUMENTS]\n";
  std::vector<std::string> groups;
  for (const auto& c : commands_)
    if (std::find(groups.begin(), groups.end(), c.group) == groups.end())
      groups.push_back(c.group);
  size_t width = 0;
  for (const auto& c : commands_)
    width = std::max(width, c.name.size());
  for (const auto& group : groups) {
    out += "\n" + group + "\n";
    for (const auto& c : commands_)
      if (c.group == group)
        out += "  " + c.name + std::string(width - c.name.size() + 2, ' ') +
               wrap(c.summary, width + 4) + "\n";
  }
  const std::vector<std::pair<std::string, std::string>> codes{
      {"0", "It is done."},
      {"1", "It was tried and did not work, or a check found something."},
      {"2", "The command line or a setting is wrong; nothing was done."},
      {"3", "A server could not be reached or could not do it now; the same "
            "may work later."},
      {"130",
       "It was interrupted by Ctrl-C, which is how up and tail end: 0."}};
  return out + "\nExit codes\n" + table(codes) +
         "\nEvery command explains itself: " + program_ +
         " COMMAND --help. For programs: " + program_ + " help --json.\n";
}

std::string command_line::table_json() const {
  namespace json = boost::json;
  json::array all;
  for (const auto& c : commands_) {
    json::array flags;
    for (const auto& f : c.flags)
      flags.push_back({{"name", f.name},
                       {"value", f.value},
                       {"meaning", f.meaning},
                       {"default", f.fallback},
                       {"setting", f.setting},
                       {"repeated", f.repeated}});
    all.push_back({{"name", c.name},
                   {"group", c.group},
                   {"summary", c.summary},
                   {"operands", c.operands},
                   {"help", c.help},
                   {"examples", json::value_from(c.examples)},
                   {"takes_settings", c.takes_settings},
                   {"flags", std::move(flags)}});
  }
  return json::serialize(json::object{{"program", program_},
                                      {"version", version_},
                                      {"commands", std::move(all)}}) +
         '\n';
}

std::string command_line::help_for(const command& c) const {
  std::string out = c.summary + "\n\nusage: " + program_ + " " + c.name +
                    " [FLAGS]" + (c.operands.empty() ? "" : " " + c.operands) +
                    "\n";
  if (!c.help.empty())
    out += "\n" + fill(c.help);
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto& f : c.flags) {
    auto meaning = f.meaning;
    if (!f.fallback.empty())
      meaning += " Default: " + f.fallback + ".";
    if (f.repeated)
      meaning += " May be given several times.";
    if (!f.setting.empty())
      meaning += " The same as --" + f.setting + ".";
    rows.emplace_back("--" + f.name + (f.value.empty() ? "" : " " + f.value),
                      meaning);
  }
  if (c.takes_settings) {
    rows.emplace_back("--config FILE", "The configuration file (default: "
                                       "$EVENTPULSE_CONFIG, else none).");
    rows.emplace_back("--SECTION.KEY VALUE",
                      "Any setting of config/eventpulse.yaml, e.g. "
                      "--server.port 80; also EVENTPULSE_SECTION_KEY in the "
                      "environment. Flags win over the environment, the "
                      "environment over the file.");
  }
  rows.emplace_back("--help", "Show this.");
  out += "\nflags:\n" + table(rows);
  if (!c.examples.empty())
    out += "\nexamples:\n";
  for (const auto& example : c.examples)
    out += "  " + example + "\n";
  return out;
}

} // namespace eventpulse
