#define CAF_SUITE engine_snapshot
#include "tests/unit/engine/rule_fixture.hpp"

#include <random>

using namespace eventpulse;
using namespace eventpulse::testing;

namespace {

const std::string rule_yaml = R"yaml(
id: r
kind: threshold
when: "true"
group_by: [event.data.g]
window: {type: WINDOW}
aggregate:
  n: count()
  yes: count(event.data.v > 3)
  total: sum(event.data.v)
  lo: min(event.data.v)
  dev: stddev(event.data.v)
  d: distinct(event.data.v)
  p: percentile(event.data.v, 50)
  l: last(event.data.v)
condition: n >= 3
alert: {summary: "${n}", cooldown: 50ms}
labels: {a: b}
)yaml";

compiled_rule_ptr rule_with(const std::string& window) {
  auto text = rule_yaml;
  text.replace(text.find("{type: WINDOW}"), 14, window);
  return rule_of(text);
}

std::vector<event> some_events(size_t n) {
  event_maker make;
  std::vector<event> out;
  for (size_t i = 0; i < n; ++i) {
    auto e = make(static_cast<int64_t>(1 + i * 7),
                  "{\"g\":\"g" + std::to_string(i % 4) +
                      "\",\"v\":" + std::to_string(i % 6) + "}");
    e.document.extensions.emplace_back("tenant", std::string{"acme"});
    e.document.extensions.emplace_back("tries", int32_t{-3});
    out.push_back(std::move(e));
  }
  return out;
}

rule_evaluator played(const compiled_rule_ptr& rule) {
  rule_evaluator out{rule, {}};
  out.evaluate(step_of(some_events(30)));
  return out;
}

std::string all_bytes(const rule_snapshot& s) {
  std::string out;
  for (const auto& g : s.groups)
    out += g.group_key + '=' + g.bytes + ';';
  return out;
}

const std::vector<std::string> windows{
    "{type: sliding, size: 100ms}", "{type: tumbling, size: 100ms}",
    "{type: hopping, size: 100ms, every: 30ms}",
    "{type: session, gap: 60ms, max: 1s}"};

} // namespace

CAF_TEST(a_restored_state_is_the_same_bit_for_bit) {
  for (const auto& window : windows) {
    const auto rule = rule_with(window);
    auto first = played(rule);
    const auto snapshot = first.take_snapshot();
    CAF_CHECK(snapshot.full);
    CAF_CHECK_EQUAL(snapshot.engine_version, engine_version);
    CAF_CHECK(snapshot.at == first.at());
    rule_evaluator second{rule, first.at()};
    CAF_REQUIRE(second.restore(snapshot).ok());
    CAF_CHECK(second.at() == first.at());
    CAF_CHECK(second.next_deadline_ms() == first.next_deadline_ms());
    CAF_CHECK_EQUAL(second.groups(), first.groups());
    second.take_full_snapshot_next();
    CAF_CHECK(all_bytes(second.take_snapshot()) == all_bytes(snapshot));
  }
}

CAF_TEST(a_second_snapshot_holds_what_changed) {
  auto rule = played(rule_with(windows[0]));
  rule.take_snapshot();
  auto next = rule.take_snapshot();
  CAF_CHECK(!next.full);
  CAF_CHECK(next.groups.empty());
  event_maker make;
  auto e = make(220, R"({"g":"g1","v":1})");
  e.where.seq = 1000;
  rule.evaluate(step_of({e}));
  next = rule.take_snapshot();
  bool there = false;
  for (const auto& g : next.groups)
    there = there || g.group_key.find("g1") != std::string::npos;
  CAF_CHECK(there);
  rule.evaluate(time_to(rule, 100'000));
  next = rule.take_snapshot();
  CAF_CHECK(next.groups.empty());
  CAF_CHECK_EQUAL(next.removed.size(), 4u);
}

CAF_TEST(a_snapshot_of_another_rule_form_or_engine_is_corrupt) {
  auto first = played(rule_with(windows[0]));
  const auto good = first.take_snapshot();
  const auto refused = [&](auto change) {
    auto bad = good;
    change(bad);
    auto second = played(rule_with(windows[0]));
    const auto before = second.at();
    const auto answer = second.restore(bad);
    CAF_CHECK(second.at() == before);
    CAF_CHECK_EQUAL(second.groups(), 4u);
    return !answer.ok() && answer.error().code == errc::corrupt;
  };
  CAF_CHECK(refused([](auto& s) { s.rule = "other"; }));
  CAF_CHECK(refused([](auto& s) { s.fingerprint += "0"; }));
  CAF_CHECK(refused([](auto& s) { s.engine_version += 1; }));
  CAF_CHECK(refused([](auto& s) { s.full = false; }));
  CAF_CHECK(refused([](auto& s) { s.groups.clear(); }));
  CAF_CHECK(refused([](auto& s) { s.groups.push_back(s.groups.back()); }));
  CAF_CHECK(refused([](auto& s) { s.groups.push_back(s.groups.front()); }));
  CAF_CHECK(refused([](auto& s) { s.groups.back().bytes.pop_back(); }));
  CAF_CHECK(refused([](auto& s) { s.groups.back().bytes += 'x'; }));
  CAF_CHECK(refused([](auto& s) { s.groups.back().bytes.clear(); }));
}

CAF_TEST(hostile_bytes_are_corrupt_or_a_state_that_works) {
  std::mt19937_64 random{99};
  size_t taken = 0, refused = 0;
  for (const auto& window : windows) {
    const auto rule = rule_with(window);
    auto first = played(rule);
    const auto good = first.take_snapshot();
    for (int i = 0; i < 400; ++i) {
      auto bad = good;
      auto& bytes = bad.groups[random() % bad.groups.size()].bytes;
      for (auto n = 1 + random() % 3; n > 0; --n) {
        const auto at = random() % bytes.size();
        switch (random() % 4) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.resize(at + 1);
          break;
        case 2:
          bytes.insert(at, std::string(1 + random() % 9, '\xff'));
          break;
        default:
          bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        }
      }
      rule_evaluator second{rule, first.at()};
      const auto answer = second.restore(bad);
      if (!answer.ok()) {
        CAF_CHECK(answer.error().code == errc::corrupt);
        ++refused;
        continue;
      }
      ++taken;
      try {
        auto events = some_events(60);
        events.erase(events.begin(), events.begin() + 30);
        second.evaluate(step_of(std::move(events)));
        second.evaluate(time_to(second, 10'000));
        second.take_snapshot();
      } catch (const broken_invariant&) {
        // Ends this evaluator alone, which is then built anew from history.
      }
    }
  }
  CAF_CHECK_GREATER(refused, 100u);
  CAF_CHECK_GREATER(taken, 10u);
}

CAF_TEST(a_group_with_bytes_or_nul_has_a_key_fit_for_a_text_column) {
  rule_evaluator rule{rule_of(R"yaml(
id: b
kind: threshold
when: "true"
group_by: [event.data]
window: {type: sliding, size: 1h}
condition: "false"
)yaml"),
                      {}};
  event_maker make;
  auto binary = make(1);
  binary.document.kind = payload_kind::binary;
  binary.document.payload = std::string("\x00\xff\x01", 3);
  rule.evaluate(step_of({binary, make(2, R"("a\u0000b")")}));
  CAF_CHECK_EQUAL(rule.groups(), 2u);
  for (const auto& g : rule.take_snapshot().groups) {
    CAF_CHECK_EQUAL(g.group_key.find('\0'), std::string::npos);
    for (char c : g.group_key)
      CAF_CHECK(static_cast<unsigned char>(c) < 0x80);
  }
}

CAF_TEST(alerts_waiting_for_the_activation_survive_a_snapshot) {
  const auto rule = rule_with(windows[0]);
  rule_evaluator first{rule, at(1000)};
  alert open;
  open.id = "one";
  open.rule = "r";
  open.group_json = R"(["g0"])";
  first.adopt({open});
  first.evaluate(step_of(some_events(30))); // until 204, still silent
  const auto snapshot = first.take_snapshot();
  rule_evaluator second{rule, at(1000)};
  CAF_REQUIRE(second.restore(snapshot).ok());
  const auto out = second.evaluate(step_of({}, at(1000)));
  CAF_CHECK_EQUAL(lines_of(out.changes),
                  lines{"resolved [\"g0\"] 1000 rule_changed"});
}
