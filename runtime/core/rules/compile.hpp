#pragma once
// A rule document with its expressions parsed, checked and compiled: what an
// evaluator runs and the rule index reads. Made once a publish, immutable,
// shared between threads. The compiler reports every problem of the document at
// once and refuses kinds and options that this build cannot run, so nothing is
// published that would not work.

#include "runtime/core/rules/document.hpp"

#include <memory>

namespace eventpulse {

struct rule_program; // rules/rule_program.hpp: the compiled expressions

class compiled_rule {
public:
  compiled_rule(rule_document document, int64_t version,
                std::unique_ptr<const rule_program> program);
  ~compiled_rule();
  compiled_rule(const compiled_rule&) = delete;
  compiled_rule& operator=(const compiled_rule&) = delete;

  const std::string& id() const noexcept { return document_.id; }
  int64_t version() const noexcept { return version_; }
  const rule_document& document() const noexcept { return document_; }

  /// A hash of all that the state of the rule depends on: two versions with
  /// the same one may exchange their state.
  const std::string& fingerprint() const noexcept { return fingerprint_; }

  /// How far back events still bear on the present state: window, silence,
  /// cooldown and resolve_after together.
  int64_t horizon_ms() const noexcept { return horizon_ms_; }

  /// How much history primes it. Where its author says nothing, the first
  /// version of a rule starts empty and every later one with its horizon, be
  /// the one before in force, switched off or deleted.
  int64_t backfill_ms() const noexcept {
    return document_.backfill_ms.value_or(version_ > 1 ? horizon_ms_ : 0);
  }

  rule_mode mode() const noexcept { return document_.mode; }
  /// Channels to tell; of a shadow rule too, which tells nobody.
  const std::vector<std::string>& notify() const noexcept {
    return document_.notify;
  }
  /// Whether any expression looks into `event.data`.
  bool needs_data() const noexcept { return needs_data_; }

  /// The document's name, or its id.
  const std::string& display_name() const noexcept {
    return document_.name.empty() ? document_.id : document_.name;
  }
  /// How long the condition must be false before an alert resolves.
  int64_t resolve_after_ms() const noexcept { return resolve_after_ms_; }

  const rule_program& program() const noexcept { return *program_; }

private:
  rule_document document_;
  int64_t version_;
  std::unique_ptr<const rule_program> program_;
  std::string fingerprint_;
  int64_t horizon_ms_ = 0;
  int64_t resolve_after_ms_ = 0;
  bool needs_data_ = false;
};

using compiled_rule_ptr = std::shared_ptr<const compiled_rule>;

using compiled_or_problems =
    std::variant<compiled_rule_ptr, std::vector<rule_problem>>;

compiled_or_problems compile_rule(const rule_document& document,
                                  int64_t version);

/// What is wrong with the shape of the document and, as far as it could be
/// read, with its expressions. A fault that only follows from another one is
/// not said.
compiled_or_problems compile_draft(const rule_draft& draft, int64_t version);

} // namespace eventpulse
