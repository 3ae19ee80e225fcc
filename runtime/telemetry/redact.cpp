#include "runtime/telemetry/redact.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace eventpulse {

namespace {

constexpr std::string_view mask = "***";

constexpr std::array<std::string_view, 12> secret_words = {
    "secret",    "password",    "passwd",     "passphrase",
    "token",     "cookie",      "api_key",    "apikey",
    "admin_key", "private_key", "credential", "authorization",
};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_alnum(char c) {
  c = lower(c);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_word(char c) {
  return is_alnum(c) || c == '_';
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool starts_with_any_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(),
                    [](char p, char t) { return p == lower(t); });
}

template <class Predicate>
size_t span_of(std::string_view text, Predicate is_part) {
  auto end = std::find_if_not(text.begin(), text.end(), is_part);
  return static_cast<size_t>(end - text.begin());
}

// A secret in a text: `keep` bytes are shown, `hide` after them are masked.
struct finding {
  size_t keep = 0;
  size_t hide = 0;
};

// "://user:password@": the authority ends at the first / ? # or blank, and an
// @ inside the password belongs to it.
finding find_user_info(std::string_view rest) {
  constexpr std::string_view mark = "://";
  if (!rest.starts_with(mark))
    return {};
  auto authority = rest.substr(mark.size());
  authority = authority.substr(0, authority.find_first_of("/?# \t\r\n\"'<>"));
  auto at = authority.rfind('@');
  if (at == authority.npos || at == 0)
    return {};
  return {mark.size(), at};
}

// The value of `word=value`, `word: value`, `"word":"value"`.
finding find_value(std::string_view rest, size_t word_size) {
  auto at = word_size;
  at += span_of(rest.substr(at), is_word); // "token_url", "secrets"
  auto skip = [&](auto is_part) { at += span_of(rest.substr(at), is_part); };
  skip([](char c) { return c == '"' || c == '\'' || is_space(c); });
  if (at >= rest.size() || (rest[at] != '=' && rest[at] != ':'))
    return {};
  ++at;
  skip(is_space);
  if (at >= rest.size())
    return {};
  char quote = rest[at];
  if (quote == '"' || quote == '\'') {
    ++at;
    auto end = std::min(rest.find(quote, at), rest.size());
    return {at, end - at};
  }
  auto value = rest.substr(at);
  // "Authorization: Bearer x": the scheme and the token are two words.
  auto scheme = span_of(value, is_alnum);
  auto hide = scheme;
  if (starts_with_any_case(value, "bearer ") ||
      starts_with_any_case(value, "basic "))
    hide = scheme + 1;
  hide += span_of(value.substr(hide), [](char c) {
    return !is_space(c) && c != '&' && c != ';' && c != ',' && c != '"';
  });
  return {at, hide};
}

finding find_named_value(std::string_view rest) {
  for (auto word : secret_words)
    if (starts_with_any_case(rest, word))
      return find_value(rest, word.size());
  return {};
}

bool is_token_char(char c) {
  return is_word(c) || c == '-' || c == '.' || c == '+' || c == '/' ||
         c == '=' || c == '~';
}

// What is a secret by its look; `at_word` where a word begins.
finding find_token(std::string_view rest) {
  constexpr size_t key_size_min = 16; // "ep_" also begins ordinary names
  if (rest.starts_with("ep_")) {
    auto size = span_of(rest.substr(3), is_alnum);
    return size >= key_size_min ? finding{3, size} : finding{};
  }
  if (rest.starts_with("whsec_"))
    return {6, span_of(rest.substr(6), is_token_char)};
  if (starts_with_any_case(rest, "bearer "))
    return {7, span_of(rest.substr(7), is_token_char)};
  return {};
}

} // namespace

bool names_a_secret(std::string_view key) noexcept {
  for (size_t i = 0; i < key.size(); ++i)
    for (auto word : secret_words)
      if (starts_with_any_case(key.substr(i), word))
        return true;
  return false;
}

std::string redact(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    auto rest = text.substr(i);
    auto found = find_user_info(rest);
    if (found.hide == 0)
      found = find_named_value(rest);
    bool at_word = i == 0 || !is_word(text[i - 1]);
    if (found.hide == 0 && at_word)
      found = find_token(rest);
    if (found.hide == 0) {
      out += text[i++];
      continue;
    }
    out += rest.substr(0, found.keep);
    out += mask;
    i += found.keep + found.hide;
  }
  return out;
}

} // namespace eventpulse
