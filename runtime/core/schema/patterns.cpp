#include "runtime/core/schema/patterns.hpp"

#include "runtime/core/base/limits.hpp"

namespace eventpulse::schema {

namespace {

constexpr int64_t memory_max = 1 << 20; // of one pattern's automata
constexpr uint64_t work_a_step = 64;    // bytes times instructions

bool is_hex(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("0123456789abcdefABCDEF") == text.npos;
}

/// \u1234 and \u{12345} become RE2's \x{1234}; everything else stays.
std::string translated(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    auto rest = text.substr(i + 2);
    if (text[i + 1] == 'u' && rest.starts_with('{')) {
      auto end = rest.find('}');
      auto digits = rest.substr(1, end == rest.npos ? end : end - 1);
      if (end != rest.npos && is_hex(digits)) {
        out += "\\x{" + std::string(digits) + '}';
        i += 2 + end;
        continue;
      }
    } else if (text[i + 1] == 'u' && rest.size() >= 4 &&
               is_hex(rest.substr(0, 4))) {
      out += "\\x{" + std::string(rest.substr(0, 4)) + '}';
      i += 5;
      continue;
    }
    out += text[i];
    out += text[++i];
  }
  return out;
}

} // namespace

bool pattern::matches(std::string_view text) const {
  return re2::RE2::PartialMatch({text.data(), text.size()}, *regex);
}

uint64_t pattern::cost(std::string_view text) const {
  return 1 + (text.size() + 1) * static_cast<uint64_t>(regex->ProgramSize()) /
                 work_a_step;
}

pattern compile_pattern(std::string_view text) {
  pattern out;
  if (text.size() > limits::schema_pattern_bytes_max) {
    out.fault = "a pattern has at most " +
                std::to_string(limits::schema_pattern_bytes_max) + " bytes";
    return out;
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_max_mem(memory_max);
  auto made = std::make_shared<const re2::RE2>(translated(text), options);
  if (!made->ok())
    out.fault = "no regular expression that is checked in linear time (RE2): " +
                made->error();
  else if (made->ProgramSize() > limits::schema_pattern_program_max)
    out.fault = "the pattern is too large; repetitions such as {1000} multiply";
  else
    out.regex = std::move(made);
  return out;
}

} // namespace eventpulse::schema
