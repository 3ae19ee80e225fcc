#pragma once
// Short ways to compile and evaluate for the tests of the CEL engine.

#include "runtime/core/cel/program.hpp"

#include <boost/json.hpp>

#include <memory>
#include <string>
#include <vector>

namespace eventpulse::cel::test {

inline value parsed_json(const std::string& text) {
  return from_json(
      std::make_shared<const boost::json::value>(boost::json::parse(text)));
}

inline std::shared_ptr<const program> compiled(const std::string& source,
                                               const environment& in) {
  auto made = compile(source, in);
  if (const auto* wrong = std::get_if<std::vector<diagnostic>>(&made)) {
    std::string all;
    for (const auto& d : *wrong)
      all += render(source, d) + '\n';
    throw std::runtime_error(all);
  }
  return std::get<std::shared_ptr<const program>>(made);
}

/// The first diagnostic of a source that must not compile.
inline diagnostic refused(const std::string& source, const environment& in) {
  auto made = compile(source, in);
  const auto* wrong = std::get_if<std::vector<diagnostic>>(&made);
  return wrong && !wrong->empty() ? wrong->front()
                                  : diagnostic{0, 0, 0, "it compiled", {}};
}

// Parts of the above, as values of their own.
inline std::string refusal(const std::string& source, const environment& in) {
  return refused(source, in).message;
}
inline std::string hint_of(const std::string& source, const environment& in) {
  return refused(source, in).hint;
}
inline int column_of(const std::string& source, const environment& in) {
  return refused(source, in).column;
}

/// Evaluates with `event` (dyn) bound to a JSON document.
inline value evaluated(const std::string& source,
                       const std::string& event = "{}",
                       environment_options options = {}) {
  environment env{options};
  env.declare("event", type{});
  const auto p = compiled(source, env);
  const std::vector<value> slots{parsed_json(event)};
  return p->evaluate(activation{slots});
}

inline std::string literal(const std::string& source,
                           const std::string& event = "{}",
                           environment_options options = {}) {
  return to_literal(evaluated(source, event, options));
}

} // namespace eventpulse::cel::test
