#include "runtime/adapters/postgres/snapshots.hpp"

namespace eventpulse::postgres {

namespace {

// Groups of one statement; the transaction holds as many as there are.
constexpr size_t chunk_bytes_max = 4 << 20;

const statement upsert{
    "snapshot_upsert",
    "INSERT INTO snapshot (rule, fingerprint, engine_version, received_at_ms,"
    " partition, ms, seq, timer_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    " ON CONFLICT (rule) DO UPDATE SET fingerprint = EXCLUDED.fingerprint,"
    " engine_version = EXCLUDED.engine_version,"
    " received_at_ms = EXCLUDED.received_at_ms,"
    " partition = EXCLUDED.partition, ms = EXCLUDED.ms, seq = EXCLUDED.seq,"
    " timer_ms = EXCLUDED.timer_ms, saved_at = clock_timestamp()"};

const statement move{
    "snapshot_move",
    "UPDATE snapshot SET fingerprint = $2, engine_version = $3,"
    " received_at_ms = $4, partition = $5, ms = $6, seq = $7, timer_ms = $8,"
    " saved_at = clock_timestamp() WHERE rule = $1 RETURNING 1"};

const statement remove_all_groups{"snapshot_remove_all_groups",
                                  "DELETE FROM snapshot_group WHERE rule = $1"};

const statement remove_groups{
    "snapshot_remove_groups",
    "DELETE FROM snapshot_group WHERE rule = $1 AND group_hash IN"
    " (SELECT sha256(k) FROM unnest($2::bytea[]) AS k)"};

const statement upsert_groups{
    "snapshot_upsert_groups",
    "INSERT INTO snapshot_group (rule, group_key, bytes)"
    " SELECT $1, * FROM unnest($2::bytea[], $3::bytea[])"
    " ON CONFLICT (rule, group_hash) DO UPDATE SET bytes = EXCLUDED.bytes"};

const statement read{
    "snapshot_read",
    "SELECT fingerprint, engine_version, received_at_ms, partition, ms, seq,"
    " timer_ms FROM snapshot WHERE rule = $1"};

const statement read_groups{
    "snapshot_read_groups",
    "SELECT group_key, bytes FROM snapshot_group WHERE rule = $1"
    " ORDER BY group_key"};

const statement remove{"snapshot_remove",
                       "DELETE FROM snapshot WHERE rule = ANY ($1::text[])"};

} // namespace

void add_cursor(parameters& p, const cursor& c) {
  p.number(c.key.received_at_ms)
      .number(c.key.partition)
      .number(same_bits(c.key.ms))
      .number(same_bits(c.key.seq))
      .number(c.timer_ms);
}

cursor read_cursor(const pqxx::row& row, int first) {
  return {{number_of(row[first]),
           static_cast<uint32_t>(number_of(row[first + 1])),
           same_bits(number_of(row[first + 2])),
           same_bits(number_of(row[first + 3]))},
          number_of(row[first + 4])};
}

result<void> write_snapshot(session& s, const rule_snapshot& snapshot) {
  parameters head;
  head.text(snapshot.rule)
      .text(snapshot.fingerprint)
      .number(snapshot.engine_version);
  add_cursor(head, snapshot.at);
  auto rule = parameters{}.text(snapshot.rule);
  if (snapshot.full) {
    s.run(upsert, head);
    s.run(remove_all_groups, rule);
  } else if (s.run(move, head).empty()) {
    return failure{errc::conflict, "no full snapshot of rule " + snapshot.rule};
  } else if (!snapshot.removed.empty()) {
    array_text keys;
    for (auto& key : snapshot.removed)
      keys.bytes(key);
    s.run(remove_groups,
          parameters{}.text(snapshot.rule).array(std::move(keys)));
  }
  for (size_t i = 0; i < snapshot.groups.size();) {
    array_text keys, bytes;
    for (size_t size = 0; i < snapshot.groups.size() && size < chunk_bytes_max;
         ++i) {
      auto& group = snapshot.groups[i];
      size += group.group_key.size() + group.bytes.size() + 64;
      keys.bytes(group.group_key);
      bytes.bytes(group.bytes);
    }
    s.run(upsert_groups, parameters{}
                             .text(snapshot.rule)
                             .array(std::move(keys))
                             .array(std::move(bytes)));
  }
  return {};
}

std::optional<rule_snapshot> read_snapshot(session& s,
                                           const std::string& rule) {
  auto heads = s.run(read, parameters{}.text(rule));
  if (heads.empty())
    return std::nullopt;
  rule_snapshot out;
  out.rule = rule;
  out.fingerprint = text_of(heads[0][0]);
  out.engine_version = static_cast<int32_t>(number_of(heads[0][1]));
  out.at = read_cursor(heads[0], 2);
  out.full = true;
  for (auto row : s.run(read_groups, parameters{}.text(rule)))
    out.groups.push_back({bytes_of(row[0]), bytes_of(row[1])});
  return out;
}

void remove_snapshots(session& s, const std::vector<std::string>& rules) {
  s.run(remove, [&] {
    array_text all;
    for (auto& rule : rules)
      all.text(rule);
    return parameters{}.array(std::move(all));
  }());
}

} // namespace eventpulse::postgres
