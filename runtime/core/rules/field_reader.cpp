#include "runtime/core/rules/field_reader.hpp"

#include "runtime/core/base/json_write.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/base/near_name.hpp"
#include "runtime/core/base/time.hpp"

namespace eventpulse {

namespace {

constexpr int64_t duration_max_ms =
    std::chrono::milliseconds{limits::rule_duration_max}.count();

std::string in_order(const std::vector<std::string_view>& names) {
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0)
      out += i + 1 == names.size() ? " or " : ", ";
    out += '\'' + std::string{names[i]} + '\'';
  }
  return out;
}

} // namespace

std::string_view kind_in_words(const boost::json::value& v) {
  switch (v.kind()) {
  case boost::json::kind::null:
    return "null";
  case boost::json::kind::bool_:
    return "true or false";
  case boost::json::kind::int64:
  case boost::json::kind::uint64:
  case boost::json::kind::double_:
    return "a number";
  case boost::json::kind::string:
    return "text";
  case boost::json::kind::array:
    return "a list";
  case boost::json::kind::object:
    return "an object";
  }
  return "";
}

std::optional<std::string> expression_text(const boost::json::value& v) {
  if (v.is_string())
    return std::string{v.get_string()};
  if (v.is_bool() || v.is_number())
    return json_text(v);
  return std::nullopt;
}

void reading::say(const std::string& pointer, std::string detail) {
  rule_problem p{pointer, 0, 0, std::move(detail)};
  // A missing or unplaced part is shown where what holds it stands.
  for (std::string at = pointer;; at.resize(at.rfind('/'))) {
    const auto found = places.find(at);
    if (found != places.end()) {
      p.line = found->second.line;
      p.column = found->second.column;
      break;
    }
    if (at.empty() || at.find('/') == std::string::npos)
      break;
  }
  problems.push_back(std::move(p));
}

field_reader::field_reader(reading& all, const boost::json::value& node,
                           std::string pointer)
    : all_(all), object_(node.if_object()), pointer_(std::move(pointer)) {
  if (object_ == nullptr)
    all_.say(pointer_,
             "must be an object, not " + std::string{kind_in_words(node)});
}

std::string field_reader::pointer_of(std::string_view name) const {
  return pointer_ + pointer_token(name);
}

void field_reader::say(std::string_view name, std::string detail) {
  all_.say(name.empty() ? pointer_ : pointer_of(name), std::move(detail));
}

const boost::json::value* field_reader::find(std::string_view name) {
  asked_.emplace(name);
  if (object_ == nullptr)
    return nullptr;
  const auto* v = object_->if_contains(name);
  return v == nullptr || v->is_null() ? nullptr : v;
}

const boost::json::value* field_reader::require(std::string_view name) {
  const auto* v = find(name);
  if (v == nullptr && object_ != nullptr)
    say("", "field '" + std::string{name} + "' is missing");
  return v;
}

bool field_reader::text(std::string_view name, std::string& out,
                        size_t bytes_max) {
  const auto* v = find(name);
  if (v == nullptr)
    return false;
  if (!v->is_string()) {
    say(name, "must be text, not " + std::string{kind_in_words(*v)} +
                  (v->is_structured() ? "" : "; put it in quotes"));
    return false;
  }
  if (v->get_string().size() > bytes_max) {
    say(name, "must have at most " + std::to_string(bytes_max) + " bytes");
    return false;
  }
  out = v->get_string();
  return true;
}

bool field_reader::expression(std::string_view name, std::string& out) {
  const auto* v = find(name);
  if (v == nullptr)
    return false;
  auto given = expression_text(*v);
  if (!given) {
    say(name,
        "must be a CEL expression, not " + std::string{kind_in_words(*v)});
    return false;
  }
  if (given->size() > limits::rule_text_bytes_max) {
    say(name, "must have at most " +
                  std::to_string(limits::rule_text_bytes_max) + " bytes");
    return false;
  }
  out = std::move(*given);
  return true;
}

bool field_reader::duration(std::string_view name, int64_t& out,
                            int64_t least_ms) {
  const auto* v = find(name);
  if (v == nullptr)
    return false;
  const auto ms = v->is_string() ? parse_duration_ms(v->get_string())
                                 : std::optional<int64_t>{};
  if (!ms) {
    say(name, "must be a duration such as '90s', '5m' or '1h30m'");
    return false;
  }
  if (*ms < least_ms || *ms > duration_max_ms) {
    say(name, "must be at least " + format_duration_ms(least_ms) +
                  " and at most " + format_duration_ms(duration_max_ms));
    return false;
  }
  out = *ms;
  return true;
}

bool field_reader::duration(std::string_view name, std::optional<int64_t>& out,
                            int64_t least_ms) {
  int64_t ms = 0;
  if (!duration(name, ms, least_ms))
    return false;
  out = ms;
  return true;
}

bool field_reader::whole(std::string_view name, uint64_t least, uint64_t most,
                         uint64_t& out) {
  const auto* v = find(name);
  if (v == nullptr)
    return false;
  boost::system::error_code failed;
  const auto given = v->is_number() ? v->to_number<uint64_t>(failed) : 0;
  if (!v->is_number() || failed || given < least || given > most) {
    say(name, "must be a whole number from " + std::to_string(least) + " to " +
                  std::to_string(most));
    return false;
  }
  out = given;
  return true;
}

bool field_reader::flag(std::string_view name, bool& out) {
  const auto* v = find(name);
  if (v == nullptr)
    return false;
  if (!v->is_bool()) {
    say(name, "must be true or false, not " + std::string{kind_in_words(*v)});
    return false;
  }
  out = v->get_bool();
  return true;
}

void field_reader::list(std::string_view name, size_t items_max,
                        const std::function<void(const boost::json::value&,
                                                 const std::string&)>& each) {
  const auto* v = find(name);
  if (v == nullptr)
    return;
  if (!v->is_array()) {
    say(name, "must be a list, not " + std::string{kind_in_words(*v)});
    return;
  }
  const auto& items = v->get_array();
  if (items.size() > items_max) {
    say(name, "must have at most " + std::to_string(items_max) + " items");
    return;
  }
  for (size_t i = 0; i < items.size(); ++i)
    each(items[i], pointer_of(name) + "/" + std::to_string(i));
}

void field_reader::texts(std::string_view name, std::vector<std::string>& out) {
  list(name, limits::rule_items_max,
       [&](const boost::json::value& item, const std::string& pointer) {
         if (!item.is_string())
           all_.say(pointer,
                    "must be text, not " + std::string{kind_in_words(item)});
         else if (item.get_string().size() > limits::rule_name_bytes_max)
           all_.say(pointer, "must have at most " +
                                 std::to_string(limits::rule_name_bytes_max) +
                                 " bytes");
         else
           out.emplace_back(item.get_string());
       });
}

void field_reader::finish() {
  if (object_ == nullptr)
    return;
  const std::vector<std::string_view> known(asked_.begin(), asked_.end());
  for (const auto& member : *object_) {
    const std::string_view name = member.key();
    if (!asked_.contains(name))
      say(name, "no such field '" + std::string{name} + "'" +
                    near_name_hint(name, known));
  }
}

void field_reader::say_choice(std::string_view name,
                              const boost::json::value& given,
                              const std::vector<std::string_view>& known) {
  std::string hint;
  if (given.is_string())
    hint = near_name_hint(given.get_string(), known);
  say(name, "must be " + in_order(known) + hint);
}

} // namespace eventpulse
