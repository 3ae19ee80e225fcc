#include "runtime/app/system_world.hpp"

#include "runtime/core/base/check.hpp"

#include <sys/random.h>

#include <algorithm>
#include <chrono>

namespace eventpulse {

namespace {

// getrandom(2) gives so many bytes whole and uninterrupted.
constexpr size_t random_bytes_whole = 256;

class real_world : public world {
public:
  int64_t now_ms() override {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch())
        .count();
  }

  void random(void* bytes, size_t count) override {
    auto* next = static_cast<char*>(bytes);
    while (count > 0) {
      auto piece = std::min(count, random_bytes_whole);
      EP_CHECK(getrandom(next, piece, 0) == static_cast<ssize_t>(piece));
      next += piece;
      count -= piece;
    }
  }
};

} // namespace

std::shared_ptr<world> system_world() {
  return std::make_shared<real_world>();
}

} // namespace eventpulse
