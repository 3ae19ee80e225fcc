#pragma once
// The walk of a value along a compiled schema. Its parts are check.cpp (nodes,
// and what says more of the same value) and check_values.cpp (what a value,
// its members and its items must be).

#include "runtime/core/base/limits.hpp"
#include "runtime/core/schema/compiled_schema.hpp"
#include "runtime/core/schema/values.hpp"

#include <boost/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace eventpulse::schema {

namespace json = boost::json;

/// The way down to a value; written out only for a fault.
struct place {
  const place* up = nullptr;
  std::string_view name;
  size_t index = 0;
  bool in_array = false;

  std::string pointer() const;
};

/// Where faults go; null: only whether there are any matters.
struct sink {
  std::vector<problem_item> items;
  size_t max = limits::problem_errors_max;
};

/// Which members or items of one value some keyword has evaluated.
using marks = std::vector<bool>;

class checker {
public:
  explicit checker(const compiled_schema& s) : schema_(s) {}

  bool run(node_id id, const json::value& v, const place& where, sink* out,
           marks* seen);

  step_budget budget{limits::schema_steps_max, false};

private:
  bool fault(sink* out, const place& where, std::string detail) const;
  bool scalars(const node& n, const json::value& v, const place& where,
               sink* out);
  bool numbers(const node& n, const json::value& v, const place& where,
               sink* out) const;
  bool strings(const node& n, const json::string& s, const place& where,
               sink* out);
  bool members(const node& n, const json::object& o, const place& where,
               sink* out, marks* seen);
  bool named(const node& n, const json::object& o, const place& where,
             sink* out, marks* seen);
  bool elements(const node& n, const json::array& a, const place& where,
                sink* out, marks* seen);
  bool contained(const node& n, const json::array& a, const place& where,
                 sink* out, marks* seen);
  bool unique(const json::array& a, const place& where, sink* out);
  bool in_place(const node& n, const json::value& v, const place& where,
                sink* out, marks* seen);
  bool part(node_id id, const json::value& v, const place& where, sink* out,
            marks* seen);
  bool any(const node& n, const json::value& v, const place& where, sink* out,
           marks* seen);
  bool one(const node& n, const json::value& v, const place& where, sink* out,
           marks* seen);
  bool unevaluated(const node& n, const json::value& v, const place& where,
                   sink* out, marks* seen);
  std::string why_none(const std::vector<node_id>& ids, const json::value& v,
                       const place& where);

  const compiled_schema& schema_;
  size_t depth_ = 0;
  bool explaining_ = false; // why an alternative does not fit
};

/// A name as a message can show it.
std::string in_quotes(std::string_view name);

} // namespace eventpulse::schema
