#pragma once
// An event as the CEL variable `event`: CloudEvents attributes by name,
// extensions, `data`, `received_at`, `position`. Fields are made when asked for
// and point into the event and the parsed payload, which must outlive them.

#include "messages/event.hpp"
#include "runtime/core/cel/value.hpp"

#include <boost/json/value.hpp>

namespace eventpulse {

/// The parsed payload of an event, where somebody asked for it.
struct parsed_payload {
  enum class state : uint8_t {
    skipped, // nobody asked: looking at it is an error
    json,
    broken, // said to be JSON and is not; intake lets none pass
  };
  state what = state::skipped;
  const boost::json::value* json = nullptr;
};

class event_view : public cel::object {
public:
  event_view(const event& e, parsed_payload payload)
      : event_(&e), payload_(payload) {}

  const parsed_payload& payload() const noexcept { return payload_; }
  /// Only while nobody else has seen the view.
  void set_payload(parsed_payload p) noexcept { payload_ = p; }

  std::optional<cel::value> field(std::string_view name) const override;
  bool has(std::string_view name) const override;
  std::vector<std::string> names() const override;

private:
  std::optional<cel::value> data() const;

  const event* event_;
  parsed_payload payload_;
};

} // namespace eventpulse
