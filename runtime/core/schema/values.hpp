#pragma once
// Numbers and equality as JSON Schema means them: by mathematical value,
// whatever their form, so that 1, 1.0 and 1e0 are the same; exact where doubles
// would not be.

#include <boost/json.hpp>

#include <cstdint>

namespace eventpulse::schema {

/// Counts down; what it is handed to stops and tells where it is spent.
struct step_budget {
  uint64_t left = 0;
  bool spent = false;

  bool take(uint64_t steps) {
    if (steps > left) {
      spent = true;
      left = 0;
      return false;
    }
    left -= steps;
    return true;
  }
};

/// -1, 0 or 1. Both must be numbers.
int compare_numbers(const boost::json::value& a, const boost::json::value& b);

bool is_integer(const boost::json::value& v);

/// Whether `a` / `b` is an integer, by their shortest decimal forms. `b` > 0.
bool is_multiple(const boost::json::value& a, const boost::json::value& b);

/// False also where the budget ran out.
bool are_equal(const boost::json::value& a, const boost::json::value& b,
               step_budget& budget);

/// Equal values have equal hashes.
uint64_t hash_of(const boost::json::value& v, step_budget& budget);

} // namespace eventpulse::schema
