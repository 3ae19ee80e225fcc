#pragma once
// Whether messages may be sent to a URL (RFC 3986, RFC 9110 section 4.2). Used
// where a channel is made. Refuses a user or password in it (RFC 9110 section
// 4.2.4): the URL is shown to everybody who may see the channel. Pure syntax:
// whether the address may be dialled is known only when it is.

#include <string_view>

namespace eventpulse {

/// What is wrong, as the end of a sentence about it, or nothing.
std::string_view fault_of_receiver_url(std::string_view url);

} // namespace eventpulse
