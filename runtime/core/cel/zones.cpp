#include "runtime/core/cel/zones.hpp"

#include "runtime/core/cel/times.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace eventpulse::cel {

namespace {

constexpr size_t file_bytes_max = 1 << 20;
constexpr size_t header_bytes = 44;

// Reads big-endian numbers; past the end it reads zeros and says so.
class byte_reader {
public:
  explicit byte_reader(std::string_view bytes) : bytes_(bytes) {}

  int64_t number(size_t width) {
    if (bytes_.size() < width) {
      short_ = true;
      return 0;
    }
    uint64_t out = 0;
    for (size_t i = 0; i < width; ++i)
      out = out << 8 | static_cast<unsigned char>(bytes_[i]);
    bytes_.remove_prefix(width);
    if (width == 4)
      return static_cast<int32_t>(static_cast<uint32_t>(out));
    return static_cast<int64_t>(out);
  }
  void skip(size_t count) {
    short_ = short_ || count > bytes_.size();
    bytes_.remove_prefix(std::min(count, bytes_.size()));
  }
  bool ok() const { return !short_; }
  std::string_view rest() const { return bytes_; }

private:
  std::string_view bytes_;
  bool short_ = false;
};

struct header {
  size_t utc_count, standard_count, leap_count, time_count, type_count,
      char_count;
  bool good = false;

  size_t body_bytes(size_t time_width) const {
    return time_count * (time_width + 1) + type_count * 6 + char_count +
           leap_count * (time_width + 4) + standard_count + utc_count;
  }
};

header read_header(byte_reader& in) {
  header h{};
  const bool magic = in.rest().starts_with("TZif");
  in.skip(20);
  for (auto* count : {&h.utc_count, &h.standard_count, &h.leap_count,
                      &h.time_count, &h.type_count, &h.char_count})
    *count = static_cast<size_t>(in.number(4));
  const auto bound = std::max({h.utc_count, h.standard_count, h.leap_count,
                               h.time_count, h.type_count, h.char_count});
  h.good = magic && in.ok() && bound < file_bytes_max && h.type_count > 0;
  return h;
}

bool take_number(std::string_view& text, int& out) {
  size_t digits = 0;
  out = 0;
  while (digits < text.size() && digits < 4 && text[digits] >= '0' &&
         text[digits] <= '9')
    out = out * 10 + (text[digits++] - '0');
  text.remove_prefix(digits);
  return digits != 0;
}

// "-3:30", "5", "+02:00:00" as seconds, in the sign of the text.
bool take_clock(std::string_view& text, int32_t& out) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+'))
    text.remove_prefix(1);
  int part = 0;
  if (!take_number(text, part))
    return false;
  out = part * 3600;
  for (int32_t scale = 60; scale >= 1 && text.starts_with(':'); scale /= 60) {
    text.remove_prefix(1);
    if (!take_number(text, part))
      return false;
    out += part * scale;
  }
  out = negative ? -out : out;
  return true;
}

bool take_name(std::string_view& text) {
  size_t size = 0;
  if (text.starts_with('<'))
    size = text.find('>') + 1; // npos + 1 == 0
  else
    while (size < text.size() &&
           ((text[size] | 0x20) >= 'a' && (text[size] | 0x20) <= 'z'))
      ++size;
  text.remove_prefix(size);
  return size != 0;
}

std::string file_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

zone_source::~zone_source() = default;

time_zones::time_zones(const std::string& directory) {
  namespace fs = std::filesystem;
  std::error_code problem;
  fs::recursive_directory_iterator i(
      directory, fs::directory_options::skip_permission_denied, problem);
  for (; !problem && i != fs::recursive_directory_iterator{};
       i.increment(problem)) {
    const auto name = i->path().lexically_relative(directory).string();
    if (name == "posix" || name == "right") {
      i.disable_recursion_pending();
      continue;
    }
    if (!i->is_regular_file(problem) || i->file_size(problem) > file_bytes_max)
      continue;
    if (auto z = read(file_text(i->path())))
      zones_.emplace(name, std::move(*z));
  }
  zones_.try_emplace("UTC", zone{{}, {0}, false, false, 0, 0, {}, {}});
}

std::optional<time_zones::zone> time_zones::read(std::string_view file) {
  byte_reader in{file};
  if (file.size() < header_bytes || file[4] < '2') // version 1 has 32 bit times
    return std::nullopt;
  const auto old = read_header(in);
  in.skip(old.body_bytes(4));
  const auto h = read_header(in);
  if (!old.good || !h.good || !in.ok())
    return std::nullopt;
  zone z;
  for (size_t i = 0; i < h.time_count; ++i)
    z.moments.push_back(in.number(8));
  std::vector<size_t> kinds;
  for (size_t i = 0; i < h.time_count; ++i)
    kinds.push_back(static_cast<size_t>(in.number(1)));
  std::vector<int32_t> offsets;
  for (size_t i = 0; i < h.type_count; ++i) {
    offsets.push_back(static_cast<int32_t>(in.number(4)));
    in.skip(2);
  }
  in.skip(h.char_count + h.leap_count * 12 + h.standard_count + h.utc_count);
  z.offsets.push_back(offsets[0]);
  for (const auto kind : kinds) {
    if (kind >= offsets.size())
      return std::nullopt;
    z.offsets.push_back(offsets[kind]);
  }
  if (!in.ok() || !std::is_sorted(z.moments.begin(), z.moments.end()))
    return std::nullopt;
  auto footer = in.rest();
  if (footer.size() > 2)
    z.has_tail = read_footer(footer.substr(1, footer.find('\n', 1) - 1), z);
  return z;
}

// "CET-1CEST,M3.5.0,M10.5.0/3": the signs are those of POSIX, west positive.
bool time_zones::read_footer(std::string_view text, zone& out) {
  if (!take_name(text) || !take_clock(text, out.standard))
    return false;
  out.standard = -out.standard;
  if (text.empty())
    return true;
  out.daylight = out.standard + 3600;
  if (!take_name(text))
    return false;
  if (!text.starts_with(',')) {
    if (!take_clock(text, out.daylight))
      return false;
    out.daylight = -out.daylight;
  }
  out.has_daylight = read_rule(text, out.starts) && read_rule(text, out.ends);
  return out.has_daylight && text.empty();
}

bool time_zones::read_rule(std::string_view& text, rule& out) {
  if (!text.starts_with(','))
    return false;
  text.remove_prefix(1);
  out.kind = 'D';
  if (text.starts_with('M') || text.starts_with('J')) {
    out.kind = text[0];
    text.remove_prefix(1);
  }
  if (out.kind == 'M') {
    for (auto* field : {&out.month, &out.week, &out.day}) {
      if (field != &out.month) {
        if (!text.starts_with('.'))
          return false;
        text.remove_prefix(1);
      }
      if (!take_number(text, *field))
        return false;
    }
    if (out.month < 1 || out.month > 12 || out.week < 1 || out.week > 5 ||
        out.day > 6)
      return false;
  } else if (!take_number(text, out.day)) {
    return false;
  }
  if (!text.starts_with('/'))
    return true;
  text.remove_prefix(1);
  return take_clock(text, out.at_seconds);
}

// Local seconds, before the offset in force is taken off.
int64_t time_zones::moment_of(const rule& r, int64_t year) {
  const auto first = days_from_civil(year, 1, 1);
  int64_t day = 0;
  if (r.kind == 'M') {
    const auto month = days_from_civil(year, r.month, 1);
    const auto next = r.month == 12 ? days_from_civil(year + 1, 1, 1)
                                    : days_from_civil(year, r.month + 1, 1);
    const auto weekday = ((month % 7) + 11) % 7;
    day = month + (r.day - weekday + 7) % 7 + (r.week - 1) * 7;
    while (day >= next)
      day -= 7;
  } else {
    const bool leap = days_from_civil(year + 1, 1, 1) - first == 366;
    const bool later = r.kind == 'J' && leap && r.day >= 60;
    day = first + r.day - (r.kind == 'J' ? 1 : 0) + (later ? 1 : 0);
  }
  return day * 86400 + r.at_seconds;
}

int32_t time_zones::tail_offset(const zone& z, int64_t unix_seconds) {
  if (!z.has_daylight)
    return z.standard;
  const auto year = calendar_of(unix_seconds + z.standard).year;
  const auto from = moment_of(z.starts, year) - z.standard;
  const auto to = moment_of(z.ends, year) - z.daylight;
  const bool is_daylight = from < to
                               ? unix_seconds >= from && unix_seconds < to
                               : unix_seconds >= from || unix_seconds < to;
  return is_daylight ? z.daylight : z.standard;
}

std::optional<int32_t> time_zones::offset_at(std::string_view name,
                                             int64_t unix_seconds) const {
  const auto found = zones_.find(name);
  if (found == zones_.end())
    return std::nullopt;
  const auto& z = found->second;
  const auto next =
      std::upper_bound(z.moments.begin(), z.moments.end(), unix_seconds);
  if (next == z.moments.end() && z.has_tail)
    return tail_offset(z, unix_seconds);
  return z.offsets[static_cast<size_t>(next - z.moments.begin())];
}

bool time_zones::knows(std::string_view name) const {
  return zones_.find(name) != zones_.end();
}

const std::shared_ptr<const zone_source>& installed_zones() {
  static const std::shared_ptr<const zone_source> all =
      std::make_shared<const time_zones>();
  return all;
}

std::optional<int32_t> zone_offset(const zone_source* zones,
                                   std::string_view zone,
                                   int64_t unix_seconds) {
  if (zone.empty() || zone == "UTC")
    return 0;
  auto rest = zone;
  const bool negative = rest[0] == '-';
  if (negative || rest[0] == '+')
    rest.remove_prefix(1);
  int32_t hours = 0, minutes = 0;
  const auto digit = [&rest](size_t i) { return rest[i] - '0'; };
  const auto is_digit = [&rest](size_t i) {
    return rest[i] >= '0' && rest[i] <= '9';
  };
  if (rest.size() == 5 && rest[2] == ':' && is_digit(0) && is_digit(1) &&
      is_digit(3) && is_digit(4)) {
    hours = digit(0) * 10 + digit(1);
    minutes = digit(3) * 10 + digit(4);
    if (hours > 23 || minutes > 59)
      return std::nullopt;
    return (negative ? -1 : 1) * (hours * 3600 + minutes * 60);
  }
  return zones ? zones->offset_at(zone, unix_seconds) : std::nullopt;
}

} // namespace eventpulse::cel
