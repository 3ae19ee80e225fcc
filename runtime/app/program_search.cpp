#include "runtime/app/program_search.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>

namespace eventpulse {

namespace {

namespace fs = std::filesystem;

bool runnable(const fs::path& program) {
  return access(program.c_str(), X_OK) == 0;
}

} // namespace

result<std::string> find_redis_server() {
  for (const auto* path :
       {"/usr/bin/redis-server", "/usr/local/bin/redis-server",
        "/usr/bin/valkey-server"})
    if (runnable(path))
      return std::string{path};
  return {errc::unavailable,
          "no redis-server on this machine: install the package redis-server, "
          "or set stream.url to a Redis that runs elsewhere"};
}

result<std::string> find_postgres_programs(const std::string& version) {
  const fs::path root{"/usr/lib/postgresql"};
  int highest = 0;
  std::error_code error;
  for (fs::directory_iterator it{root, error}, end; !error && it != end;
       it.increment(error)) {
    const auto name = it->path().filename().string();
    int number = 0;
    const auto* last = name.data() + name.size();
    if (std::from_chars(name.data(), last, number).ptr != last ||
        (!version.empty() && name != version) ||
        !runnable(it->path() / "bin/postgres"))
      continue;
    highest = std::max(highest, number);
  }
  if (highest > 0)
    return (root / std::to_string(highest) / "bin").string();
  return {errc::unavailable,
          "no PostgreSQL server on this machine: install the package "
          "postgresql, or set database.url to one that runs elsewhere"};
}

uint64_t physical_memory_bytes() {
  auto bytes = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) *
               static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  std::ifstream in{"/sys/fs/cgroup/memory.max"};
  uint64_t bound = 0;
  if (in >> bound && bound > 0) // "max" is no number
    bytes = std::min(bytes, bound);
  return bytes;
}

} // namespace eventpulse
