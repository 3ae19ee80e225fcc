#include "runtime/adapters/postgres/dead_letters.hpp"

#include "runtime/core/base/hash.hpp"

namespace eventpulse::postgres {

namespace {

const statement insert{
    "dead_letter_insert",
    "INSERT INTO dead_letter (id, identity, kind, reason, original, headers,"
    " position_partition, position_ms, position_seq, created_at_ms)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    " ON CONFLICT DO NOTHING"};

/// A worker that repeats a batch makes new ids, so what has a position is known
/// by it; the headers tell apart the rules that broke on one event.
std::string identity_of(const dead_letter& letter) {
  if (!letter.where)
    return letter.id;
  return letter.kind + '/' + to_string(*letter.where) + '/' +
         std::to_string(xxh64(letter.headers_json));
}

} // namespace

void insert_dead_letters(session& s, const std::vector<dead_letter>& all) {
  for (auto& letter : all) {
    parameters p;
    p.text(storable_text(letter.id));
    p.text(storable_text(identity_of(letter)));
    p.text(storable_text(letter.kind));
    p.text(storable_text(letter.reason));
    p.bytes(letter.original);
    p.text(storable_json(letter.headers_json));
    if (letter.where)
      p.number(letter.where->partition)
          .text(std::to_string(letter.where->ms))
          .text(std::to_string(letter.where->seq));
    else
      p.null().null().null();
    p.number(letter.created_at_ms);
    s.run(insert, p);
  }
}

} // namespace eventpulse::postgres
