// A little certificate authority with its files, for tests of whatever speaks TLS:
//
//   TestAuthority authority;
//   TlsSettings settings;
//   settings.files = authority.write(authority.issue({.common_name = "mx.example"}));
//   settings.client_ca = authority.root_file();
//
// Root, intermediate and leaves are fresh in every test, and their files go with it.
#pragma once

#include <filesystem>
#include <string>

#include "net/issue_certificate.h"

namespace postern::net {

class TestAuthority {
 public:
  TestAuthority();
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  /// Signed by the intermediate, which is the chain.
  KeyPair issue(const CertificateWishes& wishes) const;
  /// The same, but what is sent lacks the intermediate: nobody can build the chain.
  KeyPair issue_without_chain(const CertificateWishes& wishes) const;

  /// Writes certificate with chain, and key, as PEM files.
  KeyFiles write(const KeyPair& pair) const;
  /// Any other file in the same folder; its path.
  std::string write_file(const std::string& name, const std::string& text) const;
  const std::string& root_file() const { return root_file_; }
  const std::string& intermediate_file() const { return intermediate_file_; }

 private:
  std::filesystem::path folder_;
  KeyPair root_;
  KeyPair intermediate_;
  std::string root_file_;
  std::string intermediate_file_;
  mutable int written_ = 0;
};

std::string to_pem(const X509& certificate);
std::string to_pem(const EVP_PKEY& key);

}  // namespace postern::net
