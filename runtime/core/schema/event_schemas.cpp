#include "runtime/core/schema/event_schemas.hpp"

#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/intake/json_scan.hpp"

namespace eventpulse::schema {

namespace {

problem one_fault(std::string detail, std::string_view pointer) {
  return {errc::invalid,
          detail,
          {{intake::pointer_fragment(pointer), std::move(detail)}}};
}

} // namespace

event_schemas_ptr compile_all(const event_type_set& types,
                              const event_schemas_ptr& before) {
  auto out = std::make_shared<event_schemas>();
  out->version = types.version;
  for (auto& [type, one] : types.by_type) {
    if (before) {
      auto known = before->by_type.find(type);
      if (known != before->by_type.end() &&
          known->second.version == one.version) {
        out->by_type.emplace(type, known->second);
        continue;
      }
    }
    auto made = compile(one.schema);
    typed_schema typed{one.version, made.schema, {}};
    if (!made.schema)
      typed.fault =
          made.faults.front().pointer + ": " + made.faults.front().detail;
    out->by_type.emplace(type, std::move(typed));
  }
  return out;
}

std::optional<problem> check_data(const event_schemas& schemas,
                                  const event_document& document,
                                  std::string_view data_pointer) {
  auto found = schemas.by_type.find(document.type);
  if (found == schemas.by_type.end())
    return std::nullopt;
  auto& typed = found->second;
  auto which = "the schema of '" + document.type + "' (version " +
               std::to_string(typed.version) + ")";
  // Not let in unchecked: what is refused is kept and can be replayed.
  if (!typed.schema)
    return one_fault(which + " cannot be used: " + typed.fault, data_pointer);
  if (document.kind == payload_kind::binary)
    return one_fault(which + " is for JSON, and the data is not", data_pointer);
  boost::json::value data;
  if (document.kind == payload_kind::json) {
    boost::system::error_code wrong;
    data = parse_kept_json(document.payload, wrong);
    if (wrong)
      return one_fault("the data cannot be read: " + wrong.message(),
                       data_pointer);
  }
  auto done = check(*typed.schema, data);
  if (done.errors.empty())
    return std::nullopt;
  auto& first = done.errors.front();
  problem out{errc::invalid,
              "the data does not fit " + which + ": " +
                  (first.pointer.empty() ? "" : first.pointer + ' ') +
                  first.detail,
              {}};
  if (done.errors.size() > 1)
    out.detail += " (and " + std::to_string(done.errors.size() - 1) + " more)";
  if (document.kind == payload_kind::none)
    out.detail += "; there is no data";
  for (auto& e : done.errors)
    out.errors.push_back(
        {intake::pointer_fragment(std::string(data_pointer) + e.pointer),
         std::move(e.detail)});
  return out;
}

intake::data_check checker_of(event_schemas_ptr schemas) {
  if (!schemas || schemas->by_type.empty())
    return {};
  return [schemas = std::move(schemas)](const event_document& document,
                                        std::string_view data_pointer) {
    return check_data(*schemas, document, data_pointer);
  };
}

} // namespace eventpulse::schema
