#pragma once
// Why a process is not ready yet, or not any more: a reason a part, told by the
// parts themselves, asked by /readyz and by the process's report. It outlives
// the actors on both sides, so that none of them has to be told twice. Anybody
// may ask, so secrets are masked. Thread-safe.

#include "runtime/telemetry/redact.hpp"

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace eventpulse {

class readiness {
public:
  /// These must report before the process is ready.
  explicit readiness(const std::vector<std::string>& parts = {}) {
    for (const auto& part : parts)
      reasons_[part] = "starting";
  }

  /// Empty: the part is ready.
  void report(const std::string& part, const std::string& why) {
    std::lock_guard guard{mutex_};
    if (why.empty())
      reasons_.erase(part);
    else
      reasons_[part] = redact(why);
  }

  /// By part; none: the process is ready.
  std::map<std::string, std::string> reasons() const {
    std::lock_guard guard{mutex_};
    return reasons_;
  }

private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> reasons_;
};

} // namespace eventpulse
