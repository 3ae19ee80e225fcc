// How settings are called, in files, in the environment, and by mistake.

#include "runtime/app/setting_table.hpp"
#include "runtime/core/base/near_name.hpp"

#include <cctype>
#include <vector>

namespace eventpulse {

namespace {

std::string upper(std::string_view text) {
  std::string out{text};
  for (auto& c : out)
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

} // namespace

std::string setting::name() const {
  return std::string{section} + "." + std::string{key};
}

std::string setting::variable() const {
  return "EVENTPULSE_" + upper(section) + "_" + upper(key);
}

const setting* find_setting(std::string_view name) {
  for (const auto& s : setting_table())
    if (s.name() == name)
      return &s;
  return nullptr;
}

std::string unknown_setting_hint(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& s : setting_table())
    names.push_back(s.name());
  const std::vector<std::string_view> views(names.begin(), names.end());
  return "no such setting" + near_name_hint(name, views);
}

} // namespace eventpulse
