#include "runtime/adapters/http/line_reader.hpp"

#include "runtime/adapters/http/syntax.hpp"

namespace eventpulse::http {

size_t line_reader::consume(std::string_view input, size_t bytes_max) {
  size_t used = 0;
  while (state_ == state::more && used < input.size()) {
    accept(static_cast<unsigned char>(input[used]));
    ++used;
    const size_t total = state_ == state::line ? size() + 1 : size();
    if (state_ != state::refused && total > bytes_max)
      state_ = state::too_long;
  }
  return used;
}

void line_reader::accept(unsigned char c) {
  if (cr_seen_ && c == '\n') {
    state_ = state::line;
  } else if (cr_seen_) {
    state_ = state::refused;
    refusal_ = "a carriage return without a line feed";
  } else if (c == '\r') {
    cr_seen_ = true;
  } else if (c == '\n') {
    state_ = state::refused;
    refusal_ = "a line feed without a carriage return";
  } else if (is_control(c)) {
    state_ = state::refused;
    refusal_ = "the control " + octet_name(c);
  } else {
    line_ += static_cast<char>(c);
  }
}

void line_reader::next() {
  line_.clear();
  cr_seen_ = false;
  state_ = state::more;
}

} // namespace eventpulse::http
