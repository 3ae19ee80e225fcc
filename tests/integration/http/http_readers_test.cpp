// The readers of heads and bodies without sockets: the corpus message by
// message, every split of it, and every limit at n and n + 1.

#define CAF_SUITE http_readers

#include "runtime/adapters/http/request_body.hpp"
#include "runtime/adapters/http/request_head.hpp"
#include "tests/integration/http/corpus.hpp"

#include <caf/test/unit_test.hpp>

using namespace eventpulse;
using namespace eventpulse::http;

namespace {

struct read_message {
  request_head head;
  std::string body;
  http_headers trailers;
};

struct read_input {
  std::vector<read_message> messages;
  std::optional<violation> refusal;
  bool complete = true; // ends between two messages
};

/// Everything in `raw`, given in pieces of `step` octets.
read_input read_whole(std::string_view raw, size_t step) {
  read_input out;
  size_t at = 0;
  auto feed = [&](auto consume) {
    while (at < raw.size()) {
      const auto piece = raw.substr(at, step);
      const size_t used = consume(piece);
      at += used;
      if (used < piece.size() || used == 0)
        return;
    }
  };
  while (at < raw.size() && out.complete && !out.refusal) {
    head_reader heads{{}};
    feed([&](std::string_view piece) { return heads.consume(piece); });
    if (heads.now() == head_reader::state::more) {
      out.complete = !heads.begun();
      break;
    }
    if (heads.now() == head_reader::state::refused) {
      out.refusal = heads.refusal();
      break;
    }
    read_message next{heads.head(), {}, {}};
    body_limits limits;
    limits.bytes_max = 1 << 20;
    body_reader body{next.head, limits};
    if (body.now() == body_reader::state::more)
      feed([&](std::string_view piece) {
        return body.consume(piece, next.body, SIZE_MAX);
      });
    if (body.now() == body_reader::state::refused)
      out.refusal = body.refusal();
    out.complete = body.now() == body_reader::state::done;
    next.trailers = body.trailers();
    if (out.complete)
      out.messages.push_back(std::move(next));
  }
  return out;
}

std::string target_of(const corpus::message& message) {
  // Ours takes absolute targets apart; see the test of their parts.
  const size_t scheme = message.target.find("://");
  if (scheme == std::string::npos || message.target.front() == '/')
    return message.target;
  const size_t path = message.target.find_first_of("/?", scheme + 3);
  if (path == std::string::npos)
    return "/";
  const auto rest = message.target.substr(path);
  return rest.front() == '?' ? '/' + rest : rest;
}

bool same_message(const read_message& got, const corpus::message& want) {
  auto target = got.head.request.path;
  if (!got.head.request.query.empty())
    target += '?' + got.head.request.query;
  const auto version = got.head.minor == 0 ? "HTTP/1.0" : "HTTP/1.1";
  return got.head.request.method == want.method && target == target_of(want) &&
         version == want.version && got.body == want.body;
}

head_reader read_head(std::string_view raw, head_limits limits = {}) {
  head_reader out{limits};
  out.consume(raw);
  return out;
}

unsigned status_of(std::string_view raw, head_limits limits = {}) {
  auto reader = read_head(raw, limits);
  return reader.now() == head_reader::state::refused ? reader.refusal().status
                                                     : 0;
}

unsigned chunked_status(std::string_view raw, uint64_t bytes_max = 1 << 20) {
  request_head head;
  head.framing = body_framing::chunked;
  body_limits limits;
  limits.bytes_max = bytes_max;
  body_reader reader{head, limits};
  std::string out;
  reader.consume(raw, out, SIZE_MAX);
  return reader.now() == body_reader::state::refused ? reader.refusal().status
                                                     : 0;
}

} // namespace

CAF_TEST(the_corpus_is_read_as_it_says) {
  bool present = false;
  const auto cases = corpus::read("requests.jsonl", present);
  if (!present) {
    CAF_MESSAGE("skipped: no corpus");
    CAF_CHECK(!corpus::is_required());
    return;
  }
  CAF_CHECK_GREATER_OR_EQUAL(cases.size(), 100u);
  for (const auto& each : cases) {
    const auto got = read_whole(each.raw, SIZE_MAX);
    bool right = false;
    if (each.expect == "accept") {
      right = !got.refusal && got.complete &&
              got.messages.size() == each.messages.size();
      for (size_t i = 0; right && i < each.messages.size(); ++i)
        right =
            same_message(got.messages[i], each.messages[i]) &&
            got.messages[i].trailers.size() == each.messages[i].trailers.size();
    } else if (each.expect == "reject") {
      right = got.refusal && got.messages.size() <= each.well_formed_before;
    } else {
      right = !got.refusal && !got.complete;
    }
    if (!right)
      CAF_ERROR(each.name << ": "
                          << (got.refusal ? got.refusal->detail : "no refusal")
                          << ", messages " << got.messages.size());
  }
}

CAF_TEST(any_split_of_the_input_reads_the_same) {
  bool present = false;
  auto cases = corpus::read("requests.jsonl", present);
  auto soft = corpus::read("soft.jsonl", present);
  cases.insert(cases.end(), soft.begin(), soft.end());
  if (!present) {
    CAF_CHECK(!corpus::is_required());
    return;
  }
  for (const auto& each : cases) {
    const auto whole = read_whole(each.raw, SIZE_MAX);
    for (size_t step : {1u, 2u, 3u, 7u}) {
      const auto split = read_whole(each.raw, step);
      const bool same = split.refusal == whole.refusal &&
                        split.complete == whole.complete &&
                        split.messages.size() == whole.messages.size();
      if (!same)
        CAF_ERROR(each.name << " differs in steps of " << step);
    }
  }
}

CAF_TEST(the_head_is_taken_up_to_its_limit_and_refused_one_octet_above) {
  const std::string line = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  const size_t limit = 2048;
  const std::string fits =
      line + std::string(limit - line.size() - 4, 'x') + "\r\n\r\n";
  CAF_REQUIRE_EQUAL(fits.size(), limit);
  CAF_CHECK_EQUAL(status_of(fits, {limit, 100}), 0u);
  CAF_CHECK_EQUAL(status_of(fits, {limit - 1, 100}), 431u);
  const auto target = "GET /" + std::string(limit, 'x');
  CAF_CHECK_EQUAL(status_of(target, {limit, 100}), 414u);
}

CAF_TEST(as_many_fields_as_allowed_are_taken_and_one_more_is_refused) {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 1; i < 100; ++i)
    head += "X: y\r\n";
  CAF_CHECK_EQUAL(status_of(head + "\r\n"), 0u);
  CAF_CHECK_EQUAL(status_of(head + "X: y\r\n\r\n"), 431u);
}

CAF_TEST(what_two_readers_could_read_differently_is_refused) {
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  CAF_CHECK_EQUAL(status_of(post + "Content-Length: 5\r\n"
                                   "Transfer-Encoding: chunked\r\n\r\n"),
                  400u);
  CAF_CHECK_EQUAL(
      status_of(post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"), 400u);
  CAF_CHECK_EQUAL(status_of(post + "Content-Length: 5, 5\r\n\r\n"), 400u);
  CAF_CHECK_EQUAL(status_of(post + "Host: a\r\n\r\n"), 400u);
  CAF_CHECK_EQUAL(status_of("POST / HTTP/1.1\r\n\r\n"), 400u);
  CAF_CHECK_EQUAL(status_of("POST / HTTP/1.0\r\n"
                            "Transfer-Encoding: chunked\r\n\r\n"),
                  400u);
  CAF_CHECK_EQUAL(status_of(post + "X: a\r\n b\r\n\r\n"), 400u);
  CAF_CHECK_EQUAL(status_of(post + "X: a\nY: b\r\n\r\n"), 400u);
  CAF_CHECK_EQUAL(status_of(post + "X: a\rY: b\r\n\r\n"), 400u);
  CAF_CHECK_EQUAL(
      status_of(post + "Transfer-Encoding: chunked, chunked\r\n\r\n"), 400u);
}

CAF_TEST(a_bad_octet_is_refused_before_the_line_is_whole) {
  CAF_CHECK_EQUAL(status_of("\x16\x03\x01"), 400u);
  CAF_CHECK_EQUAL(status_of(std::string_view{"GET /\0", 6}), 400u);
  CAF_CHECK_EQUAL(status_of("GET /\n"), 400u);
}

CAF_TEST(statuses_are_those_of_the_rfc) {
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
  CAF_CHECK_EQUAL(status_of("GET / HTTP/2.0\r\n"), 505u);
  CAF_CHECK_EQUAL(status_of("PRI * HTTP/2.0\r\n\r\n"), 505u);
  CAF_CHECK_EQUAL(status_of(get + "Expect: 200-ok\r\n\r\n"), 417u);
  CAF_CHECK_EQUAL(status_of(get + "Transfer-Encoding: gzip, chunked\r\n\r\n"),
                  501u);
  CAF_CHECK_EQUAL(status_of("GET /a|b HTTP/1.1\r\n"), 400u);
  CAF_CHECK_EQUAL(status_of("GET /%zz HTTP/1.1\r\n"), 400u);
  CAF_CHECK_EQUAL(status_of("GET http://u@h/ HTTP/1.1\r\n"), 400u);
}

CAF_TEST(an_absolute_target_is_taken_apart_and_replaces_host) {
  auto reader = read_head(
      "GET http://b.example:81?q=1 HTTP/1.1\r\nHost: a.example\r\n\r\n");
  CAF_REQUIRE(reader.now() == head_reader::state::done);
  const auto& request = reader.head().request;
  CAF_CHECK_EQUAL(request.path, "/");
  CAF_CHECK_EQUAL(request.query, "q=1");
  CAF_CHECK_EQUAL(find_header(request, "host"), "b.example:81");
}

CAF_TEST(hosts_are_names_addresses_or_nothing) {
  auto host = [](const std::string& value) {
    return status_of("GET / HTTP/1.1\r\nHost: " + value + "\r\n\r\n");
  };
  for (const char* good : {"", "a.example", "a:80", "[::1]:8080", "127.0.0.1"})
    CAF_CHECK_EQUAL(host(good), 0u);
  for (const char* bad : {"a b", "a/b", "a@b", "[::1", "a:b", "[]", "a,b:1x"})
    CAF_CHECK_EQUAL(host(bad), 400u);
}

CAF_TEST(the_connection_stays_as_version_and_fields_say) {
  auto keep = [](std::string_view raw) {
    auto reader = read_head(raw);
    CAF_REQUIRE(reader.now() == head_reader::state::done);
    return reader.head().keep_alive;
  };
  CAF_CHECK(keep("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  CAF_CHECK(!keep("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n"));
  CAF_CHECK(!keep("GET / HTTP/1.0\r\n\r\n"));
  CAF_CHECK(keep("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

CAF_TEST(chunk_sizes_and_extensions_follow_their_grammar) {
  CAF_CHECK_EQUAL(chunked_status("5;a=b; c ;d=\"x\\\"y\"\r\nhello\r\n"), 0u);
  for (const char* bad :
       {"-1\r\n", "+1\r\n", "0x5\r\n", " 5\r\n", "5 \r\n", "5;\r\n", "g\r\n",
        "\r\n", "5;a=\r\n", "5;=b\r\n", "5;a=\"b\r\n", "5;a b\r\n", "5\n",
        "1\r\nab", "1\r\na\n", "1\r\na\rb"})
    CAF_CHECK_EQUAL(chunked_status(bad), 400u);
  CAF_CHECK_EQUAL(chunked_status("5;" + std::string(2000, 'a')), 400u);
}

CAF_TEST(chunked_bodies_are_taken_up_to_their_limit) {
  CAF_CHECK_EQUAL(chunked_status("5\r\nhello\r\n0\r\n\r\n", 5), 0u);
  CAF_CHECK_EQUAL(chunked_status("5\r\nhello\r\n1\r\n", 5), 413u);
  CAF_CHECK_EQUAL(chunked_status("ffffffffffffffff\r\n", 5), 413u);
  CAF_CHECK_EQUAL(chunked_status("fffffffffffffffff0\r\n", UINT64_MAX), 413u);
  CAF_CHECK_EQUAL(chunked_status("00000000000000000000005\r\n", 5), 0u);
}

CAF_TEST(trailers_are_bounded_and_kept_apart) {
  std::string body = "0\r\nX: y\r\n";
  CAF_CHECK_EQUAL(chunked_status(body + "\r\n"), 0u);
  CAF_CHECK_EQUAL(chunked_status(body + " folded\r\n"), 400u);
  for (int i = 0; i < 3000; ++i)
    body += "X: y\r\n";
  CAF_CHECK_EQUAL(chunked_status(body), 431u);
}
