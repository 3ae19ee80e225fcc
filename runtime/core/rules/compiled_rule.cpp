// What a compiled rule says of itself.

#include "runtime/core/base/hash.hpp"
#include "runtime/core/rules/compile.hpp"
#include "runtime/core/rules/rule_program.hpp"

namespace eventpulse {

namespace {

// Everything but what may change without touching the state.
std::string fingerprint_of(rule_document d) {
  d.name.clear();
  d.description.clear();
  d.labels.clear();
  d.severity = severity::warning;
  d.mode = rule_mode::live;
  d.alert = {};
  d.notify.clear();
  d.tests.clear();
  return sha256_hex(to_json(d));
}

int64_t window_span_ms(const rule_document& d) {
  if (d.absence)
    return d.absence->for_ms;
  if (!d.window)
    return 0;
  const auto& w = *d.window;
  switch (w.type) {
  case window_type::sliding:
    return w.size_ms;
  // The window that is open, and the one that closed before it.
  case window_type::tumbling:
    return 2 * w.size_ms;
  case window_type::hopping:
    return w.size_ms + w.every_ms;
  case window_type::session:
    return w.max_ms + w.gap_ms;
  }
  return 0;
}

// Windows that are looked at when they close resolve there; a session has no
// next close of its own, so its alert lasts one gap.
int64_t default_resolve_after_ms(const rule_document& d) {
  if (!d.window)
    return 0;
  switch (d.window->type) {
  case window_type::sliding:
    return d.window->size_ms;
  case window_type::tumbling:
  case window_type::hopping:
    return 0;
  case window_type::session:
    return d.window->gap_ms;
  }
  return 0;
}

} // namespace

compiled_rule::compiled_rule(rule_document document, int64_t version,
                             std::unique_ptr<const rule_program> program)
    : document_(std::move(document)), version_(version),
      program_(std::move(program)), fingerprint_(fingerprint_of(document_)),
      resolve_after_ms_(document_.alert.resolve_after_ms.value_or(
          default_resolve_after_ms(document_))),
      needs_data_(program_->needs_data) {
  // Nothing can be wrong any more.
  document_.text.clear();
  document_.text.shrink_to_fit();
  document_.places.clear();
  horizon_ms_ = window_span_ms(document_) + document_.alert.cooldown_ms +
                resolve_after_ms_;
}

compiled_rule::~compiled_rule() = default;

} // namespace eventpulse
