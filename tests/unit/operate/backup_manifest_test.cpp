#define CAF_SUITE operate_manifest
#include <caf/test/unit_test.hpp>

#include "runtime/core/operate/backup_manifest.hpp"

using namespace eventpulse;

namespace {

backup_manifest sample() {
  backup_manifest m;
  m.program = "1.2.3";
  m.created_at = "2026-01-02T03:04:05.678Z";
  m.partitions = 2;
  m.streams = {{17, {0, 1'767'312'000'000, 3}}, {0, {1, 0, 0}}};
  m.quarantined = 4;
  m.postgres_version = 150'004;
  m.migration = "0005_keys_and_dead_letters";
  m.tails = {{0, 1'767'312'000'000, 2}};
  m.secret_key_id = "0123456789abcdef";
  m.files = {{"stream.resp", 123, "ab"}, {"keys/admin_key", 47, "cd"}};
  return m;
}

std::string with(const std::string& from, const std::string& to) {
  auto text = to_json(sample());
  auto at = text.find(from);
  CAF_REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

} // namespace

CAF_TEST(a_manifest_reads_back_as_it_was_written) {
  auto read = parse_manifest(to_json(sample()));
  CAF_REQUIRE(read);
  CAF_CHECK_EQUAL(to_json(*read), to_json(sample()));
  CAF_CHECK(read->streams[0].last == (position{0, 1'767'312'000'000, 3}));
  CAF_CHECK_EQUAL(read->files[1].name, "keys/admin_key");
}

CAF_TEST(what_is_no_manifest_is_refused) {
  for (auto& text :
       {std::string{}, std::string{"{}"}, std::string{"[1]"},
        with("\"format\":1", "\"format\":2"),
        with("\"partitions\":2", "\"partitions\":-2"),
        with("\"partitions\":2", "\"partitions\":\"2\""),
        with("0-1767312000000-2", "zero"), with("\"tails\"", "\"tales\"")}) {
    auto read = parse_manifest(text);
    CAF_REQUIRE(!read);
    CAF_CHECK(read.error().code == errc::invalid);
  }
}

CAF_TEST(no_file_is_outside_of_the_backup) {
  for (auto* name : {"/etc/passwd", "../other/stream.resp", "keys/../../x", ""})
    CAF_CHECK(!parse_manifest(with("stream.resp", name)));
}
