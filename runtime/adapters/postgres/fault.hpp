#pragma once
// Turns what libpqxx throws into our words; nothing else does.
// SQLSTATE classes: PostgreSQL manual, appendix A.

#include "messages/result.hpp"

#include <string>

namespace eventpulse::postgres {

struct fault {
  failure what;
  std::string sqlstate;         // empty where there is none
  bool connection_lost = false; // the connection is of no more use
  /// The connection went away and no COMMIT was under way: nothing happened.
  bool nothing_happened = false;
};

/// Of the exception being handled; call inside a catch block.
fault current_fault();

/// What a SQLSTATE means for the caller.
errc meaning_of(const std::string& sqlstate);

} // namespace eventpulse::postgres
