#pragma once
// Dead letters on their way back into the stream, one after another: parsed and
// checked as a fresh request is, added, and only then marked as replayed. Part
// of the control actor. A crash in between leaves a letter pending; replaying
// it again gives the same ids, and what is stored or in the stream already is
// not stored twice.

#include "actors/control_call.hpp"
#include "messages/protocols/stream_writer.hpp"
#include "runtime/core/intake/quarantine.hpp"

#include <functional>
#include <memory>

namespace eventpulse {

struct replay_setup {
  control_stores* stores = nullptr;
  world* surroundings = nullptr;
  intake::data_check check;
  intake::intake_options options;
  uint32_t partitions = 1;
  caller by;
  /// Adds to the stream; exactly one of the two is called, later or at once.
  std::function<void(append_entries,
                     std::function<void(const append_receipts&)>,
                     std::function<void(const failure&)>)>
      append;
  std::function<void(http_reply)> reply; // called once, at the end
};

void start_replay(std::shared_ptr<const replay_wish> wish, replay_setup setup);

} // namespace eventpulse
