#include "runtime/adapters/outbound/transfer.hpp"

#include "runtime/core/base/check.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/base/utf8.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <string_view>

namespace eventpulse::outbound {

namespace {

constexpr size_t answer_header_bytes_max = 16'384;
constexpr std::string_view replacement = "\xef\xbf\xbd"; // U+FFFD

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

/// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || marks.find(c) != std::string_view::npos;
  });
}

/// UTF-8 without NUL of at most `size_max` bytes: it is shown and stored, and
/// whoever answers may have sent anything.
std::string as_text(std::string_view bytes, size_t size_max) {
  std::string out;
  for (size_t at = 0; at < bytes.size();) {
    char32_t c = 0;
    auto length = utf8_take(bytes, at, c);
    auto piece = length > 0 && c != 0 ? bytes.substr(at, length) : replacement;
    if (out.size() + piece.size() > size_max)
      break;
    out += piece;
    at += std::max<size_t>(length, 1);
  }
  return out;
}

struct free_url {
  void operator()(CURLU* u) const { curl_url_cleanup(u); }
};

std::string part_of(CURLU* url, CURLUPart part, unsigned flags) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
    return {};
  std::string out{text};
  curl_free(text);
  return out;
}

} // namespace

std::string fault_of(const outbound_request& request) {
  if (!is_token(request.method))
    return "the method is no token";
  if (has_control(request.url))
    return "the URL holds control characters";
  for (const auto& [name, value] : request.headers)
    if (!is_token(name) || has_control(value))
      return "a header is not valid";
  if (host_of(request.url).empty())
    return "the URL is not valid";
  return {};
}

std::string host_of(const std::string& url) {
  std::unique_ptr<CURLU, free_url> parsed{curl_url()};
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(),
                              CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
    return {};
  auto host = part_of(parsed.get(), CURLUPART_HOST, 0);
  if (host.empty())
    return {};
  return part_of(parsed.get(), CURLUPART_SCHEME, 0) + "://" + host + ':' +
         part_of(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
}

transfer::transfer(job work, const address_policy& policy, const options& o)
    : work_(std::move(work)), policy_(policy), handle_(curl_easy_init()),
      began_(std::chrono::steady_clock::now()) {
  EP_CHECK(handle_ != nullptr);
  set_request();
  set_up(o);
}

transfer::~transfer() {
  curl_easy_cleanup(handle_);
  curl_slist_free_all(headers_);
}

void transfer::set_request() {
  const auto& r = work_.request;
  for (const auto& [name, value] : r.headers) {
    // libcurl takes "name:" as leave it out and "name;" as send it empty.
    auto line = value.empty() ? name + ';' : name + ": " + value;
    headers_ = curl_slist_append(headers_, line.c_str());
  }
  // No waiting for 100-continue.
  headers_ = curl_slist_append(headers_, "Expect:");
  curl_easy_setopt(handle_, CURLOPT_URL, r.url.c_str());
  curl_easy_setopt(handle_, CURLOPT_CUSTOMREQUEST, r.method.c_str());
  curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, headers_);
  curl_easy_setopt(handle_, CURLOPT_TIMEOUT_MS,
                   std::max<long>(r.timeout.count(), 1)); // 0 is for ever
  if (r.method == "HEAD")
    curl_easy_setopt(handle_, CURLOPT_NOBODY, 1L);
  if (r.method == "HEAD" || (r.method == "GET" && r.body.empty()))
    return;
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(r.body.size()));
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, r.body.data()); // not copied
}

void transfer::set_up(const options& o) {
  auto* h = handle_;
  curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
  // With a proxy the socket callback would judge the proxy's address.
  curl_easy_setopt(h, CURLOPT_PROXY, "");
  curl_easy_setopt(h, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(h, CURLOPT_USERAGENT, o.user_agent.c_str());
  if (!o.ca_file.empty())
    curl_easy_setopt(h, CURLOPT_CAINFO, o.ca_file.c_str());
  curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(o.connect_timeout.count()));
  curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, &on_socket);
  curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(h, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, &on_header);
  curl_easy_setopt(h, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(h, CURLOPT_ERRORBUFFER, error_text_);
}

size_t transfer::on_body(char* bytes, size_t, size_t count, void* self) {
  auto& t = *static_cast<transfer*>(self);
  t.body_bytes_ += count;
  auto room = limits::answer_excerpt_bytes_max - t.excerpt_.size();
  t.excerpt_.append(bytes, std::min(room, count));
  // 0 makes libcurl end the transfer with a write error.
  return t.body_bytes_ > limits::answer_bytes_max ? 0 : count;
}

size_t transfer::on_header(char* bytes, size_t, size_t count, void* self) {
  auto& t = *static_cast<transfer*>(self);
  std::string_view line{bytes, count};
  if (line.starts_with("HTTP/")) { // of the last answer, not of a 1xx before
    t.answer_headers_.clear();
    t.header_bytes_ = 0;
    return count;
  }
  t.header_bytes_ += count;
  auto colon = line.find(':');
  if (colon == std::string_view::npos ||
      t.header_bytes_ > answer_header_bytes_max)
    return count;
  auto value = line.substr(colon + 1);
  auto first = value.find_first_not_of(" \t\r\n");
  auto last = value.find_last_not_of(" \t\r\n");
  value = first == std::string_view::npos
              ? std::string_view{}
              : value.substr(first, last - first + 1);
  t.answer_headers_.emplace_back(line.substr(0, colon), value);
  return count;
}

curl_socket_t transfer::on_socket(void* self, curlsocktype,
                                  curl_sockaddr* address) {
  auto& t = *static_cast<transfer*>(self);
  t.refused_ = !t.policy_.permits(&address->addr);
  if (t.refused_)
    return CURL_SOCKET_BAD;
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC,
                  address->protocol);
}

outbound_answer transfer::answer(CURLcode code) {
  outbound_answer out;
  out.duration = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - began_);
  out.headers = std::move(answer_headers_);
  out.body_excerpt = as_text(excerpt_, limits::answer_excerpt_bytes_max);
  bool is_cut =
      code == CURLE_WRITE_ERROR && body_bytes_ > limits::answer_bytes_max;
  if (code == CURLE_OK || is_cut) {
    // A receiver that took the message and talks too much has taken it.
    long status = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    out.status = static_cast<unsigned>(status);
    if (is_cut)
      out.error = "the answer was cut off at its cap";
  } else if (refused_) {
    out.error = "the address is not allowed (outbound.allow)";
  } else {
    out.error = as_text(*error_text_ ? error_text_ : curl_easy_strerror(code),
                        CURL_ERROR_SIZE);
  }
  return out;
}

} // namespace eventpulse::outbound
