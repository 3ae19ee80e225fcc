#define CAF_SUITE intake_content_mode
#include <caf/test/unit_test.hpp>

#include "runtime/core/intake/content_mode.hpp"
#include "runtime/core/intake/media_type.hpp"

using namespace eventpulse;
using namespace eventpulse::intake;

namespace {

// The mode, or the failure's reason.
std::string mode(const http_headers& headers) {
  auto out = decide_mode(headers);
  if (!out)
    return std::string{reason(out.error().code)};
  switch (*out) {
  case content_mode::plain:
    return "plain";
  case content_mode::structured:
    return "structured";
  case content_mode::batch:
    return "batch";
  case content_mode::binary:
    return "binary";
  case content_mode::ndjson:
    return "ndjson";
  }
  return "?";
}

std::string mode_of_type(const std::string& type) {
  return mode({{"Host", "x"}, {"content-TYPE", type}});
}

std::string coding(const http_headers& headers) {
  auto out = decide_coding(headers);
  if (!out)
    return std::string{reason(out.error().code)};
  return *out == content_coding::gzip ? "gzip" : "identity";
}

} // namespace

CAF_TEST(the_media_type_decides_whatever_its_case_and_parameters) {
  CAF_CHECK_EQUAL(mode_of_type("application/json"), "plain");
  CAF_CHECK_EQUAL(mode_of_type("Application/JSON ; charset=UTF-8"), "plain");
  CAF_CHECK_EQUAL(mode_of_type("application/json;charset=\"utf-8\""), "plain");
  CAF_CHECK_EQUAL(mode_of_type("application/json; version=1"), "plain");
  CAF_CHECK_EQUAL(mode_of_type("application/cloudevents+json"), "structured");
  CAF_CHECK_EQUAL(mode_of_type("APPLICATION/CloudEvents-Batch+JSON"), "batch");
  CAF_CHECK_EQUAL(mode_of_type("application/x-ndjson"), "ndjson");
}

CAF_TEST(types_and_charsets_we_do_not_take_are_unsupported) {
  for (auto type :
       {"", "text/plain", "application/xml", "application/cloudevents",
        "application/cloudevents+xml", "application/cloudevents-batch+avro",
        "application/json; charset=utf-16",
        "application/cloudevents+json; charset=iso-8859-1",
        "application/x-ndjson; charset=latin1", "json", "application/", "/json",
        "application/json; charset", "application/json x", "\xff\xfe/json"}) {
    CAF_MESSAGE(type);
    CAF_CHECK_EQUAL(mode_of_type(type), "unsupported");
  }
  CAF_CHECK_EQUAL(mode({}), "unsupported");
}

CAF_TEST(attribute_headers_make_binary_mode_of_any_type_but_cloudevents) {
  http_headers headers{{"CE-Id", "1"}};
  CAF_CHECK_EQUAL(mode(headers), "binary");
  headers.emplace_back("Content-Type", "application/json");
  CAF_CHECK_EQUAL(mode(headers), "binary");
  headers.back().second = "application/x-ndjson";
  CAF_CHECK_EQUAL(mode(headers), "binary");
  headers.back().second = "text/plain; charset=latin1";
  CAF_CHECK_EQUAL(mode(headers), "binary");
  headers.back().second = "application/cloudevents+json";
  CAF_CHECK_EQUAL(mode(headers), "structured");
  headers.back().second = "application/cloudevents+protobuf";
  CAF_CHECK_EQUAL(mode(headers), "unsupported");
}

CAF_TEST(two_content_types_are_malformed) {
  CAF_CHECK_EQUAL(mode({{"Content-Type", "application/json"},
                        {"content-type", "application/json"}}),
                  "malformed");
}

CAF_TEST(gzip_once_is_the_only_coding) {
  CAF_CHECK_EQUAL(coding({}), "identity");
  CAF_CHECK_EQUAL(coding({{"Content-Encoding", "identity"}}), "identity");
  CAF_CHECK_EQUAL(coding({{"content-encoding", " GZip "}}), "gzip");
  CAF_CHECK_EQUAL(coding({{"Content-Encoding", "x-gzip"}}), "gzip");
  CAF_CHECK_EQUAL(coding({{"Content-Encoding", "br"}}), "unsupported");
  CAF_CHECK_EQUAL(coding({{"Content-Encoding", "gzip, gzip"}}), "unsupported");
  CAF_CHECK_EQUAL(
      coding({{"Content-Encoding", "gzip"}, {"Content-Encoding", "gzip"}}),
      "unsupported");
}

CAF_TEST(media_types_are_read_as_rfc_9110_writes_them) {
  auto type = parse_media_type(" Text/Plain;  Charset=\"a\\\"b;c\" ;; x=y; ");
  CAF_REQUIRE(type.has_value());
  CAF_CHECK_EQUAL(type->type, "text");
  CAF_CHECK_EQUAL(type->subtype, "plain");
  CAF_REQUIRE_EQUAL(type->parameters.size(), 2u);
  CAF_CHECK_EQUAL(type->parameters[0].first, "charset");
  CAF_CHECK_EQUAL(type->parameters[0].second, "a\"b;c");
  CAF_CHECK_EQUAL(type->parameters[1].second, "y");
  for (std::string_view text :
       {"", "text", "text/", "/plain", "text/plain/x", "text /plain",
        "text/plain; a", "text/plain; a=", "text/plain; a=\"b",
        "text/plain; a=\"b\\", "text/plain; =b", "text/plain a=b",
        "text/plain, text/xml", "t\xc3\xa4/x", "text/plain; a=\"\x01\""})
    CAF_CHECK(!parse_media_type(text));
}

CAF_TEST(json_is_told_by_the_subtype) {
  for (auto text : {"application/json", "text/json", "application/vnd.x+json",
                    "application/geo+JSON; a=b"})
    CAF_CHECK(is_json(*parse_media_type(text)));
  for (auto text : {"application/jsonx", "application/json+xml", "text/plain"})
    CAF_CHECK(!is_json(*parse_media_type(text)));
}
