// Dead letters as people look at them and settle them.

#include "runtime/adapters/postgres/audit.hpp"
#include "runtime/adapters/postgres/connection.hpp"
#include "runtime/adapters/postgres/intake_stores.hpp"
#include "runtime/core/access/audit_views.hpp"
#include "runtime/core/base/json_parse.hpp"

namespace eventpulse::postgres {

namespace {

const std::string columns =
    "d.id, d.kind, d.reason, d.headers::text, d.position_partition,"
    " d.position_ms, d.position_seq, d.created_at_ms, d.errors::text,"
    " d.event_type, d.event_id, d.key_id, d.key_name,"
    " greatest(d.bytes, octet_length(d.original)), d.state,"
    " d.attempts, d.last_error, d.settled_at_ms, d.settled_by, ";

// What is refused has no position, so its id is its identity.
const statement insert{
    "dead_letter_keep",
    "INSERT INTO dead_letter (id, identity, kind, reason, original, headers,"
    " created_at_ms, errors, event_type, event_id, key_id, key_name, bytes)"
    " VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    " ON CONFLICT DO NOTHING"};

const statement settle_one{
    "dead_letter_settle",
    "UPDATE dead_letter SET state = $2, settled_at_ms = $3, settled_by = $4,"
    " original = CASE WHEN $2 = 'discarded' THEN ''::bytea ELSE original END"
    " WHERE id = $1 AND state = 'pending' RETURNING 1"};

const statement find_one{"dead_letter_find",
                         "SELECT state FROM dead_letter WHERE id = $1"};

const statement note_failure_of{
    "dead_letter_note_failure",
    "UPDATE dead_letter SET attempts = attempts + 1, last_error = $2"
    " WHERE id = $1 AND state = 'pending'"};

const char* name_of(letter_state s) {
  switch (s) {
  case letter_state::pending:
    return "pending";
  case letter_state::replayed:
    return "replayed";
  case letter_state::discarded:
    return "discarded";
  }
  return "";
}

letter_state state_of(const std::string& name) {
  for (auto s :
       {letter_state::pending, letter_state::replayed, letter_state::discarded})
    if (name == name_of(s))
      return s;
  throw value_corrupt("a dead letter in the unknown state " + name);
}

std::vector<problem_item> read_errors(const std::string& text) {
  std::vector<problem_item> out;
  boost::system::error_code wrong;
  auto parsed = parse_kept_json(text, wrong);
  auto* all = wrong ? nullptr : parsed.if_array();
  for (size_t i = 0; all && i < all->size(); ++i) {
    auto* one = (*all)[i].if_object();
    auto* pointer = one ? one->if_contains("pointer") : nullptr;
    auto* detail = one ? one->if_contains("detail") : nullptr;
    if (pointer && detail && pointer->is_string() && detail->is_string())
      out.push_back({std::string(pointer->get_string()),
                     std::string(detail->get_string())});
  }
  return out;
}

std::string errors_json(const std::vector<problem_item>& errors) {
  boost::json::array out;
  for (auto& e : errors)
    out.push_back({{"pointer", storable_text(e.pointer)},
                   {"detail", storable_text(e.detail)}});
  return boost::json::serialize(out);
}

/// The last resort of what came from outside, so nothing in it may be refused.
parameters row_of(const kept_letter& letter) {
  auto& d = letter.what;
  auto& f = letter.facts;
  parameters p;
  p.text(storable_text(d.id)).text(storable_text(d.kind));
  p.text(storable_text(d.reason)).bytes(d.original);
  p.text(storable_json(d.headers_json)).number(d.created_at_ms);
  p.text(storable_json(errors_json(f.errors)));
  p.text(storable_text(f.event_type)).text(storable_text(f.event_id));
  p.text(storable_text(f.key_id)).text(storable_text(f.key_name));
  p.number(stored_number(f.bytes));
  return p;
}

kept_letter read_letter(const pqxx::row& row) {
  kept_letter out;
  auto& d = out.what;
  auto& f = out.facts;
  d.id = text_of(row[0]);
  d.kind = text_of(row[1]);
  d.reason = text_of(row[2]);
  d.headers_json = text_of(row[3]);
  if (!row[4].is_null())
    d.where =
        position{static_cast<uint32_t>(number_of(row[4])),
                 std::stoull(text_of(row[5])), std::stoull(text_of(row[6]))};
  d.created_at_ms = number_of(row[7]);
  f.errors = read_errors(text_of(row[8]));
  f.event_type = text_of(row[9]);
  f.event_id = text_of(row[10]);
  f.key_id = text_of(row[11]);
  f.key_name = text_of(row[12]);
  f.bytes = static_cast<uint64_t>(number_of(row[13]));
  out.state = state_of(text_of(row[14]));
  out.attempts = static_cast<uint32_t>(number_of(row[15]));
  out.last_error = text_of(row[16]);
  out.settled_at_ms = number_if(row[17]);
  out.settled_by = text_of(row[18]);
  d.original = bytes_of(row[19]);
  return out;
}

class query_text {
public:
  explicit query_text(const dead_letter_query& q) {
    if (q.id)
      where("d.id = " + next(p_.text(*q.id)));
    if (q.kind)
      where("d.kind = " + next(p_.text(*q.kind)));
    if (q.event_type)
      where("d.event_type = " + next(p_.text(*q.event_type)));
    if (q.key_name)
      where("d.key_name = " + next(p_.text(*q.key_name)));
    if (q.state)
      where("d.state = " + next(p_.text(name_of(*q.state))));
    if (q.from_ms)
      where("d.created_at_ms >= " + next(p_.number(*q.from_ms)));
    if (q.to_ms)
      where("d.created_at_ms < " + next(p_.number(*q.to_ms)));
    if (q.beyond) {
      auto at = next(p_.number(q.beyond->first)) + "::bigint, ";
      where("(d.created_at_ms, d.id) " +
            std::string(q.oldest_first ? ">" : "<") + " (" + at +
            next(p_.text(q.beyond->second)) + ")");
    }
    std::string way = q.oldest_first ? " ASC" : " DESC";
    sql_ = "SELECT " + columns +
           (q.with_original ? "d.original" : "''::bytea") +
           " FROM dead_letter d" + where_ + " ORDER BY d.created_at_ms" + way +
           ", d.id" + way + " LIMIT " +
           next(p_.number(static_cast<int64_t>(q.limit)));
  }

  const std::string& sql() const { return sql_; }
  const parameters& values() const { return p_; }

private:
  std::string next(const parameters& p) {
    return "$" + std::to_string(p.size());
  }

  void where(const std::string& condition) {
    where_ += (where_.empty() ? " WHERE " : " AND ") + condition;
  }

  parameters p_;
  std::string where_;
  std::string sql_;
};

class pg_dead_letter_store final : public dead_letter_store {
public:
  explicit pg_dead_letter_store(const options& o) : link_(o) {}

  result<void> keep(const std::vector<kept_letter>& all) override {
    return link_.transact([&](session& s) -> result<void> {
      for (auto& letter : all)
        s.run(insert, row_of(letter));
      return {};
    });
  }

  result<std::vector<kept_letter>> query(const dead_letter_query& q) override {
    using answer = result<std::vector<kept_letter>>;
    return link_.transact([&](session& s) -> answer {
      query_text text{q};
      std::vector<kept_letter> out;
      for (auto row : s.run_text(text.sql(), text.values()))
        out.push_back(read_letter(row));
      return out;
    });
  }

  result<void> settle(const std::string& id, letter_state state, int64_t now_ms,
                      const caller& by) override {
    return link_.transact([&](session& s) -> result<void> {
      if (!s.run(settle_one, parameters{}
                                 .text(id)
                                 .text(name_of(state))
                                 .number(now_ms)
                                 .text(by.name))
               .empty()) {
        keep_audit(s, {by, audit_action(state), "dead_letter/" + id,
                       audit_view(letter_state::pending), audit_view(state)});
        return {};
      }
      auto found = s.run(find_one, parameters{}.text(id));
      if (found.empty())
        return failure{errc::not_found, "dead letter " + id};
      return failure{errc::conflict, "it is " + text_of(found[0][0])};
    });
  }

  result<void> note_failure(const std::string& id,
                            const std::string& error) override {
    return link_.transact([&](session& s) -> result<void> {
      s.run(note_failure_of, parameters{}.text(id).text(storable_text(error)));
      return {};
    });
  }

private:
  connection link_;
};

} // namespace

std::unique_ptr<dead_letter_store> make_dead_letter_store(const options& o) {
  return std::make_unique<pg_dead_letter_store>(o);
}

} // namespace eventpulse::postgres
