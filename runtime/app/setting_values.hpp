#pragma once
// Text to typed values and back, one pair a kind of setting. Used by
// setting_table.cpp only. A failure's detail completes the sentence
// "<setting>: '<text>' is not …".

#include "messages/result.hpp"
#include "runtime/app/settings.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace eventpulse::setting_values {

result<uint64_t> parse_integer(std::string_view text, uint64_t least,
                               uint64_t most);

/// "256KiB", "1GiB", "512": a whole number and B, KiB, MiB, GiB or TiB.
result<uint64_t> parse_bytes(std::string_view text, uint64_t least,
                             uint64_t most);
std::string show_bytes(uint64_t bytes);

result<std::chrono::milliseconds>
parse_duration(std::string_view text, std::chrono::milliseconds least,
               std::chrono::milliseconds most);

/// "10.0.0.0/8", "fd00::/8", or an address alone; host bits must be zero.
result<std::string> parse_cidr(std::string_view text);

result<log_format> parse_log_format(std::string_view text);
std::string_view show(log_format value);
result<log_level> parse_log_level(std::string_view text);
std::string_view show(log_level value);

/// The items of "a, b,c"; at most `items_max`. Empty text is no item.
result<std::vector<std::string>> split_list(std::string_view text,
                                            size_t items_max);

std::string_view trim(std::string_view text);

} // namespace eventpulse::setting_values
