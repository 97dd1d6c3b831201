#include "net/test_certificates.h"

#include <openssl/pem.h>
#include <stdlib.h>

#include <fstream>
#include <stdexcept>

namespace postern::net {

namespace {

std::filesystem::path new_folder() {
  std::string path = std::filesystem::temp_directory_path() / "postern-test-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("no folder for certificates");
  return path;
}

std::string text_of(BIO& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(&bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

std::string to_pem(const X509& certificate) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), &certificate);
  return text_of(*bio);
}

std::string to_pem(const EVP_PKEY& key) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(*bio);
}

TestAuthority::TestAuthority()
    : folder_(new_folder()),
      root_(issue_certificate({.common_name = "Test root", .authority = true}, nullptr)),
      intermediate_(
          issue_certificate({.common_name = "Test intermediate", .authority = true}, &root_)),
      root_file_(write_file("root.pem", to_pem(*root_.certificate))),
      intermediate_file_(write_file("intermediate.pem", to_pem(*intermediate_.certificate))) {}

TestAuthority::~TestAuthority() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

KeyPair TestAuthority::issue_without_chain(const CertificateWishes& wishes) const {
  return issue_certificate(wishes, &intermediate_);
}

KeyPair TestAuthority::issue(const CertificateWishes& wishes) const {
  KeyPair pair = issue_without_chain(wishes);
  X509_up_ref(intermediate_.certificate.get());
  pair.chain.emplace_back(intermediate_.certificate.get());
  return pair;
}

KeyFiles TestAuthority::write(const KeyPair& pair) const {
  const std::string number = std::to_string(++written_);
  std::string certificates = to_pem(*pair.certificate);
  for (const X509Handle& link : pair.chain) certificates += to_pem(*link);
  return {.certificate = write_file("certificate" + number + ".pem", certificates),
          .private_key = write_file("key" + number + ".pem", to_pem(*pair.key))};
}

std::string TestAuthority::write_file(const std::string& name, const std::string& text) const {
  const std::filesystem::path path = folder_ / name;
  std::ofstream(path) << text;
  return path;
}

}  // namespace postern::net
