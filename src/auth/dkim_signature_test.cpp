#include "auth/dkim_signature.h"

#include <doctest/doctest.h>

#include <map>

#include "base/encoding.h"

using namespace postern;
using namespace postern::auth;

namespace {

/// The tags of a good signature with some replaced; an empty value removes the tag.
std::string field(const std::map<std::string, std::string>& changes = {}) {
  std::map<std::string, std::string> tags = {{"v", "1"},
                                             {"a", "rsa-sha256"},
                                             {"d", "example.com"},
                                             {"s", "sel"},
                                             {"h", "From : To : Subject"},
                                             {"b", "dGVzdA=="},
                                             {"bh", to_base64(std::string(32, 'x'))}};
  for (const auto& [name, value] : changes) tags[name] = value;
  std::string text;
  for (const auto& [name, value] : tags)
    if (value != "-") text += name + "=" + value + "; ";
  text.resize(text.size() - 1);
  return text;
}

DkimProblem problem(const std::map<std::string, std::string>& changes,
                    FieldCharset charset = FieldCharset::utf8) {
  const auto parsed = parse_dkim_signature(field(changes), charset);
  return parsed.fault ? parsed.fault->problem : DkimProblem::none;
}

}  // namespace

TEST_CASE("RFC 6376 section 3.5: the tags and what they are without") {
  const std::string text = field();
  const auto parsed = parse_dkim_signature(text);
  REQUIRE_FALSE(parsed.fault);
  const DkimSignature& signature = parsed.signature;
  CHECK(signature.algorithm == DkimAlgorithm::rsa_sha256);
  CHECK(signature.signature == "test");
  CHECK(signature.signature_text == "dGVzdA==");
  CHECK(signature.body_hash == std::string(32, 'x'));
  CHECK(signature.header_canonicalization == Canonicalization::simple);
  CHECK(signature.body_canonicalization == Canonicalization::simple);
  CHECK(signature.domain == "example.com");
  CHECK(signature.selector == "sel");
  CHECK(signature.identity == "@example.com");
  CHECK(signature.identity_domain == "example.com");
  CHECK(signature.header_names == std::vector<std::string_view>{"From", "To", "Subject"});
  CHECK_FALSE(signature.body_length);
  CHECK_FALSE(signature.signed_at);
  CHECK_FALSE(signature.expires_at);
  CHECK(key_name(signature) == "sel._domainkey.example.com");
}

TEST_CASE("RFC 6376 section 3.5: the optional tags") {
  const std::string text = field({{"c", "relaxed"},
                                  {"i", "Joe=20SixPack@Football.example.com"},
                                  {"l", "12"},
                                  {"q", "dns/other:dns/txt"},
                                  {"t", "1117574938"},
                                  {"x", "1118006938"},
                                  {"z", "From:foo@eng.example.net|To:joe@example.com"},
                                  {"d", "Example.COM"},
                                  {"s", "Feb2005.Eng"},
                                  {"unknown", "x"}});
  const auto parsed = parse_dkim_signature(text);
  REQUIRE_FALSE(parsed.fault);
  const DkimSignature& signature = parsed.signature;
  CHECK(signature.header_canonicalization == Canonicalization::relaxed);
  CHECK(signature.body_canonicalization == Canonicalization::simple);
  CHECK(signature.identity == "Joe SixPack@Football.example.com");
  CHECK(signature.identity_domain == "football.example.com");
  CHECK(signature.body_length == 12);
  CHECK(signature.signed_at == Time(std::chrono::seconds(1117574938)));
  CHECK(signature.expires_at == Time(std::chrono::seconds(1118006938)));
  CHECK(key_name(signature) == "feb2005.eng._domainkey.example.com");
}

TEST_CASE("RFC 6376 section 6.1.1: each fault has its name") {
  for (const char* name : {"v", "a", "d", "s", "h", "b", "bh"})
    CHECK_MESSAGE(problem({{name, "-"}}) == DkimProblem::missing_tag, name);
  CHECK(problem({{"v", "2"}}) == DkimProblem::version);
  CHECK(problem({{"v", "1.0"}}) == DkimProblem::version);
  CHECK(problem({{"a", "rsa-md5"}}) == DkimProblem::algorithm_unknown);
  CHECK(problem({{"c", "relaxed/"}}) == DkimProblem::canonicalization_unknown);
  CHECK(problem({{"c", "nofws"}}) == DkimProblem::canonicalization_unknown);
  CHECK(problem({{"q", "http"}}) == DkimProblem::query_method_unknown);
  CHECK(problem({{"h", "To:Subject"}}) == DkimProblem::from_not_signed);
  CHECK(problem({{"h", "fRoM"}}) == DkimProblem::none);
  CHECK(problem({{"h", "From:a b"}}) == DkimProblem::syntax);
  CHECK(problem({{"bh", "dGVzdA=="}}) == DkimProblem::syntax);
  CHECK(problem({{"b", "*"}}) == DkimProblem::syntax);
  CHECK(problem({{"b", ""}}) == DkimProblem::syntax);
  CHECK(problem({{"l", "-1"}}) == DkimProblem::syntax);
  CHECK(problem({{"t", "soon"}}) == DkimProblem::syntax);
  CHECK(problem({{"t", "10"}, {"x", "10"}}) == DkimProblem::syntax);
  CHECK(problem({{"t", "10"}, {"x", "11"}}) == DkimProblem::none);
  CHECK(parse_dkim_signature("v=1; v=1").fault->problem == DkimProblem::syntax);
}

TEST_CASE("the signing domain and the selector are host names") {
  for (const char* name : {"com", "example.com.", ".example.com", "example..com", "exa mple.com",
                           "-example.com", "[192.0.2.1]", "example.com/"})
    CHECK_MESSAGE(problem({{"d", name}}) == DkimProblem::syntax, name);
  CHECK(problem({{"d", "_x.example.com"}}) == DkimProblem::none);
  CHECK(problem({{"s", "a b"}}) == DkimProblem::syntax);
  CHECK(problem({{"s", "sel."}}) == DkimProblem::syntax);
}

TEST_CASE("RFC 6376 section 3.5, i=: the identity lies within the signing domain") {
  CHECK(problem({{"i", "@example.com"}}) == DkimProblem::none);
  CHECK(problem({{"i", "joe@EXAMPLE.com"}}) == DkimProblem::none);
  CHECK(problem({{"i", "\"a@b\"@sub.example.com"}}) == DkimProblem::none);
  CHECK(problem({{"i", "@badexample.com"}}) == DkimProblem::identity_mismatch);
  CHECK(problem({{"i", "@com.example"}}) == DkimProblem::identity_mismatch);
  CHECK(problem({{"i", "example.com"}}) == DkimProblem::syntax);
  CHECK(problem({{"i", "a=4@example.com"}}) == DkimProblem::syntax);
  CHECK(problem({{"i", "a=0D=0Ab@example.com"}}) == DkimProblem::syntax);
  CHECK(problem({{"i", std::string(max_identity, 'a') + "@example.com"}}) == DkimProblem::syntax);
}

TEST_CASE("RFC 8616 section 5: with SMTPUTF8, d=, s= and i= may hold UTF-8") {
  const std::string text = field({{"d",
                                   "b\xc3\xbc"
                                   "cher.example"},
                                  {"s", "gr\xc3\xbcn"},
                                  {"i", "m\xc3\xb8x@a.xn--bcher-kva.example"}});
  const auto parsed = parse_dkim_signature(text);
  REQUIRE_FALSE(parsed.fault);
  CHECK(key_name(parsed.signature) == "xn--grn-ioa._domainkey.xn--bcher-kva.example");
  CHECK(parsed.signature.identity == "m\xc3\xb8x@a.xn--bcher-kva.example");

  CHECK(problem({{"d",
                  "b\xc3\xbc"
                  "cher.example"}},
                FieldCharset::ascii) == DkimProblem::syntax);
  CHECK(problem({{"s", "gr\xc3\xbcn"}}, FieldCharset::ascii) == DkimProblem::syntax);
  CHECK(problem({{"i", "m\xc3\xb8x@example.com"}}, FieldCharset::ascii) == DkimProblem::syntax);
  CHECK(problem({{"i", "m\xc3@example.com"}}) == DkimProblem::syntax);
}

TEST_CASE("a signature that cannot be read still tells whose it is") {
  const std::string text = field({{"a", "future"}});
  const auto parsed = parse_dkim_signature(text);
  CHECK(parsed.fault->problem == DkimProblem::algorithm_unknown);
  CHECK(parsed.signature.domain == "example.com");
  CHECK(parsed.signature.selector == "sel");
}

TEST_CASE("the number of names in h= is limited") {
  std::string names = "From";
  for (std::size_t i = 1; i < max_header_names; ++i) names += ":X";
  CHECK(problem({{"h", names}}) == DkimProblem::none);
  CHECK(problem({{"h", names + ":X"}}) == DkimProblem::too_many_header_names);
}

TEST_CASE("numbers that no clock reaches are accepted") {
  CHECK(problem({{"l", std::string(76, '9')}}) == DkimProblem::none);
  CHECK(problem({{"x", std::string(76, '9')}}) == DkimProblem::none);
}
