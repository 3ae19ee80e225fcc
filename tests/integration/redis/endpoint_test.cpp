// Reaching Redis in every way a URL can name: unix socket, TCP, TLS, user,
// password, database number; and URLs that are wrong.

#define CAF_SUITE redis_endpoint
#include <caf/test/unit_test.hpp>

#include "tests/integration/redis/support.hpp"

#include "runtime/adapters/redis/endpoint.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <fstream>

using namespace eventpulse;
using namespace eventpulse::test;
using namespace std::chrono_literals;

namespace {

/// A TCP port that was free a moment ago.
std::string free_port() {
  int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof a;
  bool good = ::bind(fd, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0 &&
              ::getsockname(fd, reinterpret_cast<sockaddr*>(&a), &size) == 0;
  ::close(fd);
  if (!good)
    throw std::runtime_error("no port");
  return std::to_string(ntohs(a.sin_port));
}

result<redis::endpoint> parse(const std::string& url) {
  redis::options o;
  o.url = url;
  return redis::parse_endpoint(o);
}

bool works(const redis::options& o) {
  return redis::make_key_mirror(o)->load().ok();
}

std::string why_not(const redis::options& o) {
  auto loaded = redis::make_key_mirror(o)->load();
  return loaded ? "" : loaded.error().detail;
}

/// A self-made authority and a certificate of it for "localhost".
struct certificates {
  std::filesystem::path dir;

  certificates() {
    std::string pattern = "/tmp/ep-tls-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr)
      throw std::runtime_error("mkdtemp failed");
    dir = pattern;
    std::ofstream{dir / "san"} << "subjectAltName=DNS:localhost\n";
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
        "-days 2 -subj /CN=test-ca -keyout ca.key -out ca.crt");
    run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
        "-subj /CN=localhost -keyout server.key -out server.csr");
    run("openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key "
        "-CAcreateserial -days 2 -extfile san -out server.crt");
  }
  ~certificates() { std::filesystem::remove_all(dir); }

  std::string file(const char* name) const { return (dir / name).string(); }

private:
  void run(const std::string& command) {
    auto line = "cd " + dir.string() + " && " + command + " >/dev/null 2>&1";
    if (std::system(line.c_str()) != 0)
      throw std::runtime_error("failed: " + command);
  }
};

} // namespace

CAF_TEST(urls_are_taken_apart) {
  auto unix_socket = must(parse("unix:///run/my%20redis.sock?db=3"));
  CAF_CHECK_EQUAL(unix_socket.socket_path, "/run/my%20redis.sock");
  CAF_CHECK_EQUAL(unix_socket.database, 3u);
  auto full = must(parse("redis://us%3Aer:p%40ss@example.org:6380/15"));
  CAF_CHECK_EQUAL(full.username, "us:er");
  CAF_CHECK_EQUAL(full.password, "p@ss");
  CAF_CHECK_EQUAL(full.host, "example.org");
  CAF_CHECK_EQUAL(full.port, 6380);
  CAF_CHECK_EQUAL(full.database, 15u);
  CAF_CHECK(!full.encrypted);
  auto bare = must(parse("redis://localhost"));
  CAF_CHECK_EQUAL(bare.port, 6379);
  auto literal = must(parse("rediss://:pw@[::1]:7000/?ca_file=/a%20b.pem"));
  CAF_CHECK_EQUAL(literal.host, "::1");
  CAF_CHECK_EQUAL(literal.port, 7000);
  CAF_CHECK_EQUAL(literal.password, "pw");
  CAF_CHECK_EQUAL(literal.ca_file, "/a b.pem");
  CAF_CHECK(literal.encrypted);
}

CAF_TEST(wrong_urls_are_refused_without_showing_the_password) {
  for (const char* url : {"",
                          "redis",
                          "http://x",
                          "unix://relative",
                          "redis://",
                          "redis://:1",
                          "redis://h:0",
                          "redis://h:65536",
                          "redis://h:x",
                          "redis://h/x",
                          "redis://h/-1",
                          "redis://u:secret@h:x",
                          "redis://u:secret%2@h",
                          "redis://u:secret%zz@h",
                          "redis://u@h",
                          "redis://[::1",
                          "redis://[::1]x",
                          "unix:///s?db=x",
                          "unix:///s?data=1",
                          "rediss://h?cert_file=/c"}) {
    auto parsed = parse(url);
    CAF_MESSAGE(url);
    CAF_REQUIRE(!parsed.ok());
    CAF_CHECK(parsed.error().code == errc::invalid);
    CAF_CHECK(parsed.error().detail.find("secret") == std::string::npos);
  }
}

CAF_TEST(a_wrong_url_is_invalid_at_every_call) {
  redis::options o;
  o.url = "nonsense";
  CAF_CHECK(redis::make_key_mirror(o)->load().error().code == errc::invalid);
}

CAF_TEST(a_server_that_is_not_there_is_unavailable_with_its_address) {
  redis::options o;
  o.url = "redis://127.0.0.1:" + free_port();
  auto loaded = redis::make_key_mirror(o)->load();
  CAF_REQUIRE(!loaded.ok());
  CAF_CHECK(loaded.error().code == errc::unavailable);
  CAF_CHECK(loaded.error().detail.find(o.url) != std::string::npos);
  o.url = "unix:///tmp/no-such-redis.sock";
  CAF_CHECK(redis::make_key_mirror(o)->load().error().code ==
            errc::unavailable);
  o.url = "redis://no-such-host.invalid";
  CAF_CHECK(redis::make_key_mirror(o)->load().error().code ==
            errc::unavailable);
}

CAF_TEST(databases_are_apart) {
  redis_server server;
  auto first = options_of(server);
  auto second = first;
  second.url += "?db=5";
  key_set keys;
  keys.version = 1;
  must(redis::make_key_mirror(second)->store(keys));
  CAF_CHECK_EQUAL(must(redis::make_key_mirror(first)->load()).version, 0);
  CAF_CHECK_EQUAL(must(redis::make_key_mirror(second)->load()).version, 1);
  second.url = first.url + "?db=99";
  CAF_CHECK(why_not(second).find("out of range") != std::string::npos);
}

CAF_TEST(passwords_and_users_are_asked_for_and_given) {
  redis_server server{{"--requirepass", "open sesame", "--user", "ep", "on",
                       ">word", "~*", "&*", "+@all"}};
  auto o = options_of(server);
  CAF_CHECK(why_not(o).find("NOAUTH") != std::string::npos);
  o.password = "wrong";
  auto refused = why_not(o);
  CAF_CHECK(refused.find("WRONGPASS") != std::string::npos);
  CAF_CHECK(refused.find("wrong ") == std::string::npos);
  o.password = "open sesame";
  CAF_CHECK(works(o));
  o.username = "ep";
  CAF_CHECK(!works(o));
  o.password = "word";
  CAF_CHECK(works(o));
}

CAF_TEST(tcp_works_with_everything_in_the_url) {
  auto port = free_port();
  redis_server server{
      {"--port", port, "--bind", "127.0.0.1", "--requirepass", "a b"}};
  redis::options o;
  o.url = "redis://:a%20b@localhost:" + port + "/2";
  o.trim_every = 0ms;
  auto log = redis::make_partition_log(o, 0, 1);
  must(log->open(zero));
  auto to = redis::make_appender(o);
  must(to->append(entries(1000, 2000)));
  auto read = must(log->read(1000));
  CAF_CHECK_EQUAL(read.entries.size(), 1000u);
  must(log->acknowledge(places(read)));
  must(log->housekeeping());
}

CAF_TEST(tls_works_and_checks_the_name_and_the_authority) {
  certificates made;
  auto port = free_port();
  redis_server server{{"--tls-port", port, "--bind", "127.0.0.1",
                       "--tls-cert-file", made.file("server.crt"),
                       "--tls-key-file", made.file("server.key"),
                       "--tls-ca-cert-file", made.file("ca.crt"),
                       "--tls-auth-clients", "optional"}};
  redis::options o;
  o.url = "rediss://localhost:" + port + "?ca_file=" + made.file("ca.crt");
  o.trim_every = 0ms;
  auto log = redis::make_partition_log(o, 0, 1);
  must(log->open(zero));
  auto to = redis::make_appender(o);
  must(to->append(entries(1000, 4000))); // many TLS records both ways
  CAF_CHECK_EQUAL(must(log->read(1000)).entries.size(), 1000u);
  CAF_CHECK(!must(redis::make_waiter(o)->wait(0, {0, ~0ull, 0}, 20ms)));

  auto unknown = o;
  unknown.url = "rediss://localhost:" + port;
  CAF_CHECK(why_not(unknown).find("certificate") != std::string::npos);
  auto other_name = o;
  other_name.url =
      "rediss://127.0.0.1:" + port + "?ca_file=" + made.file("ca.crt");
  CAF_CHECK(why_not(other_name).find("mismatch") != std::string::npos);
  auto plain = o;
  plain.url = "redis://localhost:" + port;
  plain.timeout = 500ms;
  CAF_CHECK(!works(plain));
  auto no_file = o;
  no_file.url = "rediss://localhost:" + port + "?ca_file=/no/such";
  CAF_CHECK(redis::make_key_mirror(no_file)->load().error().code ==
            errc::invalid);
  auto with_own = o;
  with_own.url += "&cert_file=" + made.file("server.crt") +
                  "&key_file=" + made.file("server.key");
  CAF_CHECK(works(with_own));

  server.kill();
  CAF_CHECK(to->append(entries(1)).error().code == errc::unavailable);
  server.start();
  CAF_CHECK(eventually([&] { return to->append(entries(1)).ok(); }));
}
