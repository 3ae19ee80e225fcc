#include "runtime/adapters/outbound/trace_exporter.hpp"

#include "runtime/core/base/check.hpp"

#include <curl/curl.h>
#include <signal.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <random>
#include <string_view>
#include <thread>
#include <utility>

namespace eventpulse::outbound {

namespace {

using std::chrono::milliseconds;

constexpr size_t answer_bytes_max = 64 << 10;

struct answer {
  long status = 0; // 0: none
  std::string body;
  std::string error;
  milliseconds retry_after{0};
};

size_t keep_body(char* bytes, size_t, size_t count, void* into) {
  auto& body = static_cast<answer*>(into)->body;
  body.append(bytes, std::min(count, answer_bytes_max - body.size()));
  return count; // read to its end, so that the connection can be used again
}

size_t keep_retry_after(char* bytes, size_t, size_t count, void* into) {
  constexpr std::string_view name = "retry-after:";
  std::string_view line{bytes, count};
  bool is_it =
      line.size() > name.size() &&
      std::equal(name.begin(), name.end(), line.begin(), [](char n, char c) {
        return n ==
               static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      });
  if (!is_it)
    return count;
  auto value = line.substr(name.size());
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  unsigned seconds = 0; // the form with a date is not worth its parsing here
  std::from_chars(value.data(), value.data() + value.size(), seconds);
  static_cast<answer*>(into)->retry_after =
      milliseconds{std::min(seconds, 3600u) * 1000u};
  return count;
}

bool is_success(const answer& a) {
  return a.status >= 200 && a.status < 300;
}

bool may_repeat(const answer& a) {
  return a.status == 0 || a.status == 429 || a.status == 502 ||
         a.status == 503 || a.status == 504;
}

class curl_exporter : public trace_exporter {
public:
  curl_exporter(trace_exporter_options o, std::shared_ptr<span_queue> queue,
                trace_metrics& counts, logger log)
      : options_(std::move(o)), queue_(std::move(queue)), counts_(counts),
        log_(std::move(log)), handle_(curl_easy_init()) {
    EP_CHECK(handle_ != nullptr);
    set_up();
    thread_ = std::thread([this] { run(); });
  }

  ~curl_exporter() override {
    queue_->close();
    thread_.join();
    curl_easy_cleanup(handle_);
    curl_slist_free_all(headers_);
  }

private:
  void set_up() {
    for (const auto& line : options_.headers)
      headers_ = curl_slist_append(headers_, line.c_str());
    headers_ = curl_slist_append(headers_, "Content-Type: application/json");
    headers_ = curl_slist_append(headers_, "Expect:"); // no 100-continue
    auto* h = handle_;
    curl_easy_setopt(h, CURLOPT_URL, options_.url.c_str());
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_USERAGENT, "EventPulse");
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(h, CURLOPT_POST, 1L);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, &keep_body);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, &keep_retry_after);
  }

  void run() {
    sigset_t all; // signals are the business of other threads
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    for (;;) {
      bool is_last = queue_->is_closed();
      auto spans = queue_->take(options_.batch_spans_max, options_.interval);
      if (spans.empty() && is_last)
        return;
      if (is_last)
        mind_the_end();
      if (has_given_up_)
        counts_.dropped.Increment(static_cast<double>(spans.size()));
      else if (!spans.empty())
        export_batch(spans);
    }
  }

  void export_batch(const std::vector<span>& spans) {
    auto body = otlp::request_json(options_.resource, spans);
    for (unsigned tries = 1;; ++tries) {
      auto said = post(body);
      if (is_success(said))
        return exported(spans.size(), said);
      if (may_repeat(said) && tries < options_.tries_max &&
          !queue_->is_closed()) {
        queue_->wait_closed(wait_after(said, tries)); // then the last try
        continue;
      }
      auto& count = may_repeat(said) ? counts_.dropped : counts_.rejected;
      count.Increment(static_cast<double>(spans.size()));
      has_given_up_ = queue_->is_closed();
      return failed(said);
    }
  }

  /// The process waits for us now.
  void mind_the_end() {
    auto now = std::chrono::steady_clock::now();
    if (!end_by_)
      end_by_ = now + options_.last_timeout;
    has_given_up_ = has_given_up_ || now > *end_by_;
  }

  answer post(const std::string& body) {
    answer out;
    char why[CURL_ERROR_SIZE] = "";
    auto timeout =
        queue_->is_closed() ? options_.last_timeout : options_.timeout;
    auto* h = handle_;
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
    curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(h, CURLOPT_POSTFIELDS, body.data()); // not copied
    curl_easy_setopt(h, CURLOPT_WRITEDATA, &out);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, &out);
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, why);
    auto code = curl_easy_perform(h);
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, nullptr);
    if (code == CURLE_OK)
      curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &out.status);
    else
      out.error = *why ? why : curl_easy_strerror(code);
    return out;
  }

  milliseconds wait_after(const answer& a, unsigned tries) {
    auto wait = a.retry_after;
    if (wait == milliseconds{0}) {
      wait = options_.back_off_min * (1u << std::min(tries - 1, 10u));
      // Many exporters wait for one collector.
      wait +=
          milliseconds{random_() % static_cast<uint64_t>(wait.count() / 2 + 1)};
    }
    return std::min(wait, options_.back_off_max);
  }

  void exported(size_t count, const answer& a) {
    auto part = otlp::read_answer(a.body);
    auto rejected = std::min<uint64_t>(part.rejected, count);
    counts_.exported.Increment(static_cast<double>(count - rejected));
    counts_.rejected.Increment(static_cast<double>(rejected));
    if (rejected > 0 && !std::exchange(is_failing_, true))
      log_.warn("traces_rejected", {{"reason", part.message}});
    else if (rejected == 0 && std::exchange(is_failing_, false))
      log_.info("traces_exported_again");
  }

  void failed(const answer& a) {
    if (!std::exchange(is_failing_, true))
      log_.warn("traces_not_exported",
                {{"status", a.status}, {"reason", a.error}});
  }

  trace_exporter_options options_;
  std::shared_ptr<span_queue> queue_;
  trace_metrics& counts_;
  logger log_;
  CURL* handle_;
  curl_slist* headers_ = nullptr;
  bool is_failing_ = false;
  bool has_given_up_ = false; // at the end: the rest is dropped
  std::optional<std::chrono::steady_clock::time_point> end_by_;
  std::mt19937_64 random_{std::random_device{}()};
  std::thread thread_; // last: it uses all of the above
};

} // namespace

std::unique_ptr<trace_exporter>
make_trace_exporter(trace_exporter_options o, std::shared_ptr<span_queue> queue,
                    trace_metrics& counts, logger log) {
  // Thread-safe in C++11 and later; once for the process.
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  EP_CHECK(ready == CURLE_OK);
  return std::make_unique<curl_exporter>(std::move(o), std::move(queue), counts,
                                         std::move(log));
}

} // namespace eventpulse::outbound
