#pragma once
// Rows of the table channel to channels, for channel_store and delivery_store.

#include "messages/delivery.hpp"
#include "runtime/adapters/postgres/connection.hpp"
#include "runtime/adapters/postgres/secret_box.hpp"

namespace eventpulse::postgres {

/// The columns that read_channel reads, of a table or alias `c`.
#define EP_CHANNEL_COLUMNS                                                     \
  "c.id, c.kind, c.url, c.secrets, c.secret_key_id, c.disabled,"               \
  " c.created_at_ms, c.updated_at_ms, to_json(c.secret_ends_at_ms)"

inline constexpr int channel_column_count = 9;

/// errc::corrupt where the secrets cannot be decrypted.
result<channel> read_channel(const pqxx::row& row, int first,
                             const secret_box& box);

} // namespace eventpulse::postgres
