#pragma once
// One request under way in libcurl: its settings, what it collects of the
// answer, and the answer made of that. Used by sender.cpp only.

#include "runtime/adapters/outbound/address_policy.hpp"
#include "runtime/adapters/outbound/sender.hpp"

#include <curl/curl.h>

#include <chrono>
#include <functional>
#include <string>

namespace eventpulse::outbound {

struct job {
  outbound_request request;
  std::function<void(outbound_answer)> done;
  std::chrono::steady_clock::time_point submitted;
};

/// Why the request cannot be sent; empty where it can. What stands in it comes
/// from users, and control characters would let it add headers of its own.
std::string fault_of(const outbound_request& request);

/// "https://example.org:443": what a connection is made to. Empty where the
/// URL cannot be read.
std::string host_of(const std::string& url);

/// Lives at one address, since libcurl keeps pointers to it.
class transfer {
public:
  transfer(job work, const address_policy& policy, const options& o);
  ~transfer();
  transfer(const transfer&) = delete;
  transfer& operator=(const transfer&) = delete;

  CURL* handle() const { return handle_; }
  outbound_answer answer(CURLcode code);
  const job& work() const { return work_; }

private:
  void set_up(const options& o);
  void set_request();

  static size_t on_body(char* bytes, size_t size, size_t count, void* self);
  static size_t on_header(char* bytes, size_t size, size_t count, void* self);
  static curl_socket_t on_socket(void* self, curlsocktype purpose,
                                 curl_sockaddr* address);

  job work_;
  const address_policy& policy_;
  CURL* handle_;
  std::chrono::steady_clock::time_point began_;
  curl_slist* headers_ = nullptr;
  http_headers answer_headers_;
  size_t header_bytes_ = 0;
  std::string excerpt_;
  size_t body_bytes_ = 0;
  bool refused_ = false;
  char error_text_[CURL_ERROR_SIZE] = "";
};

} // namespace eventpulse::outbound
