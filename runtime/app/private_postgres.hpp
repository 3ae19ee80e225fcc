#pragma once
// How the private PostgreSQL of a data directory is run: the distribution's
// newest server (or the one that wrote the data), on a unix socket only, with
// the superuser `ep` and the database `eventpulse`.

#include "runtime/app/data_directory.hpp"
#include "runtime/app/managed_process.hpp"

namespace eventpulse::private_postgres {

/// Makes the cluster on first use; a killed attempt leaves none behind.
result<managed_options> plan(const data_directory& directory, survives what);

/// Makes the database on first use; the server must answer.
result<void> make_database(const data_directory& directory);

/// "postgresql:///eventpulse?host=/…&user=ep".
std::string url(const data_directory& directory);

} // namespace eventpulse::private_postgres
