#include "messages/http.hpp"

#include <algorithm>

namespace eventpulse {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

} // namespace

std::string_view find_header(const http_request& head, std::string_view name) {
  auto same = [&](const auto& header) {
    return std::equal(header.first.begin(), header.first.end(), name.begin(),
                      name.end(),
                      [](char a, char b) { return lower(a) == lower(b); });
  };
  auto found = std::find_if(head.headers.begin(), head.headers.end(), same);
  return found == head.headers.end() ? std::string_view{} : found->second;
}

} // namespace eventpulse
