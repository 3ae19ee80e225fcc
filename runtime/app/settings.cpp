#include "runtime/app/settings.hpp"

#include "runtime/app/setting_table.hpp"
#include "runtime/core/base/near_name.hpp"

#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <set>

namespace eventpulse {

namespace {

constexpr size_t file_bytes_max = 1 << 20;
constexpr size_t secret_bytes_max = 4096;

/// Collects every problem, so that a user mends a file in one go.
class problems {
public:
  void add(const std::string& place, const std::string& what) {
    text_ += (text_.empty() ? "" : "\n") + place + what;
  }

  result<void> verdict() const {
    if (text_.empty())
      return {};
    return {errc::invalid, text_};
  }

private:
  std::string text_;
};

void apply(const setting& s, std::string_view text, const std::string& place,
           settings& out, problems& found) {
  const auto done = s.parse(out, text);
  if (done)
    return;
  const auto shown = s.secret ? "the value" : "'" + std::string{text} + "'";
  found.add(place, shown + " is not " + done.error().detail);
}

// --- the file ----------------------------------------------------------------

/// A scalar, or a sequence of scalars as "a, b". nullopt for anything else.
std::optional<std::string> as_text(const YAML::Node& node) {
  if (node.IsNull())
    return "";
  if (node.IsScalar())
    return node.Scalar();
  if (!node.IsSequence())
    return std::nullopt;
  std::string out;
  for (const auto& item : node) {
    if (!item.IsScalar())
      return std::nullopt;
    out += (out.empty() ? "" : ", ") + item.Scalar();
  }
  return out;
}

class file_reader {
public:
  file_reader(std::string name, settings& out, problems& found)
      : name_(std::move(name)), out_(out), found_(found) {}

  void read(const std::string& text) {
    try {
      const auto root = YAML::Load(text);
      if (root.IsNull())
        return; // an empty file, or comments only
      if (!root.IsMap())
        return found_.add(place(root), "a mapping of sections is expected");
      for (const auto& entry : root)
        read_section(entry.first, entry.second);
    } catch (const YAML::Exception& e) {
      // yaml-cpp throws for syntax; its message is the best there is.
      found_.add(name_ + ":" + std::to_string(e.mark.line + 1) + ": ",
                 "not YAML: " + e.msg);
    }
  }

private:
  std::string place(const YAML::Node& node) const {
    return name_ + ":" + std::to_string(node.Mark().line + 1) + ": ";
  }

  void read_section(const YAML::Node& key, const YAML::Node& body) {
    const auto section = key.IsScalar() ? key.Scalar() : std::string{};
    std::vector<std::string_view> known;
    for (const auto& s : setting_table())
      if (known.empty() || known.back() != s.section)
        known.push_back(s.section);
    if (std::find(known.begin(), known.end(), section) == known.end())
      return found_.add(place(key) + section + ": ",
                        "no such section" + near_name_hint(section, known));
    if (body.IsNull())
      return; // "server:" with everything commented out
    if (!body.IsMap())
      return found_.add(place(body) + section + ": ",
                        "a mapping of settings is expected");
    for (const auto& entry : body)
      read_setting(section, entry.first, entry.second);
  }

  void read_setting(const std::string& section, const YAML::Node& key,
                    const YAML::Node& value) {
    const auto name = section + "." + (key.IsScalar() ? key.Scalar() : "");
    const auto where = place(key) + name + ": ";
    const auto* s = find_setting(name);
    if (!s)
      return found_.add(where, unknown_setting_hint(name));
    if (!seen_.insert(name).second)
      return found_.add(where, "given twice");
    const auto text = as_text(value);
    if (!text)
      return found_.add(where, "a " + std::string{s->type} + " is expected");
    apply(*s, *text, where, out_, found_);
  }

  std::string name_;
  settings& out_;
  problems& found_;
  std::set<std::string> seen_;
};

result<std::string> read_small_file(const std::string& path, size_t most) {
  std::ifstream in{path, std::ios::binary};
  if (!in)
    return {errc::not_found, "cannot read " + path};
  std::string text(most + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  if (in.bad())
    return {errc::unavailable, "cannot read " + path};
  if (text.size() > most)
    return {errc::too_large,
            path + " is larger than " + std::to_string(most) + " bytes"};
  return text;
}

// --- environment and flags ---------------------------------------------------

/// What the commands, `./dev` and the tests read beside settings.
constexpr std::array<std::string_view, 14> other_variables{
    "EVENTPULSE_BINARY",  "EVENTPULSE_BUILD",     "EVENTPULSE_CONFIG",
    "EVENTPULSE_CORPORA", "EVENTPULSE_HOOK",      "EVENTPULSE_JOBS",
    "EVENTPULSE_KEY",     "EVENTPULSE_NPM",       "EVENTPULSE_PRESET",
    "EVENTPULSE_SEED",    "EVENTPULSE_SEEDS",     "EVENTPULSE_SOURCE_DIR",
    "EVENTPULSE_URL",     "EVENTPULSE_WORKER_URL"};

/// Kubernetes puts the address of every Service there, such as one that is
/// called "eventpulse": EVENTPULSE_SERVICE_HOST, EVENTPULSE_PORT,
/// EVENTPULSE_PORT_8080_TCP_ADDR.
bool is_service_address(const std::string& variable, const std::string& text) {
  const auto has = [&](std::string_view part) {
    return variable.find(part) != std::string::npos;
  };
  return variable.ends_with("_SERVICE_HOST") || has("_SERVICE_PORT") ||
         (variable.ends_with("_PORT") &&
          text.find("://") != std::string::npos) ||
         (has("_PORT_") && (has("_TCP") || has("_UDP") || has("_SCTP")));
}

bool is_of_others(const std::string& variable, const std::string& text) {
  return std::find(other_variables.begin(), other_variables.end(), variable) !=
             other_variables.end() ||
         is_service_address(variable, text);
}

void read_environment(const std::map<std::string, std::string>& environment,
                      settings& out, problems& found) {
  std::map<std::string, const setting*> known;
  for (const auto& s : setting_table())
    known.emplace(s.variable(), &s);
  const std::vector<std::string> names = [&] {
    std::vector<std::string> all;
    all.reserve(known.size());
    for (const auto& entry : known)
      all.push_back(entry.first);
    return all;
  }();
  const std::vector<std::string_view> views(names.begin(), names.end());
  for (const auto& [variable, text] : environment) {
    const auto where = "environment " + variable + ": ";
    if (is_of_others(variable, text))
      continue;
    if (const auto at = known.find(variable); at != known.end())
      apply(*at->second, text, where, out, found);
    else
      found.add(where, "no such setting" + near_name_hint(variable, views));
  }
}

// --- secrets from files ------------------------------------------------------

void resolve_secret(const std::string& name, const std::string& file,
                    std::string& secret, problems& found) {
  if (file.empty())
    return;
  if (!secret.empty())
    return found.add(name + ": ",
                     "given together with " + name + "_file; keep one of them");
  const auto text = read_small_file(file, secret_bytes_max);
  if (!text)
    return found.add(name + "_file: ", text.error().detail);
  secret = text->substr(0, text->find_first_of("\r\n"));
  if (secret.empty())
    found.add(name + "_file: ", "the first line of " + file + " is empty");
}

} // namespace

result<void> read_settings_text(const std::string& text,
                                const std::string& name, settings& out) {
  problems found;
  file_reader{name, out, found}.read(text);
  return found.verdict();
}

result<settings> load_settings(const settings_sources& sources) {
  settings out;
  problems found;
  if (!sources.file.empty()) {
    const auto text = read_small_file(sources.file, file_bytes_max);
    if (!text)
      return failure{errc::invalid, "configuration: " + text.error().detail};
    file_reader{sources.file, out, found}.read(*text);
  }
  read_environment(sources.environment, out, found);
  for (const auto& [name, text] : sources.flags) {
    const auto where = "flag --" + name + ": ";
    if (const auto* s = find_setting(name))
      apply(*s, text, where, out, found);
    else
      found.add(where, unknown_setting_hint(name));
  }
  resolve_secret("stream.url", out.stream.url_file, out.stream.url, found);
  resolve_secret("database.url", out.database.url_file, out.database.url,
                 found);
  resolve_secret("stream.password", out.stream.password_file,
                 out.stream.password, found);
  resolve_secret("database.password", out.database.password_file,
                 out.database.password, found);
  resolve_secret("trace.header", out.trace.header_file, out.trace.header,
                 found);
  if (auto done = found.verdict(); !done)
    return done.error();
  if (auto done = check_relations(out); !done)
    return done.error();
  return out;
}

std::map<std::string, std::string> settings_environment(const settings& s) {
  // A resolved secret stands for its file, which a child may not be able to
  // read any more.
  settings resolved = s;
  for (auto* file :
       {&resolved.stream.url_file, &resolved.stream.password_file,
        &resolved.database.url_file, &resolved.database.password_file,
        &resolved.trace.header_file})
    file->clear();
  std::map<std::string, std::string> out;
  for (const auto& entry : setting_table())
    out[entry.variable()] = entry.show(resolved);
  return out;
}

std::map<std::string, std::string> eventpulse_environment() {
  std::map<std::string, std::string> out;
  for (char** at = environ; at && *at; ++at) {
    const std::string_view entry{*at};
    const auto equals = entry.find('=');
    if (entry.starts_with("EVENTPULSE_") && equals != std::string_view::npos)
      out.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return out;
}

} // namespace eventpulse
