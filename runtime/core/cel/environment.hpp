#pragma once
// What an expression may refer to: variables with their types, functions, the
// container in which names are looked up, and the stated options. Made by the
// rule compiler and by queries; the engine has no other inputs.

#include "runtime/core/cel/functions.hpp"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace eventpulse::cel {

struct variable {
  std::string name; // may be qualified: "a.b"
  type t;
};

struct environment_options {
  /// Arithmetic between int and double where an operand is of type dyn (data of
  /// events) promotes to double. Off in plain CEL.
  bool promote_event_numbers = false;
  bool macros = true;
  /// Off: no type errors; what would be one fails when evaluated, as for
  /// expressions that were never checked.
  bool check = true;
  /// A call of constants that can only fail, such as duration("5x"), and a
  /// pattern that is none are diagnostics; plain CEL lets them fail when they
  /// are evaluated.
  bool refuse_bad_constants = true;
  /// cel.block and its companions, which test optimisers.
  bool test_blocks = false;
};

class environment {
public:
  explicit environment(environment_options options = {});

  /// The slot of the variable: its place in an activation. A second variable
  /// of the same name replaces the type of the first.
  size_t declare(std::string name, type t);
  size_t declare(variable v) {
    return declare(std::move(v.name), std::move(v.t));
  }
  /// A function beside the standard ones, or more overloads of its own.
  void declare_function(std::string name, std::vector<overload> overloads,
                        function_body body = nullptr);
  /// Makes a standard function or macro unknown.
  void hide(std::string name);
  void set_container(std::string name) { container_ = std::move(name); }
  /// Without one only UTC and fixed offsets are known.
  void set_zones(std::shared_ptr<const zone_source> zones) {
    zones_ = std::move(zones);
  }

  const environment_options& options() const noexcept { return options_; }
  const std::vector<variable>& variables() const noexcept { return variables_; }
  const std::string& container() const noexcept { return container_; }
  const std::shared_ptr<const zone_source>& zones() const noexcept {
    return zones_;
  }
  std::optional<size_t> slot_of(std::string_view name) const;
  const function* find_function(std::string_view name) const;
  /// Names in the order in which they are tried: the innermost container first.
  std::vector<std::string> candidates(std::string_view name, bool rooted) const;
  /// For "did you mean".
  std::vector<std::string> variable_names() const;
  std::vector<std::string> function_names() const;

private:
  environment_options options_;
  std::shared_ptr<const library> library_;
  std::shared_ptr<const zone_source> zones_;
  std::vector<variable> variables_;
  std::unordered_map<std::string, size_t> slots_;
  std::map<std::string, function, std::less<>> own_functions_;
  std::vector<std::string> hidden_;
  std::string container_;
};

/// The type that an identifier such as `int` or `net.IP` denotes.
std::optional<type> denoted_type(std::string_view name);

} // namespace eventpulse::cel
