#include "runtime/core/cel/value.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <unordered_map>

namespace eventpulse::cel {

namespace json = boost::json;

// From this size on a map has an index by hash.
constexpr size_t indexed_size_min = 9;

struct value::native_map {
  std::vector<entry> entries;
  std::unordered_multimap<uint64_t, uint32_t> by_hash;
};

std::string_view describe(fault f) noexcept {
  switch (f) {
  case fault::no_such_overload:
    return "no such overload";
  case fault::no_such_key:
    return "no such key";
  case fault::divide_by_zero:
    return "divide by zero";
  case fault::overflow:
    return "overflow";
  case fault::out_of_range:
    return "out of range";
  case fault::invalid_argument:
    return "invalid argument";
  case fault::unknown_name:
    return "undeclared reference";
  case fault::duplicate_key:
    return "repeated map key";
  case fault::no_value:
    return "optional.none() has no value";
  case fault::budget_exceeded:
    return "evaluation takes too many steps";
  }
  return "error";
}

object::~object() = default;

namespace {

// Weight and depth of an aggregate share one number; both stop at their bound.
constexpr uint32_t weight_bits = 22;
constexpr uint32_t weight_bound = (1U << weight_bits) - 1;
constexpr uint32_t depth_bound = (1U << (32 - weight_bits)) - 1;

class measure {
public:
  void add(const value& part) {
    weight_ =
        std::min(weight_ + std::min(part.weight(), weight_bound), weight_bound);
    depth_ = std::max(depth_, std::min(part.depth() + 1, depth_bound));
  }
  uint32_t packed() const { return depth_ << weight_bits | weight_; }

private:
  uint32_t weight_ = 1;
  uint32_t depth_ = 1;
};

} // namespace

// --- making -----------------------------------------------------------------

value value::boolean(bool b) noexcept {
  value v;
  v.kind_ = kind::boolean;
  v.as_.b = b;
  return v;
}

value value::integer(int64_t i) noexcept {
  value v;
  v.kind_ = kind::integer;
  v.as_.i = i;
  return v;
}

value value::unsigned_integer(uint64_t u) noexcept {
  value v;
  v.kind_ = kind::unsigned_integer;
  v.as_.u = u;
  return v;
}

value value::real(double d) noexcept {
  value v;
  v.kind_ = kind::real;
  v.as_.d = d;
  return v;
}

value value::string(std::string text) {
  auto keep = std::make_shared<const std::string>(std::move(text));
  const std::string_view view{*keep};
  return string(view, std::move(keep));
}

value value::string(std::string_view text, owner keep) noexcept {
  value v;
  v.kind_ = kind::string;
  v.as_.at = {text.data(), text.size()};
  v.owner_ = std::move(keep);
  return v;
}

value value::bytes(std::string data) {
  auto v = string(std::move(data));
  v.kind_ = kind::bytes;
  return v;
}

value value::list(std::vector<value> items) {
  auto keep = std::make_shared<const std::vector<value>>(std::move(items));
  value v;
  v.kind_ = kind::list;
  measure m;
  for (const auto& item : *keep)
    m.add(item);
  v.extra_ = m.packed();
  v.as_.at = {keep.get(), keep->size()};
  v.owner_ = std::move(keep);
  return v;
}

value value::map(std::vector<entry> entries) {
  auto keep = std::make_shared<native_map>();
  keep->entries = std::move(entries);
  if (keep->entries.size() >= indexed_size_min)
    for (uint32_t i = 0; i < keep->entries.size(); ++i)
      keep->by_hash.emplace(hash(keep->entries[i].first), i);
  value v;
  v.kind_ = kind::map;
  measure m;
  for (const auto& [k, mapped_value] : keep->entries) {
    m.add(k);
    m.add(mapped_value);
  }
  v.extra_ = m.packed();
  v.as_.at = {keep.get(), keep->entries.size()};
  v.owner_ = std::move(keep);
  return v;
}

value value::timestamp(int64_t seconds, int32_t nanos) noexcept {
  value v;
  v.kind_ = kind::timestamp;
  v.as_.time = {seconds, nanos};
  return v;
}

value value::timestamp_ms(int64_t unix_ms) noexcept {
  const int64_t rest = ((unix_ms % 1000) + 1000) % 1000;
  return timestamp((unix_ms - rest) / 1000,
                   static_cast<int32_t>(rest * 1'000'000));
}

value value::duration(int64_t nanoseconds) noexcept {
  auto v = integer(nanoseconds);
  v.kind_ = kind::duration;
  return v;
}

value value::type_name(std::string name) {
  auto v = string(std::move(name));
  v.kind_ = kind::type;
  return v;
}

value value::type_name(std::string_view name) noexcept {
  auto v = string(name, nullptr);
  v.kind_ = kind::type;
  return v;
}

value value::optional_of(value inner) {
  auto keep = std::make_shared<const value>(std::move(inner));
  value v;
  v.kind_ = kind::optional;
  measure m;
  m.add(*keep);
  v.extra_ = m.packed();
  v.as_.at = {keep.get(), 1};
  v.owner_ = std::move(keep);
  return v;
}

value value::optional_none() noexcept {
  value v;
  v.kind_ = kind::optional;
  v.as_.at = {nullptr, 0};
  return v;
}

value value::ip(const std::array<uint8_t, 16>& address, bool is_v4) noexcept {
  value v;
  v.kind_ = kind::ip;
  v.as_.address = address;
  v.extra_ = is_v4 ? 0x100 : 0;
  return v;
}

value value::cidr(const std::array<uint8_t, 16>& address, bool is_v4,
                  uint8_t prefix) noexcept {
  auto v = ip(address, is_v4);
  v.kind_ = kind::cidr;
  v.extra_ |= prefix;
  return v;
}

value value::of(std::shared_ptr<const object> lazy) noexcept {
  value v;
  v.kind_ = kind::map;
  v.backing_ = backing::lazy;
  v.as_.at = {lazy.get(), 0};
  v.owner_ = std::move(lazy);
  return v;
}

value value::error(fault f) noexcept {
  return error(f, std::string_view{}, nullptr);
}

value value::error(fault f, std::string detail) {
  auto v = string(std::move(detail));
  v.kind_ = kind::error;
  v.extra_ = static_cast<uint32_t>(f);
  return v;
}

value value::error(fault f, std::string_view detail, owner keep) noexcept {
  auto v = string(detail, std::move(keep));
  v.kind_ = kind::error;
  v.extra_ = static_cast<uint32_t>(f);
  return v;
}

// --- reading ----------------------------------------------------------------

double value::number() const {
  if (kind_ == kind::integer)
    return static_cast<double>(as_.i);
  if (kind_ == kind::unsigned_integer)
    return static_cast<double>(as_.u);
  return as_double();
}

std::string_view value::text() const {
  EP_EXPECT(kind_ == kind::string || kind_ == kind::bytes ||
            kind_ == kind::type || kind_ == kind::error);
  return {static_cast<const char*>(as_.at.p), as_.at.n};
}

std::string value::error_text() const {
  std::string out{describe(why())};
  if (!text().empty())
    out.append(": ").append(text());
  return out;
}

const value* value::inner() const {
  check(kind::optional);
  return static_cast<const value*>(as_.at.p);
}

const std::vector<value>& value::items() const {
  return *static_cast<const std::vector<value>*>(as_.at.p);
}

const value::native_map& value::entries() const {
  return *static_cast<const native_map*>(as_.at.p);
}

const json::array& value::json_array() const {
  return *static_cast<const json::array*>(as_.at.p);
}

const json::object& value::json_object() const {
  return *static_cast<const json::object*>(as_.at.p);
}

bool value::is_aggregate() const noexcept {
  return kind_ == kind::list || kind_ == kind::map || kind_ == kind::optional;
}

uint32_t value::weight() const noexcept {
  if (!is_aggregate())
    return 1;
  if (backing_ == backing::native)
    return std::max(extra_ & weight_bound, 1U);
  return static_cast<uint32_t>(std::min<size_t>(as_.at.n + 1, weight_bound));
}

uint32_t value::depth() const noexcept {
  return is_aggregate() && backing_ == backing::native ? extra_ >> weight_bits
                                                       : 1;
}

size_t value::size() const {
  EP_EXPECT(kind_ == kind::list || kind_ == kind::map);
  if (backing_ == backing::lazy)
    return lazy().names().size();
  return as_.at.n;
}

value value::item(size_t index) const {
  check(kind::list);
  EP_EXPECT(index < as_.at.n);
  if (backing_ == backing::json)
    return from_json(json_array()[index], owner_);
  return items()[index];
}

value value::key(size_t index) const {
  check(kind::map);
  EP_EXPECT(backing_ != backing::lazy && index < as_.at.n);
  if (backing_ == backing::json) {
    const auto key = json_object().begin()[index].key();
    return string(std::string_view{key.data(), key.size()}, owner_);
  }
  return entries().entries[index].first;
}

value value::mapped(size_t index) const {
  check(kind::map);
  EP_EXPECT(backing_ != backing::lazy && index < as_.at.n);
  if (backing_ == backing::json)
    return from_json(json_object().begin()[index].value(), owner_);
  return entries().entries[index].second;
}

const value* value::find_native(const value& key) const {
  const auto& map = entries();
  if (map.by_hash.empty()) {
    for (const auto& [k, mapped_value] : map.entries)
      if (equal(k, key))
        return &mapped_value;
    return nullptr;
  }
  const auto [from, to] = map.by_hash.equal_range(hash(key));
  for (auto i = from; i != to; ++i)
    if (equal(map.entries[i->second].first, key))
      return &map.entries[i->second].second;
  return nullptr;
}

std::optional<value> value::find(const value& key) const {
  check(kind::map);
  if (key.kind_ == kind::string)
    return find(key.text());
  if (backing_ != backing::native)
    return std::nullopt;
  const auto* found = find_native(key);
  return found ? std::optional{*found} : std::nullopt;
}

std::optional<value> value::find(std::string_view key) const {
  check(kind::map);
  if (backing_ == backing::lazy)
    return lazy().field(key);
  if (backing_ == backing::json) {
    const auto* found = json_object().if_contains({key.data(), key.size()});
    return found ? std::optional{from_json(*found, owner_)} : std::nullopt;
  }
  const auto* found = find_native(string(key, nullptr));
  return found ? std::optional{*found} : std::nullopt;
}

bool value::contains(std::string_view key) const {
  check(kind::map);
  if (backing_ == backing::lazy)
    return lazy().has(key);
  if (backing_ == backing::json)
    return json_object().contains({key.data(), key.size()});
  return find_native(string(key, nullptr)) != nullptr;
}

value value::settled() const {
  if (kind_ != kind::map || backing_ != backing::lazy)
    return *this;
  std::vector<entry> out;
  for (auto& name : lazy().names()) {
    auto field = lazy().field(name);
    if (field)
      out.emplace_back(string(std::move(name)), std::move(*field));
  }
  return map(std::move(out));
}

value from_json(const json::value& node, value::owner keep) {
  switch (node.kind()) {
  case json::kind::null:
    return {};
  case json::kind::bool_:
    return value::boolean(node.get_bool());
  case json::kind::int64:
    return value::integer(node.get_int64());
  case json::kind::uint64:
    if (node.get_uint64() <= INT64_MAX)
      return value::integer(static_cast<int64_t>(node.get_uint64()));
    return value::real(static_cast<double>(node.get_uint64()));
  case json::kind::double_:
    return value::real(node.get_double());
  case json::kind::string: {
    const auto& s = node.get_string();
    return value::string(std::string_view{s.data(), s.size()}, std::move(keep));
  }
  case json::kind::array:
  case json::kind::object:
    break;
  }
  value v;
  const bool is_array = node.is_array();
  v.kind_ = is_array ? kind::list : kind::map;
  v.backing_ = value::backing::json;
  if (is_array)
    v.as_.at = {&node.get_array(), node.get_array().size()};
  else
    v.as_.at = {&node.get_object(), node.get_object().size()};
  v.owner_ = std::move(keep);
  return v;
}

value from_json(std::shared_ptr<const json::value> document) {
  const auto& node = *document;
  return from_json(node, std::move(document));
}

} // namespace eventpulse::cel
