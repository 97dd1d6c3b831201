#include "net/tls_peer.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "net/issue_certificate.h"

using namespace postern::net;

TEST_CASE("names of certificates are host names in lower case, or nothing") {
  CHECK(certificate_host_name("Mail.Example.COM") == "mail.example.com");
  CHECK(certificate_host_name("*.Example.com") == "*.example.com");
  CHECK(certificate_host_name("xn--bcher-kva.example") == "xn--bcher-kva.example");
  CHECK(certificate_host_name("_smtp.example") == "_smtp.example");
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {""sv, "."sv, "*"sv, "*."sv, "a..b"sv, ".a"sv, "a."sv, "*.*.a"sv, "a.*.b"sv, "f*.example"sv,
        "mail.example.com\0.evil.test"sv, "two words"sv, "a@example.com"sv, "b\xc3\xbc.example"sv,
        "https://example.com"sv}) {
    CAPTURE(text);
    CHECK_FALSE(certificate_host_name(text));
  }
  CHECK(certificate_host_name(std::string(253, 'a')));
  CHECK_FALSE(certificate_host_name(std::string(254, 'a')));
}

TEST_CASE("a certificate is described with every usable name once") {
  const KeyPair pair = issue_certificate(
      {.common_name = "Mail.Example.com",
       .dns_names = {"mail.example.com", "MX.example.com", std::string("good.test\0.evil", 15),
                     "*.example.com", "not a host"}},
      nullptr);
  const PeerCertificate certificate = describe(*pair.certificate);
  CHECK(certificate.names ==
        std::vector<std::string>{"mail.example.com", "mx.example.com", "*.example.com"});
  CHECK(certificate.subject == "CN=Mail.Example.com");
}

TEST_CASE("a common name that is no host name is only the subject") {
  const KeyPair pair = issue_certificate({.common_name = "Fabrikam, \xc3\x9c\n Ltd"}, nullptr);
  const PeerCertificate certificate = describe(*pair.certificate);
  CHECK(certificate.names.empty());
  // Nothing in it can break a log line.
  CHECK(std::ranges::all_of(certificate.subject, [](char c) { return c >= ' ' && c < 127; }));
}

TEST_CASE("names beyond the limit do not count") {
  CertificateWishes wishes{.common_name = "first.example"};
  for (int i = 0; i < 400; ++i) wishes.dns_names.push_back("n" + std::to_string(i) + ".example");
  const KeyPair pair = issue_certificate(wishes, nullptr);
  CHECK(describe(*pair.certificate).names.size() == max_certificate_names);
}
