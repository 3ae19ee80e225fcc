#pragma once
// An event as EventPulse keeps it: CloudEvents 1.0 context attributes, the
// payload bytes as received, and what intake and the persister added.

#include "messages/position.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace eventpulse {

/// A CloudEvents extension attribute. Binary, URI and Timestamp travel as
/// strings (CloudEvents 1.0, "Type System").
using attribute_value = std::variant<bool, int32_t, std::string>;

enum class payload_kind : uint8_t {
  none,   // no `data`
  json,   // the exact bytes of the JSON value `data`
  binary, // anything else: bytes, with datacontenttype saying what they are
};

/// What a client said. Made by core/intake, carried by the stream.
struct event_document {
  std::string id;
  std::string source;
  std::string type;
  std::string subject;         // empty: absent (CloudEvents forbids "")
  std::string time;            // RFC 3339 as received; empty: absent
  std::string datacontenttype; // empty: absent
  std::string dataschema;      // empty: absent
  /// Every other attribute, sorted by name; includes partitionkey. Never
  /// traceparent and tracestate, which stand below.
  std::vector<std::pair<std::string, attribute_value>> extensions;
  payload_kind kind = payload_kind::none;
  std::string payload;
  std::string traceparent; // W3C Trace Context, already validated or made
  std::string tracestate;

  friend bool operator==(const event_document&,
                         const event_document&) = default;
};

/// A persisted event: the document and its place.
struct event {
  event_document document;
  position where;
  int64_t received_at_ms = 0; // rule time; fixed by the persister
  std::string accepted_by;    // the API key's name

  order_key key() const {
    return {received_at_ms, where.partition, where.ms, where.seq};
  }
};

/// The value of extension `name`, or nullptr.
const attribute_value* find_extension(const event_document& document,
                                      std::string_view name);

/// `partitionkey`, else source + NUL + id: what the partition is chosen by and
/// what, with source and id, makes two events the same.
std::string partition_key(const event_document& document);

} // namespace eventpulse
