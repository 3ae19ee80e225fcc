#include "runtime/adapters/postgres/fault.hpp"

#include "runtime/adapters/postgres/values.hpp"

#include <new>

namespace eventpulse::postgres {

namespace {

/// The first line of a server's message. Later ones (DETAIL) quote the row, and
/// a row may hold what nobody should read in a log.
std::string first_line(const char* text) {
  std::string line{text};
  line.resize(std::min(line.find('\n'), line.size()));
  constexpr std::string_view prefix = "ERROR:  ";
  if (line.starts_with(prefix))
    line.erase(0, prefix.size());
  return storable_text(line);
}

bool ends_connection(const std::string& sqlstate) {
  return sqlstate.starts_with("57P") || sqlstate.starts_with("08") ||
         sqlstate == "25P03" || // idle in a transaction for too long
         sqlstate == "25006";   // a standby now: find the primary again
}

} // namespace

errc meaning_of(const std::string& sqlstate) {
  if (ends_connection(sqlstate))
    return errc::unavailable;
  if (sqlstate == "57014" || sqlstate == "55P03") // statement, lock timeout
    return errc::timed_out;
  if (sqlstate.starts_with("22") || sqlstate.starts_with("23") ||
      sqlstate.starts_with("54")) // 54: beyond a limit of PostgreSQL's
    return errc::rejected;
  if (sqlstate.starts_with("40") || sqlstate.starts_with("53") ||
      sqlstate.starts_with("55") || sqlstate.starts_with("57") ||
      sqlstate.starts_with("58"))
    return errc::unavailable;
  return errc::internal;
}

fault current_fault() {
  fault out;
  try {
    throw;
  } catch (const value_refused& e) {
    out.what = {errc::rejected, e.what()};
  } catch (const value_corrupt& e) {
    out.what = {errc::corrupt, e.what()};
  } catch (const pqxx::in_doubt_error&) {
    out.what = {errc::outcome_unknown, "PostgreSQL went away during COMMIT"};
    out.connection_lost = true;
  } catch (const pqxx::broken_connection& e) {
    out.what = {errc::unavailable, "PostgreSQL: " + first_line(e.what())};
    out.connection_lost = true;
    out.nothing_happened = true;
  } catch (const pqxx::transaction_rollback& e) {
    // Serialisation failures and deadlocks; no sql_error in libpqxx 6.
    out.what = {errc::unavailable, "PostgreSQL: " + first_line(e.what())};
    out.sqlstate = "40000";
  } catch (const pqxx::sql_error& e) {
    out.sqlstate = e.sqlstate();
    // Without a SQLSTATE the message is libpq's own: the connection is broken.
    out.connection_lost = out.sqlstate.empty() || ends_connection(out.sqlstate);
    out.nothing_happened = out.connection_lost;
    out.what = {out.sqlstate.empty() ? errc::unavailable
                                     : meaning_of(out.sqlstate),
                "PostgreSQL: " + first_line(e.what()) +
                    (out.sqlstate.empty() ? "" : " (" + out.sqlstate + ")")};
  } catch (const std::bad_alloc&) {
    out.what = {errc::overloaded, "out of memory"};
    out.connection_lost = true;
  } catch (const std::exception& e) {
    out.what = {errc::internal, first_line(e.what())};
    out.connection_lost = true;
  }
  return out;
}

} // namespace eventpulse::postgres
