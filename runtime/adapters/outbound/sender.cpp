#include "runtime/adapters/outbound/sender.hpp"

#include "runtime/adapters/outbound/address_policy.hpp"
#include "runtime/core/base/limits.hpp"

#include <curl/curl.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace eventpulse::outbound {

namespace {

constexpr int poll_ms = 1000; // a submit wakes the loop before

struct job {
  outbound_request request;
  std::function<void(outbound_answer)> done;
};

/// One request under way. Lives at one address: libcurl keeps pointers to it.
struct transfer {
  transfer(job&& work, const address_policy& rules)
      : what(std::move(work)), policy(rules), handle(curl_easy_init()),
        began(std::chrono::steady_clock::now()) {}
  transfer(const transfer&) = delete;
  transfer& operator=(const transfer&) = delete;
  ~transfer() {
    curl_easy_cleanup(handle);
    curl_slist_free_all(headers);
  }

  void finish(CURLcode code) {
    outbound_answer out;
    out.duration = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - began);
    out.headers = std::move(answer_headers);
    out.body_excerpt = std::move(body);
    if (code == CURLE_OK) {
      long status = 0;
      curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
      out.status = static_cast<unsigned>(status);
    } else if (refused) {
      out.error = "the address is not allowed (outbound.allow)";
    } else {
      out.error = *error_text ? error_text : curl_easy_strerror(code);
    }
    what.done(std::move(out));
  }

  job what;
  const address_policy& policy;
  CURL* handle;
  std::chrono::steady_clock::time_point began;
  curl_slist* headers = nullptr;
  http_headers answer_headers;
  std::string body;
  bool refused = false;
  size_t body_seen = 0;
  char error_text[CURL_ERROR_SIZE] = "";
};

size_t on_body(char* bytes, size_t, size_t count, void* context) {
  auto& t = *static_cast<transfer*>(context);
  t.body_seen += count;
  if (t.body_seen > limits::answer_bytes_max)
    return 0; // libcurl ends the transfer with a write error
  auto room = limits::answer_excerpt_bytes_max - t.body.size();
  t.body.append(bytes, std::min(room, count));
  return count;
}

size_t on_header(char* bytes, size_t, size_t count, void* context) {
  auto& t = *static_cast<transfer*>(context);
  std::string_view line(bytes, count);
  auto colon = line.find(':');
  // Retry-After is all that anybody reads; the rest stays bounded by libcurl.
  if (colon == std::string_view::npos || t.answer_headers.size() >= 100)
    return count;
  auto value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
    value.remove_prefix(1);
  while (!value.empty() &&
         (value.back() == '\r' || value.back() == '\n' || value.back() == ' '))
    value.remove_suffix(1);
  t.answer_headers.emplace_back(line.substr(0, colon), value);
  return count;
}

curl_socket_t on_socket(void* context, curlsocktype, curl_sockaddr* address) {
  auto& t = *static_cast<transfer*>(context);
  if (!t.policy.permits(&address->addr)) {
    t.refused = true;
    return CURL_SOCKET_BAD;
  }
  t.refused = false;
  return socket(address->family, address->socktype | SOCK_CLOEXEC,
                address->protocol);
}

bool has_control(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

class curl_sender : public sender {
public:
  curl_sender(const options& o, address_policy policy)
      : options_(o), policy_(std::move(policy)), multi_(curl_multi_init()) {
    curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                      o.connections_max);
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS,
                      o.connections_per_host_max);
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
    outbound_answer refusal;
    {
      std::lock_guard lock(mutex_);
      if (stopping_)
        refusal.error = "shutting down";
      else if (waiting_.size() >= options_.waiting_max)
        refusal.error = "too many requests are waiting";
      else
        waiting_.push_back({std::move(request), std::move(done)});
    }
    if (!refusal.error.empty())
      return done(std::move(refusal));
    curl_multi_wakeup(multi_);
  }

private:
  void run() {
    while (!stopping_) {
      take_waiting();
      int running = 0;
      curl_multi_perform(multi_, &running);
      finish_done();
      curl_multi_poll(multi_, nullptr, 0, poll_ms, nullptr);
    }
    std::deque<job> left;
    {
      std::lock_guard lock(mutex_);
      left.swap(waiting_);
    }
    outbound_answer ended;
    ended.error = "shutting down";
    for (auto& [handle, t] : transfers_) {
      curl_multi_remove_handle(multi_, handle);
      t->what.done(ended);
    }
    transfers_.clear();
    for (auto& j : left)
      j.done(ended);
  }

  void take_waiting() {
    std::deque<job> taken;
    {
      std::lock_guard lock(mutex_);
      taken.swap(waiting_);
    }
    for (auto& j : taken)
      begin(std::move(j));
  }

  void begin(job&& work) {
    for (auto& [name, value] : work.request.headers)
      if (has_control(name) || has_control(value)) {
        outbound_answer refusal;
        refusal.error = "a header holds control characters";
        return work.done(std::move(refusal));
      }
    auto t = std::make_unique<transfer>(std::move(work), policy_);
    set_up(*t);
    curl_multi_add_handle(multi_, t->handle);
    transfers_.emplace(t->handle, std::move(t));
  }

  void set_up(transfer& t) {
    auto* h = t.handle;
    auto& r = t.what.request;
    for (auto& [name, value] : r.headers)
      t.headers = curl_slist_append(t.headers, (name + ": " + value).c_str());
    // No waiting for 100-continue.
    t.headers = curl_slist_append(t.headers, "Expect:");
    curl_easy_setopt(h, CURLOPT_URL, r.url.c_str());
    curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, r.method.c_str());
    curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(r.body.size()));
    curl_easy_setopt(h, CURLOPT_POSTFIELDS, r.body.data());
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, t.headers);
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
    // With a proxy the socket callback would judge the proxy's address.
    curl_easy_setopt(h, CURLOPT_PROXY, "");
    curl_easy_setopt(h, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(options_.connect_timeout.count()));
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS,
                     static_cast<long>(r.timeout.count()));
    curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, &on_socket);
    curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, &t);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, &t);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, &on_header);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, &t);
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, t.error_text);
  }

  void finish_done() {
    int left = 0;
    while (auto* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE)
        continue;
      auto code = message->data.result;
      auto found = transfers_.find(message->easy_handle);
      curl_multi_remove_handle(multi_, message->easy_handle);
      auto t = std::move(found->second);
      transfers_.erase(found);
      t->finish(code);
    }
  }

  options options_;
  address_policy policy_;
  CURLM* multi_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::deque<job> waiting_; // guarded by mutex_
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
