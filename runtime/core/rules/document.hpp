#pragma once
// What the author of a rule wrote, as typed fields: the shape of the document
// is checked here (fields, types, names, durations), its expressions by
// rules/compile.hpp. Used by the HTTP routes, the command line and the rule
// catalog. Every problem of a document is reported at once, with its RFC 6901
// pointer and, where the text has one, its line and column.

#include "messages/alert.hpp"
#include "messages/rule.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace eventpulse {

/// One fault of a rule document. Line and column (from 1, columns in code
/// points) are places in its text; 0: unknown.
struct rule_problem {
  std::string pointer; // RFC 6901; empty: the whole document
  int line = 0;
  int column = 0;
  std::string detail;

  friend bool operator==(const rule_problem&, const rule_problem&) = default;
};

/// "3:7: /condition: no such name 'declins'; did you mean 'declines'?".
std::string to_string(const rule_problem& p);

enum class rule_kind : uint8_t { match, threshold, absence, sequence, anomaly };
enum class rule_clock : uint8_t { received, event };
enum class window_type : uint8_t { sliding, tumbling, hopping, session };

std::string_view to_string(rule_kind k) noexcept;
std::string_view to_string(rule_clock c) noexcept;
std::string_view to_string(window_type t) noexcept;
std::string_view to_string(rule_mode m) noexcept;
std::string_view to_string(severity s) noexcept;

struct window_spec {
  window_type type = window_type::sliding;
  int64_t size_ms = 0;  // sliding, tumbling, hopping
  int64_t every_ms = 0; // hopping
  int64_t gap_ms = 0;   // session
  int64_t max_ms = 0;   // session
  std::string time_zone;

  friend bool operator==(const window_spec&, const window_spec&) = default;
};

struct absence_spec {
  int64_t for_ms = 0;
  std::vector<std::string> expect; // JSON arrays: groups known beforehand

  friend bool operator==(const absence_spec&, const absence_spec&) = default;
};

struct sequence_step {
  std::string name;
  std::string when;
  uint32_t times = 1;
  bool absent = false; // `not: true`

  friend bool operator==(const sequence_step&, const sequence_step&) = default;
};

struct sequence_spec {
  int64_t within_ms = 0;
  std::vector<sequence_step> steps;

  friend bool operator==(const sequence_spec&, const sequence_spec&) = default;
};

struct anomaly_spec {
  std::string value;     // CEL number, a sample per event; or
  std::string aggregate; // an aggregate, a sample per bin of `every`
  int64_t every_ms = 0;
  std::string detector = "auto";
  double sensitivity = 0.5;
  std::string direction = "both";
  uint32_t warmup = 0;

  friend bool operator==(const anomaly_spec&, const anomaly_spec&) = default;
};

struct alert_spec {
  std::string summary; // empty: the rule's name
  std::string details;
  int64_t cooldown_ms = 0;
  std::optional<int64_t> resolve_after_ms;

  friend bool operator==(const alert_spec&, const alert_spec&) = default;
};

/// `repeat` copies of one event, `every` apart. Texts inside may have ${CEL}
/// holes over `i`, the number of the copy from 0.
struct test_event {
  int64_t at_ms = 0;
  uint32_t repeat = 1;
  int64_t every_ms = 0;
  std::string event; // a JSON object

  friend bool operator==(const test_event&, const test_event&) = default;
};

/// What is absent is not compared.
struct expected_alert {
  int64_t at_ms = 0;
  std::optional<std::string> group; // a JSON array
  std::optional<int64_t> resolved_at_ms;
  std::optional<uint64_t> count;
  std::optional<std::string> summary;
  std::optional<std::string> values; // a JSON object, compared by its members

  friend bool operator==(const expected_alert&,
                         const expected_alert&) = default;
};

struct rule_test {
  std::string name;
  std::vector<test_event> events;
  std::vector<expected_alert> alerts;
  std::optional<int64_t> until_ms; // end of the timeline

  friend bool operator==(const rule_test&, const rule_test&) = default;
};

/// Where a field's value begins in the text.
struct document_place {
  int line = 0;
  int column = 0;
  size_t offset = 0;
};

struct rule_document {
  std::string id;
  std::string name; // empty: the id
  std::string description;
  std::vector<std::pair<std::string, std::string>> labels;
  eventpulse::severity severity = severity::warning;
  rule_kind kind = rule_kind::match;
  rule_mode mode = rule_mode::live;
  std::string when;
  std::vector<std::string> group_by;
  rule_clock clock = rule_clock::received;
  int64_t lateness_ms = 0;
  std::optional<int64_t> max_ahead_ms;
  std::optional<int64_t> idle_after_ms;
  std::optional<window_spec> window;
  std::vector<std::pair<std::string, std::string>> aggregate;
  std::string condition;
  std::optional<absence_spec> absence;
  std::optional<sequence_spec> sequence;
  std::optional<anomaly_spec> anomaly;
  alert_spec alert;
  std::vector<std::string> notify;
  std::optional<int64_t> backfill_ms;
  std::vector<rule_test> tests;
  /// What it was read from, with the places of its parts by pointer. No part
  /// of what the document says.
  std::string text;
  std::map<std::string, document_place> places;
};

/// Equal in all but text and places.
bool same_content(const rule_document& a, const rule_document& b);

/// A document as far as it could be read, and what is wrong with its shape.
struct rule_draft {
  rule_document document;
  std::vector<rule_problem> problems;
};

rule_draft draft_of_json(std::string_view json);

/// One YAML 1.2 document; plain scalars are typed by the core schema. Aliases
/// are followed within the bounds of a document; keys given twice are refused.
rule_draft draft_of_yaml(std::string_view yaml);

/// A draft without problems, or its problems.
using parsed_rule = std::variant<rule_document, std::vector<rule_problem>>;
parsed_rule parse_rule_json(std::string_view json);
parsed_rule parse_rule_yaml(std::string_view yaml);

/// The canonical JSON that is stored: fields in a fixed order, defaults left
/// out. parse_rule_json gives back the same content.
std::string to_json(const rule_document& document);

} // namespace eventpulse
