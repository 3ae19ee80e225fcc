#define CAF_SUITE operate_erasure
#include <caf/test/unit_test.hpp>

#include "runtime/core/operate/erasure.hpp"

using namespace eventpulse;

namespace {

erase_selector of_subject(const std::string& subject) {
  erase_selector out;
  out.subject = subject;
  return out;
}

} // namespace

CAF_TEST(events_are_selected_by_all_that_is_given) {
  event_document d;
  d.id = "1";
  d.source = "/shop";
  d.subject = "user-17";
  CAF_CHECK(selects(of_subject("user-17"), d));
  CAF_CHECK(!selects(of_subject("user-1"), d));
  erase_selector both{std::nullopt, "/shop", "1"};
  CAF_CHECK(selects(both, d));
  both.id = "2";
  CAF_CHECK(!selects(both, d));
}

CAF_TEST(a_value_is_found_in_every_spelling) {
  for (auto* bytes :
       {R"({"subject":"user-17"})", R"({"subject": "user-17", )", "user-17",
        "ce-subject\nuser-17\n", R"(x\nuser-17)", "(user-17)"})
    CAF_CHECK(mentions(of_subject("user-17"), bytes));
  CAF_CHECK(mentions(of_subject("a/b c"), R"("a\/b c")"));
  CAF_CHECK(mentions(of_subject("a/b c"), "ce-subject: a/b%20c"));
  CAF_CHECK(mentions(of_subject("Ann \"A\""), R"("Ann \"A\"")"));
  CAF_CHECK(mentions(of_subject("Zoë"), "Zo%C3%AB"));
}

CAF_TEST(a_longer_name_is_somebody_else) {
  for (auto* bytes : {R"("user-170")", R"("xuser-17")", R"("user-17.b")",
                      R"("user-17@example.org")", "user-1", ""})
    CAF_CHECK(!mentions(of_subject("user-17"), bytes));
  // One that is followed by it is found all the same.
  CAF_CHECK(mentions(of_subject("user-17"), R"(["user-170","user-17"])"));
}

CAF_TEST(all_values_must_be_mentioned) {
  erase_selector both{"s", "/shop", std::nullopt};
  CAF_CHECK(mentions(both, R"({"subject":"s","source":"/shop"})"));
  CAF_CHECK(!mentions(both, R"({"subject":"s","source":"/other"})"));
  CAF_CHECK(!mentions({}, "anything"));
}

CAF_TEST(the_record_does_not_name_whom_it_is_about) {
  auto text = pseudonym({"user-17", std::nullopt, "4711"});
  CAF_CHECK_EQUAL(text.find("user-17"), std::string::npos);
  CAF_CHECK_EQUAL(text.find("4711"), std::string::npos);
  CAF_CHECK(text.starts_with("subject sha256:"));
  CAF_CHECK(text.find(", id sha256:") != std::string::npos);
}
