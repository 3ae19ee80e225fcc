#pragma once
// The compiler of schemas: every place where a schema may stand is compiled
// first; references are tied afterwards, so that they may point forwards and at
// themselves. Its parts are compile.cpp (places and references) and
// compile_keywords.cpp (what each keyword says).

#include "runtime/core/schema/compiled_schema.hpp"
#include "runtime/core/schema/keywords.hpp"

#include <boost/json.hpp>

#include <optional>
#include <unordered_map>

namespace eventpulse::schema {

namespace json = boost::json;

inline std::string_view view(const json::string& s) {
  return {s.data(), s.size()};
}

/// `pointer` with one token more.
std::string below(const std::string& pointer, std::string_view token);

class compiler {
public:
  compile_outcome run(std::string_view text);

private:
  struct pending_ref {
    node_id from;
    std::string target;
    std::string pointer; // of the keyword, for faults
  };

  void fault(const std::string& pointer, std::string detail);
  node_id place(const json::value& v, const std::string& pointer, size_t depth);
  void fill(node& n, const json::object& o, const std::string& pointer,
            size_t depth);
  void read(node& n, keyword what, const json::value& v, const std::string& at,
            size_t depth);
  void read_applicator(node& n, keyword what, const json::value& v,
                       const std::string& at, size_t depth);
  void read_type(node& n, const json::value& v, const std::string& at);
  void read_items(node& n, const json::value& v, const std::string& at,
                  size_t depth);
  void read_dependencies(node& n, const json::value& v, const std::string& at,
                         size_t depth);
  void read_pattern(node& n, const json::value& v, const std::string& at);
  void read_format(node& n, const json::value& v, const std::string& at);
  std::optional<json::value> number(const json::value& v,
                                    const std::string& at);
  std::optional<uint64_t> count(const json::value& v, const std::string& at);
  std::vector<std::string> names(const json::value& v, const std::string& at);
  std::vector<node_id> list(const json::value& v, const std::string& at,
                            size_t depth, size_t least = 1);
  std::vector<std::pair<std::string, node_id>>
  by_name(const json::value& v, const std::string& at, size_t depth);
  pattern checked_pattern(std::string_view text, const std::string& at);
  void read_id(const json::value& v, const std::string& at, size_t depth);
  void add_anchor(const json::value& v, const std::string& at, node_id id);
  void tie_references();
  const json::value* follow(std::string_view pointer) const;
  void refuse_loops();

  draft draft_ = draft::d2020;
  json::value document_;
  std::string base_; // the root's $id
  std::shared_ptr<compiled_schema> out_ = std::make_shared<compiled_schema>();
  std::unordered_map<const json::value*, node_id> placed_;
  std::map<std::string, node_id, std::less<>> anchors_;
  std::vector<std::string> pointers_; // of the nodes
  std::vector<pending_ref> pending_;
  size_t patterns_ = 0;
  compile_outcome outcome_;
};

} // namespace eventpulse::schema
