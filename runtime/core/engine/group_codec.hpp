#pragma once
// A group as the bytes of a snapshot row, and back. Loading never trusts the
// bytes: whatever is no group of this rule is a fault of the reader.

#include "runtime/core/engine/bytes.hpp"
#include "runtime/core/engine/group.hpp"

namespace eventpulse {

void save_group(byte_writer& to, const group& g);

/// nullptr where the bytes are no group; `plan` is null for rules without a
/// window.
std::unique_ptr<group> load_group(std::string_view bytes, std::string key,
                                  const window_plan* plan,
                                  const aggregate_specs& specs);

void save_alert(byte_writer& to, const alert& a);
alert load_alert(byte_reader& from);

void save_key(byte_writer& to, const order_key& k);
order_key load_key(byte_reader& from);

/// The variable `group` of a JSON array; nullopt where it is none.
std::optional<cel::value> group_values(const std::string& json);

} // namespace eventpulse
