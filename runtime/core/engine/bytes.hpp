#pragma once
// Snapshots as bytes: little-endian integers, doubles as their bits, texts with
// their length. The reader never reads outside its input and never believes a
// count that the rest of the input cannot hold; after the first fault it gives
// zeros and ok() stays false, so callers check once at the end.

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace eventpulse {

class byte_writer {
public:
  void u8(uint8_t v) { out_ += static_cast<char>(v); }
  void u32(uint32_t v) { put(v, 4); }
  void u64(uint64_t v) { put(v, 8); }
  void i64(int64_t v) { put(static_cast<uint64_t>(v), 8); }
  void f64(double v) { put(std::bit_cast<uint64_t>(v), 8); }
  void flag(bool v) { u8(v ? 1 : 0); }
  void text(std::string_view v) {
    u32(static_cast<uint32_t>(v.size()));
    out_ += v;
  }
  /// A small count: seven bits a byte, lowest first.
  void count(uint64_t v) {
    for (; v >= 0x80; v >>= 7)
      u8(static_cast<uint8_t>(v | 0x80));
    u8(static_cast<uint8_t>(v));
  }

  std::string take() { return std::move(out_); }

private:
  void put(uint64_t v, int bytes) {
    for (int i = 0; i < bytes; ++i)
      out_ += static_cast<char>(v >> (8 * i));
  }
  std::string out_;
};

class byte_reader {
public:
  explicit byte_reader(std::string_view in) : in_(in) {}

  bool ok() const noexcept { return ok_; }
  bool at_end() const noexcept { return ok_ && in_.empty(); }
  void fail() noexcept { ok_ = false; }

  uint8_t u8() { return static_cast<uint8_t>(get(1)); }
  uint32_t u32() { return static_cast<uint32_t>(get(4)); }
  uint64_t u64() { return get(8); }
  int64_t i64() { return static_cast<int64_t>(get(8)); }
  double f64() { return std::bit_cast<double>(get(8)); }
  bool flag() {
    const auto v = u8();
    if (v > 1)
      fail();
    return v == 1;
  }
  std::string_view text() {
    const auto size = u32();
    if (!ok_ || size > in_.size()) {
      fail();
      return {};
    }
    const auto out = in_.substr(0, size);
    in_.remove_prefix(size);
    return out;
  }
  /// A count of things that take at least `bytes_each` (1 or more) bytes.
  size_t count(size_t bytes_each) {
    uint64_t v = 0;
    for (int shift = 0;; shift += 7) {
      const uint64_t byte = u8();
      if (!ok_ || shift > 56) {
        fail();
        return 0;
      }
      v |= (byte & 0x7f) << shift;
      if (byte < 0x80)
        break;
    }
    if (v > in_.size() / bytes_each) {
      fail();
      return 0;
    }
    return static_cast<size_t>(v);
  }

private:
  uint64_t get(size_t bytes) {
    if (!ok_ || in_.size() < bytes) {
      fail();
      return 0;
    }
    uint64_t v = 0;
    for (size_t i = 0; i < bytes; ++i)
      v |= static_cast<uint64_t>(static_cast<unsigned char>(in_[i])) << (8 * i);
    in_.remove_prefix(bytes);
    return v;
  }

  std::string_view in_;
  bool ok_ = true;
};

} // namespace eventpulse
