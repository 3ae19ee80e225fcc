#include "runtime/adapters/redis/connection.hpp"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>

namespace eventpulse::redis {

namespace {

constexpr std::chrono::milliseconds pause_min{50};
constexpr std::chrono::milliseconds pause_max{2'000};
constexpr size_t receive_bytes = 64 << 10;

deadline after(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

failure unavailable(failure f) {
  if (f.code == errc::outcome_unknown || f.code == errc::timed_out)
    f.code = errc::unavailable;
  return f;
}

} // namespace

void pipeline::add(std::span<const std::string_view> words) {
  bytes_ += '*' + std::to_string(words.size()) + "\r\n";
  for (auto word : words) {
    bytes_ += '$' + std::to_string(word.size()) + "\r\n";
    bytes_ += word;
    bytes_ += "\r\n";
  }
  ++count_;
}

void connection::free_reader::operator()(redisReader* r) const {
  redisReaderFree(r);
}

connection::connection(options o) : options_(std::move(o)) {}
connection::~connection() = default;

void connection::drop() {
  wire_.close();
  reader_.reset();
}

result<void> connection::ensure() {
  if (wire_.is_open() && !wire_.is_stale())
    return {};
  drop();
  if (std::chrono::steady_clock::now() < not_before_)
    return {errc::unavailable, last_failure_};
  auto connected = connect();
  if (connected) {
    pause_ = {};
    ++generation_;
    return connected;
  }
  drop();
  pause_ = std::clamp(pause_ * 2, pause_min, pause_max);
  not_before_ = after(pause_);
  last_failure_ = connected.error().detail;
  return connected;
}

result<void> connection::connect() {
  auto where = parse_endpoint(options_);
  if (!where)
    return where.error();
  auto until = after(options_.timeout);
  auto prefixed = [&](failure f) {
    f.detail = to_string(*where) + ": " + f.detail;
    return f;
  };
  if (auto opened = wire_.open(*where, until); !opened)
    return prefixed(opened.error());
  reader_.reset(redisReaderCreate());
  if (!reader_)
    return {errc::unavailable, "out of memory"};
  if (auto greeted = greet(*where, until); !greeted)
    return prefixed(greeted.error());
  return {};
}

result<void> connection::greet(const endpoint& where, deadline until) {
  pipeline hello;
  if (!where.username.empty())
    hello.add({"AUTH", where.username, where.password});
  else if (!where.password.empty())
    hello.add({"AUTH", where.password});
  if (where.database != 0)
    hello.add({"SELECT", std::to_string(where.database)});
  // PING is what a server refuses while it loads its data.
  hello.add({"PING"});
  if (auto sent = wire_.send(hello.bytes(), until); !sent)
    return sent;
  for (size_t i = 0; i < hello.size(); ++i) {
    auto answer = next_reply(until);
    if (!answer)
      return unavailable(answer.error());
    if (reply_view{*answer}.is_error())
      return failure{errc::unavailable, to_failure(*answer).detail};
  }
  return {};
}

result<reply> connection::next_reply(deadline until) {
  std::array<char, receive_bytes> buffer;
  for (;;) {
    void* raw = nullptr;
    if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK)
      return {errc::unavailable,
              std::string{"Redis speaks no RESP: "} + reader_->errstr};
    if (raw != nullptr)
      return reply{static_cast<redisReply*>(raw)};
    auto n = wire_.receive(buffer, until);
    if (!n)
      return n.error();
    if (redisReaderFeed(reader_.get(), buffer.data(), *n) != REDIS_OK)
      return {errc::unavailable, "out of memory"};
  }
}

result<connection::replies>
connection::call(const pipeline& commands, std::chrono::milliseconds waiting) {
  if (auto ready = ensure(); !ready)
    return ready.error();
  auto until = after(options_.timeout + waiting);
  if (auto sent = wire_.send(commands.bytes(), until); !sent) {
    drop();
    return unavailable(sent.error());
  }
  replies out;
  out.reserve(commands.size());
  while (out.size() < commands.size()) {
    auto answer = next_reply(until);
    if (!answer) {
      // Answers come in order: after a missing one none can be told apart.
      drop();
      return {errc::outcome_unknown, answer.error().detail};
    }
    out.push_back(std::move(*answer));
  }
  return out;
}

result<reply> connection::ask(std::span<const std::string_view> words,
                              std::chrono::milliseconds waiting) {
  pipeline one;
  one.add(words);
  auto answers = call(one, waiting);
  if (!answers)
    return unavailable(answers.error());
  if (reply_view{answers->front()}.is_error())
    return to_failure(answers->front());
  return std::move(answers->front());
}

result<reply> connection::ask(std::initializer_list<std::string_view> words,
                              std::chrono::milliseconds waiting) {
  return ask(std::span{words.begin(), words.size()}, waiting);
}

result<reply> connection::transact(const pipeline& body) {
  pipeline whole;
  whole.add({"MULTI"});
  whole.append(body);
  whole.add({"EXEC"});
  auto answers = call(whole);
  if (!answers)
    return answers.error();
  // A command that was not even queued says why; EXEC then only says that.
  for (const auto& answer : *answers)
    if (reply_view{answer}.is_error())
      return to_failure(answer);
  auto& items = answers->back();
  if (reply_view{items}.size() != body.size())
    return {errc::internal, "EXEC answered with another number of items"};
  return std::move(items);
}

result<std::optional<reply>>
connection::listen(std::chrono::milliseconds timeout) {
  if (!wire_.is_open())
    return {errc::unavailable, "not connected"};
  auto answer = next_reply(after(timeout));
  if (answer)
    return std::optional{std::move(*answer)};
  if (answer.error().code == errc::timed_out)
    return std::optional<reply>{};
  drop();
  return answer.error();
}

} // namespace eventpulse::redis
