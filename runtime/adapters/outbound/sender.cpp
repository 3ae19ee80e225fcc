#include "runtime/adapters/outbound/sender.hpp"

#include "runtime/adapters/outbound/address_policy.hpp"
#include "runtime/adapters/outbound/host_lanes.hpp"
#include "runtime/adapters/outbound/transfer.hpp"
#include "runtime/core/base/check.hpp"

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace eventpulse::outbound {

namespace {

constexpr int poll_ms = 1000; // a submit wakes the loop before
constexpr std::chrono::milliseconds overdue_every{100}; // it looks at each host

outbound_answer not_sent(std::string why) {
  outbound_answer out;
  out.sent = false;
  out.error = std::move(why);
  return out;
}

class curl_sender : public sender {
public:
  curl_sender(const options& o, address_policy policy)
      : options_(o), policy_(std::move(policy)),
        lanes_(static_cast<size_t>(std::max(o.connections_max, 1L)),
               static_cast<size_t>(std::max(o.connections_per_host_max, 1L))),
        multi_(curl_multi_init()) {
    EP_CHECK(multi_ != nullptr);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, o.connections_max);
    thread_ = std::thread([this] { run(); });
  }

  ~curl_sender() override {
    stopping_ = true;
    curl_multi_wakeup(multi_);
    thread_.join();
    curl_multi_cleanup(multi_);
  }

  void send(outbound_request request,
            std::function<void(outbound_answer)> done) override {
    job work{std::move(request), std::move(done),
             std::chrono::steady_clock::now()};
    {
      std::lock_guard lock(mutex_);
      // Taken even beyond the bound, so that the refusal too comes from the
      // sender's thread; it goes out at once and the bound holds for the rest.
      incoming_.push_back({std::move(work), waiting_ >= options_.waiting_max});
      if (!incoming_.back().is_refused)
        ++waiting_;
    }
    curl_multi_wakeup(multi_);
  }

private:
  struct submission {
    job work;
    bool is_refused = false;
  };

  void run() {
    // Signals are the business of other threads; and CURLOPT_NOSIGNAL leaves
    // SIGPIPE to us.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    while (!stopping_) {
      take_incoming();
      end_overdue();
      start_some();
      int running = 0;
      curl_multi_perform(multi_, &running);
      finish_done();
      start_some();
      curl_multi_poll(multi_, nullptr, 0, poll_ms, nullptr);
    }
    end_all();
  }

  void take_incoming() {
    std::deque<submission> taken;
    {
      std::lock_guard lock(mutex_);
      taken.swap(incoming_);
    }
    for (auto& [work, is_refused] : taken) {
      if (is_refused) {
        work.done(not_sent("too many requests are waiting"));
        continue;
      }
      if (auto fault = fault_of(work.request); !fault.empty()) {
        no_longer_waiting();
        outbound_answer refused; // an attempt: it would fail the same again
        refused.error = fault;
        work.done(std::move(refused));
        continue;
      }
      auto host = host_of(work.request.url);
      lanes_.add(host, std::move(work));
    }
  }

  void end_overdue() {
    auto now = std::chrono::steady_clock::now();
    if (now - overdue_at_ < overdue_every)
      return;
    overdue_at_ = now;
    for (auto& work : lanes_.take_overdue(now))
      answer_waiting(work, "waited too long for its turn with this host");
  }

  void no_longer_waiting() {
    std::lock_guard lock(mutex_);
    EP_CHECK(waiting_ > 0);
    --waiting_;
  }

  void answer_waiting(job& work, const std::string& why) {
    no_longer_waiting();
    work.done(not_sent(why));
  }

  void start_some() {
    while (auto work = lanes_.next()) {
      no_longer_waiting();
      auto t = std::make_unique<transfer>(std::move(*work), policy_, options_);
      auto* handle = t->handle();
      curl_multi_add_handle(multi_, handle);
      transfers_.emplace(handle, std::move(t));
    }
  }

  void finish_done() {
    int left = 0;
    while (auto* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE)
        continue;
      auto code = message->data.result; // gone with the handle
      auto found = transfers_.find(message->easy_handle);
      EP_CHECK(found != transfers_.end());
      auto t = std::move(found->second);
      transfers_.erase(found);
      curl_multi_remove_handle(multi_, t->handle());
      lanes_.ended(host_of(t->work().request.url));
      t->work().done(t->answer(code));
    }
  }

  void end_all() {
    const std::string why = "shutting down";
    take_incoming();
    for (auto& work : lanes_.take_all())
      answer_waiting(work, why);
    for (auto& [handle, t] : transfers_) {
      curl_multi_remove_handle(multi_, handle);
      t->work().done(not_sent(why));
    }
    transfers_.clear();
  }

  options options_;
  address_policy policy_;
  host_lanes lanes_; // thread_'s
  std::chrono::steady_clock::time_point overdue_at_{};
  CURLM* multi_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::deque<submission> incoming_; // guarded by mutex_
  size_t waiting_ = 0;              // guarded by mutex_; not started yet
  std::unordered_map<CURL*, std::unique_ptr<transfer>> transfers_; // thread_'s
  std::thread thread_; // last: it uses all of the above
};

} // namespace

result<std::shared_ptr<sender>> make_sender(const options& o) {
  // Thread-safe in C++11 and later; once for the process.
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready != CURLE_OK)
    return failure{errc::internal, "libcurl does not start"};
  auto policy = address_policy::of(o.allow);
  if (!policy)
    return policy.error();
  return std::shared_ptr<sender>(
      std::make_shared<curl_sender>(o, std::move(policy).value()));
}

} // namespace eventpulse::outbound
