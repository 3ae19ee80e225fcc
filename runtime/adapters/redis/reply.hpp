#pragma once
// What Redis answers: an owning reply, a view into one that cannot fail on a
// wrong shape (it is then empty), and error answers as our failures.

#include "messages/position.hpp"
#include "messages/result.hpp"
#include "messages/stream_entry.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct redisReply;

namespace eventpulse::redis {

struct free_reply {
  void operator()(redisReply* r) const;
};
using reply = std::unique_ptr<redisReply, free_reply>;

/// Borrows from a reply. Asking for what is not there gives emptiness.
class reply_view {
public:
  reply_view(const redisReply* r = nullptr) : raw_(r) {}
  reply_view(const reply& r) : raw_(r.get()) {}

  bool is_nil() const;
  bool is_error() const;
  bool is_array() const;
  std::string_view text() const; // of a string, status or error
  int64_t number() const;        // of an integer, or of text that is one
  size_t size() const;           // of an array
  reply_view operator[](size_t i) const;

  /// The value after `name` in a flat array of names and values.
  reply_view field(std::string_view name) const;

private:
  const redisReply* raw_;
};

/// An error answer in our words. Everything that an operator can mend or that
/// passes by itself is unavailable; what only a fault of ours explains is
/// internal.
failure to_failure(reply_view error);

/// Whether to_failure was given OOM. Within MULTI Redis then refuses even
/// commands that it takes otherwise.
bool is_out_of_memory(const failure& f);

/// "<ms>-<seq>", Redis's own form of an id.
std::string entry_id(const position& p);

std::optional<position> parse_entry_id(std::string_view text,
                                       uint32_t partition);

/// Fields of an entry from a flat array.
stream_fields to_fields(reply_view flat);

} // namespace eventpulse::redis
