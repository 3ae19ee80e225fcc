#include "runtime/core/cel/environment.hpp"

#include "runtime/core/cel/macros.hpp"

#include <algorithm>
#include <array>

namespace eventpulse::cel {

environment::environment(environment_options options)
    : options_(options), library_(library::standard()) {}

size_t environment::declare(std::string name, type t) {
  const auto [found, is_new] = slots_.try_emplace(name, variables_.size());
  if (is_new)
    variables_.push_back({std::move(name), std::move(t)});
  else
    variables_[found->second].t = std::move(t);
  return found->second;
}

void environment::declare_function(std::string name,
                                   std::vector<overload> overloads,
                                   function_body body) {
  auto& f = own_functions_[name];
  f.name = std::move(name);
  f.body = body;
  for (auto& o : overloads)
    f.overloads.push_back(std::move(o));
}

void environment::hide(std::string name) {
  hidden_.push_back(std::move(name));
}

std::optional<size_t> environment::slot_of(std::string_view name) const {
  const auto found = slots_.find(std::string{name});
  return found == slots_.end() ? std::nullopt : std::optional{found->second};
}

const function* environment::find_function(std::string_view name) const {
  if (const auto own = own_functions_.find(name); own != own_functions_.end())
    return &own->second;
  if (std::find(hidden_.begin(), hidden_.end(), name) != hidden_.end())
    return nullptr;
  return library_->find(name);
}

std::vector<std::string> environment::candidates(std::string_view name,
                                                 bool rooted) const {
  std::vector<std::string> out;
  if (!rooted) {
    auto prefix = std::string_view{container_};
    while (!prefix.empty()) {
      out.push_back(std::string{prefix} + '.' + std::string{name});
      const auto dot = prefix.rfind('.');
      prefix = dot == std::string_view::npos ? std::string_view{}
                                             : prefix.substr(0, dot);
    }
  }
  out.emplace_back(name);
  return out;
}

std::vector<std::string> environment::variable_names() const {
  std::vector<std::string> out;
  for (const auto& v : variables_)
    out.push_back(v.name);
  return out;
}

std::vector<std::string> environment::function_names() const {
  auto out = library_->names();
  for (const auto& [name, f] : own_functions_)
    out.push_back(name);
  if (options_.macros)
    out.insert(out.end(), macro_names().begin(), macro_names().end());
  return out;
}

std::optional<type> denoted_type(std::string_view name) {
  constexpr std::array<std::string_view, 15> names{"bool",
                                                   "int",
                                                   "uint",
                                                   "double",
                                                   "string",
                                                   "bytes",
                                                   "list",
                                                   "map",
                                                   "null_type",
                                                   "type",
                                                   "net.IP",
                                                   "net.CIDR",
                                                   "optional_type",
                                                   "google.protobuf.Timestamp",
                                                   "google.protobuf.Duration"};
  if (std::find(names.begin(), names.end(), name) == names.end())
    return std::nullopt;
  return type::parse(name);
}

} // namespace eventpulse::cel
