#include "runtime/core/cel/functions.hpp"

namespace eventpulse::cel {

namespace {

// Splits at commas outside of parentheses.
std::vector<std::string_view> split_types(std::string_view text) {
  std::vector<std::string_view> out;
  int depth = 0;
  size_t from = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      if (i > from)
        out.push_back(text.substr(from, i - from));
      from = i + 1;
    } else if (text[i] == '(') {
      ++depth;
    } else if (text[i] == ')') {
      --depth;
    }
  }
  return out;
}

bool names_parameter(const type& t) {
  if (t.is(type_kind::parameter))
    return true;
  for (const auto& inner : t.parameters())
    if (names_parameter(inner))
      return true;
  return false;
}

} // namespace

overload parse_overload(std::string_view signature) {
  overload o;
  o.member = signature.starts_with('.');
  if (o.member)
    signature.remove_prefix(1);
  const auto arrow = signature.find("->");
  EP_EXPECT(arrow != std::string_view::npos);
  for (const auto text : split_types(signature.substr(0, arrow))) {
    auto parameter = type::parse(text);
    EP_EXPECT(parameter.has_value());
    o.generic = o.generic || names_parameter(*parameter);
    o.parameters.push_back(std::move(*parameter));
  }
  auto result = type::parse(signature.substr(arrow + 2));
  EP_EXPECT(result.has_value());
  o.generic = o.generic || names_parameter(*result);
  o.result = std::move(*result);
  return o;
}

std::shared_ptr<const library> library::standard() {
  static const std::shared_ptr<const library> made = [] {
    auto all = std::make_shared<library>();
    add_operators(*all);
    add_collections(*all);
    add_conversions(*all);
    add_strings(*all);
    add_formatting(*all);
    add_math(*all);
    add_times(*all);
    add_optionals(*all);
    add_network(*all);
    add_encoders(*all);
    return all;
  }();
  return made;
}

const function* library::find(std::string_view name) const {
  const auto found = functions_.find(name);
  return found == functions_.end() ? nullptr : &found->second;
}

std::vector<std::string> library::names() const {
  std::vector<std::string> out;
  for (const auto& [name, f] : functions_)
    if (f.body)
      out.push_back(name);
  return out;
}

void library::add(std::string name, function_body body,
                  std::initializer_list<std::string_view> signatures) {
  auto& f = functions_[name];
  f.name = std::move(name);
  f.body = body;
  for (const auto signature : signatures)
    f.overloads.push_back(parse_overload(signature));
}

void library::add_foldable(std::string name, function_body body,
                           std::initializer_list<std::string_view> signatures) {
  auto& f = functions_[name];
  f.foldable = true;
  add(std::move(name), body, signatures);
}

value no_overload(std::string_view name, std::span<const value> arguments) {
  std::string detail{name};
  char separator = '(';
  for (const auto& argument : arguments) {
    detail += separator;
    if (separator == ',')
      detail += ' ';
    detail += type_name_of(argument);
    separator = ',';
  }
  return value::error(fault::no_such_overload,
                      detail + (separator == '(' ? "()" : ")"));
}

void add_operators(library& to) {
  to.add("_&&_", nullptr, {"bool,bool->bool"});
  to.add("_||_", nullptr, {"bool,bool->bool"});
  to.add("!_", nullptr, {"bool->bool"});
  to.add("_?_:_", nullptr, {"bool,A,A->A"});
  to.add("-_", nullptr, {"int->int", "double->double"});
  to.add("_==_", nullptr, {"A,A->bool"});
  to.add("_!=_", nullptr, {"A,A->bool"});
  to.add("@in", nullptr, {"A,list(A)->bool", "A,map(A,B)->bool"});
  for (const auto* name : {"_<_", "_<=_", "_>_", "_>=_"})
    to.add(name, nullptr,
           {"int,int->bool", "uint,uint->bool", "double,double->bool",
            "int,uint->bool", "uint,int->bool", "int,double->bool",
            "double,int->bool", "uint,double->bool", "double,uint->bool",
            "string,string->bool", "bytes,bytes->bool", "bool,bool->bool",
            "timestamp,timestamp->bool", "duration,duration->bool"});
  to.add("_+_", nullptr,
         {"int,int->int", "uint,uint->uint", "double,double->double",
          "string,string->string", "bytes,bytes->bytes",
          "list(A),list(A)->list(A)", "timestamp,duration->timestamp",
          "duration,timestamp->timestamp", "duration,duration->duration"});
  to.add("_-_", nullptr,
         {"int,int->int", "uint,uint->uint", "double,double->double",
          "timestamp,timestamp->duration", "timestamp,duration->timestamp",
          "duration,duration->duration"});
  for (const auto* name : {"_*_", "_/_"})
    to.add(name, nullptr,
           {"int,int->int", "uint,uint->uint", "double,double->double"});
  to.add("_%_", nullptr, {"int,int->int", "uint,uint->uint"});
  to.add("_[_]", nullptr,
         {"list(A),int->A", "map(A,B),A->B",
          "optional_type(list(A)),int->optional_type(A)",
          "optional_type(map(A,B)),A->optional_type(B)"});
  to.add("_[?_]", nullptr,
         {"list(A),int->optional_type(A)", "map(A,B),A->optional_type(B)",
          "optional_type(list(A)),int->optional_type(A)",
          "optional_type(map(A,B)),A->optional_type(B)"});
}

} // namespace eventpulse::cel
