#pragma once
// result<T>: a value, or the failure that stands in its place. Used wherever a
// failure is expected; broken invariants use EP_CHECK (runtime/core/base).

#include "messages/errc.hpp"

#include <string>
#include <utility>
#include <variant>

namespace eventpulse {

/// What went wrong, and for this occurrence why. `detail` may be shown to the
/// user and must not hold a secret.
struct failure {
  errc code = errc::internal;
  std::string detail;

  friend bool operator==(const failure&, const failure&) = default;
};

/// "the lease belongs to another process now: p0 epoch 4".
inline std::string to_string(const failure& f) {
  std::string out{describe(f.code)};
  if (!f.detail.empty())
    out += ": " + f.detail;
  return out;
}

template <class T>
class [[nodiscard]] result {
public:
  result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  result(failure f) : state_(std::in_place_index<1>, std::move(f)) {}
  result(errc code, std::string detail = {})
      : state_(std::in_place_index<1>, failure{code, std::move(detail)}) {}

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// The failure; only when !ok().
  const failure& error() const { return std::get<1>(state_); }

private:
  std::variant<T, failure> state_;
};

template <>
class [[nodiscard]] result<void> {
public:
  result() = default;
  result(failure f) : error_(std::move(f)), ok_(false) {}
  result(errc code, std::string detail = {})
      : error_{code, std::move(detail)}, ok_(false) {}

  bool ok() const noexcept { return ok_; }
  explicit operator bool() const noexcept { return ok_; }
  const failure& error() const { return error_; }

private:
  failure error_;
  bool ok_ = true;
};

} // namespace eventpulse
