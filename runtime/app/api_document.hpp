#pragma once
// The OpenAPI 3.1 document of the HTTP API, joined from schema/openapi when the
// product is built, and its answer. Both processes serve it at /openapi.json
// without a key, since a contract is no secret.

#include "messages/http.hpp"

#include <string_view>

namespace eventpulse {

/// The document as JSON.
std::string_view api_document() noexcept;

/// What GET or HEAD of it is answered; 405 for other methods.
http_response api_document_answer(const http_request& head);

} // namespace eventpulse
