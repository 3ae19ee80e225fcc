#pragma once
// Spans in the words of OTLP: the JSON encoding of ExportTraceServiceRequest
// (opentelemetry-proto, docs/specification.md: lowerCamelCase names, ids in
// hex, enums as numbers, 64-bit integers as decimal strings), and the answer to
// it. Pure.

#include "runtime/telemetry/trace.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace eventpulse::otlp {

/// Resource attributes: "service.name", "service.version", …
using resource = std::map<std::string, std::string>;

std::string request_json(const resource& from, const std::vector<span>& spans);

/// What a collector said in a success: how many spans it did not take, and why.
/// An answer that cannot be read rejects nothing.
struct partial_success {
  uint64_t rejected = 0;
  std::string message;
};
partial_success read_answer(std::string_view body);

} // namespace eventpulse::otlp
