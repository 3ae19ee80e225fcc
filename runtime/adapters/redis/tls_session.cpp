#include "runtime/adapters/redis/tls_session.hpp"

#include "runtime/core/base/check.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <limits>

namespace eventpulse::redis {

namespace {

std::string last_error() {
  std::array<char, 256> text{};
  auto code = ERR_get_error();
  if (code == 0)
    return "the connection ended";
  ERR_error_string_n(code, text.data(), text.size());
  ERR_clear_error();
  return text.data();
}

bool is_address(const std::string& host) {
  in6_addr unused;
  return ::inet_pton(AF_INET, host.c_str(), &unused) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &unused) == 1;
}

result<void> use_files(SSL_CTX* context, const endpoint& where) {
  if (where.ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1)
      return {errc::invalid,
              "the system's certificate authorities: " + last_error()};
  } else if (SSL_CTX_load_verify_locations(context, where.ca_file.c_str(),
                                           nullptr) != 1) {
    return {errc::invalid, where.ca_file + ": " + last_error()};
  }
  if (where.cert_file.empty())
    return {};
  if (SSL_CTX_use_certificate_chain_file(context, where.cert_file.c_str()) != 1)
    return {errc::invalid, where.cert_file + ": " + last_error()};
  if (SSL_CTX_use_PrivateKey_file(context, where.key_file.c_str(),
                                  SSL_FILETYPE_PEM) != 1)
    return {errc::invalid, where.key_file + ": " + last_error()};
  return {};
}

bool expect_name(SSL* session, const std::string& host) {
  auto* param = SSL_get0_param(session);
  if (is_address(host))
    return X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str()) == 1;
  return SSL_set1_host(session, host.c_str()) == 1 &&
         SSL_set_tlsext_host_name(session, host.c_str()) == 1;
}

} // namespace

tls_session::tls_session(SSL_CTX* context, SSL* session)
    : context_(context), session_(session) {}

tls_session::~tls_session() {
  SSL_free(session_);
  SSL_CTX_free(context_);
}

result<std::unique_ptr<tls_session>> tls_session::make(const endpoint& where) {
  ERR_clear_error();
  auto* context = SSL_CTX_new(TLS_client_method());
  EP_CHECK(context != nullptr);
  std::unique_ptr<tls_session> out{new tls_session{context, nullptr}};
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (auto used = use_files(context, where); !used)
    return used.error();
  out->session_ = SSL_new(context);
  EP_CHECK(out->session_ != nullptr);
  if (!expect_name(out->session_, where.host))
    return {errc::invalid, "TLS cannot check the name " + where.host};
  SSL_set_bio(out->session_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(out->session_);
  return out;
}

result<bool> tls_session::handshake() {
  ERR_clear_error();
  int done = SSL_do_handshake(session_);
  if (done == 1)
    return true;
  int why = SSL_get_error(session_, done);
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
    return false;
  std::string detail = "TLS handshake: " + last_error();
  if (auto verdict = SSL_get_verify_result(session_); verdict != X509_V_OK)
    detail += std::string{" ("} + X509_verify_cert_error_string(verdict) + ')';
  return {errc::unavailable, detail};
}

void tls_session::feed(std::string_view sealed) {
  // A memory buffer grows as needed and takes everything.
  int n = BIO_write(SSL_get_rbio(session_), sealed.data(),
                    static_cast<int>(sealed.size()));
  EP_CHECK(n == static_cast<int>(sealed.size()));
}

std::string tls_session::take_output() {
  auto* bio = SSL_get_wbio(session_);
  std::string out(BIO_ctrl_pending(bio), '\0');
  if (!out.empty()) {
    int n = BIO_read(bio, out.data(), static_cast<int>(out.size()));
    EP_CHECK(n == static_cast<int>(out.size()));
  }
  return out;
}

result<void> tls_session::encrypt(std::string_view plain) {
  constexpr size_t piece_max = std::numeric_limits<int>::max() / 2;
  while (!plain.empty()) {
    ERR_clear_error();
    auto piece = std::min(plain.size(), piece_max);
    int n = SSL_write(session_, plain.data(), static_cast<int>(piece));
    if (n <= 0)
      return {errc::unavailable, "TLS: " + last_error()};
    plain.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

result<size_t> tls_session::decrypt(std::span<char> into) {
  ERR_clear_error();
  int n = SSL_read(session_, into.data(), static_cast<int>(into.size()));
  if (n > 0)
    return static_cast<size_t>(n);
  if (SSL_get_error(session_, n) == SSL_ERROR_WANT_READ)
    return size_t{0};
  return {errc::unavailable, "TLS: " + last_error()};
}

} // namespace eventpulse::redis
