#include "runtime/core/rules/test_events.hpp"
#include "runtime/core/base/json_parse.hpp"

#include "runtime/core/base/json_write.hpp"
#include "runtime/core/base/query_limits.hpp"
#include "runtime/core/rules/text_template.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <map>

namespace eventpulse {

namespace {

namespace json = boost::json;

// A JSON value whose texts have holes.
class template_tree {
public:
  explicit template_tree(json::value shape) : shape_(std::move(shape)) {
    cel::environment in;
    in.declare("i", cel::type{cel::type_kind::integer});
    compile(shape_, in);
  }

  std::string problem; // of the first hole that is wrong

  json::value fill(int64_t i) const { return filled(shape_, i); }

private:
  void compile(const json::value& v, const cel::environment& in) {
    if (const auto* object = v.if_object()) {
      for (const auto& member : *object)
        compile(member.value(), in);
    } else if (const auto* array = v.if_array()) {
      for (const auto& item : *array)
        compile(item, in);
    } else if (const auto* text = v.if_string();
               text && text->find("${") != std::string::npos) {
      auto made = text_template::compile(*text, in);
      if (auto* bad = std::get_if<1>(&made)) {
        if (problem.empty())
          problem = cel::render(*text, bad->front());
      } else {
        holes_.emplace(text, std::move(std::get<0>(made)));
      }
    }
  }

  json::value filled(const json::value& v, int64_t i) const {
    if (const auto* object = v.if_object()) {
      json::object out;
      for (const auto& member : *object)
        out.emplace(member.key(), filled(member.value(), i));
      return out;
    }
    if (const auto* array = v.if_array()) {
      json::array out;
      for (const auto& item : *array)
        out.push_back(filled(item, i));
      return out;
    }
    const auto* text = v.if_string();
    const auto at = text ? holes_.find(text) : holes_.end();
    if (at == holes_.end())
      return v;
    const auto number = cel::value::integer(i);
    const cel::activation in{{&number, 1}};
    if (const auto sole = at->second.sole_value(in))
      return cel::to_json(*sole);
    return json::value(at->second.render(in, limits::rule_text_bytes_max));
  }

  json::value shape_;
  std::map<const json::string*, text_template> holes_;
};

// Fills one text attribute; false where it is no text.
bool take_text(const json::object& in, std::string_view name,
               std::string& out) {
  const auto* v = in.if_contains(name);
  if (v == nullptr)
    return true;
  if (!v->is_string())
    return false;
  out = v->get_string();
  return true;
}

std::string take_extension(const json::key_value_pair& member,
                           event_document& out) {
  const auto& v = member.value();
  attribute_value taken;
  if (v.is_string())
    taken = std::string{v.get_string()};
  else if (v.is_bool())
    taken = v.get_bool();
  else if (v.is_int64() && v.get_int64() >= INT32_MIN &&
           v.get_int64() <= INT32_MAX)
    taken = static_cast<int32_t>(v.get_int64());
  else
    return "attribute '" + std::string{member.key()} +
           "' must be text, a 32-bit number, true or false";
  out.extensions.emplace_back(member.key(), std::move(taken));
  return "";
}

// What is wrong with it, or nothing.
std::string to_document(const json::object& in, event_document& out) {
  const std::pair<std::string_view, std::string*> texts[] = {
      {"id", &out.id},
      {"source", &out.source},
      {"type", &out.type},
      {"subject", &out.subject},
      {"time", &out.time},
      {"datacontenttype", &out.datacontenttype},
      {"dataschema", &out.dataschema},
      {"traceparent", &out.traceparent},
      {"tracestate", &out.tracestate}};
  for (const auto& [name, text] : texts)
    if (!take_text(in, name, *text))
      return "attribute '" + std::string{name} + "' must be text";
  if (out.type.empty())
    return "the event has no 'type'";
  for (const auto& member : in) {
    const std::string_view name = member.key();
    if (name == "data") {
      out.kind = payload_kind::json;
      out.payload = json_text(member.value());
    } else if (name != "specversion" &&
               std::none_of(std::begin(texts), std::end(texts),
                            [&](const auto& t) { return t.first == name; })) {
      if (auto wrong = take_extension(member, out); !wrong.empty())
        return wrong;
    }
  }
  std::sort(out.extensions.begin(), out.extensions.end());
  return "";
}

} // namespace

std::variant<std::vector<event>, std::string>
make_test_events(const rule_test& test) {
  std::vector<event> out;
  size_t bytes = 0;
  for (const auto& written : test.events) {
    bytes += written.event.size() * written.repeat;
    if (bytes > limits::rule_test_bytes_max)
      return "they have more than " +
             std::to_string(limits::rule_test_bytes_max) + " bytes";
    const template_tree shape{parse_kept_json(written.event)};
    if (!shape.problem.empty())
      return shape.problem;
    for (uint32_t i = 0; i < written.repeat; ++i) {
      event e;
      e.document.id = "test-" + std::to_string(out.size());
      e.document.source = "test";
      const auto filled = shape.fill(i);
      if (auto wrong = to_document(filled.get_object(), e.document);
          !wrong.empty())
        return wrong;
      e.received_at_ms = test_epoch_ms + written.at_ms + i * written.every_ms;
      out.push_back(std::move(e));
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return a.received_at_ms < b.received_at_ms;
  });
  for (size_t i = 0; i < out.size(); ++i)
    out[i].where = {0, static_cast<uint64_t>(out[i].received_at_ms), i};
  return out;
}

} // namespace eventpulse
