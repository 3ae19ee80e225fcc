#include "runtime/core/cel/type.hpp"

#include "runtime/core/base/check.hpp"

#include <array>

namespace eventpulse::cel {

namespace {

struct named_kind {
  std::string_view name;
  type_kind kind;
};

constexpr std::array simple_kinds{
    named_kind{"dyn", type_kind::dyn},
    named_kind{"null_type", type_kind::null},
    named_kind{"bool", type_kind::boolean},
    named_kind{"int", type_kind::integer},
    named_kind{"uint", type_kind::unsigned_integer},
    named_kind{"double", type_kind::real},
    named_kind{"string", type_kind::string},
    named_kind{"bytes", type_kind::bytes},
    named_kind{"google.protobuf.Timestamp", type_kind::timestamp},
    named_kind{"google.protobuf.Duration", type_kind::duration},
    named_kind{"timestamp", type_kind::timestamp},
    named_kind{"duration", type_kind::duration},
};

std::string_view simple_name(type_kind k) {
  for (const auto& entry : simple_kinds)
    if (entry.kind == k)
      return entry.name;
  return {};
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_' || c == '.';
}

// Declarations come from programs, tests and the corpus; the nesting is still
// bounded, since run_case() reads them from a file.
constexpr int nesting_max = 32;

class type_reader {
public:
  explicit type_reader(std::string_view text) : text_(text) {}

  std::optional<type> all() {
    auto t = one(0);
    skip_blanks();
    if (!t || at_ != text_.size())
      return std::nullopt;
    return t;
  }

private:
  void skip_blanks() {
    while (at_ < text_.size() && text_[at_] == ' ')
      ++at_;
  }

  std::optional<type> one(int depth) {
    skip_blanks();
    const auto from = at_;
    while (at_ < text_.size() && is_name_char(text_[at_]))
      ++at_;
    const auto name = text_.substr(from, at_ - from);
    if (name.empty() || depth > nesting_max)
      return std::nullopt;
    std::vector<type> parameters;
    if (at_ < text_.size() && text_[at_] == '(') {
      do {
        ++at_;
        auto parameter = one(depth + 1);
        skip_blanks();
        if (!parameter || at_ == text_.size())
          return std::nullopt;
        parameters.push_back(std::move(*parameter));
      } while (text_[at_] == ',');
      if (text_[at_++] != ')')
        return std::nullopt;
    }
    return make(name, std::move(parameters));
  }

  static std::optional<type> make(std::string_view name,
                                  std::vector<type> parameters) {
    const auto count = parameters.size();
    if (name == "list" && count <= 1)
      return type::list_of(count == 1 ? parameters[0] : type{});
    if (name == "map" && (count == 2 || count == 0))
      return count == 2 ? type::map_of(parameters[0], parameters[1])
                        : type::map_of(type{}, type{});
    if (name == "optional_type" && count <= 1)
      return type::optional_of(count == 1 ? parameters[0] : type{});
    if (name == "type" && count <= 1)
      return type::of_type(count == 1 ? parameters[0] : type{});
    if (count == 0) {
      for (const auto& entry : simple_kinds)
        if (entry.name == name)
          return type{entry.kind};
      if (name[0] >= 'A' && name[0] <= 'Z' &&
          name.find('.') == std::string_view::npos)
        return type::parameter(std::string{name});
    }
    return type::opaque(std::string{name}, std::move(parameters));
  }

  std::string_view text_;
  size_t at_ = 0;
};

} // namespace

const type* structure_fields::find(std::string_view field) const {
  for (const auto& [name_of, t] : fields)
    if (name_of == field)
      return &t;
  return nullptr;
}

type::type(type_kind k, std::string name, std::vector<type> parameters)
    : kind_(k), detail_(std::make_shared<const detail>(
                    detail{std::move(name), std::move(parameters), nullptr})) {}

type type::of_type(type t) {
  return {type_kind::type, "type", {std::move(t)}};
}

type type::list_of(type element) {
  return {type_kind::list, "list", {std::move(element)}};
}

type type::map_of(type key, type mapped) {
  return {type_kind::map, "map", {std::move(key), std::move(mapped)}};
}

type type::optional_of(type element) {
  return {type_kind::optional, "optional_type", {std::move(element)}};
}

type type::opaque(std::string name, std::vector<type> parameters) {
  return {type_kind::opaque, std::move(name), std::move(parameters)};
}

type type::structure(std::shared_ptr<const structure_fields> fields) {
  EP_EXPECT(fields != nullptr);
  type t{type_kind::structure};
  auto name = fields->name;
  t.detail_ = std::make_shared<const detail>(
      detail{std::move(name), {}, std::move(fields)});
  return t;
}

type type::parameter(std::string name) {
  return {type_kind::parameter, std::move(name), {}};
}

type type::variable(uint32_t number) {
  type t{type_kind::parameter};
  t.number_ = number;
  return t;
}

std::optional<type> type::parse(std::string_view text) {
  return type_reader{text}.all();
}

const std::vector<type>& type::parameters() const {
  static const std::vector<type> none;
  return detail_ ? detail_->parameters : none;
}

const std::string& type::name() const {
  static const std::string none;
  return detail_ ? detail_->name : none;
}

const structure_fields* type::fields() const {
  return detail_ ? detail_->fields.get() : nullptr;
}

std::string type::text() const {
  if (const auto simple = simple_name(kind_); !simple.empty())
    return std::string{simple};
  if (kind_ == type_kind::parameter && !detail_)
    return "_T" + std::to_string(number_);
  std::string out = name();
  if (parameters().empty())
    return out;
  char separator = '(';
  for (const auto& parameter : parameters()) {
    out += separator;
    if (separator == ',')
      out += ' ';
    out += parameter.text();
    separator = ',';
  }
  return out + ')';
}

bool operator==(const type& a, const type& b) {
  if (a.kind_ != b.kind_ || a.number_ != b.number_)
    return false;
  if (a.detail_ == b.detail_)
    return true;
  return a.name() == b.name() && a.parameters() == b.parameters();
}

} // namespace eventpulse::cel
