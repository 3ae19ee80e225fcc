#define CAF_SUITE telemetry_log
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/utf8.hpp"
#include "runtime/telemetry/log.hpp"

#include <boost/json.hpp>

#include <array>
#include <cmath>
#include <fcntl.h>
#include <limits>
#include <set>
#include <thread>
#include <unistd.h>

using namespace eventpulse;

namespace {

struct fixture {
  std::shared_ptr<memory_sink> sink = std::make_shared<memory_sink>();
  logger text{sink, log_level::debug, log_format::logfmt};
  logger json{sink, log_level::debug, log_format::json};

  std::string last() {
    auto lines = sink->lines();
    CAF_REQUIRE(!lines.empty());
    return lines.back();
  }

  // The line without what every line has.
  std::string facts() {
    auto line = last();
    std::string head = "ts=1970-01-01T00:00:00.000Z level=info event=e";
    CAF_REQUIRE(line.starts_with(head));
    return line.substr(std::min(line.size(), head.size() + 1));
  }

  std::string shown(std::string_view value) {
    text.info("e", {{"v", value}});
    return facts();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(telemetry_log_tests, fixture)

CAF_TEST(a_line_names_time_level_and_event_before_its_facts) {
  sink->set_now_ms(1767323045678);
  text.info("batch_committed", {{"rows", 12}, {"lease", "p0"}});
  CAF_CHECK_EQUAL(last(), "ts=2026-01-02T03:04:05.678Z level=info "
                          "event=batch_committed rows=12 lease=p0");
  json.warn("batch_committed", {{"rows", 12}, {"lease", "p0"}});
  CAF_CHECK_EQUAL(last(), R"({"ts":"2026-01-02T03:04:05.678Z",)"
                          R"("level":"warn","event":"batch_committed",)"
                          R"("rows":12,"lease":"p0"})");
}

CAF_TEST(every_kind_of_value_is_written_as_what_it_is) {
  std::string owned = "owned";
  text.info("e", {{"a", true},
                  {"b", -7},
                  {"c", std::numeric_limits<uint64_t>::max()},
                  {"d", 0.25},
                  {"e", owned},
                  {"f", std::string_view{"view"}},
                  {"g", std::chrono::milliseconds{1500}}});
  CAF_CHECK_EQUAL(facts(), "a=true b=-7 c=18446744073709551615 d=0.25 e=owned "
                           "f=view g=1.5");
}

CAF_TEST(numbers_that_json_does_not_have_are_strings) {
  json.info("e", {{"v", std::nan("")}, {"w", INFINITY}});
  auto line = boost::json::parse(last());
  CAF_CHECK_EQUAL(line.at("v").as_string(), "nan");
  CAF_CHECK_EQUAL(line.at("w").as_string(), "inf");
}

CAF_TEST(levels_below_the_least_are_silent) {
  logger quiet{sink, log_level::warn, log_format::logfmt};
  quiet.debug("e");
  quiet.info("e");
  CAF_CHECK_EQUAL(sink->lines().size(), 0u);
  quiet.warn("e");
  quiet.error("e");
  CAF_CHECK_EQUAL(sink->lines().size(), 2u);
  CAF_CHECK(!quiet.is_on(log_level::info));
  CAF_CHECK(quiet.is_on(log_level::warn));
}

CAF_TEST(a_logger_without_a_sink_does_nothing) {
  logger none;
  none.with({{"a", 1}}).error("e", {{"b", 2}});
  CAF_CHECK(!none.is_on(log_level::error));
}

CAF_TEST(text_is_quoted_only_where_logfmt_needs_it) {
  CAF_CHECK_EQUAL(shown("plain/1.0:é"), "v=plain/1.0:é");
  CAF_CHECK_EQUAL(shown(""), R"(v="")");
  CAF_CHECK_EQUAL(shown("two words"), R"(v="two words")");
  CAF_CHECK_EQUAL(shown("a=b"), R"(v="a=b")");
  CAF_CHECK_EQUAL(shown(R"(say "x\y")"), R"(v="say \"x\\y\"")");
}

CAF_TEST(control_characters_cannot_forge_lines_or_reach_a_terminal) {
  CAF_CHECK_EQUAL(shown("a\nts=2026 level=error"),
                  R"(v="a\nts=2026 level=error")");
  CAF_CHECK_EQUAL(shown("\x1b[31m\x07\r\t\x7f"),
                  R"(v="\u001b[31m\u0007\r\t\u007f")");
  CAF_CHECK_EQUAL(shown(std::string_view{"a\0b", 3}), R"(v="a\u0000b")");
  CAF_CHECK_EQUAL(shown("\xc2\x9b"), R"(v="\u009b")");     // C1: CSI
  CAF_CHECK_EQUAL(shown("\u202egnp"), R"(v="\u202egnp")"); // right to left
  CAF_CHECK_EQUAL(shown("\u2028"), R"(v="\u2028")");
}

CAF_TEST(ill_formed_utf8_is_replaced) {
  CAF_CHECK_EQUAL(shown("a\xff\xc3"), "v=\"a\xef\xbf\xbd\xef\xbf\xbd\"");
}

CAF_TEST(a_value_is_cut_at_its_bound_and_never_inside_a_character) {
  // "…" has three bytes.
  auto fits = std::string(log_value_bytes_max - 3, 'x');
  CAF_CHECK_EQUAL(shown(fits), "v=" + fits);
  CAF_CHECK_EQUAL(shown(fits + "y"), "v=" + fits + "…");
  std::string accents;
  for (int i = 0; i < 5000; ++i)
    accents += "é";
  auto line = shown(accents);
  CAF_CHECK(line.size() <= log_value_bytes_max + 2);
  CAF_CHECK(line.ends_with("é…"));
}

CAF_TEST(a_line_is_never_longer_than_its_bound) {
  std::string controls(2000, '\x01');
  for (const auto* log : {&text, &json}) {
    log->info("e", {{"a", controls},
                    {"b", controls},
                    {"c", controls},
                    {"d", controls},
                    {"small", 1}});
    CAF_CHECK(last().size() + 1 <= log_line_bytes_max);
    CAF_CHECK(last().find("small") != std::string::npos);
    CAF_CHECK(last().find("truncated") != std::string::npos);
  }
  CAF_CHECK(boost::json::parse(last()).at("truncated").as_bool());
}

CAF_TEST(keys_are_made_harmless) {
  text.info("e", {{"a b=\n", 1}, {"", 2}, {"level", 3}});
  CAF_CHECK_EQUAL(facts(), "a_b__=1 _=2 level_=3");
  text.info("e", {{std::string(100, 'k'), 1}});
  CAF_CHECK_EQUAL(facts(), std::string(log_key_bytes_max - 1, 'k') + "=1");
}

CAF_TEST(context_is_on_every_line_and_later_facts_replace_earlier_ones) {
  auto log = text.with({{"part", "reader"}, {"lease", "p0"}});
  auto inner = log.with({{"lease", "p1"}, {"rows", 1}});
  inner.info("e", {{"rows", 2}});
  CAF_CHECK_EQUAL(facts(), "part=reader lease=p1 rows=2");
  log.info("e");
  CAF_CHECK_EQUAL(facts(), "part=reader lease=p0");
}

CAF_TEST(context_is_bounded) {
  auto log = text;
  for (size_t i = 0; i <= log_context_fields_max; ++i)
    log = log.with({{"k" + std::to_string(i), i}});
  log.info("e");
  CAF_CHECK(facts().ends_with("k31=31"));
}

CAF_TEST(trace_ids_are_fields) {
  auto log = text.with_trace(
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  log.info("e");
  CAF_CHECK_EQUAL(facts(), "trace_id=0af7651916cd43dd8448eb211c80319c "
                           "span_id=b7ad6b7169203331");
}

CAF_TEST(what_is_no_traceparent_adds_nothing) {
  for (std::string_view bad :
       {"", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01"}) {
    text.with_trace(bad).info("e");
    CAF_CHECK_EQUAL(facts(), "");
  }
}

CAF_TEST(a_field_named_like_a_secret_never_shows_its_value) {
  text.info("e", {{"admin_key", "ep_1"},
                  {"DB_PASSWORD", "x"},
                  {"secret_count", 5},
                  {"Authorization", std::string{"Bearer x"}}});
  CAF_CHECK_EQUAL(facts(), "admin_key=*** DB_PASSWORD=*** secret_count=*** "
                           "Authorization=***");
}

CAF_TEST(secrets_inside_texts_are_masked) {
  CAF_CHECK_EQUAL(shown("postgres://ep:pw@db/ep"), "v=postgres://***@db/ep");
}

CAF_TEST(json_lines_are_json_whatever_is_logged) {
  std::string all;
  for (int c = 0; c < 256; ++c)
    all += static_cast<char>(c);
  json.info("odd \" event\n", {{all, all}, {"\"", "\\"}});
  auto line = boost::json::parse(last());
  CAF_CHECK(line.is_object());
  CAF_CHECK(is_utf8(last()));
}

CAF_TEST(lines_of_many_threads_never_mix) {
  std::array<int, 2> ends{};
  CAF_REQUIRE_EQUAL(::pipe(ends.data()), 0);
  constexpr int threads = 4;
  constexpr int lines_each = 500;
  std::string got;
  std::thread reader([&] {
    std::array<char, 65536> chunk;
    for (;;) {
      auto n = ::read(ends[0], chunk.data(), chunk.size());
      if (n <= 0)
        return;
      got.append(chunk.data(), static_cast<size_t>(n));
    }
  });
  {
    logger log{fd_sink(ends[1]), log_level::info, log_format::json};
    std::vector<std::thread> writers;
    for (int t = 0; t < threads; ++t)
      writers.emplace_back([t, log] {
        for (int i = 0; i < lines_each; ++i)
          log.info("e", {{"who", t * lines_each + i},
                         {"pad", std::string(200, 'x')}});
      });
    for (auto& w : writers)
      w.join();
  }
  ::close(ends[1]);
  reader.join();
  ::close(ends[0]);
  std::set<int64_t> seen;
  for (size_t from = 0, to = 0; (to = got.find('\n', from)) != got.npos;
       from = to + 1)
    seen.insert(
        boost::json::parse(got.substr(from, to - from)).at("who").as_int64());
  CAF_CHECK_EQUAL(seen.size(), static_cast<size_t>(threads * lines_each));
}

CAF_TEST(a_reader_that_stops_does_not_hold_up_the_writer) {
  std::array<int, 2> ends{};
  CAF_REQUIRE_EQUAL(::pipe2(ends.data(), O_NONBLOCK), 0);
  std::string page(4096, 'x');
  while (::write(ends[1], page.data(), page.size()) > 0) {
  }
  logger log{fd_sink(ends[1]), log_level::info, log_format::logfmt};
  auto before = std::chrono::steady_clock::now();
  log.info("lost");
  CAF_CHECK(std::chrono::steady_clock::now() - before <
            std::chrono::seconds{5});
  ::close(ends[0]);
  ::close(ends[1]);
}

CAF_TEST(levels_and_formats_are_read_by_their_names_only) {
  CAF_CHECK(parse_log_level("warn") == log_level::warn);
  CAF_CHECK(!parse_log_level("WARN"));
  CAF_CHECK(!parse_log_level(""));
  CAF_CHECK(parse_log_format("json") == log_format::json);
  CAF_CHECK(parse_log_format("logfmt") == log_format::logfmt);
  CAF_CHECK(!parse_log_format("xml"));
}

CAF_TEST_FIXTURE_SCOPE_END()
