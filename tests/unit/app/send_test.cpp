#define CAF_SUITE app_send
#include <caf/test/unit_test.hpp>

#include "runtime/app/send.hpp"
#include "runtime/app/send_journal.hpp"
#include "tests/unit/app/scratch.hpp"

#include <zlib.h>

#include <sys/stat.h>
#include <unistd.h>

#include <fcntl.h>

#include <deque>
#include <fstream>

using namespace eventpulse;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

std::string gzipped(const std::string& text) {
  z_stream z{};
  deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, text.size()), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

std::string numbered_lines(int count) {
  std::string out;
  for (int i = 1; i <= count; ++i)
    out += "{\"n\":" + std::to_string(i) + "}\n";
  return out;
}

block_answer accepted(const line_block& block) {
  return {202, "",
          "{\"accepted\":" + std::to_string(block.lines) +
              ",\"rejected\":0,\"results\":[]}"};
}

/// A server of answers made up beforehand, and a clock that waiting moves.
struct fixture {
  scratch dir;
  std::vector<std::string> posted;          // key and text
  std::deque<result<block_answer>> answers; // before the ordinary ones
  std::vector<int64_t> waits;
  std::vector<std::pair<uint64_t, std::string>> rejected;
  int64_t now_ms = 1'000'000;
  bool stopping = false;

  std::string file(const std::string& text, const std::string& name = "f") {
    const auto path = (dir.path / name).string();
    std::ofstream{path, std::ios::binary} << text;
    return path;
  }

  static line_source open(const std::string& path, size_t lines_max) {
    line_limits limits;
    limits.lines_max = lines_max;
    auto made = line_source::open(path, limits);
    CAF_REQUIRE(made.ok());
    return std::move(*made);
  }

  send_setup setup() {
    send_setup out;
    out.session = "s";
    out.patience = 60s;
    out.post = [this](const line_block& block,
                      const std::string& key) -> result<block_answer> {
      posted.push_back(key + ' ' + block.text);
      if (answers.empty())
        return accepted(block);
      auto next = answers.front();
      answers.pop_front();
      return next;
    };
    out.wait = [this](std::chrono::milliseconds ms) {
      waits.push_back(ms.count());
      now_ms += ms.count();
    };
    out.now_ms = [this] { return now_ms; };
    out.chance = [] { return 0.0; };
    out.stopping = [this] { return stopping; };
    out.rejected = [this](uint64_t line, const json::object& problem) {
      rejected.emplace_back(line, problem.at("detail").as_string());
    };
    out.waiting = [](const failure&, std::chrono::milliseconds) {};
    out.decided = [](const send_totals&) { return result<void>{}; };
    return out;
  }

  send_outcome send(const std::string& path, size_t lines_max = 10) {
    auto source = open(path, lines_max);
    return send_lines(source, setup());
  }
};

std::string all_of(line_source& source, std::vector<uint64_t>* firsts = {}) {
  std::string out;
  for (;;) {
    auto block = source.next();
    CAF_REQUIRE(block.ok());
    if (!*block)
      return out;
    out += (**block).text;
    if (firsts)
      firsts->push_back((**block).first_line);
  }
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(send_tests, fixture)

// --- line_source -------------------------------------------------------------

CAF_TEST(lines come in blocks that know where they begin) {
  auto source = open(file(numbered_lines(25)), 10);
  std::vector<uint64_t> firsts;
  CAF_CHECK_EQUAL(all_of(source, &firsts), numbered_lines(25));
  CAF_CHECK_EQUAL(firsts, (std::vector<uint64_t>{1, 11, 21}));
  CAF_CHECK_EQUAL(source.bytes_read(), *source.bytes_total());
}

CAF_TEST(a block ends by bytes too and a last line needs no end) {
  line_limits limits;
  limits.bytes_max = 4;
  auto source = line_source::open(file("ab\ncdefgh\ni"), limits);
  CAF_REQUIRE(source.ok());
  std::vector<uint64_t> firsts;
  CAF_CHECK_EQUAL(all_of(*source, &firsts), "ab\ncdefgh\ni\n");
  CAF_CHECK_EQUAL(firsts, (std::vector<uint64_t>{1, 3}));
}

CAF_TEST(an empty file has no block and one byte is a line) {
  auto nothing = open(file(""), 10);
  CAF_CHECK_EQUAL(all_of(nothing), "");
  auto one = open(file("x"), 10);
  CAF_CHECK_EQUAL(all_of(one), "x\n");
}

CAF_TEST(gzip is recognised and may have several members) {
  const auto text = numbered_lines(50'000);
  auto source = open(
      file(gzipped(text.substr(0, 1000)) + gzipped(text.substr(1000))), 1000);
  CAF_CHECK(all_of(source) == text);
  // Far beyond what a server would unpack: this is the user's own file.
  const std::string same(4 << 20, '\n');
  auto dense = open(file(gzipped(same)), 1000);
  CAF_CHECK(all_of(dense) == same);
}

CAF_TEST(gzip that is cut or wrong is refused) {
  auto cut = gzipped(numbered_lines(1000));
  cut.resize(cut.size() / 2);
  auto source = open(file(cut), 1'000'000);
  auto block = source.next();
  CAF_REQUIRE(!block.ok());
  CAF_CHECK_EQUAL(block.error().code, errc::malformed);
}

CAF_TEST(a line that no server takes is refused with its number) {
  line_limits limits;
  limits.line_bytes_max = 1000;
  auto source =
      line_source::open(file("a\n" + std::string(400'000, 'x')), limits);
  CAF_REQUIRE(source.ok());
  auto before = source->next();
  CAF_REQUIRE(before.ok() && *before);
  CAF_CHECK_EQUAL((**before).text, "a\n");
  auto block = source->next();
  CAF_REQUIRE(!block.ok());
  CAF_CHECK_EQUAL(block.error().code, errc::too_large);
  CAF_CHECK(block.error().detail.find(":2: ") != std::string::npos);
}

CAF_TEST(skipping leads to the line and not past the end) {
  auto source = open(file(numbered_lines(25)), 10);
  CAF_CHECK(source.skip_to(13).ok());
  auto block = source.next();
  CAF_REQUIRE(block.ok() && *block);
  CAF_CHECK_EQUAL((**block).first_line, 13u);
  CAF_CHECK((**block).text.starts_with("{\"n\":13}\n"));
  auto shorter = open(file(numbered_lines(3)), 10);
  CAF_CHECK(shorter.skip_to(4).ok());
  CAF_CHECK(!shorter.skip_to(5).ok());
}

CAF_TEST(from a pipe lines do not wait for others) {
  const auto path = (dir.path / "pipe").string();
  CAF_REQUIRE_EQUAL(mkfifo(path.c_str(), 0600), 0);
  const int writer = ::open(path.c_str(), O_RDWR); // does not wait for a reader
  auto source = open(path, 1000);
  const std::string sent = "one\ntwo\nthr";
  CAF_REQUIRE_EQUAL(::write(writer, sent.data(), sent.size()),
                    static_cast<ssize_t>(sent.size()));
  auto block = source.next(); // would hang if it waited for the third
  CAF_REQUIRE(block.ok() && *block);
  CAF_CHECK_EQUAL((**block).text, "one\ntwo\n");
  ::close(writer);
  CAF_CHECK_EQUAL(all_of(source), "thr\n");
}

CAF_TEST(what cannot be read is told) {
  auto none = line_source::open((dir.path / "none").string());
  CAF_REQUIRE(!none.ok());
  CAF_CHECK_EQUAL(none.error().code, errc::not_found);
  auto directory = line_source::open(dir.path.string());
  CAF_REQUIRE(directory.ok());
  CAF_CHECK(!directory->next().ok());
}

// --- send_lines --------------------------------------------------------------

CAF_TEST(every block goes under a key of its own first line) {
  const auto out = send(file(numbered_lines(15)));
  CAF_CHECK(!out.why);
  CAF_CHECK_EQUAL(out.totals.accepted, 15u);
  CAF_CHECK_EQUAL(out.totals.lines, 15u);
  CAF_REQUIRE_EQUAL(posted.size(), 2u);
  CAF_CHECK(posted[0].starts_with("s/1 {\"n\":1}\n"));
  CAF_CHECK(posted[1].starts_with("s/11 {\"n\":11}\n"));
}

CAF_TEST(what was not answered is sent again the same) {
  answers = {failure{errc::outcome_unknown, "the connection was lost"},
             failure{errc::unavailable, "cannot connect"},
             block_answer{503, "", "{}"}};
  const auto out = send(file(numbered_lines(3)));
  CAF_CHECK(!out.why);
  CAF_CHECK_EQUAL(out.totals.accepted, 3u);
  CAF_REQUIRE_EQUAL(posted.size(), 4u);
  for (const auto& p : posted)
    CAF_CHECK_EQUAL(p, posted[0]);
  CAF_CHECK_EQUAL(waits, (std::vector<int64_t>{500, 1000, 2000}));
}

CAF_TEST(it waits as long as the server asks) {
  answers = {block_answer{429, "7", "{}"}, block_answer{503, "1", "{}"},
             block_answer{503, "Thu, 01 Jan 1970 00:16:58 GMT", "{}"}};
  const auto out = send(file(numbered_lines(1)));
  CAF_CHECK(!out.why);
  CAF_CHECK_EQUAL(waits, (std::vector<int64_t>{7000, 1000, 10'000}));
}

CAF_TEST(its patience ends) {
  for (int i = 0; i < 100; ++i)
    answers.push_back(block_answer{503, "", R"({"title":"away"})"});
  const auto out = send(file(numbered_lines(1)));
  CAF_REQUIRE(out.why);
  CAF_CHECK_EQUAL(out.why->code, errc::unavailable);
  CAF_CHECK_EQUAL(out.why->detail, "away (503)");
  CAF_CHECK(now_ms <= 1'060'000);
  CAF_CHECK(posted.size() > 5);
}

CAF_TEST(it does not wait longer than its patience when asked to) {
  answers = {block_answer{503, "3600", "{}"}};
  CAF_CHECK(send(file(numbered_lines(1))).why);
  CAF_CHECK(waits.empty());
}

CAF_TEST(patience begins anew with every block) {
  for (int i = 0; i < 5; ++i) {
    for (int k = 0; k < 6; ++k)
      answers.push_back(block_answer{503, "", "{}"});
    answers.push_back(
        block_answer{202, "", R"({"accepted":1,"rejected":0,"results":[]})"});
  }
  const auto out = send(file(numbered_lines(5)), 1);
  CAF_CHECK(!out.why);
  CAF_CHECK(now_ms > 1'060'000);
}

CAF_TEST(what cannot be mended is not tried again) {
  for (unsigned status : {400u, 401u, 403u, 404u, 413u, 415u, 500u}) {
    posted.clear();
    answers = {block_answer{status, "1", R"({"title":"no"})"}};
    const auto out = send(file(numbered_lines(20)));
    CAF_REQUIRE(out.why);
    CAF_CHECK_EQUAL(posted.size(), 1u);
    CAF_CHECK_EQUAL(out.totals.lines, 0u);
  }
}

CAF_TEST(rejected lines are told by their number in the file) {
  const auto rejection = [](int index) {
    return "{\"index\":" + std::to_string(index) +
           R"(,"problem":{"detail":"bad"}})";
  };
  answers = {block_answer{202, "",
                          R"({"accepted":9,"rejected":1,"results":[)" +
                              rejection(4) + "]}"},
             block_answer{422, "",
                          R"({"accepted":0,"rejected":2,"results":[)" +
                              rejection(1) + "," + rejection(2) + "]}"}};
  const auto out = send(file(numbered_lines(12)));
  CAF_CHECK(!out.why);
  CAF_CHECK_EQUAL(out.totals.accepted, 9u);
  CAF_CHECK_EQUAL(out.totals.rejected, 3u);
  CAF_REQUIRE_EQUAL(rejected.size(), 3u);
  CAF_CHECK_EQUAL(rejected[0].first, 4u);
  CAF_CHECK_EQUAL(rejected[1].first, 11u);
  CAF_CHECK_EQUAL(rejected[2].first, 12u);
}

CAF_TEST(an answer that decides nothing is no success) {
  answers = {block_answer{202, "", "hello"}};
  const auto out = send(file(numbered_lines(1)));
  CAF_REQUIRE(out.why);
  CAF_CHECK_EQUAL(out.totals.lines, 0u);
}

CAF_TEST(asked to stop it stops between blocks) {
  auto source = open(file(numbered_lines(30)), 10);
  auto s = setup();
  s.decided = [this](const send_totals& t) {
    stopping = t.lines == 20;
    return result<void>{};
  };
  const auto out = send_lines(source, s);
  CAF_REQUIRE(out.why);
  CAF_CHECK_EQUAL(out.why->code, errc::shutting_down);
  CAF_CHECK_EQUAL(out.totals.lines, 20u);
}

// --- send_journal ------------------------------------------------------------

CAF_TEST(a journal goes on where a send was cut off) {
  const auto path = file(numbered_lines(30));
  const auto kept = (dir.path / "journal").string();
  {
    auto journal = send_journal::open(kept, "first");
    CAF_REQUIRE(journal.ok());
    CAF_CHECK_EQUAL(journal->of(path).lines, 0u);
    CAF_REQUIRE(journal->note(path, {18, 2, 20}).ok());
  }
  auto journal = send_journal::open(kept, "second");
  CAF_REQUIRE(journal.ok());
  CAF_CHECK_EQUAL(journal->session(), "first");
  const auto before = journal->of(path);
  CAF_CHECK_EQUAL(before.lines, 20u);
  auto source = open(path, 10);
  CAF_REQUIRE(source.skip_to(before.lines + 1).ok());
  const auto out = send_lines(source, setup(), before);
  CAF_CHECK_EQUAL(out.totals.accepted, 28u);
  CAF_CHECK_EQUAL(out.totals.rejected, 2u);
  CAF_REQUIRE_EQUAL(posted.size(), 1u);
  CAF_CHECK(posted[0].starts_with("s/21 "));
}

CAF_TEST(what is no journal is not overwritten) {
  const auto path = file("my notes", "notes");
  const auto opened = send_journal::open(path, "s");
  CAF_REQUIRE(!opened.ok());
  CAF_CHECK_EQUAL(opened.error().code, errc::invalid);
}

CAF_TEST_FIXTURE_SCOPE_END()
