// Where the values of a JSON text stand. The text was parsed before, which
// bounds its depth, and so that of this recursion.

#include "runtime/core/rules/document_tree.hpp"
#include "runtime/core/rules/source_place.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>

namespace eventpulse {

namespace {

class scanner {
public:
  explicit scanner(std::string_view text) : text_(text), find_(text) {}

  std::map<std::string, document_place> places;

  void value(const std::string& pointer) {
    skip_blanks();
    const auto place = find_.at(at_);
    // Of members that are there twice the last one counts.
    places[pointer] = {place.line, place.column, at_};
    switch (text_[at_]) {
    case '{':
      return members(pointer);
    case '[':
      return items(pointer);
    case '"':
      string();
      return;
    default:
      at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
    }
  }

private:
  void skip_blanks() {
    at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
  }

  /// Steps over `c` and what is blank before it, where it comes next.
  bool take(char c) {
    skip_blanks();
    const bool there = text_[at_] == c;
    at_ += there ? 1 : 0;
    return there;
  }

  std::string_view string() {
    skip_blanks();
    const auto from = at_++;
    while (text_[at_] != '"')
      at_ += text_[at_] == '\\' ? 2 : 1;
    ++at_;
    return text_.substr(from, at_ - from);
  }

  void members(const std::string& pointer) {
    take('{');
    if (take('}'))
      return;
    do {
      const auto name = boost::json::parse(string());
      take(':');
      value(pointer + pointer_token(name.get_string()));
    } while (take(','));
    take('}');
  }

  void items(const std::string& pointer) {
    take('[');
    if (take(']'))
      return;
    size_t number = 0;
    do
      value(pointer + '/' + std::to_string(number++));
    while (take(','));
    take(']');
  }

  std::string_view text_;
  place_finder find_;
  size_t at_ = 0;
};

} // namespace

std::map<std::string, document_place> places_of_json(std::string_view text) {
  scanner all{text};
  all.value("");
  return std::move(all.places);
}

} // namespace eventpulse
