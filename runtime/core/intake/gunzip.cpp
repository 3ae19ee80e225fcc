#include "runtime/core/intake/gunzip.hpp"

#include "runtime/core/base/check.hpp"
#include "runtime/core/base/limits.hpp"

#include <algorithm>
#include <limits>

#include <zlib.h>

namespace eventpulse::intake {

namespace {

constexpr int window_bits_gzip = 15 + 16; // 32 KiB window, gzip wrapper only

} // namespace

struct gunzip::state {
  z_stream stream{};
  std::string input; // given and not yet used
  size_t used = 0;   // of `input`
  uint64_t total_in = 0;
  uint64_t total_out = 0;
  bool is_open = true; // inside a member; an empty body is no gzip
  bool has_failed = false;

  state() { EP_CHECK(inflateInit2(&stream, window_bits_gzip) == Z_OK); }
  ~state() { inflateEnd(&stream); }
  state(const state&) = delete;
  state& operator=(const state&) = delete;

  result<size_t> inflate_some(std::string& out, size_t size_max);
};

gunzip::gunzip() : state_(std::make_unique<state>()) {}
gunzip::~gunzip() = default;
gunzip::gunzip(gunzip&&) noexcept = default;
gunzip& gunzip::operator=(gunzip&&) noexcept = default;

void gunzip::give(std::string_view compressed) {
  auto& s = *state_;
  s.input.erase(0, s.used);
  s.used = 0;
  s.input += compressed;
}

// One call of zlib: into `size_max` bytes of room at the end of `out`.
result<size_t> gunzip::state::inflate_some(std::string& out, size_t size_max) {
  constexpr size_t step_max = std::numeric_limits<uInt>::max();
  if (!is_open) { // bytes after a member are the next member
    inflateReset(&stream);
    is_open = true;
  }
  auto begin = out.size();
  auto room = std::min(size_max, step_max);
  auto given = std::min(input.size() - used, step_max);
  out.resize(begin + room);
  stream.next_in = reinterpret_cast<Bytef*>(input.data() + used);
  stream.avail_in = static_cast<uInt>(given);
  stream.next_out = reinterpret_cast<Bytef*>(out.data() + begin);
  stream.avail_out = static_cast<uInt>(room);
  auto code = inflate(&stream, Z_NO_FLUSH);
  auto produced = room - stream.avail_out;
  out.resize(begin + produced);
  used += given - stream.avail_in;
  total_in += given - stream.avail_in;
  total_out += produced;
  if (code == Z_STREAM_END)
    is_open = false;
  else if (code == Z_MEM_ERROR)
    return errc::overloaded;
  else if (code != Z_OK && code != Z_BUF_ERROR)
    return {errc::malformed, "the body is not gzip, or is damaged"};
  if (total_out > limits::inflate_unguarded_bytes &&
      total_out / limits::inflate_ratio_max > total_in)
    return {errc::too_large, "the body inflates to more than " +
                                 std::to_string(limits::inflate_ratio_max) +
                                 " times its size"};
  return produced;
}

result<size_t> gunzip::take(std::string& out, size_t size_max) {
  auto& s = *state_;
  EP_CHECK(!s.has_failed);
  // A round may only end a member or eat a header and give nothing yet.
  for (;;) {
    bool has_input = s.used < s.input.size();
    if (!s.is_open && !has_input)
      return size_t{0};
    auto used_before = s.used;
    bool was_open = s.is_open;
    auto produced = s.inflate_some(out, size_max);
    if (!produced) {
      s.has_failed = true;
      return produced;
    }
    bool moved = s.used != used_before || s.is_open != was_open;
    if (*produced > 0 || !moved)
      return produced;
  }
}

result<void> gunzip::finish() const {
  if (state_->is_open)
    return {errc::malformed, "the gzip body ends too early"};
  return {};
}

result<std::string> gunzip_all(std::string_view compressed, size_t size_max) {
  constexpr size_t step = 64 << 10;
  gunzip source;
  source.give(compressed);
  std::string out;
  for (;;) {
    auto produced = source.take(out, step);
    if (!produced)
      return produced.error();
    if (*produced == 0)
      break;
    if (out.size() > size_max)
      return {errc::too_large, "the body is more than " +
                                   std::to_string(size_max) +
                                   " bytes once inflated"};
  }
  if (auto end = source.finish(); !end)
    return end.error();
  return out;
}

} // namespace eventpulse::intake
