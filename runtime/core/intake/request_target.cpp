#include "runtime/core/intake/request_target.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace eventpulse::intake {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

/// Boost.JSON's parser is the UTF-8 check: it refuses ill-formed strings.
bool is_utf8(const std::string& text) {
  std::string quoted = "\"";
  for (char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\')
      quoted += '.';
    else
      quoted += c;
  boost::system::error_code wrong;
  boost::json::parse(quoted + '"', wrong);
  return !wrong;
}

} // namespace

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 ||
        hex_value(text[i + 2]) < 0)
      return std::nullopt;
    out +=
        static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
    i += 2;
  }
  if (!is_utf8(out))
    return std::nullopt;
  return out;
}

std::optional<std::vector<std::string>> split_path(std::string_view path) {
  std::vector<std::string> out;
  while (path.starts_with('/')) {
    path.remove_prefix(1);
    auto end = std::min(path.find('/'), path.size());
    auto part = percent_decode(path.substr(0, end));
    if (!part)
      return std::nullopt;
    if (end > 0)
      out.push_back(std::move(*part));
    path.remove_prefix(end);
  }
  return out;
}

std::optional<query_parameters> split_query(std::string_view query) {
  query_parameters out;
  while (!query.empty()) {
    auto end = std::min(query.find('&'), query.size());
    auto pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty())
      continue;
    auto equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals));
    std::string raw(pair.substr(std::min(equals + 1, pair.size())));
    std::replace(raw.begin(), raw.end(), '+', ' ');
    auto value = percent_decode(raw);
    if (!name || !value)
      return std::nullopt;
    out.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

} // namespace eventpulse::intake
