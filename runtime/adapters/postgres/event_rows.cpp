#include "runtime/adapters/postgres/event_rows.hpp"

#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/time.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <limits>

namespace eventpulse::postgres {

const char* const event_columns =
    "source, id, type, subject, time_text, datacontenttype, dataschema,"
    " extensions, payload, payload_bytes, position_partition, position_ms,"
    " position_seq, received_at_ms, accepted_by, traceparent, tracestate,"
    " floor(extract(epoch FROM persisted_at) * 1000)::bigint, dedup_hash";

namespace {

// A statement's parameters stay far below the gigabyte that ends PostgreSQL's
// patience, and its memory below what a busy server can spare.
constexpr size_t insert_bytes_max = 8 << 20;

// unnest over arrays is one plan and one round trip for any number of rows.
const statement insert{
    "event_insert",
    "INSERT INTO events (source, id, type, subject, time, time_text,"
    " datacontenttype, dataschema, extensions, payload, payload_bytes,"
    " position_partition, position_ms, position_seq, received_at_ms,"
    " accepted_by, accepted_at_ms, traceparent, tracestate, dedup_hash)"
    " SELECT source, id, type, subject, to_timestamp(time_ms / 1000.0),"
    " time_text, datacontenttype, dataschema, extensions, payload,"
    " payload_bytes, position_partition, position_ms, position_seq,"
    " received_at_ms, accepted_by, accepted_at_ms, traceparent, tracestate,"
    " dedup_hash"
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[],"
    " $5::bigint[], $6::text[], $7::text[], $8::text[], $9::jsonb[],"
    " $10::json[], $11::bytea[], $12::integer[], $13::bigint[],"
    " $14::bigint[], $15::bigint[], $16::text[], $17::bigint[],"
    " $18::text[], $19::text[], $20::bigint[])"
    " AS t (source, id, type, subject, time_ms, time_text, datacontenttype,"
    " dataschema, extensions, payload, payload_bytes, position_partition,"
    " position_ms, position_seq, received_at_ms, accepted_by, accepted_at_ms,"
    " traceparent, tracestate, dedup_hash)"};

std::string extensions_json(const event_document& document) {
  boost::json::object out;
  for (auto& [name, value] : document.extensions)
    std::visit([&, &key = name](auto& v) { out[key] = v; }, value);
  return boost::json::serialize(out);
}

void add_payload(const event_document& document, array_text& json,
                 array_text& bytes) {
  switch (document.kind) {
  case payload_kind::none:
    json.null();
    bytes.null();
    return;
  case payload_kind::json:
    json.text(document.payload);
    bytes.null();
    return;
  case payload_kind::binary:
    json.null();
    bytes.bytes(document.payload);
    return;
  }
}

std::optional<int64_t> time_ms(const std::string& text) {
  return text.empty() ? std::nullopt : parse_rfc3339_ms(text);
}

/// A column's array a place, in the order of the statement's parameters.
class columns {
public:
  void add(const new_event& e) {
    auto& d = e.from->document;
    at(0).text(d.source);
    at(1).text(d.id);
    at(2).text(d.type);
    at(3).text_or_null(d.subject);
    at(4).number_or_null(time_ms(d.time));
    at(5).text_or_null(d.time);
    at(6).text_or_null(d.datacontenttype);
    at(7).text_or_null(d.dataschema);
    at(8).text_or_null(d.extensions.empty() ? "" : extensions_json(d));
    add_payload(d, at(9), at(10));
    at(11).number(e.from->where.partition);
    at(12).number(stored_number(e.from->where.ms));
    at(13).number(stored_number(e.from->where.seq));
    at(14).number(e.received_at_ms);
    at(15).text(e.from->accepted_by);
    at(16).number(e.from->accepted_at_ms);
    at(17).text_or_null(d.traceparent);
    at(18).text_or_null(d.tracestate);
    at(19).number(e.hash);
  }

  parameters take() {
    parameters out;
    for (auto& array : arrays_)
      out.array(std::move(array));
    return out;
  }

private:
  array_text& at(size_t i) { return arrays_[i]; }

  std::array<array_text, 20> arrays_;
};

} // namespace

std::vector<std::pair<std::string, attribute_value>>
read_extensions(const std::string& text) {
  std::vector<std::pair<std::string, attribute_value>> out;
  if (text.empty())
    return out;
  boost::json::error_code error;
  auto parsed = boost::json::parse(text, error);
  auto* all = error ? nullptr : parsed.if_object();
  if (!all)
    throw value_corrupt("extensions are not a JSON object");
  for (auto& [name, value] : *all) {
    if (auto* text_value = value.if_string())
      out.emplace_back(name, std::string{*text_value});
    else if (auto* flag = value.if_bool())
      out.emplace_back(name, *flag);
    else if (auto* number = value.if_int64();
             number && *number >= std::numeric_limits<int32_t>::min() &&
             *number <= std::numeric_limits<int32_t>::max())
      out.emplace_back(name, static_cast<int32_t>(*number));
    else
      throw value_corrupt("an extension has no CloudEvents type");
  }
  // jsonb keeps members in an order of its own.
  std::sort(out.begin(), out.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return out;
}

event read_event(const pqxx::row& row) {
  event out;
  auto& d = out.document;
  d.source = text_of(row[0]);
  d.id = text_of(row[1]);
  d.type = text_of(row[2]);
  d.subject = text_of(row[3]);
  d.time = text_of(row[4]);
  d.datacontenttype = text_of(row[5]);
  d.dataschema = text_of(row[6]);
  d.extensions = read_extensions(text_of(row[7]));
  if (!row[8].is_null()) {
    d.kind = payload_kind::json;
    d.payload = text_of(row[8]);
  } else if (!row[9].is_null()) {
    d.kind = payload_kind::binary;
    d.payload = bytes_of(row[9]);
  }
  out.where = {static_cast<uint32_t>(number_of(row[10])),
               static_cast<uint64_t>(number_of(row[11])),
               static_cast<uint64_t>(number_of(row[12]))};
  out.received_at_ms = number_of(row[13]);
  out.accepted_by = text_of(row[14]);
  d.traceparent = text_of(row[15]);
  d.tracestate = text_of(row[16]);
  return out;
}

int64_t dedup_hash(const event_document& document) {
  auto key = document.source + '\0' + document.id + '\0';
  return same_bits(xxh64(key + partition_key(document)));
}

void insert_events(session& s, const std::vector<new_event>& all) {
  for (size_t first = 0; first < all.size();) {
    columns chunk;
    size_t bytes = 0;
    size_t last = first;
    while (last < all.size() && (last == first || bytes < insert_bytes_max)) {
      bytes += all[last].from->document.payload.size() + 1024;
      chunk.add(all[last++]);
    }
    s.run(insert, chunk.take());
    first = last;
  }
}

} // namespace eventpulse::postgres
