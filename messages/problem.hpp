#pragma once
// Failures as HTTP answers: RFC 9457 problem details. Actors that answer
// requests and the HTTP adapter use it, and it is the only place where an errc
// becomes a status. Promises valid JSON whatever bytes the detail holds, and a
// Retry-After with every 429 and 503. The `type` is stable; people may show
// `detail`, programs must not read it.

#include "messages/errc.hpp"
#include "messages/http.hpp"
#include "messages/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace eventpulse {

/// One fault inside a document: where (RFC 6901 pointer) and what.
struct problem_item {
  std::string pointer;
  std::string detail;

  friend bool operator==(const problem_item&, const problem_item&) = default;
};

/// A failure that may name several faults of one document.
struct problem {
  errc code = errc::internal;
  std::string detail;
  std::vector<problem_item> errors;

  friend bool operator==(const problem&, const problem&) = default;
};

/// What is the same for every occurrence. The type URI is
/// "https://eventpulse.dev/problems/" + name.
struct problem_type {
  unsigned status;
  std::string_view name;
  std::string_view title;
};

problem_type type_of(errc code) noexcept;

/// `{"type", "title", "status", "detail", "errors"}`; what is empty is left
/// out.
std::string problem_json(const problem_type& type, std::string_view detail,
                         const std::vector<problem_item>& errors = {});

/// The object of problem_json for one failure, as the items of a batch hold it.
std::string problem_json(const problem& what);

/// An answer for what is no errc, such as a fault of the protocol itself.
http_response to_http(const problem_type& type, std::string_view detail);

http_response to_http(const problem& what);
http_response to_http(const failure& what);

} // namespace eventpulse
