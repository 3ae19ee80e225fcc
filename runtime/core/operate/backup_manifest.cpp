#include "runtime/core/operate/backup_manifest.hpp"

#include <boost/json.hpp>

namespace eventpulse {

namespace json = boost::json;

namespace {

constexpr int64_t format_known = 1;

std::string text_of(const json::object& o, const char* name) {
  return json::value_to<std::string>(o.at(name));
}

position position_of(const json::value& v) {
  auto parsed = parse_position(json::value_to<std::string>(v));
  if (!parsed)
    throw std::runtime_error("a position cannot be read");
  return *parsed;
}

/// Throws where a member is missing or of another type.
backup_manifest read(const json::object& o) {
  backup_manifest out;
  out.program = text_of(o, "program");
  out.created_at = text_of(o, "created_at");
  out.partitions = json::value_to<uint32_t>(o.at("partitions"));
  for (auto& one : o.at("streams").as_array())
    out.streams.push_back(
        {json::value_to<uint64_t>(one.as_object().at("entries")),
         position_of(one.as_object().at("last"))});
  out.quarantined = json::value_to<uint64_t>(o.at("quarantined"));
  out.postgres_version = json::value_to<int>(o.at("postgres_version"));
  out.migration = text_of(o, "migration");
  for (auto& tail : o.at("tails").as_array())
    out.tails.push_back(position_of(tail));
  out.secret_key_id = text_of(o, "secret_key_id");
  for (auto& one : o.at("files").as_array()) {
    auto& file = one.as_object();
    out.files.push_back({text_of(file, "name"),
                         json::value_to<uint64_t>(file.at("bytes")),
                         text_of(file, "sha256")});
  }
  return out;
}

/// Files are opened by these names: none may lead out of the backup.
bool is_inside(const std::string& name) {
  return !name.empty() && name.front() != '/' &&
         name.find("..") == std::string::npos;
}

} // namespace

std::string to_json(const backup_manifest& m) {
  json::array streams, tails, files;
  for (auto& s : m.streams)
    streams.push_back({{"entries", s.entries}, {"last", to_string(s.last)}});
  for (auto& tail : m.tails)
    tails.emplace_back(to_string(tail));
  for (auto& f : m.files)
    files.push_back(
        {{"name", f.name}, {"bytes", f.bytes}, {"sha256", f.sha256}});
  return json::serialize(json::object{{"format", format_known},
                                      {"program", m.program},
                                      {"created_at", m.created_at},
                                      {"partitions", m.partitions},
                                      {"streams", std::move(streams)},
                                      {"quarantined", m.quarantined},
                                      {"postgres_version", m.postgres_version},
                                      {"migration", m.migration},
                                      {"tails", std::move(tails)},
                                      {"secret_key_id", m.secret_key_id},
                                      {"files", std::move(files)}});
}

result<backup_manifest> parse_manifest(const std::string& text) {
  try {
    auto parsed = json::parse(text);
    auto& o = parsed.as_object();
    if (o.at("format") != format_known)
      return {errc::invalid, "the backup is of a format that this program "
                             "does not know"};
    auto out = read(o);
    for (auto& file : out.files)
      if (!is_inside(file.name))
        return {errc::invalid,
                "the manifest names a file outside of the backup"};
    return out;
  } catch (const std::exception& e) {
    return {errc::invalid,
            std::string{"the manifest cannot be read: "} + e.what()};
  }
}

} // namespace eventpulse
