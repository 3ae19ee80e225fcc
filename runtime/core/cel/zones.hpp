#pragma once
// Offsets of IANA time zones, which CEL's getHours("Europe/Berlin") and rules
// with calendar windows need. The engine sees the interface; time_zones reads a
// zoneinfo directory (TZif, RFC 8536) once, when it is made, and is immutable
// from then on.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eventpulse::cel {

class zone_source {
public:
  virtual ~zone_source();
  /// Seconds east of UTC in `zone` at a moment; nullopt for an unknown zone.
  virtual std::optional<int32_t> offset_at(std::string_view name,
                                           int64_t unix_seconds) const = 0;
};

class time_zones : public zone_source {
public:
  /// Every zone found under `directory`; files that are none are passed over.
  /// A missing directory leaves only "UTC".
  explicit time_zones(const std::string& directory = "/usr/share/zoneinfo");

  std::optional<int32_t> offset_at(std::string_view name,
                                   int64_t unix_seconds) const override;
  bool knows(std::string_view name) const;
  size_t size() const noexcept { return zones_.size(); }

private:
  /// The yearly change to and from daylight saving time (POSIX TZ, the footer
  /// of a TZif file), for moments after the last transition.
  struct rule {
    int kind = 0; // 'M' month.week.day, 'J' day without leap day, 'D' day
    int month = 0, week = 0, day = 0;
    int32_t at_seconds = 7200;
  };
  struct zone {
    std::vector<int64_t> moments;
    std::vector<int32_t> offsets; // one more: the first holds before moments[0]
    bool has_tail = false;
    bool has_daylight = false;
    int32_t standard = 0, daylight = 0;
    rule starts, ends;
  };

  static std::optional<zone> read(std::string_view file);
  static bool read_footer(std::string_view text, zone& out);
  static bool read_rule(std::string_view& text, rule& out);
  static int64_t moment_of(const rule& r, int64_t year);
  static int32_t tail_offset(const zone& z, int64_t unix_seconds);

  std::map<std::string, zone, std::less<>> zones_;
};

/// Those of this machine, read when they are first asked for.
const std::shared_ptr<const zone_source>& installed_zones();

/// "+05:30", "-02:00", "05:30", "" and "UTC" without a source, else the zone's
/// offset.
std::optional<int32_t> zone_offset(const zone_source* zones,
                                   std::string_view zone, int64_t unix_seconds);

} // namespace eventpulse::cel
