#include "runtime/core/cel/conformance.hpp"

#include "runtime/core/base/hash.hpp"
#include "runtime/core/cel/program.hpp"
#include "runtime/core/cel/times.hpp"

#include <boost/json.hpp>

#include <charconv>
#include <cmath>

namespace eventpulse::cel {

namespace json = boost::json;

namespace {

constexpr int tagged_depth_max = 100;

// "0.0", "-0.0", "1e+300": always with a point, an exponent or a name.
std::string tagged_double(double d) {
  auto text = double_text(d);
  if (std::isfinite(d) && text.find_first_of(".e") == std::string::npos)
    text += ".0";
  return text;
}

json::value tag(std::string_view name, json::value content) {
  json::object out;
  out[{name.data(), name.size()}] = std::move(content);
  return out;
}

json::value tag_text(std::string_view name, std::string_view text) {
  return tag(name, json::value(json::string_view{text.data(), text.size()}));
}

json::value tag_list(const value& v) {
  json::array items;
  for (size_t i = 0; i < v.size(); ++i)
    items.push_back(to_tagged(v.item(i)));
  return tag("list", std::move(items));
}

json::value tag_map(const value& lazy_or_not) {
  const auto v = lazy_or_not.settled();
  json::array entries;
  for (size_t i = 0; i < v.size(); ++i)
    entries.push_back(json::array{to_tagged(v.key(i)), to_tagged(v.mapped(i))});
  return tag("map", std::move(entries));
}

value malformed(std::string_view what) {
  return value::error(fault::invalid_argument, std::string{what});
}

value read_tagged(const json::value& tagged, int depth);

template <class T>
std::optional<T> number_of(std::string_view text) {
  T out{};
  const auto end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, out);
  return problem == std::errc{} && stop == end ? std::optional{out}
                                               : std::nullopt;
}

value read_double(std::string_view text) {
  if (text == "NaN")
    return value::real(std::nan(""));
  if (text == "Infinity" || text == "-Infinity")
    return value::real(text[0] == '-' ? -HUGE_VAL : HUGE_VAL);
  const auto d = number_of<double>(text);
  return d ? value::real(*d) : malformed("double");
}

value read_text(std::string_view name, std::string_view text) {
  if (name == "int") {
    const auto i = number_of<int64_t>(text);
    return i ? value::integer(*i) : malformed(name);
  }
  if (name == "uint") {
    const auto u = number_of<uint64_t>(text);
    return u ? value::unsigned_integer(*u) : malformed(name);
  }
  if (name == "double")
    return read_double(text);
  if (name == "string")
    return value::string(std::string{text});
  if (name == "bytes") {
    std::string bytes;
    return base64_decode(text, bytes) ? value::bytes(std::move(bytes))
                                      : malformed(name);
  }
  if (name == "timestamp")
    return parse_timestamp(text);
  if (name == "duration")
    return parse_duration(text);
  if (name == "type")
    return value::type_name(std::string{text});
  return malformed(name);
}

value read_array(std::string_view name, const json::array& from, int depth) {
  std::vector<value> items;
  std::vector<value::entry> entries;
  for (const auto& item : from) {
    if (name == "list") {
      items.push_back(read_tagged(item, depth + 1));
    } else {
      const auto* pair = item.if_array();
      if (!pair || pair->size() != 2)
        return malformed(name);
      entries.emplace_back(read_tagged((*pair)[0], depth + 1),
                           read_tagged((*pair)[1], depth + 1));
    }
  }
  return name == "list" ? value::list(std::move(items))
                        : value::map(std::move(entries));
}

value read_tagged(const json::value& tagged, int depth) {
  const auto* object_of = tagged.if_object();
  if (!object_of || object_of->size() != 1 || depth > tagged_depth_max)
    return malformed("a tagged value has one member");
  const auto& member = *object_of->begin();
  const std::string_view name{member.key().data(), member.key().size()};
  const auto& content = member.value();
  if (name == "null")
    return {};
  if (content.is_bool() && name == "bool")
    return value::boolean(content.get_bool());
  if (content.is_string())
    return read_text(
        name, {content.get_string().data(), content.get_string().size()});
  if (content.is_array() && (name == "list" || name == "map"))
    return read_array(name, content.get_array(), depth);
  return malformed(name);
}

std::string_view text_member(const json::object& of, std::string_view name) {
  const auto* found = of.if_contains({name.data(), name.size()});
  if (!found || !found->is_string())
    return {};
  return {found->get_string().data(), found->get_string().size()};
}

bool flag_member(const json::object& of, std::string_view name) {
  const auto* found = of.if_contains({name.data(), name.size()});
  return found && found->is_bool() && found->get_bool();
}

std::vector<overload> overloads_of(const json::array& declared) {
  std::vector<overload> out;
  for (const auto& item : declared) {
    const auto* o = item.if_object();
    const auto* parameters = o ? o->if_contains("params") : nullptr;
    if (!parameters || !parameters->is_array())
      continue;
    overload made;
    made.generic = true;
    made.member = flag_member(*o, "member");
    for (const auto& parameter : parameters->get_array())
      if (parameter.is_string())
        made.parameters.push_back(
            type::parse(parameter.get_string().c_str()).value_or(type{}));
    made.result = type::parse(text_member(*o, "result")).value_or(type{});
    out.push_back(std::move(made));
  }
  return out;
}

void declare_types(const json::object& of, environment& env) {
  const auto* declared = of.if_contains("type_env");
  if (!declared || !declared->is_array())
    return;
  for (const auto& item : declared->get_array()) {
    const auto* entry = item.if_object();
    if (!entry)
      continue;
    const std::string name{text_member(*entry, "name")};
    const auto* overloads = entry->if_contains("overloads");
    if (overloads && overloads->is_array())
      env.declare_function(name, overloads_of(overloads->get_array()));
    else
      env.declare(name,
                  type::parse(text_member(*entry, "type")).value_or(type{}));
  }
}

std::vector<value> bind_values(const json::object& of, environment& env) {
  std::vector<value> slots;
  if (const auto* bindings = of.if_contains("bindings");
      bindings && bindings->is_object()) {
    for (const auto& member : bindings->get_object()) {
      const std::string name{member.key().data(), member.key().size()};
      const auto known = env.slot_of(name);
      const auto slot = known ? *known : env.declare(name, type{});
      if (slots.size() <= slot)
        slots.resize(slot + 1, value::error(fault::unknown_name));
      slots[slot] = from_tagged(member.value());
    }
  }
  return slots;
}

std::string answer(const json::object& of, std::string_view name,
                   json::value content, const std::string& deduced = {}) {
  json::object out;
  if (const auto* id = of.if_contains("id"))
    out["id"] = *id;
  out[{name.data(), name.size()}] = std::move(content);
  if (!deduced.empty())
    out["deduced_type"] = deduced;
  return json::serialize(out);
}

std::string refusal(const json::object& of, std::string_view why) {
  return answer(of, "error",
                json::value(json::string_view{why.data(), why.size()}));
}

} // namespace

json::value to_tagged(const value& v) {
  switch (v.kind_of()) {
  case kind::null:
    return tag("null", nullptr);
  case kind::boolean:
    return tag("bool", v.as_bool());
  case kind::integer:
    return tag_text("int", std::to_string(v.as_int()));
  case kind::unsigned_integer:
    return tag_text("uint", std::to_string(v.as_uint()));
  case kind::real:
    return tag_text("double", tagged_double(v.as_double()));
  case kind::string:
    return tag_text("string", v.text());
  case kind::bytes:
    return tag_text("bytes", base64_encode(v.text()));
  case kind::list:
    return tag_list(v);
  case kind::map:
    return tag_map(v);
  case kind::timestamp:
    return tag_text("timestamp", to_text(v));
  case kind::duration:
    return tag_text("duration", to_text(v));
  case kind::type:
    return tag_text("type", v.text());
  case kind::optional:
    return tag("optional", v.inner() ? to_tagged(*v.inner()) : json::value{});
  case kind::ip:
    return tag_text("ip", to_text(v));
  case kind::cidr:
    return tag_text("cidr", to_text(v));
  case kind::error:
    return tag_text("error", v.error_text());
  }
  return nullptr;
}

value from_tagged(const json::value& tagged) {
  return read_tagged(tagged, 0);
}

std::string run_case(const json::object& case_of,
                     std::shared_ptr<const zone_source> zones) {
  environment_options options;
  options.check = !flag_member(case_of, "disable_check");
  options.macros = !flag_member(case_of, "disable_macros");
  options.test_blocks = true;
  options.refuse_bad_constants = false;
  environment env{options};
  env.set_zones(zones ? std::move(zones) : installed_zones());
  env.set_container(std::string{text_member(case_of, "container")});
  declare_types(case_of, env);
  const auto slots = bind_values(case_of, env);
  const auto source = text_member(case_of, "expr");
  const auto compiled = compile(source, env);
  if (const auto* wrong = std::get_if<std::vector<diagnostic>>(&compiled)) {
    std::string all;
    for (const auto& d : *wrong)
      all += (all.empty() ? "" : "\n") + render(source, d);
    return refusal(case_of, all);
  }
  const auto& made = *std::get<std::shared_ptr<const program>>(compiled);
  if (flag_member(case_of, "check_only"))
    return answer(case_of, "deduced_type",
                  json::value(json::string_view(made.result_type().text())));
  const auto result = made.evaluate(activation{slots});
  if (result.is_error())
    return refusal(case_of, result.error_text());
  return answer(case_of, "value", to_tagged(result),
                text_member(case_of, "profile") == "type_checker"
                    ? made.result_type().text()
                    : std::string{});
}

} // namespace eventpulse::cel
