#pragma once
// How a request carries its events, from its headers alone. Used by
// request_parser and by the intake actor, which takes NDJSON piece by piece.
// The rules: any ce- header makes it binary mode, unless the Content-Type
// begins with application/cloudevents; else the media type decides. Charsets
// other than UTF-8 and unknown media types are refused as unsupported (415).

#include "messages/http.hpp"
#include "messages/result.hpp"

#include <cstdint>

namespace eventpulse::intake {

enum class content_mode : uint8_t { plain, structured, batch, binary, ndjson };

result<content_mode> decide_mode(const http_headers& headers);

enum class content_coding : uint8_t { identity, gzip };

/// Of Content-Encoding; refuses chains and other codings as unsupported.
result<content_coding> decide_coding(const http_headers& headers);

} // namespace eventpulse::intake
