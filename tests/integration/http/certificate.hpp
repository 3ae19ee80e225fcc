#pragma once
// A self-signed certificate for localhost and 127.0.0.1, made anew for each
// test, as PEM files in a folder of its own that goes with it.

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace test {

class certificate {
public:
  certificate() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "ep_http_XXXXXX").string();
    if (!::mkdtemp(pattern.data()))
      throw std::runtime_error("cannot make a folder");
    folder_ = pattern;
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
        EVP_EC_gen("P-256"), EVP_PKEY_free};
    const std::unique_ptr<X509, decltype(&X509_free)> x509{X509_new(),
                                                           X509_free};
    X509_set_version(x509.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509.get()), 3600);
    X509_set_pubkey(x509.get(), key.get());
    auto* name = X509_get_subject_name(x509.get());
    X509_NAME_add_entry_by_txt(
        name, "CN", MBSTRING_ASC,
        reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(x509.get(), name);
    add(x509.get(), NID_basic_constraints, "critical,CA:TRUE");
    add(x509.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    X509_sign(x509.get(), key.get(), EVP_sha256());
    const std::unique_ptr<FILE, decltype(&std::fclose)> out{
        std::fopen(file().c_str(), "w"), std::fclose};
    PEM_write_X509(out.get(), x509.get());
    const std::unique_ptr<FILE, decltype(&std::fclose)> key_out{
        std::fopen(key_file().c_str(), "w"), std::fclose};
    PEM_write_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr,
                         nullptr);
  }

  ~certificate() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  certificate(const certificate&) = delete;
  certificate& operator=(const certificate&) = delete;

  std::string file() const { return (folder_ / "certificate.pem").string(); }
  std::string key_file() const { return (folder_ / "key.pem").string(); }

private:
  static void add(X509* x509, int id, const char* value) {
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)>
        extension{X509V3_EXT_conf_nid(nullptr, nullptr, id, value),
                  X509_EXTENSION_free};
    X509_add_ext(x509, extension.get(), -1);
  }

  std::filesystem::path folder_;
};

} // namespace test
