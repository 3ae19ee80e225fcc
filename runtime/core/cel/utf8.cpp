#include "runtime/core/cel/utf8.hpp"

namespace eventpulse::cel {

namespace {

// The length of the well-formed sequence at `at`, 0 when there is none; its
// code point in `out`. Unicode 15, table 3-7.
size_t decode(std::string_view text, size_t at, uint32_t& out) {
  const auto byte = [&](size_t i) {
    return static_cast<uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const auto lead = byte(at);
  if (lead < 0x80) {
    out = lead;
    return 1;
  }
  const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() - at < size)
    return 0;
  out = lead & (0xffU >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80)
      return 0;
    out = out << 6 | (byte(at + i) & 0x3f);
  }
  const bool overlong =
      (size == 3 && out < 0x800) || (size == 4 && out < 0x10000);
  const bool surrogate = out >= 0xd800 && out <= 0xdfff;
  return overlong || surrogate || out > 0x10ffff ? 0 : size;
}

} // namespace

size_t code_point_bytes(std::string_view text, size_t at) {
  uint32_t ignored = 0;
  const auto size = decode(text, at, ignored);
  return size == 0 ? 1 : size;
}

uint32_t code_point_at(std::string_view text, size_t at) {
  uint32_t out = 0;
  return decode(text, at, out) == 0 ? 0xfffd : out;
}

size_t code_point_count(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++count)
    at += code_point_bytes(text, at);
  return count;
}

bool is_utf8(std::string_view text) {
  uint32_t ignored = 0;
  for (size_t at = 0; at < text.size();) {
    const auto size = decode(text, at, ignored);
    if (size == 0)
      return false;
    at += size;
  }
  return true;
}

void append_utf8(std::string& out, uint32_t c) {
  const auto put = [&out](uint32_t byte) {
    out += static_cast<char>(static_cast<unsigned char>(byte));
  };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

std::vector<size_t> code_point_offsets(std::string_view text) {
  std::vector<size_t> out;
  out.reserve(text.size() + 1);
  for (size_t at = 0; at < text.size();) {
    out.push_back(at);
    at += code_point_bytes(text, at);
  }
  out.push_back(text.size());
  return out;
}

} // namespace eventpulse::cel
