#pragma once
// gzip (RFC 1952) inflated piece by piece. Used for request bodies. Promises
// bounded memory: each take() gives at most what is asked for, and the whole
// may not be more than limits::inflate_ratio_max times its input. Several
// members one after another are one text, as the RFC says. Refuses as malformed
// wrong checksums, a cut end, and bytes after the last member.

#include "messages/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace eventpulse::intake {

class gunzip {
public:
  gunzip();
  ~gunzip();
  gunzip(gunzip&&) noexcept;
  gunzip& operator=(gunzip&&) noexcept;

  /// Adds compressed bytes. Call take() until it gives nothing.
  void give(std::string_view compressed);

  /// Appends 0 to `size_max` bytes and gives their number; 0 means that more
  /// input is needed, or that finish() is. After a failure nothing works.
  result<size_t> take(std::string& out, size_t size_max);

  /// Called when there is no more input and take() gave nothing.
  result<void> finish() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

/// All of `compressed`, or too_large where it is more than `size_max` bytes.
result<std::string> gunzip_all(std::string_view compressed, size_t size_max);

} // namespace eventpulse::intake
