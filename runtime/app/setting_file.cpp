// The documented settings file, rendered from the table.

#include "runtime/app/setting_table.hpp"

#include <string>

namespace eventpulse {

namespace {

constexpr size_t columns_max = 78;

constexpr std::string_view head =
    "# Every setting of EventPulse with its default. Each may also be given "
    "in\n"
    "# the environment as EVENTPULSE_SECTION_KEY and as a flag --section.key\n"
    "# VALUE; flags win over the environment, the environment over this file.\n"
    "# Leave out what you do not change. An unknown name or a bad value is an\n"
    "# error that names it. `eventpulse doctor` checks the whole.\n"
    "#\n"
    "# duration: 500ms, 10s, 1h30m, 2d.  size: 512B, 256KiB, 8MiB, 1GiB.\n"
    "# list: [a, b]; in the environment and in flags \"a, b\".\n";

void append_comment(std::string& out, const std::string& text) {
  std::string line;
  size_t from = 0;
  while (from < text.size()) {
    const auto blank = std::min(text.find(' ', from), text.size());
    const auto word = text.substr(from, blank - from);
    if (!line.empty() && 5 + line.size() + word.size() > columns_max) {
      out += "  # " + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    from = blank + 1;
  }
  out += "  # " + line + "\n";
}

std::string yaml_value(const setting& s, const std::string& text) {
  if (s.type.starts_with("list"))
    return "[" + text + "]";
  return text.empty() ? "\"\"" : text;
}

} // namespace

std::string documented_settings_file() {
  std::string out{head};
  std::string_view section;
  const settings defaults;
  for (const auto& s : setting_table()) {
    if (s.section != section) {
      section = s.section;
      out += "\n" + std::string{section} + ":\n";
    }
    append_comment(out,
                   std::string{s.meaning} + " (" + std::string{s.type} + ")");
    out += "  " + std::string{s.key} + ": " + yaml_value(s, s.show(defaults)) +
           "\n";
  }
  return out;
}

} // namespace eventpulse
