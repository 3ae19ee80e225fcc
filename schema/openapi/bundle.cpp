// Joins the fragments of this folder into the one OpenAPI document, when the
// product is built: bundle JSON_OUT CPP_OUT SCHEMA_DIR FRAGMENT.yaml...
//
// JSON_OUT is the document, CPP_OUT the same as a translation unit of ep_app.
// {$json_schema: FILE} becomes that JSON Schema of SCHEMA_DIR, with references
// to its own $defs turned into ones that hold inside the document. Refuses what
// two fragments both give, and names that stand for nothing.

#include <boost/json.hpp>
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace {

namespace json = boost::json;

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>{in}, {}};
}

void write(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  if (!(out << text).flush())
    throw std::runtime_error("cannot write " + path);
}

/// A plain scalar that reads as a JSON number, true, false or null is one; all
/// others, and everything quoted, are strings.
json::value from_scalar(const YAML::Node& node) {
  const auto& text = node.Scalar();
  if (node.Tag() == "!")
    return json::string(text);
  boost::system::error_code wrong;
  auto value = json::parse(text, wrong);
  if (wrong || value.is_structured() || value.is_string())
    return json::string(text);
  return value;
}

json::value from_yaml(const YAML::Node& node) {
  switch (node.Type()) {
  case YAML::NodeType::Scalar:
    return from_scalar(node);
  case YAML::NodeType::Sequence: {
    json::array out;
    for (const auto& item : node)
      out.push_back(from_yaml(item));
    return out;
  }
  case YAML::NodeType::Map: {
    json::object out;
    for (const auto& member : node) {
      const auto& name = member.first.Scalar();
      if (!out.emplace(name, from_yaml(member.second)).second)
        throw std::runtime_error("'" + name + "' is given twice");
    }
    return out;
  }
  case YAML::NodeType::Null:
  case YAML::NodeType::Undefined:
    break;
  }
  return nullptr;
}

/// Objects are joined member by member; nothing else may meet.
void join(json::object& into, json::object&& more, const std::string& where) {
  for (auto& [name, value] : more) {
    auto* present = into.if_contains(name);
    const auto here = where + '/' + std::string(name);
    if (!present)
      into.emplace(name, std::move(value));
    else if (present->is_object() && value.is_object())
      join(present->as_object(), std::move(value.as_object()), here);
    else
      throw std::runtime_error(here + " is given by another fragment too");
  }
}

/// Calls `change` for every object, innermost last.
template <class Change>
void each_object(json::value& node, const std::string& where,
                 const Change& change) {
  if (auto* list = node.if_array())
    for (size_t i = 0; i < list->size(); ++i)
      each_object((*list)[i], where + '/' + std::to_string(i), change);
  if (!node.is_object())
    return;
  change(node, where);
  for (auto& [name, value] : node.as_object())
    each_object(value, where + '/' + std::string(name), change);
}

/// "#/$defs/x" holds inside the schema's file; here it is `where`/$defs/x.
void rebase(json::value& schema, const std::string& where) {
  schema.as_object().erase("$schema");
  schema.as_object().erase("$id");
  each_object(schema, "", [&](json::value& node, const std::string&) {
    auto* target = node.as_object().if_contains("$ref");
    if (target && target->is_string() && target->as_string().starts_with("#/"))
      *target = '#' + where + std::string(target->as_string()).substr(1);
  });
}

void include_schemas(json::value& document, const std::string& directory) {
  each_object(document, "", [&](json::value& node, const std::string& where) {
    auto* file = node.as_object().if_contains("$json_schema");
    if (!file)
      return;
    auto schema =
        json::parse(read(directory + '/' + file->as_string().c_str()));
    rebase(schema, where);
    node = std::move(schema);
  });
}

bool resolves(const json::value& document, std::string_view reference) {
  boost::system::error_code wrong;
  return reference.starts_with('#') &&
         document.find_pointer(reference.substr(1), wrong) != nullptr;
}

void check_references(json::value& document) {
  each_object(document, "", [&](json::value& node, const std::string& where) {
    auto* target = node.as_object().if_contains("$ref");
    if (target && target->is_string() &&
        !resolves(document, target->as_string()))
      throw std::runtime_error(where + " refers to " +
                               target->as_string().c_str() +
                               ", which is not there");
  });
}

/// Bytes, since a string literal has a limit in length.
std::string as_source(const std::string& text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "#include \"runtime/app/api_document.hpp\"\n"
                    "namespace eventpulse {\nnamespace {\n"
                    "constexpr char text[] = {\n";
  size_t column = 0;
  for (unsigned char c : text) {
    out += "'\\x";
    out += digits[c >> 4];
    out += digits[c & 15];
    out += ++column % 12 == 0 ? "',\n" : "',";
  }
  return out + "};\n} // namespace\n"
               "std::string_view api_document() noexcept {\n"
               "  return {text, sizeof text};\n}\n} // namespace eventpulse\n";
}

} // namespace

int main(int argc, char** argv) {
  std::string at = "bundle";
  try {
    if (argc < 5)
      throw std::runtime_error("JSON_OUT CPP_OUT SCHEMA_DIR FRAGMENT...");
    json::object joined;
    for (int i = 4; i < argc; ++i) {
      at = argv[i];
      auto fragment = from_yaml(YAML::Load(read(at)));
      if (!fragment.is_object())
        throw std::runtime_error("is not a mapping");
      join(joined, std::move(fragment.as_object()), "");
    }
    at = "the joined document";
    json::value document = std::move(joined);
    include_schemas(document, argv[3]);
    check_references(document);
    const auto text = json::serialize(document) + '\n';
    write(argv[1], text);
    write(argv[2], as_source(text));
  } catch (const std::exception& e) {
    std::cerr << at << ": " << e.what() << '\n';
    return 1;
  }
  return 0;
}
