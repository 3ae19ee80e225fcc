#include "runtime/core/cel/string_literal.hpp"

#include "runtime/core/cel/utf8.hpp"

namespace eventpulse::cel {

namespace {

class reader {
public:
  reader(std::string_view source, size_t at) : source_(source), at_(at) {}

  string_literal read() {
    const auto begin = at_;
    for (; peek() != '"' && peek() != '\''; ++at_) {
      raw_ = raw_ || peek() == 'r' || peek() == 'R';
      bytes_ = bytes_ || peek() == 'b' || peek() == 'B';
    }
    const std::string three(3, peek());
    quote_ =
        source_.substr(at_).starts_with(three) ? three : three.substr(0, 1);
    at_ += quote_.size();
    while (problem_.empty() && !source_.substr(at_).starts_with(quote_)) {
      if (at_ == source_.size() ||
          (quote_.size() == 1 && (peek() == '\n' || peek() == '\r')))
        fail(begin, "this text has no closing quote");
      else if (peek() == '\\' && !raw_)
        escape();
      else
        out_ += source_[at_++];
    }
    string_literal result;
    result.problem = std::move(problem_);
    result.problem_at = problem_at_;
    result.end = at_ + quote_.size();
    result.constant =
        bytes_ ? value::bytes(std::move(out_)) : value::string(std::move(out_));
    return result;
  }

private:
  char peek() const { return at_ < source_.size() ? source_[at_] : '\0'; }

  void fail(size_t at, std::string problem) {
    problem_ = std::move(problem);
    problem_at_ = at;
  }

  void escape() {
    const auto begin = at_++;
    const char c = peek();
    constexpr std::string_view names = "abfnrtv\\?\"'`";
    constexpr std::string_view codes = "\a\b\f\n\r\t\v\\?\"'`";
    if (at_ == source_.size())
      return fail(begin, "this text has no closing quote");
    if (const auto known = names.find(c); known != std::string_view::npos) {
      out_ += codes[known];
      ++at_;
    } else if (c == 'x' || c == 'X') {
      ++at_;
      numeric(begin, 2, 16);
    } else if (c >= '0' && c <= '3') {
      numeric(begin, 3, 8);
    } else if ((c == 'u' || c == 'U') && !bytes_) {
      ++at_;
      numeric(begin, c == 'u' ? 4 : 8, 16);
    } else {
      fail(begin, std::string{"there is no escape '\\"} + c + "' in " +
                      (bytes_ ? "bytes" : "text"));
    }
  }

  // In text the number is a code point, in bytes a byte.
  void numeric(size_t begin, size_t digits, uint32_t base) {
    uint32_t code = 0;
    for (size_t i = 0; i < digits; ++i, ++at_) {
      const char c = peek();
      const uint32_t digit = c >= '0' && c <= '9'   ? uint32_t(c - '0')
                             : c >= 'a' && c <= 'f' ? uint32_t(c - 'a' + 10)
                             : c >= 'A' && c <= 'F' ? uint32_t(c - 'A' + 10)
                                                    : 99;
      if (digit >= base)
        return fail(begin, "this escape needs " + std::to_string(digits) +
                               (base == 8 ? " octal" : " hexadecimal") +
                               " digits");
      code = code * base + digit;
    }
    if (bytes_)
      out_ += static_cast<char>(static_cast<unsigned char>(code));
    else if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
      fail(begin, "this escape is no Unicode code point");
    else
      append_utf8(out_, code);
  }

  std::string_view source_;
  size_t at_;
  std::string quote_;
  bool raw_ = false;
  bool bytes_ = false;
  std::string out_;
  std::string problem_;
  size_t problem_at_ = 0;
};

} // namespace

string_literal read_string_literal(std::string_view source, size_t at) {
  return reader{source, at}.read();
}

} // namespace eventpulse::cel
