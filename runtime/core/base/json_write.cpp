#include "runtime/core/base/json_write.hpp"

#include "runtime/core/base/json_text.hpp"

#include <boost/json.hpp>

#include <array>
#include <charconv>
#include <cmath>

namespace eventpulse {

namespace json = boost::json;

namespace {

void append_double(std::string& out, double number) {
  std::array<char, 32> digits; // the shortest form has at most 24
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  const std::string_view text{digits.data(),
                              static_cast<size_t>(end - digits.data())};
  out += text;
  if (text.find_first_of(".e") == text.npos)
    out += ".0"; // a double when it is read again
}

// As deep as the value, which the parser bounded.
void append(std::string& out, const json::value& v) {
  if (auto* object = v.if_object()) {
    out += '{';
    for (auto& [name, value] : *object) {
      if (out.back() != '{')
        out += ',';
      append_json_string(out, {name.data(), name.size()});
      out += ':';
      append(out, value);
    }
    out += '}';
  } else if (auto* array = v.if_array()) {
    out += '[';
    for (auto& item : *array) {
      if (out.back() != '[')
        out += ',';
      append(out, item);
    }
    out += ']';
  } else if (auto* text = v.if_string()) {
    append_json_string(out, {text->data(), text->size()});
  } else if (auto* number = v.if_double(); number && std::isfinite(*number)) {
    append_double(out, *number);
  } else {
    out += json::serialize(v);
  }
}

} // namespace

std::string json_text(const json::value& v) {
  std::string out;
  append(out, v);
  return out;
}

} // namespace eventpulse
