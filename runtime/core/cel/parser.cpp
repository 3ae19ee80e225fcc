#include "runtime/core/cel/parser.hpp"

#include "runtime/core/base/limits.hpp"
#include "runtime/core/cel/lexer.hpp"
#include "runtime/core/cel/macros.hpp"

#include <algorithm>

namespace eventpulse::cel {

namespace {

// Binding strength of binary operators; 0 when it is none.
int strength(const token& t) {
  if (t.kind == token_kind::keyword_in)
    return 3;
  if (t.kind != token_kind::symbol)
    return 0;
  if (t.is("||"))
    return 1;
  if (t.is("&&"))
    return 2;
  if (t.is("==") || t.is("!=") || t.is("<") || t.is("<=") || t.is(">") ||
      t.is(">="))
    return 3;
  if (t.is("+") || t.is("-"))
    return 4;
  return t.is("*") || t.is("/") || t.is("%") ? 5 : 0;
}

// Recursive descent with precedence climbing. Every method returns no_node
// after a failure, which wrong_ then describes.
class parser {
public:
  parser(std::string_view source, const parse_options& options,
         std::vector<token> tokens)
      : options_(options), tokens_(std::move(tokens)) {
    tree_.source = std::string{source};
  }

  std::variant<ast, diagnostic> all() {
    tree_.root = expression();
    if (!wrong_ && peek().kind != token_kind::end)
      unexpected("the end of the expression");
    if (wrong_)
      return std::move(*wrong_);
    return std::move(tree_);
  }

private:
  // --- tokens ---------------------------------------------------------------

  const token& peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  const token& take() {
    const auto& t = peek();
    if (at_ + 1 < tokens_.size())
      ++at_;
    return t;
  }
  bool take_if(std::string_view symbol) {
    if (!peek().is(symbol))
      return false;
    take();
    return true;
  }
  bool expect(std::string_view symbol) {
    if (take_if(symbol))
      return true;
    unexpected("'" + std::string{symbol} + "'");
    return false;
  }
  size_t last_end() const { return at_ == 0 ? 0 : tokens_[at_ - 1].end; }

  // --- failures and nodes ---------------------------------------------------

  node_id fail(size_t offset, std::string message, std::string hint = {}) {
    if (!wrong_)
      wrong_ = make_diagnostic(tree_.source, offset, std::move(message),
                               std::move(hint));
    return no_node;
  }

  // What SQL and Python write as a word.
  static std::string word_operator_hint(const token& t) {
    if (t.kind != token_kind::identifier)
      return {};
    if (t.text == "and" || t.text == "AND")
      return "did you mean '&&'?";
    if (t.text == "or" || t.text == "OR")
      return "did you mean '||'?";
    return {};
  }

  node_id unexpected(std::string_view wanted) {
    const auto& t = peek();
    std::string message = "expected " + std::string{wanted} + ", found ";
    if (t.kind == token_kind::end)
      message += "the end";
    else
      message += "'" + std::string{t.text.substr(0, 32)} + "'";
    return fail(t.begin, std::move(message), word_operator_hint(t));
  }

  node_id add(node n) {
    if (wrong_)
      return no_node;
    for (const auto child : n.children)
      n.depth = std::max(n.depth, tree_.nodes[child].depth + 1);
    if (n.depth > limits::cel_depth_max)
      return fail(n.begin, "the expression is nested too deeply");
    if (tree_.nodes.size() == limits::cel_nodes_max)
      return fail(n.begin, "the expression has too many parts");
    tree_.nodes.push_back(std::move(n));
    return static_cast<node_id>(tree_.nodes.size() - 1);
  }

  node make(node_kind kind, size_t begin) const {
    node n;
    n.kind = kind;
    n.begin = begin;
    n.end = last_end();
    return n;
  }

  node_id add_call(std::string name, std::vector<node_id> children,
                   size_t begin) {
    auto n = make(node_kind::call, begin);
    n.name = std::move(name);
    n.children = std::move(children);
    return add(std::move(n));
  }

  size_t begin_of(node_id id) const { return tree_.nodes[id].begin; }

  // --- grammar --------------------------------------------------------------

  node_id expression() {
    if (++nesting_ > limits::cel_nesting_max)
      return fail(peek().begin, "the expression is nested too deeply");
    const auto condition = binary(1);
    auto result = condition;
    if (!wrong_ && take_if("?")) {
      const auto yes = binary(1);
      if (wrong_ || !expect(":"))
        return no_node;
      const auto no = expression();
      if (wrong_)
        return no_node;
      result = add_call("_?_:_", {condition, yes, no}, begin_of(condition));
    }
    --nesting_;
    return wrong_ ? no_node : result;
  }

  node_id binary(int weakest) {
    auto left = unary();
    while (!wrong_) {
      const auto& t = peek();
      const int bound = strength(t);
      if (bound == 0 || bound < weakest)
        return left;
      if (bound <= 2) {
        left = logical(left, bound);
        continue;
      }
      const auto name = t.kind == token_kind::keyword_in
                            ? std::string{"@in"}
                            : "_" + std::string{t.text} + "_";
      take();
      const auto right = binary(bound + 1);
      if (wrong_)
        break;
      left = add_call(name, {left, right}, begin_of(left));
    }
    return no_node;
  }

  // A chain of && or || is one node of many children, so that long conditions
  // are flat.
  node_id logical(node_id first, int bound) {
    const std::string symbol = bound == 1 ? "||" : "&&";
    std::vector<node_id> operands{first};
    while (take_if(symbol)) {
      operands.push_back(binary(bound + 1));
      if (wrong_)
        return no_node;
    }
    return add_call("_" + symbol + "_", std::move(operands), begin_of(first));
  }

  node_id unary() {
    std::vector<const token*> signs;
    while (peek().is("!") || (peek().is("-") && !negative_number())) {
      signs.push_back(&take());
      if (signs.size() > limits::cel_nesting_max)
        return fail(peek().begin, "too many signs");
    }
    auto result = postfix();
    for (; !wrong_ && !signs.empty(); signs.pop_back())
      result = add_call(signs.back()->is("!") ? "!_" : "-_", {result},
                        signs.back()->begin);
    return wrong_ ? no_node : result;
  }

  // "-5" is one literal: only so can the least int be written.
  bool negative_number() const {
    const auto& t = peek(1);
    return t.kind == token_kind::integer ||
           (t.kind == token_kind::literal && t.constant.is(kind::real));
  }

  node_id postfix() {
    auto result = primary();
    while (!wrong_) {
      const auto begin = begin_of(result);
      if (take_if("."))
        result = selection(result, begin);
      else if (take_if("["))
        result = indexing(result, begin);
      else if (peek().is("{") && is_name(result))
        result = record(result, begin);
      else
        return result;
    }
    return no_node;
  }

  // Whether the node is a chain of names, so that `{` begins a record.
  bool is_name(node_id id) const {
    const auto* n = &tree_.nodes[id];
    while (n->kind == node_kind::select && !n->test_only)
      n = &tree_.nodes[n->children[0]];
    return n->kind == node_kind::ident && !parenthesised_;
  }

  node_id selection(node_id target, size_t begin) {
    const bool optional = take_if("?");
    const auto t = peek();
    if (t.kind != token_kind::identifier &&
        t.kind != token_kind::quoted_identifier)
      return unexpected("a field name");
    take();
    const bool is_quoted = t.kind == token_kind::quoted_identifier;
    const std::string name{is_quoted ? t.text.substr(1, t.text.size() - 2)
                                     : t.text};
    if (optional) {
      auto field = make(node_kind::literal, t.begin);
      field.constant = value::string(name);
      const auto literal = add(std::move(field));
      return wrong_ ? no_node : add_call("_?._", {target, literal}, begin);
    }
    if (peek().is("(") && !is_quoted) {
      take();
      auto children = list_until(")", nullptr);
      if (wrong_)
        return no_node;
      children.insert(children.begin(), target);
      const auto call = add_call(name, std::move(children), begin);
      if (wrong_)
        return no_node;
      tree_.nodes[call].member = true;
      return expanded(call);
    }
    auto n = make(node_kind::select, begin);
    n.name = name;
    n.children = {target};
    return add(std::move(n));
  }

  node_id indexing(node_id target, size_t begin) {
    const bool optional = take_if("?");
    const auto index = expression();
    if (wrong_ || !expect("]"))
      return no_node;
    return add_call(optional ? "_[?_]" : "_[_]", {target, index}, begin);
  }

  node_id record(node_id target, size_t begin) {
    take();
    auto n = make(node_kind::record, begin);
    n.name = std::string{
        tree_.source.substr(begin, tree_.nodes[target].end - begin)};
    while (!peek().is("}")) {
      take_if("?");
      if (peek().kind != token_kind::identifier &&
          peek().kind != token_kind::quoted_identifier)
        return unexpected("a field name or '}'");
      take();
      if (!expect(":"))
        return no_node;
      n.children.push_back(expression());
      if (wrong_ || !take_if(","))
        break;
    }
    if (wrong_ || !expect("}"))
      return no_node;
    n.end = last_end();
    return add(std::move(n));
  }

  node_id primary() {
    const auto t = peek();
    parenthesised_ = false;
    switch (t.kind) {
    case token_kind::literal: {
      take();
      auto n = make(node_kind::literal, t.begin);
      n.constant = t.constant;
      return add(std::move(n));
    }
    case token_kind::integer:
      return integer(t, t.begin, false);
    case token_kind::identifier:
      return name(t.begin, false);
    case token_kind::symbol:
      return bracketed(t);
    case token_kind::end:
    case token_kind::quoted_identifier:
    case token_kind::keyword_in:
      break;
    }
    return unexpected("a value");
  }

  node_id bracketed(const token& t) {
    if (t.is("-") && negative_number()) {
      take();
      return negative(t.begin);
    }
    if (take_if(".")) {
      if (peek().kind != token_kind::identifier)
        return unexpected("a name");
      return name(t.begin, true);
    }
    if (take_if("(")) {
      const auto inner = expression();
      if (wrong_ || !expect(")"))
        return no_node;
      parenthesised_ = true;
      return inner;
    }
    if (take_if("[")) {
      auto n = make(node_kind::list, t.begin);
      n.children = list_until("]", &n.optional_items);
      n.end = last_end();
      return wrong_ ? no_node : add(std::move(n));
    }
    if (take_if("{"))
      return map(t.begin);
    return unexpected("a value");
  }

  node_id negative(size_t begin) {
    const auto t = peek();
    if (t.kind == token_kind::integer)
      return integer(t, begin, true);
    take();
    auto n = make(node_kind::literal, begin);
    n.constant = value::real(-t.constant.as_double());
    return add(std::move(n));
  }

  node_id integer(const token& t, size_t begin, bool is_negative) {
    take();
    const auto i = integer_value(t.text, is_negative);
    if (!i)
      return fail(begin, "this number does not fit int");
    auto n = make(node_kind::literal, begin);
    n.constant = value::integer(*i);
    return add(std::move(n));
  }

  node_id name(size_t begin, bool rooted) {
    const auto t = take();
    if (is_reserved(t.text))
      return fail(t.begin, "'" + std::string{t.text} + "' is a reserved word");
    if (take_if("(")) {
      auto children = list_until(")", nullptr);
      if (wrong_)
        return no_node;
      const auto call =
          add_call(std::string{t.text}, std::move(children), begin);
      if (wrong_)
        return no_node;
      tree_.nodes[call].rooted = rooted;
      return expanded(call);
    }
    auto n = make(node_kind::ident, begin);
    n.name = std::string{t.text};
    n.rooted = rooted;
    return add(std::move(n));
  }

  // Expressions between commas up to `close`; with `optional` items may be
  // written ?x, and a comma may stand last.
  std::vector<node_id> list_until(std::string_view close,
                                  std::vector<bool>* optional) {
    std::vector<node_id> items;
    bool any_optional = false;
    while (!wrong_ && !peek().is(close)) {
      if (optional) {
        if (items.empty() && peek().is(",") && peek(1).is(close)) {
          take();
          break;
        }
        optional->push_back(take_if("?"));
        any_optional = any_optional || optional->back();
      }
      items.push_back(expression());
      if (wrong_ || !take_if(","))
        break;
      if (!optional && peek().is(close))
        unexpected("a value");
    }
    if (!wrong_)
      expect(close);
    if (optional && !any_optional)
      optional->clear();
    return items;
  }

  node_id map(size_t begin) {
    auto n = make(node_kind::map, begin);
    bool any_optional = false;
    while (!wrong_ && !peek().is("}")) {
      if (n.children.empty() && peek().is(",") && peek(1).is("}")) {
        take();
        break;
      }
      n.optional_items.push_back(take_if("?"));
      any_optional = any_optional || n.optional_items.back();
      n.children.push_back(expression());
      if (wrong_ || !expect(":"))
        return no_node;
      n.children.push_back(expression());
      if (wrong_ || !take_if(","))
        break;
    }
    if (wrong_ || !expect("}"))
      return no_node;
    if (!any_optional)
      n.optional_items.clear();
    n.end = last_end();
    return add(std::move(n));
  }

  node_id expanded(node_id call) {
    if (!options_.macros)
      return call;
    const auto problem = expand_macro(tree_, call, options_.test_blocks);
    if (problem)
      return fail(problem->offset, problem->message);
    return call;
  }

  parse_options options_;
  std::vector<token> tokens_;
  ast tree_;
  size_t at_ = 0;
  size_t nesting_ = 0;
  bool parenthesised_ = false;
  std::optional<diagnostic> wrong_;
};

} // namespace

std::variant<ast, diagnostic> parse(std::string_view source,
                                    const parse_options& options) {
  auto tokens = tokenize(source);
  if (auto* wrong = std::get_if<diagnostic>(&tokens))
    return std::move(*wrong);
  return parser{source, options,
                std::move(std::get<std::vector<token>>(tokens))}
      .all();
}

} // namespace eventpulse::cel
