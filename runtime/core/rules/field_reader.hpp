#pragma once
// Reads the members of one object of a rule document and collects what is
// wrong: missing and unknown fields (with the near name), wrong types, sizes.
// Used by the document reader alone.

#include "runtime/core/rules/document_tree.hpp"

#include <functional>
#include <set>

namespace eventpulse {

/// What all readers of one document share.
struct reading {
  const std::map<std::string, document_place>& places;
  std::vector<rule_problem> problems;

  void say(const std::string& pointer, std::string detail);
};

class field_reader {
public:
  /// Says so where `node` is no object; then every field is absent.
  field_reader(reading& all, const boost::json::value& node,
               std::string pointer);

  bool is_object() const noexcept { return object_ != nullptr; }
  std::string pointer_of(std::string_view name) const;
  void say(std::string_view name, std::string detail);

  /// The member, or nullptr; null counts as absent.
  const boost::json::value* find(std::string_view name);
  /// As find, but says so when it is absent.
  const boost::json::value* require(std::string_view name);

  /// Each leaves `out` alone and returns false where the field is absent or
  /// wrong.
  bool text(std::string_view name, std::string& out, size_t bytes_max);
  /// CEL; `true` and numbers written without quotes are taken as text.
  bool expression(std::string_view name, std::string& out);
  bool duration(std::string_view name, int64_t& out, int64_t least_ms);
  bool duration(std::string_view name, std::optional<int64_t>& out,
                int64_t least_ms);
  bool whole(std::string_view name, uint64_t least, uint64_t most,
             uint64_t& out);
  bool flag(std::string_view name, bool& out);

  template <class Enum>
  bool choice(std::string_view name, std::initializer_list<Enum> known,
              Enum& out) {
    const auto* v = find(name);
    if (v == nullptr)
      return false;
    std::vector<std::string_view> names;
    for (Enum e : known) {
      if (v->is_string() && v->get_string() == to_string(e))
        return out = e, true;
      names.push_back(to_string(e));
    }
    say_choice(name, *v, names);
    return false;
  }

  /// Calls `each(item, pointer)` for every item of a list.
  void list(std::string_view name, size_t items_max,
            const std::function<void(const boost::json::value&,
                                     const std::string&)>& each);
  /// A list of texts.
  void texts(std::string_view name, std::vector<std::string>& out);

  /// Says what members nobody asked for.
  void finish();

private:
  void say_choice(std::string_view name, const boost::json::value& given,
                  const std::vector<std::string_view>& known);

  reading& all_;
  const boost::json::object* object_ = nullptr;
  std::string pointer_;
  std::set<std::string, std::less<>> asked_;
};

/// Text of an expression: a string, or a scalar that YAML took for something
/// else; nullopt otherwise.
std::optional<std::string> expression_text(const boost::json::value& v);

/// "text", "a number", "a list", "an object", "true or false", "null".
std::string_view kind_in_words(const boost::json::value& v);

} // namespace eventpulse
