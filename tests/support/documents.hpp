#pragma once
// The documents that end-to-end tests send: the real ones of the corpus
// `events`, byte for byte, or, where there are no corpora, as many kinds of
// made ones.

#include "tests/support/corpora.hpp"

#include <string>
#include <vector>

namespace eventpulse::test {

struct document {
  std::string id; // unique
  std::string type;
  std::string bytes; // JSON
};

/// The lines `{…, "kind": "…", …, "payload": <the document>}`; their fields
/// stand in that order, so that the document can be cut out as it is.
inline std::vector<document> real_documents() {
  std::vector<document> out;
  for (const auto& file : corpus_files("events", ".jsonl")) {
    size_t line_number = 0;
    for (const auto& line : corpus_lines(file)) {
      const std::string kind_at = "\"kind\": \"", payload_at = "\"payload\": ";
      const auto kind = line.find(kind_at) + kind_at.size();
      const auto payload = line.find(payload_at) + payload_at.size();
      out.push_back({file.stem().string() + '-' + std::to_string(line_number++),
                     line.substr(kind, line.find('"', kind) - kind),
                     line.substr(payload, line.rfind('}') - payload)});
    }
  }
  return out;
}

/// What the rules of the tests look at, and spellings that a server which
/// writes JSON anew would change.
inline std::vector<document> made_documents() {
  std::vector<document> out;
  for (int i = 0; i < 600; ++i) {
    const auto n = std::to_string(i);
    const auto made = [&](const std::string& type, const std::string& bytes) {
      out.push_back({"made-" + n, type, bytes});
    };
    if (i % 5 == 0)
      made("github.issues.created",
           R"({ "action":"created" , "n":)" + n + R"(.50e+1})");
    else if (i % 5 == 1)
      made("stripe.charge", R"({"currency":"usd","amount":)" + n + "00}");
    else if (i % 5 == 2)
      made("google.audit",
           "[1, 2.0,\t\"\\u0000\\u00e9\\/\", {\"a\":1,\"a\":" + n + "}]");
    else
      made("zeek.conn", R"({"id_orig_h":"10.0.0.)" + std::to_string(i % 2) +
                            R"(","uid":")" + n + "\"}");
  }
  return out;
}

inline std::vector<document> documents() {
  auto out = real_documents();
  return out.empty() ? made_documents() : out;
}

} // namespace eventpulse::test
