#define CAF_SUITE intake_ndjson
#include <caf/test/unit_test.hpp>

#include "runtime/core/intake/ndjson.hpp"
#include "tests/unit/intake/corpus.hpp"

using namespace eventpulse;
using namespace eventpulse::intake;

namespace {

// The items as "line:id" or "line!reason", read in pieces of `piece` bytes.
std::string read(std::string_view body, size_t piece,
                 size_t max_event_bytes = 1000) {
  intake_options options;
  options.max_event_bytes = max_event_bytes;
  ndjson_parser parser{options};
  std::vector<intake_item> items;
  auto defaults = test::known_defaults();
  for (size_t at = 0; at < body.size(); at += piece)
    parser.feed(body.substr(at, piece), defaults, items);
  parser.finish(defaults, items);
  std::string out;
  for (const auto& item : items) {
    out += out.empty() ? "" : " ";
    out += std::to_string(item.index);
    if (auto* why = std::get_if<problem>(&item.outcome))
      out += '!' + std::string{reason(why->code)};
    else
      out += ':' + std::get<event_document>(item.outcome).id;
  }
  return out;
}

std::string line(const std::string& id) {
  return R"({"type":"t","id":")" + id + "\"}";
}

} // namespace

CAF_TEST(lines_are_the_same_however_the_bytes_arrive) {
  auto body = line("a") + "\n\n  \t\r\n" + line("b") + "\r\n{]\n" + line("c") +
              "\n[]\n" + line("d");
  for (size_t piece = 1; piece <= body.size(); ++piece)
    CAF_CHECK_EQUAL(read(body, piece), "1:a 4:b 5!malformed 6:c 7!invalid 8:d");
}

CAF_TEST(a_line_is_taken_at_the_limit_and_skipped_to_its_end_above) {
  auto size = line("x").size();
  auto body = line("a") + '\n' + line("bb") + '\n' + line("c") + "\r\n" +
              line("dd") + "\r\n" + std::string(5000, '{') + '\n' + line("e") +
              '\n' + line("ff");
  for (size_t piece = 1; piece <= body.size(); ++piece)
    CAF_CHECK_EQUAL(read(body, piece, size),
                    "1:a 2!too_large 3:c 4!too_large 5!too_large 6:e "
                    "7!too_large");
}

CAF_TEST(an_endless_line_is_told_once_and_at_once) {
  intake_options options;
  options.max_event_bytes = 100;
  ndjson_parser parser{options};
  std::vector<intake_item> items;
  for (int i = 0; i < 1000; ++i)
    parser.feed(std::string(1000, 'x'), test::known_defaults(), items);
  CAF_CHECK_EQUAL(items.size(), 1u);
  CAF_CHECK_EQUAL(parser.line(), 1u);
  parser.finish(test::known_defaults(), items);
  CAF_CHECK_EQUAL(items.size(), 1u);
}

CAF_TEST(the_line_number_tells_where_reading_stands) {
  ndjson_parser parser{{}};
  std::vector<intake_item> items;
  CAF_CHECK_EQUAL(parser.line(), 1u);
  parser.feed(line("a") + "\n\n{", test::known_defaults(), items);
  CAF_CHECK_EQUAL(parser.line(), 3u);
}

CAF_TEST(nothing_and_blank_lines_give_nothing) {
  CAF_CHECK_EQUAL(read("", 1), "");
  CAF_CHECK_EQUAL(read("\n\r\n \n\t", 1), "");
}

CAF_TEST(refused_lines_are_kept_for_quarantine) {
  ndjson_parser parser{{}};
  std::vector<intake_item> items;
  parser.feed("{\"id\":1}\r\n", test::known_defaults(), items);
  CAF_REQUIRE_EQUAL(items.size(), 1u);
  CAF_CHECK_EQUAL(items[0].raw, "{\"id\":1}");
}
