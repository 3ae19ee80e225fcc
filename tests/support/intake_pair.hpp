#pragma once
// As store_pair.hpp, for the ports around intake: one body against the ports in
// memory and the real ones, and equal transcripts of both.

#include "runtime/adapters/memory/memory_intake.hpp"
#include "runtime/adapters/postgres/intake_stores.hpp"
#include "tests/support/store_pair.hpp"

namespace eventpulse::test {

inline std::string render(const event_type_schema& t) {
  return t.type + " v" + render(t.version) + (t.deleted ? " deleted " : " ") +
         t.schema + " " + render(t.published_at_ms) + " " + t.published_by;
}

inline std::string render(const event_type_set& all) {
  std::string out = "version " + render(all.version);
  for (auto& [type, one] : all.by_type)
    out += "\n  " + render(one);
  return out;
}

inline std::string render(const kept_letter& k) {
  auto& d = k.what;
  auto& f = k.facts;
  std::string out = d.id + " " + d.kind + " " + d.reason + " " +
                    render(d.original) + " " + d.headers_json + " " +
                    render(d.where) + " " + render(d.created_at_ms) + " " +
                    f.event_type + " " + f.event_id + " " + f.key_id + " " +
                    f.key_name + " " + render(f.bytes);
  for (auto& e : f.errors)
    out += " " + e.pointer + ": " + e.detail;
  return out + " state " + std::to_string(static_cast<int>(k.state)) + " " +
         render(k.attempts) + " " + k.last_error + " " +
         render(k.settled_at_ms) + " " + k.settled_by;
}

struct intake_backend {
  std::unique_ptr<event_type_store> event_types;
  std::unique_ptr<dead_letter_store> dead_letters;
  std::unique_ptr<event_store> events;
  std::unique_ptr<audit_store> audit;
  std::string transcript;

  template <class T>
  void say(const std::string& what, const T& value) {
    transcript += what + ": " + said(value) + "\n";
  }

private:
  template <class T>
  static std::string said(const T& value) {
    return render(value);
  }
  template <class T>
  static std::string said(const std::vector<T>& all) {
    std::string out = "[";
    for (auto& one : all)
      out += (out.size() > 1 ? ", " : "") + said(one);
    return out + "]";
  }
  template <class T>
  static std::string said(const std::optional<T>& value) {
    return value ? said(*value) : "none";
  }
  template <class T>
  static std::string said(const result<T>& r) {
    if (!r) {
      CAF_MESSAGE(to_string(r.error()));
      return "failed: " + std::string{reason(r.error().code)};
    }
    if constexpr (std::is_void_v<T>)
      return "done";
    else
      return said(*r);
  }
};

inline transcripts
run_intake_on_both(const std::function<void(intake_backend&)>& body) {
  auto db = std::make_shared<memory::database>(real_now_ms);
  auto tables = std::make_shared<memory::intake_tables>(db);
  intake_backend first{memory::make_event_type_store(tables),
                       memory::make_dead_letter_store(tables),
                       memory::make_event_store(db),
                       memory::make_audit_store(db),
                       {}};
  body(first);
  auto options = options_of(migrated_database());
  intake_backend second{postgres::make_event_type_store(options),
                        postgres::make_dead_letter_store(options),
                        postgres::make_event_store(options),
                        postgres::make_audit_store(options),
                        {}};
  body(second);
  return {first.transcript, second.transcript};
}

} // namespace eventpulse::test

/// The body is a function (intake_backend&). Equal answers are demanded.
#define EP_SAME_INTAKE_ANSWERS(...)                                            \
  do {                                                                         \
    auto both = eventpulse::test::run_intake_on_both(__VA_ARGS__);             \
    CAF_CHECK_EQUAL(both.memory, both.postgres);                               \
    CAF_CHECK(!both.memory.empty());                                           \
  } while (false)
