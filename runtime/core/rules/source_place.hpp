#pragma once
// Where in the text of a rule document something stands. The compiler asks it
// for the place of a fault inside an expression, which YAML or JSON may have
// folded, indented or escaped. Never fails: where the text does not say, the
// nearest place before that it is sure of.

#include <cstddef>
#include <string_view>

namespace eventpulse {

/// From 1; columns count code points.
struct source_place {
  int line = 1;
  int column = 1;

  friend bool operator==(const source_place&, const source_place&) = default;
};

/// Asked for one offset after another, in ascending order, it reads the text
/// once.
class place_finder {
public:
  explicit place_finder(std::string_view text) : text_(text) {}
  source_place at(size_t offset);

private:
  std::string_view text_;
  size_t offset_ = 0;
  source_place place_;
};

/// The byte of `text` that byte `offset` of the scalar's `value` stands for.
/// The scalar, with its anchor and tag, begins at `begin`: JSON, or YAML in any
/// of its five styles.
size_t source_offset(std::string_view text, size_t begin,
                     std::string_view value, size_t offset);

} // namespace eventpulse
