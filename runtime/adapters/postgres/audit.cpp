#include "runtime/adapters/postgres/audit.hpp"

namespace eventpulse::postgres {

namespace {

const statement insert{
    "audit_insert",
    "INSERT INTO audit (who, key_id, request_id, trace_id, action, target,"
    " before, after) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};

constexpr auto select_records =
    "SELECT id, floor(extract(epoch FROM at) * 1000)::bigint, who, key_id,"
    " request_id, trace_id, action, target, before, after FROM audit";

audit_record read_record(const pqxx::row& row) {
  audit_record out;
  out.id = number_of(row[0]);
  out.at_ms = number_of(row[1]);
  auto& e = out.what;
  e.by = {text_of(row[3]), text_of(row[2]), text_of(row[4]), text_of(row[5])};
  e.action = text_of(row[6]);
  e.target = text_of(row[7]);
  e.before = text_of(row[8]);
  e.after = text_of(row[9]);
  return out;
}

class query_text {
public:
  explicit query_text(const audit_query& q) {
    if (q.key)
      where(either("key_id = ", *q.key, "who = ", *q.key));
    if (q.action)
      where(within("action", *q.action, '.'));
    if (q.target)
      where(within("target", *q.target, '/'));
    if (q.from_ms)
      where("at >= " + time(*q.from_ms));
    if (q.to_ms)
      where("at < " + time(*q.to_ms));
    if (q.before)
      where("id < " + next(p_.number(*q.before)) + "::bigint");
    sql_ = select_records + where_ + " ORDER BY id DESC LIMIT " +
           next(p_.number(static_cast<int64_t>(q.limit)));
  }

  const std::string& sql() const { return sql_; }
  const parameters& values() const { return p_; }

private:
  std::string next(const parameters& p) {
    return "$" + std::to_string(p.size());
  }

  std::string time(int64_t at_ms) {
    return "to_timestamp(" + next(p_.number(at_ms)) + "::bigint / 1000.0)";
  }

  std::string either(const char* one, const std::string& first,
                     const char* other, const std::string& second) {
    auto out = '(' + (one + next(p_.text(first)));
    return out + " OR " + other + next(p_.text(second)) + ')';
  }

  /// The whole name, or all that begin with it and the separator: what lies
  /// between "rule/" and "rule0" byte by byte.
  std::string within(const std::string& column, const std::string& name,
                     char separator) {
    auto out = '(' + column + " = " + next(p_.text(name));
    out += " OR (" + column + " >= " + next(p_.text(name + separator));
    auto end = name + static_cast<char>(separator + 1);
    return out + " AND " + column + " < " + next(p_.text(end)) + "))";
  }

  void where(const std::string& condition) {
    where_ += (where_.empty() ? " WHERE " : " AND ") + condition;
  }

  parameters p_;
  std::string where_;
  std::string sql_;
};

class pg_audit_store final : public audit_store {
public:
  explicit pg_audit_store(const options& o) : link_(o) {}

  result<std::vector<audit_record>> query(const audit_query& q) override {
    using answer = result<std::vector<audit_record>>;
    return link_.transact([&](session& s) -> answer {
      query_text text{q};
      std::vector<audit_record> out;
      for (auto row : s.run_text(text.sql(), text.values()))
        out.push_back(read_record(row));
      return out;
    });
  }

private:
  connection link_;
};

} // namespace

void keep_audit(session& s, const audit_entry& entry) {
  auto& e = entry;
  parameters p;
  p.text(e.by.name).text(e.by.key_id).text(e.by.request_id);
  p.text(e.by.trace_id).text(e.action).text(e.target);
  p.text_or_null(e.before).text_or_null(e.after);
  s.run(insert, p);
}

std::unique_ptr<audit_store> make_audit_store(const options& o) {
  return std::make_unique<pg_audit_store>(o);
}

} // namespace eventpulse::postgres
