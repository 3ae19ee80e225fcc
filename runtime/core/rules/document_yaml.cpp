// YAML 1.2 to a document tree, with yaml-cpp.

#include "runtime/core/base/limits.hpp"
#include "runtime/core/cel/utf8.hpp"
#include "runtime/core/rules/document_tree.hpp"
#include "runtime/core/rules/source_place.hpp"
#include "runtime/core/rules/yaml_scalar.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace eventpulse {

namespace {

// Of all texts, those of aliases where they are used.
constexpr size_t bytes_max = 4 * limits::rule_document_bytes_max;

// Ends the parse; what is wrong is among the problems.
struct stop {};

rule_problem problem_at(const YAML::Mark& mark, std::string pointer,
                        std::string detail) {
  return {std::move(pointer), mark.line + 1, mark.column + 1,
          std::move(detail)};
}

// Builds the tree from the parser's events. yaml-cpp's own tree is not used: it
// knows no bounds, and loading "all documents" of certain broken texts never
// ends.
class builder : public YAML::EventHandler {
public:
  explicit builder(document_tree& out) : find_(out.text), out_(out) {}

  std::vector<rule_problem> problems;
  bool complete = false;

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (complete) {
      problems.push_back(
          problem_at(mark, "", "one rule a document, and one document a file"));
      throw stop{};
    }
  }
  void OnDocumentEnd() override { complete = true; }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (takes_key())
      refuse_key(mark);
    begin(mark);
    end(nullptr, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (takes_key())
      refuse_key(mark);
    begin(mark);
    const auto at = anchors_.find(anchor);
    if (at == anchors_.end()) {
      problems.push_back(
          problem_at(mark, pointer(), "an alias within its own anchor"));
      throw stop{};
    }
    count(at->second.nodes, at->second.bytes, mark);
    end(at->second.value, 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor, const std::string& text) override {
    if (takes_key())
      return set_key(mark, text);
    begin(mark);
    count(0, text.size(), mark);
    // Quoted and block scalars come with the tag "!".
    const bool is_text = tag == "!" || tag == "tag:yaml.org,2002:str";
    end(is_text ? boost::json::value(text) : plain_scalar(text), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor, boost::json::array{});
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&,
                  YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, anchor, boost::json::object{});
  }
  void OnMapEnd() override { close(); }

private:
  struct frame {
    boost::json::value value; // array or object
    YAML::anchor_t anchor;
    size_t nodes_before;
    size_t bytes_before;
    std::optional<std::string> key; // of the member that comes next
    std::string pointer;
    bool twice = false; // that member is there already
  };
  struct anchored {
    boost::json::value value;
    size_t nodes;
    size_t bytes; // of its texts
  };

  bool takes_key() const {
    return !open_.empty() && open_.back().value.is_object() &&
           !open_.back().key;
  }

  // Of the node that comes next.
  std::string pointer() const {
    if (open_.empty())
      return "";
    const auto& in = open_.back();
    if (in.key)
      return in.pointer + pointer_token(*in.key);
    return in.pointer + "/" + std::to_string(in.value.get_array().size());
  }

  [[noreturn]] void refuse_key(const YAML::Mark& mark) {
    problems.push_back(
        problem_at(mark, open_.back().pointer, "a field's name must be text"));
    throw stop{};
  }

  void set_key(const YAML::Mark& mark, const std::string& name) {
    auto& in = open_.back();
    in.key = name;
    in.twice = in.value.get_object().contains(name);
    if (in.twice)
      problems.push_back(
          problem_at(mark, pointer(), "field '" + name + "' is given twice"));
  }

  void count(size_t nodes, size_t bytes, const YAML::Mark& mark) {
    nodes_ += nodes;
    bytes_ += bytes;
    if (nodes_ <= limits::rule_document_nodes_max && bytes_ <= bytes_max)
      return;
    problems.push_back(problem_at(
        mark, pointer(), "too many parts (aliases count where they are used)"));
    throw stop{};
  }

  // yaml-cpp counts bytes, also where it says columns.
  void begin(const YAML::Mark& mark) {
    count(1, 0, mark);
    const auto offset = static_cast<size_t>(std::max(mark.pos, 0));
    const auto at = find_.at(offset);
    out_.places.try_emplace(pointer(),
                            document_place{at.line, at.column, offset});
  }

  void end(boost::json::value v, YAML::anchor_t anchor) {
    const size_t bytes = v.is_string() ? v.get_string().size() : 0;
    if (anchor != 0)
      anchors_[anchor] = {v, 1, bytes};
    put(std::move(v));
  }

  void put(boost::json::value v) {
    if (open_.empty()) {
      out_.root = std::move(v);
      return;
    }
    auto& in = open_.back();
    if (in.value.is_array()) {
      in.value.get_array().push_back(std::move(v));
      return;
    }
    if (!in.twice)
      in.value.get_object().emplace(*in.key, std::move(v));
    in.key.reset();
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor,
            boost::json::value empty) {
    if (takes_key())
      refuse_key(mark);
    if (open_.size() >= limits::rule_document_depth_max) {
      problems.push_back(problem_at(mark, pointer(), "nested too deeply"));
      throw stop{};
    }
    begin(mark);
    open_.push_back(
        {std::move(empty), anchor, nodes_, bytes_, std::nullopt, pointer()});
  }

  void close() {
    auto done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != 0)
      anchors_[done.anchor] = {done.value, nodes_ - done.nodes_before + 1,
                               bytes_ - done.bytes_before};
    put(std::move(done.value));
  }

  place_finder find_;
  document_tree& out_;
  std::vector<frame> open_;
  std::map<YAML::anchor_t, anchored> anchors_;
  size_t nodes_ = 0;
  size_t bytes_ = 0;
};

} // namespace

parsed_tree tree_of_yaml(std::string_view text) {
  const auto one = [](std::string detail) {
    return std::vector<rule_problem>{{"", 0, 0, std::move(detail)}};
  };
  if (text.size() > limits::rule_document_bytes_max)
    return one("a rule has at most " +
               std::to_string(limits::rule_document_bytes_max) + " bytes");
  if (!cel::is_utf8(text))
    return one("no YAML: it is not UTF-8");
  if (text.starts_with("\xEF\xBB\xBF")) // yaml-cpp does not count it
    text.remove_prefix(3);
  document_tree out;
  out.text = text;
  builder build{out};
  try {
    std::istringstream in{out.text};
    YAML::Parser parser{in};
    // The second call finds the end, or what must not be there.
    if (!parser.HandleNextDocument(build))
      return one("the document is empty");
    parser.HandleNextDocument(build);
  } catch (const stop&) {
    return std::move(build.problems);
  } catch (const YAML::Exception& e) {
    build.problems.push_back(problem_at(e.mark, "", "no YAML: " + e.msg));
  }
  if (!build.problems.empty())
    return std::move(build.problems);
  return out;
}

} // namespace eventpulse
