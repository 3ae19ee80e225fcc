#include "runtime/core/rules/text_template.hpp"

#include "runtime/core/cel/utf8.hpp"

namespace eventpulse {

namespace {

// The end of the string literal that begins at `at` (behind its prefix).
size_t after_literal(std::string_view text, size_t at, bool raw) {
  const char quote = text[at];
  const std::string three(3, quote);
  const bool triple = text.substr(at).starts_with(three);
  at += triple ? 3 : 1;
  while (at < text.size()) {
    if (text[at] == '\\' && !raw)
      at += 2;
    else if (triple ? text.substr(at).starts_with(three) : text[at] == quote)
      return at + (triple ? 3 : 1);
    else
      ++at;
  }
  return text.size();
}

// The '}' that closes the hole whose content begins at `at`, or npos. Braces of
// map literals and whatever stands in string literals do not close it.
size_t end_of_hole(std::string_view text, size_t at) {
  size_t open = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '\'' || c == '"') {
      const char before = at > 0 ? text[at - 1] : ' ';
      at = after_literal(text, at, before == 'r' || before == 'R');
      continue;
    }
    if (c == '{')
      ++open;
    if (c == '}' && open-- == 0)
      return at;
    ++at;
  }
  return std::string_view::npos;
}

// Cuts to `bytes_max`, never inside a code point.
void cut(std::string& text, size_t bytes_max) {
  constexpr std::string_view ellipsis = "…";
  if (text.size() <= bytes_max)
    return;
  size_t end = bytes_max - std::min(bytes_max, ellipsis.size());
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  text.resize(end);
  text += ellipsis;
}

} // namespace

cel::diagnostic placed_in(std::string_view text, size_t part_begin,
                          const cel::diagnostic& d) {
  return cel::make_diagnostic(text, part_begin + d.offset, d.message, d.hint);
}

std::variant<text_template, std::vector<cel::diagnostic>>
text_template::compile(std::string_view text, const cel::environment& in) {
  text_template out;
  std::vector<cel::diagnostic> wrong;
  std::string plain;
  size_t at = 0;
  while (at < text.size()) {
    if (text.substr(at).starts_with("$${")) {
      plain += "${";
      at += 3;
      continue;
    }
    if (!text.substr(at).starts_with("${")) {
      plain += text[at++];
      continue;
    }
    const auto begin = at + 2;
    const auto end = end_of_hole(text, begin);
    if (end == std::string_view::npos) {
      wrong.push_back(cel::make_diagnostic(text, at, "'${' without its '}'",
                                           "write '$${' for a plain '${'"));
      break;
    }
    auto hole = cel::compile(text.substr(begin, end - begin), in);
    if (auto* bad = std::get_if<1>(&hole)) {
      for (const auto& d : *bad)
        wrong.push_back(placed_in(text, begin, d));
    } else {
      if (!plain.empty())
        out.pieces_.push_back({std::move(plain), nullptr});
      plain.clear();
      out.pieces_.push_back({"", std::move(std::get<0>(hole))});
    }
    at = end + 1;
  }
  if (!wrong.empty())
    return wrong;
  if (!plain.empty())
    out.pieces_.push_back({std::move(plain), nullptr});
  return out;
}

std::string text_template::render(const cel::activation& in,
                                  size_t bytes_max) const {
  std::string out;
  for (const auto& p : pieces_) {
    if (p.hole == nullptr) {
      out += p.text;
    } else {
      const auto v = p.hole->evaluate(in);
      out += v.is_error() ? "<" + v.error_text() + ">" : cel::to_text(v);
    }
    if (out.size() > bytes_max)
      break;
  }
  cut(out, bytes_max);
  return out;
}

std::optional<cel::value>
text_template::sole_value(const cel::activation& in) const {
  if (pieces_.size() != 1 || pieces_.front().hole == nullptr)
    return std::nullopt;
  return pieces_.front().hole->evaluate(in);
}

bool text_template::touches(std::string_view variable,
                            std::string_view field) const {
  for (const auto& p : pieces_)
    if (p.hole && p.hole->touches(variable, field))
      return true;
  return false;
}

bool text_template::touches_any(std::string_view variable) const {
  for (const auto& p : pieces_)
    if (p.hole)
      for (const auto& r : p.hole->references())
        if (r.variable == variable)
          return true;
  return false;
}

} // namespace eventpulse
