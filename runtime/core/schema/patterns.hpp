#pragma once
// Regular expressions of schemas, as RE2 (github.com/google/re2): they take
// time linear in the text, whatever they are. What RE2 has not (look-around,
// references back) or what would be large is refused. Of ECMA-262's own
// notation \u1234 and \u{12345} are understood.

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace eventpulse::schema {

struct pattern {
  std::shared_ptr<const re2::RE2> regex; // null: refused
  std::string fault;

  bool matches(std::string_view text) const;
  /// Steps of a budget that matching `text` takes.
  uint64_t cost(std::string_view text) const;
};

pattern compile_pattern(std::string_view text);

} // namespace eventpulse::schema
