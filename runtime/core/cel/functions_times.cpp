// The calendar fields of timestamps, in UTC or a zone, and the units of
// durations (langdef.md, "Timezones").

#include "runtime/core/cel/functions.hpp"
#include "runtime/core/cel/times.hpp"

namespace eventpulse::cel {

namespace {

using arguments = std::span<const value>;

enum class part {
  year,
  month,
  date,
  day_of_month,
  day_of_week,
  day_of_year,
  hours,
  minutes,
  seconds,
  milliseconds,
};

int64_t part_of(const calendar_fields& at, int32_t nanos, part p) {
  switch (p) {
  case part::year:
    return at.year;
  case part::month:
    return at.month - 1;
  case part::date:
    return at.day;
  case part::day_of_month:
    return at.day - 1;
  case part::day_of_week:
    return at.day_of_week;
  case part::day_of_year:
    return at.day_of_year;
  case part::hours:
    return at.hours;
  case part::minutes:
    return at.minutes;
  case part::seconds:
    return at.seconds;
  case part::milliseconds:
    return nanos / 1'000'000;
  }
  return 0;
}

std::optional<int64_t> units_of(int64_t nanoseconds, part p) {
  switch (p) {
  case part::hours:
    return nanoseconds / 3'600'000'000'000;
  case part::minutes:
    return nanoseconds / 60'000'000'000;
  case part::seconds:
    return nanoseconds / 1'000'000'000;
  case part::milliseconds:
    return nanoseconds / 1'000'000 % 1000;
  default:
    return std::nullopt;
  }
}

template <part P>
value get(call_context& context, arguments a) {
  if (a.size() == 1 && a[0].is(kind::duration))
    if (const auto units = units_of(a[0].nanoseconds(), P))
      return value::integer(*units);
  const bool zoned = a.size() == 2 && a[1].is(kind::string);
  if (a.empty() || !a[0].is(kind::timestamp) || (a.size() != 1 && !zoned))
    return no_overload("get", a);
  int32_t offset = 0;
  if (zoned) {
    const auto found = zone_offset(context.zones, a[1].text(), a[0].seconds());
    if (!found)
      return value::error(fault::invalid_argument,
                          "no time zone " + quoted(a[1].text().substr(0, 64)));
    offset = *found;
  }
  const auto at = calendar_of(a[0].seconds() + offset);
  return value::integer(part_of(at, a[0].nanos(), P));
}

void add_getter(library& to, std::string name, function_body body,
                bool of_durations) {
  if (of_durations)
    to.add(std::move(name), body,
           {".timestamp->int", ".timestamp,string->int", ".duration->int"});
  else
    to.add(std::move(name), body,
           {".timestamp->int", ".timestamp,string->int"});
}

} // namespace

void add_times(library& to) {
  add_getter(to, "getFullYear", get<part::year>, false);
  add_getter(to, "getMonth", get<part::month>, false);
  add_getter(to, "getDate", get<part::date>, false);
  add_getter(to, "getDayOfMonth", get<part::day_of_month>, false);
  add_getter(to, "getDayOfWeek", get<part::day_of_week>, false);
  add_getter(to, "getDayOfYear", get<part::day_of_year>, false);
  add_getter(to, "getHours", get<part::hours>, true);
  add_getter(to, "getMinutes", get<part::minutes>, true);
  add_getter(to, "getSeconds", get<part::seconds>, true);
  add_getter(to, "getMilliseconds", get<part::milliseconds>, true);
}

} // namespace eventpulse::cel
