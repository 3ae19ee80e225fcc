#define CAF_SUITE telemetry_metrics
#include <caf/test/unit_test.hpp>

#include "runtime/telemetry/metrics.hpp"

#include <algorithm>
#include <ctime>
#include <exception>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using namespace eventpulse;

namespace {

// What the text format 0.0.4 and Prometheus's naming rules ask for, as far as
// promtool looks: one HELP and one TYPE before the samples of each family,
// known types, counters with _total, complete histograms. Returns complaints.
class exposition {
public:
  explicit exposition(const std::string& text) {
    if (!text.ends_with('\n'))
      complain("no final line feed");
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with("# HELP "))
        begin(line.substr(7));
      else if (line.starts_with("# TYPE "))
        type(line.substr(7));
      else
        sample(line);
  }

  std::vector<std::string> complaints;
  std::map<std::string, double> samples; // "name{labels}" to value

  double at(const std::string& name) const {
    auto i = samples.find(name);
    return i == samples.end() ? -1.0 : i->second;
  }

private:
  static bool is_name(const std::string& text) {
    return !text.empty() &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == text.npos;
  }

  // Nothing, or {name="value",…} with values that need no escapes.
  static bool is_label_set(std::string text) {
    if (text.empty())
      return true;
    if (!text.ends_with("\"}"))
      return false;
    text = text.substr(1, text.size() - 2) + ",";
    while (!text.empty()) {
      auto equals = text.find("=\"");
      auto end = equals == text.npos ? equals : text.find("\",", equals + 2);
      if (end == text.npos || !is_name(text.substr(0, equals)))
        return false;
      text.erase(0, end + 2);
    }
    return true;
  }

  static bool is_number(const std::string& text, double& out) {
    size_t used = 0;
    try {
      out = std::stod(text, &used);
    } catch (const std::exception&) {
      return false;
    }
    return used == text.size();
  }

  void complain(const std::string& what) { complaints.push_back(what); }

  void begin(const std::string& rest) {
    family_ = rest.substr(0, rest.find(' '));
    type_.clear();
    if (rest.size() < family_.size() + 2)
      complain(family_ + " has no help");
    if (!families_.insert(family_).second)
      complain(family_ + " appears twice");
    if (!family_.starts_with("eventpulse_") && !family_.starts_with("process_"))
      complain(family_ + " is not ours");
  }

  void type(const std::string& rest) {
    if (rest.substr(0, rest.find(' ')) != family_)
      complain("TYPE without HELP: " + rest);
    type_ = rest.substr(rest.find(' ') + 1);
    if ((type_ == "counter") != family_.ends_with("_total"))
      complain(family_ + " is a " + type_);
    if (type_ != "counter" && type_ != "gauge" && type_ != "histogram")
      complain(family_ + " has type " + type_);
  }

  void sample(const std::string& line) {
    auto space = line.rfind(' ');
    auto series = line.substr(0, space);
    auto name = series.substr(0, series.find('{'));
    auto labels = series.substr(name.size());
    double value = 0;
    if (space == line.npos || !is_name(name) || !is_label_set(labels) ||
        !is_number(line.substr(space + 1), value)) {
      complain("not a sample: " + line);
      return;
    }
    bool fits = type_ == "histogram"
                    ? name == family_ + "_bucket" || name == family_ + "_sum" ||
                          name == family_ + "_count"
                    : name == family_;
    if (!fits)
      complain(line + " stands under " + family_);
    if (!samples.emplace(series, value).second)
      complain("twice: " + line);
  }

  std::string family_;
  std::string type_;
  std::set<std::string> families_;
};

exposition scrape(const metrics& m) {
  exposition out{m.scrape()};
  for (const auto& complaint : out.complaints)
    CAF_ERROR(complaint);
  return out;
}

} // namespace

CAF_TEST(what_breaks_the_format_is_noticed) {
  std::string head = "# HELP process_a Help\n# TYPE process_a gauge\n";
  CAF_CHECK(
      exposition{head + "process_a{b=\"c\",d=\"e\"} 1\n"}.complaints.empty());
  for (std::string bad :
       {"process_a 1", "process_a x\n", "process_b 1\n", "process_a{b} 1\n",
        "process_a{b=\"c\" 1\n", "process_a 1\nprocess_a 2\n", "\n",
        "# HELP process_a Again\n# TYPE process_a gauge\n",
        "# HELP process_c Help\n# TYPE process_c counter\n",
        "# HELP process_d \n", "# HELP other Help\n"}) {
    CAF_MESSAGE(bad);
    CAF_CHECK(!exposition{head + bad}.complaints.empty());
  }
}

CAF_TEST(everything_known_is_shown_with_zero_at_the_start) {
  metrics m{{.version = "1.2.3", .role = "worker", .partitions = 2}};
  auto e = scrape(m);
  for (std::string name : {
           R"(eventpulse_intake_requests_total{code="202"})",
           R"(eventpulse_intake_requests_total{code="503"})",
           R"(eventpulse_intake_events_total{outcome="accepted"})",
           R"(eventpulse_intake_events_total{outcome="duplicate"})",
           R"(eventpulse_intake_events_total{outcome="invalid"})",
           R"(eventpulse_intake_events_total{outcome="refused"})",
           "eventpulse_intake_request_seconds_count",
           "eventpulse_intake_bytes_total",
           "eventpulse_intake_connections",
           R"(eventpulse_stream_entries{partition="0"})",
           R"(eventpulse_stream_lag_entries{partition="1"})",
           R"(eventpulse_stream_lag_seconds{partition="0"})",
           R"(eventpulse_stream_pending_entries{partition="0"})",
           R"(eventpulse_stream_reclaimed_total{partition="0"})",
           "eventpulse_persistence_rows_total",
           "eventpulse_persistence_duplicates_total",
           "eventpulse_persistence_batch_rows_count",
           "eventpulse_persistence_commit_seconds_count",
           "eventpulse_persistence_retries_total",
           "eventpulse_persistence_dead_letters_total",
           R"(eventpulse_trace_spans_total{outcome="exported"})",
           R"(eventpulse_trace_spans_total{outcome="rejected"})",
           R"(eventpulse_trace_spans_total{outcome="dropped"})",
           "eventpulse_delivery_seconds_count",
           "eventpulse_delivery_queue",
           "eventpulse_event_to_persist_seconds_count",
           "eventpulse_event_to_alert_seconds_count",
           "eventpulse_alert_to_delivery_seconds_count",
       }) {
    CAF_MESSAGE(name);
    CAF_CHECK_EQUAL(e.at(name), 0.0);
  }
  CAF_CHECK_EQUAL(
      e.at(R"(eventpulse_build_info{role="worker",version="1.2.3"})") +
          e.at(R"(eventpulse_build_info{version="1.2.3",role="worker"})"),
      0.0); // one of the two orders is there with 1, the other not with -1
}

CAF_TEST(the_process_shows_itself) {
  metrics m;
  auto e = scrape(m);
  for (std::string name :
       {"process_resident_memory_bytes", "process_virtual_memory_bytes",
        "process_open_fds", "process_max_fds", "process_threads"}) {
    CAF_MESSAGE(name);
    CAF_CHECK(e.at(name) > 0);
  }
  CAF_CHECK(e.at("process_cpu_seconds_total") >= 0);
  auto now = static_cast<double>(::time(nullptr));
  CAF_CHECK(e.at("process_start_time_seconds") > now - 3600);
  CAF_CHECK(e.at("process_start_time_seconds") < now + 5);
}

CAF_TEST(areas_count_into_their_series) {
  metrics m;
  m.intake().events_accepted.Increment(3);
  m.intake().request_seconds.Observe(0.003);
  m.intake_requests(202).Increment();
  m.stream(0).lag_entries.Set(7);
  m.persistence().batch_rows.Observe(1000);
  auto e = scrape(m);
  CAF_CHECK_EQUAL(e.at(R"(eventpulse_intake_events_total{outcome="accepted"})"),
                  3.0);
  CAF_CHECK_EQUAL(
      e.at(R"(eventpulse_intake_request_seconds_bucket{le="0.005"})"), 1.0);
  CAF_CHECK_EQUAL(
      e.at(R"(eventpulse_intake_request_seconds_bucket{le="0.0025"})"), 0.0);
  CAF_CHECK_EQUAL(
      e.at(R"(eventpulse_intake_request_seconds_bucket{le="+Inf"})"), 1.0);
  CAF_CHECK_EQUAL(e.at(R"(eventpulse_intake_requests_total{code="202"})"), 1.0);
  CAF_CHECK_EQUAL(e.at(R"(eventpulse_stream_lag_entries{partition="0"})"), 7.0);
  CAF_CHECK_EQUAL(
      e.at(R"(eventpulse_persistence_batch_rows_bucket{le="1000"})"), 1.0);
}

CAF_TEST(a_status_that_is_none_counts_as_500) {
  metrics m;
  for (unsigned status : {0u, 99u, 600u, 4'000'000'000u})
    m.intake_requests(status).Increment();
  m.intake_requests(599).Increment();
  m.intake_requests(100).Increment();
  auto e = scrape(m);
  CAF_CHECK_EQUAL(e.at(R"(eventpulse_intake_requests_total{code="500"})"), 4.0);
  CAF_CHECK_EQUAL(e.at(R"(eventpulse_intake_requests_total{code="599"})"), 1.0);
  CAF_CHECK_EQUAL(e.at(R"(eventpulse_intake_requests_total{code="100"})"), 1.0);
}

CAF_TEST(partitions_are_bounded) {
  metrics m;
  m.stream(1023).entries.Set(1);
  m.stream(1024).entries.Set(2);
  m.stream(4'000'000'000).entries.Set(3);
  auto e = scrape(m);
  CAF_CHECK_EQUAL(e.at(R"(eventpulse_stream_entries{partition="1023"})"), 1.0);
  CAF_CHECK_EQUAL(e.at(R"(eventpulse_stream_entries{partition="_other"})"),
                  3.0);
}

// --- rules -------------------------------------------------------------------

CAF_TEST(a_rule_counts_while_somebody_holds_it_and_until_removed) {
  metrics m;
  const std::string name = R"(eventpulse_rule_evaluations_total{rule="r"})";
  {
    auto first = m.rule("r");
    first.evaluations(2);
    first.matches(1);
    first.errors(1);
    first.alert_opened(severity::critical);
    first.set_lag(std::chrono::milliseconds{1500});
    auto e = scrape(m);
    CAF_CHECK_EQUAL(e.at(name), 2.0);
    CAF_CHECK_EQUAL(e.at(R"(eventpulse_rule_lag_seconds{rule="r"})"), 1.5);
  }
  auto second = m.rule("r"); // the restarted evaluator
  second.evaluations(1);
  CAF_CHECK_EQUAL(scrape(m).at(name), 3.0);
  m.remove_rule("r");
  CAF_CHECK_EQUAL(scrape(m).at(name), 3.0);
  second = {};
  auto e = scrape(m);
  for (const auto& [series, value] : e.samples)
    CAF_CHECK(series.find(R"(rule="r")") == std::string::npos);
}

CAF_TEST(a_removed_rule_that_comes_back_starts_anew) {
  metrics m;
  m.rule("r").evaluations(5);
  m.remove_rule("r");
  m.remove_rule("r");
  m.remove_rule("never there");
  auto again = m.rule("r");
  again.evaluations(1);
  CAF_CHECK_EQUAL(
      scrape(m).at(R"(eventpulse_rule_evaluations_total{rule="r"})"), 1.0);
}

CAF_TEST(a_rule_taken_again_while_it_is_being_removed_stays) {
  metrics m;
  auto old = m.rule("r");
  m.remove_rule("r");
  auto again = m.rule("r");
  old = {};
  again.evaluations(1);
  CAF_CHECK_EQUAL(
      scrape(m).at(R"(eventpulse_rule_evaluations_total{rule="r"})"), 1.0);
}

CAF_TEST(rules_over_the_bound_share_one_series) {
  metrics m{{.rules_labelled_max = 2}};
  auto a = m.rule("a");
  auto b = m.rule("b");
  auto c = m.rule("c");
  auto d = m.rule("d");
  c.evaluations(1);
  d.evaluations(2);
  c.set_groups(10);
  d.set_groups(5);
  c.set_lag(std::chrono::seconds{9});
  auto e = scrape(m);
  CAF_CHECK_EQUAL(e.at(R"(eventpulse_rule_evaluations_total{rule="_other"})"),
                  3.0);
  CAF_CHECK_EQUAL(e.at(R"(eventpulse_rule_groups{rule="_other"})"), 15.0);
  CAF_CHECK_EQUAL(e.at(R"(eventpulse_rule_lag_seconds{rule="_other"})"), -1.0);
  c = {};
  CAF_CHECK_EQUAL(scrape(m).at(R"(eventpulse_rule_groups{rule="_other"})"),
                  5.0);
  // A place that was given back is taken by the next.
  a = {};
  m.remove_rule("a");
  auto f = m.rule("f");
  CAF_CHECK_EQUAL(scrape(m).at(R"(eventpulse_rule_groups{rule="f"})"), 0.0);
}

CAF_TEST(labels_that_would_break_the_format_are_not_used) {
  metrics m;
  auto a = m.rule("_other");
  auto b = m.rule("\xff");
  auto c = m.rule(std::string(129, 'x'));
  auto d = m.rule(std::string(128, 'y'));
  for (auto* rule : {&a, &b, &c, &d})
    rule->evaluations(1);
  m.remove_rule("_other");
  auto e = scrape(m);
  CAF_CHECK_EQUAL(e.at(R"(eventpulse_rule_evaluations_total{rule="_other"})"),
                  3.0);
  auto quoted = m.rule("a\"b\\c\nd");
  CAF_CHECK(m.scrape().find(R"({rule="a\"b\\c\nd"})") != std::string::npos);
}

CAF_TEST(an_empty_handle_counts_nothing) {
  rule_metrics rule;
  rule.evaluations(1);
  rule.alert_opened(severity::info);
  rule.set_groups(3);
  channel_metrics channel;
  channel.attempt(delivery_outcome::failed);
  channel.set_circuit_open(true);
}

// --- channels ----------------------------------------------------------------

CAF_TEST(channels_count_outcomes_and_show_their_circuit) {
  metrics m{{.channels_labelled_max = 1}};
  auto a = m.channel("a");
  a.attempt(delivery_outcome::delivered);
  a.attempt(delivery_outcome::retried);
  a.attempt(delivery_outcome::failed);
  a.attempt(delivery_outcome::refused);
  a.set_circuit_open(true);
  a.set_circuit_open(true);
  auto b = m.channel("b");
  auto c = m.channel("c");
  b.set_circuit_open(true);
  c.set_circuit_open(true);
  auto e = scrape(m);
  for (std::string outcome : {"delivered", "retried", "failed", "refused"}) {
    auto name = R"(eventpulse_deliveries_total{channel="a",outcome=")" +
                outcome + R"("})";
    auto turned = R"(eventpulse_deliveries_total{outcome=")" + outcome +
                  R"(",channel="a"})";
    double count = std::max(e.at(name), e.at(turned));
    CAF_CHECK_EQUAL(count, 1.0);
  }
  CAF_CHECK_EQUAL(e.at(R"(eventpulse_delivery_circuit_open{channel="a"})"),
                  1.0);
  CAF_CHECK_EQUAL(e.at(R"(eventpulse_delivery_circuit_open{channel="_other"})"),
                  2.0);
  m.remove_channel("a");
  a = {};
  CAF_CHECK_EQUAL(
      scrape(m).at(R"(eventpulse_delivery_circuit_open{channel="a"})"), -1.0);
}

// --- actors ------------------------------------------------------------------

CAF_TEST(kinds_of_actors_are_bounded) {
  metrics m;
  for (int i = 0; i < 100; ++i)
    m.actor_restarts("kind" + std::to_string(i)).Increment();
  auto e = scrape(m);
  const std::string name = "eventpulse_actor_restarts_total";
  CAF_CHECK_EQUAL(e.at(name + R"({kind="kind63"})"), 1.0);
  CAF_CHECK_EQUAL(e.at(name + R"({kind="kind64"})"), -1.0);
  CAF_CHECK_EQUAL(e.at(name + R"({kind="_other"})"), 36.0);
}

CAF_TEST(counting_is_thread_safe_also_while_scraped) {
  metrics m;
  constexpr int threads = 3;
  constexpr int times = 2000;
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t)
    all.emplace_back([&m, t] {
      auto actor = m.actors().open("worker", static_cast<uint64_t>(t + 1), 0);
      for (int i = 0; i < times; ++i) {
        actor->queued();
        actor->begin();
        actor->end();
        auto id = "r" + std::to_string(i % 7);
        m.rule(id).evaluations(1);
        m.intake_requests(200 + static_cast<unsigned>(i) % 50).Increment();
        if (i % 11 == t)
          m.remove_rule(id);
      }
    });
  for (int i = 0; i < 20; ++i)
    CAF_CHECK(!m.scrape().empty());
  for (auto& t : all)
    t.join();
  CAF_CHECK_EQUAL(
      scrape(m).at(R"(eventpulse_actor_messages_total{kind="worker"})"),
      threads * times);
}
