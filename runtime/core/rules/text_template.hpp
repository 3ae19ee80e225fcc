#pragma once
// Text with ${CEL} holes: summaries and details of alerts, and events of rule
// tests. "$${" is a plain "${". Compiled once, rendered many times.

#include "runtime/core/cel/program.hpp"

namespace eventpulse {

class text_template {
public:
  text_template() = default;

  /// Diagnostics have the place within `text`.
  static std::variant<text_template, std::vector<cel::diagnostic>>
  compile(std::string_view text, const cel::environment& in);

  /// A hole that fails shows as "<why>". Cut at a code point, ended with "…",
  /// where it would be longer than `bytes_max`.
  std::string render(const cel::activation& in, size_t bytes_max) const;

  /// The value of the hole where the text is nothing but one hole.
  std::optional<cel::value> sole_value(const cel::activation& in) const;

  bool touches(std::string_view variable, std::string_view field) const;
  bool touches_any(std::string_view variable) const;

private:
  struct piece {
    std::string text; // where there is no hole
    std::shared_ptr<const cel::program> hole;
  };
  std::vector<piece> pieces_;
};

/// What a diagnostic of a part of `text` says, placed in `text`.
cel::diagnostic placed_in(std::string_view text, size_t part_begin,
                          const cel::diagnostic& d);

} // namespace eventpulse
