#include "runtime/core/operate/erasure.hpp"

#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/json_text.hpp"

#include <algorithm>

namespace eventpulse {

namespace {

/// What words and addresses are made of; bytes above ASCII are letters.
bool is_word(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') ||
         (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
         byte == '_' || byte == '-' || byte == '.' || byte == '@' ||
         byte == '%' || byte == '+';
}

bool is_escape(std::string_view bytes, size_t at) {
  // "\nuser": the letter before belongs to an escape of JSON.
  return at >= 2 && bytes[at - 2] == '\\';
}

bool holds_word(std::string_view bytes, std::string_view word) {
  for (auto at = bytes.find(word); at != bytes.npos;
       at = bytes.find(word, at + 1)) {
    auto end = at + word.size();
    bool begins = at == 0 || !is_word(word.front()) ||
                  !is_word(bytes[at - 1]) || is_escape(bytes, at);
    bool ends =
        end == bytes.size() || !is_word(word.back()) || !is_word(bytes[end]);
    if (begins && ends)
      return true;
  }
  return false;
}

std::string json_escaped(const std::string& value) {
  std::string out;
  append_json_string(out, value);
  return out.substr(1, out.size() - 2);
}

std::string with_escaped_slashes(const std::string& value) {
  std::string out;
  for (char c : value) {
    if (c == '/')
      out += '\\';
    out += c;
  }
  return out;
}

/// CloudEvents 1.0, HTTP Protocol Binding, 3.1.3.2: what is not printable
/// ASCII, and space, double quote and percent.
std::string header_encoded(const std::string& value) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (char c : value) {
    auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '"' && c != '%')
      out += c;
    else
      (out += '%').append({hex[byte >> 4], hex[byte & 15]});
  }
  return out;
}

void append_pseudonym(std::string& out, const char* name,
                      const std::optional<std::string>& value) {
  if (value)
    out += (out.empty() ? "" : ", ") + std::string{name} +
           " sha256:" + sha256_hex(*value);
}

} // namespace

std::vector<std::string> erase_selector::values() const {
  std::vector<std::string> out;
  for (auto* value : {&subject, &source, &id})
    if (*value)
      out.push_back(**value);
  return out;
}

bool selects(const erase_selector& what, const event_document& document) {
  return (!what.subject || *what.subject == document.subject) &&
         (!what.source || *what.source == document.source) &&
         (!what.id || *what.id == document.id);
}

std::vector<std::string> spellings(const std::string& value) {
  auto escaped = json_escaped(value);
  std::vector<std::string> out{value};
  for (auto& more :
       {escaped, with_escaped_slashes(escaped), header_encoded(value)})
    if (std::find(out.begin(), out.end(), more) == out.end())
      out.push_back(more);
  return out;
}

bool mentions(const erase_selector& what, std::string_view bytes) {
  auto values = what.values();
  return !values.empty() &&
         std::all_of(values.begin(), values.end(), [&](auto& value) {
           auto all = spellings(value);
           return std::any_of(all.begin(), all.end(), [&](auto& spelling) {
             return holds_word(bytes, spelling);
           });
         });
}

std::string pseudonym(const erase_selector& what) {
  std::string out;
  append_pseudonym(out, "subject", what.subject);
  append_pseudonym(out, "source", what.source);
  append_pseudonym(out, "id", what.id);
  return out;
}

} // namespace eventpulse
