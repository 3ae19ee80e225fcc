#include "runtime/adapters/memory/memory_intake.hpp"

#include "runtime/core/access/audit_views.hpp"

#include <algorithm>

namespace eventpulse::memory {

namespace {

bool matches(const dead_letter_query& q, const kept_letter& k) {
  auto& d = k.what;
  auto at = std::pair{d.created_at_ms, d.id};
  return (!q.id || *q.id == d.id) && (!q.kind || *q.kind == d.kind) &&
         (!q.event_type || *q.event_type == k.facts.event_type) &&
         (!q.key_name || *q.key_name == k.facts.key_name) &&
         (!q.state || *q.state == k.state) &&
         (!q.from_ms || d.created_at_ms >= *q.from_ms) &&
         (!q.to_ms || d.created_at_ms < *q.to_ms) &&
         (!q.beyond || (q.oldest_first ? at > *q.beyond : at < *q.beyond));
}

class memory_dead_letter_store final : public dead_letter_store {
public:
  explicit memory_dead_letter_store(intake_tables_ptr t)
      : tables_(std::move(t)) {}

  result<void> keep(const std::vector<kept_letter>& all) override {
    database::access db{*tables_->db, "dead_letter_store.keep"};
    if (db.broken)
      return *db.broken;
    for (auto& letter : all) {
      if (find(letter.what.id))
        continue;
      auto kept = letter;
      kept.what.reason = storable_text(letter.what.reason);
      kept.state = letter_state::pending;
      db->keep({kept.what});
      tables_->letters[kept.what.id] = std::move(kept);
    }
    return {};
  }

  result<std::vector<kept_letter>> query(const dead_letter_query& q) override {
    database::access db{*tables_->db, "dead_letter_store.query"};
    if (db.broken)
      return *db.broken;
    std::vector<kept_letter> out;
    for (auto& [identity, what] : db->dead) {
      auto& letter = entry_of(what);
      if (matches(q, letter))
        out.push_back(letter);
    }
    std::sort(out.begin(), out.end(), [&](const auto& a, const auto& b) {
      auto left = std::pair{a.what.created_at_ms, a.what.id};
      auto right = std::pair{b.what.created_at_ms, b.what.id};
      return q.oldest_first ? left < right : left > right;
    });
    out.resize(std::min(out.size(), q.limit));
    for (auto& letter : out) {
      letter.facts.bytes =
          std::max<uint64_t>(letter.facts.bytes, letter.what.original.size());
      if (!q.with_original)
        letter.what.original.clear();
    }
    return out;
  }

  result<void> settle(const std::string& id, letter_state state, int64_t now_ms,
                      const caller& by) override {
    database::access db{*tables_->db, "dead_letter_store.settle"};
    if (db.broken)
      return *db.broken;
    auto* letter = find(id);
    if (!letter)
      return failure{errc::not_found, "dead letter " + id};
    if (letter->state != letter_state::pending)
      return failure{errc::conflict, "it is settled"};
    db->keep_audit({by, audit_action(state), "dead_letter/" + id,
                    audit_view(letter->state), audit_view(state)});
    letter->state = state;
    letter->settled_at_ms = now_ms;
    letter->settled_by = by.name;
    if (state == letter_state::discarded)
      letter->what.original.clear();
    return {};
  }

  result<void> note_failure(const std::string& id,
                            const std::string& error) override {
    database::access db{*tables_->db, "dead_letter_store.note_failure"};
    if (db.broken)
      return *db.broken;
    auto* letter = find(id);
    if (letter && letter->state == letter_state::pending) {
      ++letter->attempts;
      letter->last_error = storable_text(error);
    }
    return {};
  }

private:
  /// Of a letter that somebody kept in the database, made when first asked for.
  kept_letter& entry_of(const dead_letter& what) {
    return tables_->letters.try_emplace(what.id, kept_letter{what})
        .first->second;
  }

  kept_letter* find(const std::string& id) {
    for (auto& [identity, what] : tables_->db->dead)
      if (what.id == id)
        return &entry_of(what);
    return nullptr;
  }

  intake_tables_ptr tables_;
};

} // namespace

std::unique_ptr<dead_letter_store> make_dead_letter_store(intake_tables_ptr t) {
  return std::make_unique<memory_dead_letter_store>(std::move(t));
}

} // namespace eventpulse::memory
