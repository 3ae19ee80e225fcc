#pragma once
// One connection to Redis: commands go out as one pipeline, replies come back
// in order. Used by every class of this folder; each owns its own.
//
// It connects on first use and again after a loss, with a back-off during which
// calls fail at once as unavailable. It authenticates, selects the database,
// and calls a server that is still loading away. Not thread-safe.

#include "messages/result.hpp"
#include "runtime/adapters/redis/options.hpp"
#include "runtime/adapters/redis/reply.hpp"
#include "runtime/adapters/redis/wire.hpp"

#include <chrono>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;

namespace eventpulse::redis {

/// Commands in RESP, ready to be sent.
class pipeline {
public:
  void add(std::span<const std::string_view> words);
  void add(std::initializer_list<std::string_view> words) {
    add(std::span{words.begin(), words.size()});
  }
  void append(const pipeline& more) {
    bytes_ += more.bytes_;
    count_ += more.count_;
  }
  size_t size() const { return count_; }
  const std::string& bytes() const { return bytes_; }

private:
  std::string bytes_;
  size_t count_ = 0;
};

class connection {
public:
  explicit connection(options o);
  ~connection();

  using replies = std::vector<reply>;

  /// A reply a command, error answers included. `waiting` is what the commands
  /// themselves may take (BLOCK). Failures: unavailable when the last command
  /// was not sent whole, so that a transaction did not happen; outcome_unknown
  /// when it was sent and its answer did not come.
  result<replies> call(const pipeline& commands,
                       std::chrono::milliseconds waiting = {});

  /// The one reply to one command; an error answer is a failure. For commands
  /// whose repetition does no harm: an answer lost is unavailable.
  result<reply> ask(std::initializer_list<std::string_view> words,
                    std::chrono::milliseconds waiting = {});
  result<reply> ask(std::span<const std::string_view> words,
                    std::chrono::milliseconds waiting = {});

  /// The items of EXEC of one MULTI around `body`. A refusal of the whole is a
  /// failure; what single commands answered, errors too, is in the items.
  /// Failures as of call().
  result<reply> transact(const pipeline& body);

  /// What the server says unasked (Pub/Sub); nullopt when nothing came.
  result<std::optional<reply>> listen(std::chrono::milliseconds timeout);

  /// Grows with every new connection; subscriptions die with the old one.
  uint64_t generation() const { return generation_; }

  const options& settings() const { return options_; }

  /// Closes; the next call connects anew, at once.
  void drop();

private:
  struct free_reader {
    void operator()(redisReader* r) const;
  };

  result<void> ensure();
  result<void> connect();
  result<void> greet(const endpoint& where, deadline until);
  result<reply> next_reply(deadline until);

  options options_;
  wire wire_;
  std::unique_ptr<redisReader, free_reader> reader_;
  uint64_t generation_ = 0;
  std::chrono::milliseconds pause_{0}; // doubles with every failure to connect
  deadline not_before_{};              // no attempt before this
  std::string last_failure_;
};

} // namespace eventpulse::redis
