#pragma once
// What the tests of this folder share.

#include "runtime/adapters/redis/factories.hpp"
#include "tests/support/redis_server.hpp"

#include <stdexcept>
#include <string>
#include <vector>

namespace eventpulse::test {

inline const position zero{0, 0, 0};

inline redis::options options_of(const redis_server& server) {
  redis::options o;
  o.url = server.url();
  o.timeout = std::chrono::seconds{5};
  o.trim_every = std::chrono::milliseconds{0};
  return o;
}

inline std::vector<append_entry> entries(int count, size_t bytes = 1) {
  return std::vector<append_entry>(static_cast<size_t>(count),
                                   {0, {{"v", std::string(bytes, 'x')}}});
}

template <class T>
T must(result<T> r) {
  if (!r)
    throw std::runtime_error(to_string(r.error()));
  return std::move(r).value();
}

inline void must(const result<void>& r) {
  if (!r)
    throw std::runtime_error(to_string(r.error()));
}

inline std::vector<position> places(const log_read& read) {
  std::vector<position> out;
  for (const auto& e : read.entries)
    out.push_back(e.where);
  return out;
}

} // namespace eventpulse::test
