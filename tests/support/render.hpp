#pragma once
// Plain values as text, for the transcripts of contract tests. Of a failure
// only its code counts: details may differ between adapters.

#include "messages/alert.hpp"
#include "messages/api_key.hpp"
#include "messages/audit.hpp"
#include "messages/batch.hpp"
#include "messages/delivery.hpp"
#include "messages/result.hpp"
#include "messages/snapshot.hpp"
#include "runtime/ports/delivery_store.hpp"
#include "runtime/ports/event_store.hpp"
#include "runtime/ports/outcome_store.hpp"
#include "runtime/ports/rule_store.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace eventpulse::test {

inline std::string render(const std::string& text) {
  return '"' + text + '"';
}
inline std::string render(bool flag) {
  return flag ? "yes" : "no";
}
inline std::string render(int32_t n) {
  return std::to_string(n);
}
inline std::string render(uint32_t n) {
  return std::to_string(n);
}
inline std::string render(int64_t n) {
  return std::to_string(n);
}
inline std::string render(uint64_t n) {
  return std::to_string(n);
}

template <class T>
std::string render(const std::vector<T>& all);
template <class T>
std::string render(const std::optional<T>& value);
template <class T>
std::string render(const result<T>& r);
template <class A, class B>
std::string render(const std::pair<A, B>& p);

inline std::string render(const attribute_value& v) {
  return std::visit([](auto& held) { return render(held); }, v);
}

inline std::string render(const position& p) {
  return to_string(p);
}
inline std::string render(const order_key& k) {
  return to_string(k);
}

inline std::string render(const cursor& c) {
  return render(c.key) + "+" + render(c.timer_ms);
}

inline std::string render(const event_document& d) {
  return d.source + "|" + d.id + "|" + d.type + "|" + d.subject + "|" + d.time +
         "|" + d.datacontenttype + "|" + d.dataschema + "|" +
         render(d.extensions) + "|" + std::to_string(static_cast<int>(d.kind)) +
         "|" + d.payload + "|" + d.traceparent + "|" + d.tracestate;
}

inline std::string render(const event& e) {
  return "{" + render(e.key()) + " by " + e.accepted_by + " " +
         render(e.document) + "}";
}

inline std::string render(const control_input& c) {
  return "{" + c.id + " " + c.kind + " " + c.body + " " + render(c.key) + "}";
}

inline std::string render(const persisted_batch& b) {
  return "batch " + render(b.partition) + " " + render(b.events) + " " +
         render(b.controls) + " clock " + render(b.clock_ms);
}

inline std::string render(const persist_outcome& o) {
  return render(*o.batch) + " inserted " + render(o.inserted) + " duplicates " +
         render(o.duplicates) + " conflicts " + render(o.conflicts);
}

inline std::string render(const partition_state& s) {
  return render(s.persisted) + " clock " + render(s.clock_ms);
}

inline std::string render(const history_page& p) {
  return render(*p.batch) + (p.more ? " and more" : "");
}

inline std::string render(const stored_event& e) {
  return render(e.what) + "@" + render(e.accepted_at_ms);
}

inline std::string render(const lease_token& t) {
  return t.name + "/" + render(t.epoch);
}

inline std::string render(const rule_cursor& r) {
  return r.rule + "@" + render(r.at) + (r.detached ? " detached" : "");
}

inline std::string render(const evaluation_start& s) {
  return render(s.global) + " " + render(s.rules);
}

inline std::string render(const event_ref& e) {
  return e.source + "/" + e.id;
}

inline std::string render(const action_taken& t) {
  return t.row.id + " " + t.row.kind + (t.made ? " made" : " stands");
}

inline std::string render(const alert& a) {
  return "{" + a.id + "|" + a.rule + "|" + render(a.rule_version) + "|" +
         render(static_cast<int32_t>(a.severity)) +
         render(static_cast<int32_t>(a.state)) + render(a.shadow) + "|" +
         a.group_json + "|" + a.summary + "|" + a.details + "|" +
         a.values_json + "|" + render(a.count) + "|" + render(a.opened_at_ms) +
         "|" + render(a.last_seen_ms) + "|" + render(a.resolved_at_ms) + "|" +
         a.resolve_reason + "|" + render(a.labels) + "|" + render(a.events) +
         "|" + render(a.approximate) + a.traceparent + "|" + a.tracestate +
         "|" + a.resolved_by + "|" + a.resolve_comment + "|" +
         render(a.acknowledged_at_ms) + "|" + a.acknowledged_by + "|" +
         a.acknowledge_comment + "}";
}

inline std::string render(const snapshot_group& g) {
  return g.group_key + "=" + g.bytes;
}

inline std::string render(const rule_snapshot& s) {
  return s.rule + " " + s.fingerprint + " " + render(s.engine_version) + " " +
         render(s.at) + " " + render(s.full) + " " + render(s.groups) + " " +
         render(s.removed);
}

/// Without times, which are the server's, and the control row's random id.
inline std::string render(const rule_version& v) {
  return "{" + v.id + " v" + render(v.version) + " " + v.document + " " +
         (v.deleted ? "deleted " : "") + "by " + v.published_by + " key " +
         render(v.key) + "}";
}

inline std::string render(const rule_status& s) {
  return s.rule + " v" + render(s.version) + " " +
         render(static_cast<int32_t>(s.state)) + " " + s.owner + " " +
         s.last_error + " " + render(s.groups) + " " + render(s.matches) + " " +
         render(s.errors);
}

inline std::string render(const channel& c) {
  return c.id + " " + c.kind + " " + c.url + " " + render(c.secrets) + " " +
         render(c.disabled) + " " + render(c.created_at_ms) + " " +
         render(c.updated_at_ms) + " " + render(c.secret_ends_at_ms);
}

inline std::string render(const delivery& d) {
  return "{" + d.id + " " + d.alert + " " + d.channel + " " + d.type + " " +
         d.body + " " + render(static_cast<int32_t>(d.state)) + " " +
         render(d.attempt_count) + " " + render(d.created_at_ms) + " " +
         d.traceparent + " " + d.tracestate + " " + render(d.attempts_before) +
         "}";
}

inline std::string render(const due_delivery& d) {
  return render(d.what) + " to " + render(d.channel);
}

inline std::string render(const attempt& a) {
  return a.delivery + " #" + render(a.number) + " " + render(a.status) + " " +
         a.error + " " + a.answer_excerpt;
}

inline std::string render(const delivery_story& s) {
  return render(s.what) + " " + render(s.attempts) +
         (s.next_attempt_at_ms ? " again" : " done");
}

inline std::string render(const api_key& k) {
  std::string scopes;
  for (auto s : k.scopes)
    scopes += std::string{to_string(s)} + " ";
  return k.id + " " + k.name + " " + k.hash + " " + scopes +
         render(k.created_at_ms) + " " + render(k.expires_at_ms) + " " +
         render(k.revoked_at_ms) +
         (k.rate ? " " + render(k.rate->limit) + "/" + render(k.rate->window_ms)
                 : "");
}

inline std::string render(const key_set& all) {
  std::vector<std::string> lines;
  for (auto& [hash, key] : all.by_hash)
    lines.push_back(render(key));
  std::sort(lines.begin(), lines.end());
  return "version " + render(all.version) + " " + render(lines);
}

/// Without its time, which is the server's.
inline std::string render(const audit_record& r) {
  auto& e = r.what;
  return render(r.id) + " " + e.by.key_id + "/" + e.by.name + "/" +
         e.by.request_id + "/" + e.by.trace_id + " " + e.action + " " +
         e.target + " " + e.before + " -> " + e.after;
}

template <class T>
std::string render(const std::vector<T>& all) {
  std::string out = "[";
  for (auto& one : all)
    out += (out.size() > 1 ? ", " : "") + render(one);
  return out + "]";
}

template <class T>
std::string render(const std::optional<T>& value) {
  return value ? render(*value) : "none";
}

template <class A, class B>
std::string render(const std::pair<A, B>& p) {
  return render(p.first) + ":" + render(p.second);
}

template <class T>
std::string render(const result<T>& r) {
  if (!r)
    return std::string{"failed: "} + std::string{reason(r.error().code)};
  if constexpr (std::is_void_v<T>)
    return "done";
  else
    return render(*r);
}

} // namespace eventpulse::test
