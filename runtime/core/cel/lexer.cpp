#include "runtime/core/cel/lexer.hpp"

#include "runtime/core/base/limits.hpp"
#include "runtime/core/cel/string_literal.hpp"
#include "runtime/core/cel/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

namespace eventpulse::cel {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

constexpr std::array<std::string_view, 24> symbols{
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/",
    "%",  "!",  "?",  ":",  ".",  ",",  "(", ")", "[", "]", "{", "}"};

class lexer {
public:
  explicit lexer(std::string_view source) : source_(source) {}

  std::variant<std::vector<token>, diagnostic> all() {
    if (source_.size() > limits::cel_source_bytes_max)
      return make_diagnostic(source_, limits::cel_source_bytes_max,
                             "the expression is longer than " +
                                 std::to_string(limits::cel_source_bytes_max) +
                                 " bytes");
    if (!is_utf8(source_))
      return make_diagnostic(source_, 0, "the expression is not UTF-8");
    std::vector<token> out;
    for (;;) {
      skip_blanks();
      token t;
      t.begin = at_;
      if (at_ == source_.size()) {
        t.end = at_;
        out.push_back(t);
        return out;
      }
      if (!next(t))
        return std::move(*wrong_);
      t.end = at_;
      t.text = source_.substr(t.begin, t.end - t.begin);
      out.push_back(std::move(t));
    }
  }

private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }

  bool fail(size_t offset, std::string message, std::string hint = {}) {
    wrong_ =
        make_diagnostic(source_, offset, std::move(message), std::move(hint));
    return false;
  }

  void skip_blanks() {
    while (at_ < source_.size()) {
      if (is_blank(source_[at_]))
        ++at_;
      else if (source_.substr(at_).starts_with("//"))
        at_ = std::min(source_.find('\n', at_), source_.size());
      else
        break;
    }
  }

  bool next(token& t) {
    const char c = peek();
    if (is_digit(c) || (c == '.' && is_digit(peek(1))))
      return number(t);
    if (c == '"' || c == '\'')
      return quoted_text(t);
    if (is_letter(c))
      return word(t);
    if (c == '`')
      return quoted_name(t);
    for (const auto symbol : symbols) {
      if (source_.substr(at_).starts_with(symbol)) {
        t.kind = token_kind::symbol;
        at_ += symbol.size();
        return true;
      }
    }
    const auto size = code_point_bytes(source_, at_);
    return fail(at_,
                "unexpected character '" +
                    std::string{source_.substr(at_, size)} + "'",
                operator_hint(c));
  }

  // `a = b`, `a === b` (whose third is left over), `a & b`, `a | b`.
  static std::string operator_hint(char c) {
    return c == '=' || c == '&' || c == '|'
               ? "did you mean '" + std::string(2, c) + "'?"
               : std::string{};
  }

  // r"…", b'''…''', br"…": a prefix before a quote belongs to the literal.
  bool word(token& t) {
    size_t ahead = peek() == 'b' || peek() == 'B' ? 1 : 0;
    ahead += peek(ahead) == 'r' || peek(ahead) == 'R' ? 1 : 0;
    if (ahead != 0 && (peek(ahead) == '"' || peek(ahead) == '\''))
      return quoted_text(t);
    while (is_letter(peek()) || is_digit(peek()))
      ++at_;
    const auto name = source_.substr(t.begin, at_ - t.begin);
    t.kind = token_kind::literal;
    if (name == "true" || name == "false")
      t.constant = value::boolean(name == "true");
    else if (name == "in")
      t.kind = token_kind::keyword_in;
    else if (name != "null")
      t.kind = token_kind::identifier;
    return true;
  }

  bool quoted_text(token& t) {
    auto read = read_string_literal(source_, at_);
    if (!read.problem.empty())
      return fail(read.problem_at, std::move(read.problem));
    t.kind = token_kind::literal;
    t.constant = std::move(read.constant);
    at_ = read.end;
    return true;
  }

  bool quoted_name(token& t) {
    const auto close = source_.find('`', at_ + 1);
    const auto name = source_.substr(at_ + 1, close - at_ - 1);
    const auto allowed = [](char c) {
      return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '/' ||
             c == ' ';
    };
    if (close == std::string_view::npos || name.empty() ||
        !std::all_of(name.begin(), name.end(), allowed))
      return fail(at_, "a name in backticks holds letters, digits, '_', '.', "
                       "'-', '/' and blanks");
    t.kind = token_kind::quoted_identifier;
    at_ = close + 1;
    return true;
  }

  bool number(token& t) {
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X') && is_hex(peek(2)))
      return hex_number(t);
    while (is_digit(peek()))
      ++at_;
    bool real = false;
    if (peek() == '.' && is_digit(peek(1))) {
      real = true;
      ++at_;
      while (is_digit(peek()))
        ++at_;
    }
    const bool sign = peek(1) == '+' || peek(1) == '-';
    if ((peek() == 'e' || peek() == 'E') && is_digit(peek(sign ? 2 : 1))) {
      real = true;
      at_ += sign ? 2 : 1;
      while (is_digit(peek()))
        ++at_;
    }
    if (real)
      return real_number(t);
    return whole_number(t, source_.substr(t.begin, at_ - t.begin), 10);
  }

  bool hex_number(token& t) {
    at_ += 2;
    while (is_hex(peek()))
      ++at_;
    return whole_number(t, source_.substr(t.begin + 2, at_ - t.begin - 2), 16);
  }

  bool whole_number(token& t, std::string_view digits, int base) {
    if (peek() != 'u' && peek() != 'U') {
      t.kind = token_kind::integer; // the parser knows the sign
      return true;
    }
    ++at_;
    uint64_t u = 0;
    const auto end = digits.data() + digits.size();
    const auto [stop, problem] = std::from_chars(digits.data(), end, u, base);
    if (problem != std::errc{} || stop != end)
      return fail(t.begin, "this number does not fit uint");
    t.kind = token_kind::literal;
    t.constant = value::unsigned_integer(u);
    return true;
  }

  bool real_number(token& t) {
    const auto text = source_.substr(t.begin, at_ - t.begin);
    double d = 0;
    const auto end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, d);
    if (stop != end)
      return fail(t.begin, "this is no number");
    if (problem == std::errc::result_out_of_range) {
      // from_chars does not say which side; strtod does.
      if (std::strtod(std::string{text}.c_str(), nullptr) > 1)
        return fail(t.begin, "this number does not fit double");
      d = 0;
    }
    t.kind = token_kind::literal;
    t.constant = value::real(d);
    return true;
  }

  std::string_view source_;
  size_t at_ = 0;
  std::optional<diagnostic> wrong_;
};

} // namespace

std::variant<std::vector<token>, diagnostic> tokenize(std::string_view source) {
  return lexer{source}.all();
}

std::optional<int64_t> integer_value(std::string_view digits, bool negative) {
  int base = 10;
  if (digits.size() > 2 && (digits[1] == 'x' || digits[1] == 'X')) {
    base = 16;
    digits.remove_prefix(2);
  }
  uint64_t u = 0;
  const auto end = digits.data() + digits.size();
  const auto [stop, problem] = std::from_chars(digits.data(), end, u, base);
  const auto bound = static_cast<uint64_t>(INT64_MAX) + (negative ? 1 : 0);
  if (problem != std::errc{} || stop != end || u > bound)
    return std::nullopt;
  return static_cast<int64_t>(negative ? 0 - u : u);
}

bool is_reserved(std::string_view name) {
  constexpr std::array<std::string_view, 17> words{
      "as",        "break",  "const",  "continue", "else", "for",
      "function",  "if",     "import", "let",      "loop", "package",
      "namespace", "return", "var",    "void",     "while"};
  return std::find(words.begin(), words.end(), name) != words.end();
}

} // namespace eventpulse::cel
