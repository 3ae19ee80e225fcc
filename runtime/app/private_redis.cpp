#include "runtime/app/private_redis.hpp"

#include "runtime/app/program_search.hpp"
#include "runtime/app/readiness.hpp"

#include <algorithm>

namespace eventpulse::private_redis {

namespace {

using namespace std::chrono_literals;

/// A quarter of the machine, so that the bound is met before the system's own.
std::string memory_bound() {
  constexpr uint64_t least = uint64_t{256} << 20;
  return std::to_string(std::max(least, physical_memory_bytes() / 4));
}

std::filesystem::path socket_of(const data_directory& directory) {
  return directory.run() / "redis.sock";
}

} // namespace

result<managed_options> plan(const data_directory& directory, survives what) {
  auto program = find_redis_server();
  if (!program)
    return program.error();
  const auto socket = socket_of(directory).string();
  managed_options out;
  out.child.name = "redis";
  out.child.argv = {
      std::move(program).value(),
      "--port",
      "0",
      "--unixsocket",
      socket,
      "--unixsocketperm",
      "700",
      "--dir",
      directory.child_path("redis"),
      "--daemonize",
      "no",
      "--appendonly",
      "yes",
      "--appendfsync",
      what == survives::power_loss ? "always" : "no",
      "--save",
      "",
      "--maxmemory",
      memory_bound(),
      "--maxmemory-policy",
      "noeviction",
      "--set-proc-title",
      "no",
  };
  out.child.user = directory.child_user();
  out.child.directory = "/"; // ours may be one that the user cannot enter
  out.child.log_file = directory.child_path("logs/redis.log");
  out.child.keep_descriptors = directory.server_descriptors();
  out.child.death_signal = SIGTERM; // writes out what it holds, then ends
  out.child.stop_signal = SIGTERM;
  out.ready = [socket] { return redis_answers(socket, 200ms); };
  return out;
}

std::string url(const data_directory& directory) {
  return "unix://" + socket_of(directory).string() + "?db=0";
}

} // namespace eventpulse::private_redis
