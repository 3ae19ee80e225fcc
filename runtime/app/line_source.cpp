#include "runtime/app/line_source.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace eventpulse {

namespace {

constexpr size_t read_bytes = 128 << 10;
constexpr int gzip_window = 15 + 16;

/// zlib's inflater; members one after another are one text (RFC 1952).
class inflater {
public:
  inflater() { ready_ = inflateInit2(&z_, gzip_window) == Z_OK; }
  ~inflater() { inflateEnd(&z_); }
  inflater(const inflater&) = delete;
  inflater& operator=(const inflater&) = delete;

  /// Appends what `input` inflates to; false where it is not gzip.
  bool add(std::string_view input, std::string& out) {
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    z_.avail_in = static_cast<uInt>(input.size());
    std::array<char, read_bytes> piece{};
    while (ready_) {
      if (ended_) {
        if (z_.avail_in == 0)
          return true;
        inflateReset(&z_);
        ended_ = false;
      }
      z_.next_out = reinterpret_cast<Bytef*>(piece.data());
      z_.avail_out = static_cast<uInt>(piece.size());
      const auto said = inflate(&z_, Z_NO_FLUSH);
      out.append(piece.data(), piece.size() - z_.avail_out);
      ended_ = said == Z_STREAM_END;
      if (said == Z_BUF_ERROR || (said == Z_OK && z_.avail_out != 0))
        return true; // it wants more input
      if (said != Z_OK && said != Z_STREAM_END)
        return false;
    }
    return false;
  }

  /// Whether the input may end here.
  bool whole() const { return ended_; }

private:
  z_stream z_{};
  bool ready_ = false;
  bool ended_ = false;
};

} // namespace

struct line_source::parts {
  parts(std::string path, int descriptor, line_limits bounds)
      : name(std::move(path)), fd(descriptor), limits(bounds) {
    struct stat info {};
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
      regular = true;
      size = static_cast<uint64_t>(info.st_size);
    }
  }
  ~parts() {
    if (fd > STDERR_FILENO)
      ::close(fd);
  }
  parts(const parts&) = delete;
  parts& operator=(const parts&) = delete;

  bool more_is_there() const {
    pollfd one{fd, POLLIN, 0};
    return regular || ::poll(&one, 1, 0) > 0;
  }

  /// Adds to `held`, or notes the end.
  result<void> read_more() {
    std::string piece(read_bytes, '\0');
    const auto count = ::read(fd, piece.data(), piece.size());
    if (count < 0)
      return errno == EINTR
                 ? failure{errc::shutting_down, "interrupted"}
                 : failure{errc::unavailable,
                           "cannot read " + name + ": " + std::strerror(errno)};
    piece.resize(static_cast<size_t>(count));
    consumed += piece.size();
    ended = count == 0;
    if (!known) { // until there are two bytes to tell by
      first += piece;
      if (first.size() < 2 && !ended)
        return {};
      known = true;
      if (first.starts_with("\x1f\x8b"))
        gzip = std::make_unique<inflater>();
      piece = std::move(first);
    }
    if (!gzip) {
      held += piece;
      return {};
    }
    if (!gzip->add(piece, held) || (ended && !gzip->whole()))
      return failure{errc::malformed, name + " is broken gzip"};
    return {};
  }

  /// Bytes of the block that can be cut from `held`, 0 where more is needed,
  /// and its lines.
  size_t measure(uint64_t& lines) const {
    size_t end = 0;
    lines = 0;
    while (lines < limits.lines_max && end < limits.bytes_max) {
      const auto at = held.find('\n', begin + end);
      if (at == std::string::npos)
        break;
      end = at + 1 - begin;
      ++lines;
    }
    return end;
  }

  std::string name;
  int fd;
  line_limits limits;
  bool regular = false;
  std::optional<uint64_t> size;
  uint64_t consumed = 0;
  bool known = false; // whether it is gzip
  std::string first;
  std::unique_ptr<inflater> gzip;
  std::string held;
  size_t begin = 0; // of `held`, what was not given yet
  bool ended = false;
  uint64_t line = 1;
};

line_source::line_source(std::unique_ptr<parts> p) : parts_(std::move(p)) {}
line_source::line_source(line_source&&) noexcept = default;
line_source& line_source::operator=(line_source&&) noexcept = default;
line_source::~line_source() = default;

result<line_source> line_source::open(const std::string& path,
                                      line_limits limits) {
  int fd = STDIN_FILENO;
  if (path != "-")
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return failure{errc::not_found,
                   "cannot read " + path + ": " + std::strerror(errno)};
  return line_source(std::make_unique<parts>(path, fd, limits));
}

result<std::optional<line_block>> line_source::next() {
  auto& p = *parts_;
  for (;;) {
    uint64_t lines = 0;
    auto bytes = p.measure(lines);
    const bool full =
        lines >= p.limits.lines_max || bytes >= p.limits.bytes_max;
    if (p.ended && !full && p.begin + bytes < p.held.size()) {
      p.held += '\n'; // the last line has no end
      continue;
    }
    const bool too_long =
        p.held.size() - p.begin - bytes > p.limits.line_bytes_max;
    if (full || (bytes > 0 && (p.ended || too_long || !p.more_is_there()))) {
      line_block out{p.line, lines, p.held.substr(p.begin, bytes)};
      p.begin += bytes;
      p.line += lines;
      return std::optional<line_block>(std::move(out));
    }
    if (p.ended)
      return std::optional<line_block>{};
    if (too_long)
      return failure{errc::too_large,
                     p.name + ':' + std::to_string(p.line + lines) +
                         ": the line has more than " +
                         std::to_string(p.limits.line_bytes_max) + " bytes"};
    p.held.erase(0, p.begin);
    p.begin = 0;
    if (auto read = p.read_more(); !read)
      return read.error();
  }
}

result<void> line_source::skip_to(uint64_t line) {
  auto& p = *parts_;
  const auto kept = p.limits;
  while (p.line < line) {
    p.limits.lines_max =
        static_cast<size_t>(std::min<uint64_t>(kept.lines_max, line - p.line));
    auto block = next();
    p.limits = kept;
    if (!block)
      return block.error();
    if (!*block)
      return failure{errc::invalid,
                     p.name + " has only " + std::to_string(p.line - 1) +
                         " lines, fewer than were sent of it before"};
  }
  return {};
}

uint64_t line_source::bytes_read() const {
  return parts_->consumed;
}

std::optional<uint64_t> line_source::bytes_total() const {
  return parts_->size;
}

} // namespace eventpulse
