#include "dns/zone.h"

#include <doctest/doctest.h>

using namespace postern::dns;
using postern::IpAddress;

namespace {

Zone zone(std::string_view text) {
  const auto parsed = Zone::parse(text, "test.zone");
  if (!parsed) FAIL(parsed.error().message);
  return *parsed;
}

std::string error(std::string_view text) {
  const auto parsed = Zone::parse(text, "test.zone");
  return parsed ? "" : parsed.error().message;
}

}  // namespace

TEST_CASE("a master file answers by name and type") {
  const Zone contoso = zone(R"($ORIGIN contoso.test.
$TTL 1h
@     IN SOA ns hostmaster 1 3600 600 86400 300
      IN NS  ns
      MX  10 mail               ; a comment
      MX  20 mail.fabrikam.test.
mail  60 IN A 192.0.2.1
mail  IN 90 A 192.0.2.2
mail  AAAA 2001:db8::1
www   CNAME mail
@     TXT ( "v=spf1 mx " ; joined
            "-all" )
      TXT "a \"quoted\" ; \065" plain
_25._tcp.mail TLSA 3 1 1 ( 0123456789abcdef
   00 )
1.2.0.192.in-addr.arpa. PTR mail
)");
  const Answer mx = contoso.answer({"contoso.test", Type::mx});
  CHECK(mx.status == Status::ok);
  CHECK(mx.ttl == 3600);
  CHECK(mx.mail_exchanges ==
        std::vector<MailExchange>{{10, "mail.contoso.test"}, {20, "mail.fabrikam.test"}});

  const Answer a = contoso.answer({"mail.contoso.test", Type::a});
  CHECK(a.addresses == std::vector{*IpAddress::parse("192.0.2.1"), *IpAddress::parse("192.0.2.2")});
  CHECK(a.ttl == 60);

  CHECK(contoso.answer({"contoso.test", Type::txt}).texts ==
        std::vector<std::string>{"v=spf1 mx -all", "a \"quoted\" ; Aplain"});
  CHECK(contoso.answer({"1.2.0.192.in-addr.arpa", Type::ptr}).names ==
        std::vector<std::string>{"mail.contoso.test"});
  CHECK(contoso.answer({"_25._tcp.mail.contoso.test", Type::tlsa}).raw ==
        std::vector<std::string>{std::string("\3\1\1\x01\x23\x45\x67\x89\xab\xcd\xef\0", 12)});
}

TEST_CASE("no record, no name, and a name in between are told apart") {
  const Zone contoso = zone(
      "$ORIGIN contoso.test.\n@ SOA ns h 1 2 3 4 77\nmail.deep A 192.0.2.1\nalias CNAME gone\n");
  CHECK(contoso.answer({"mail.deep.contoso.test", Type::mx}).status == Status::empty);
  CHECK(contoso.answer({"mail.deep.contoso.test", Type::mx}).ttl == 77);
  CHECK(contoso.answer({"deep.contoso.test", Type::a}).status == Status::empty);
  CHECK(contoso.answer({"test", Type::a}).status == Status::empty);
  CHECK(contoso.answer({"x.contoso.test", Type::a}).status == Status::nxdomain);
  CHECK(contoso.answer({"fabrikam.test", Type::a}).ttl == 300);
  const Answer alias = contoso.answer({"alias.contoso.test", Type::a});
  CHECK(alias.status == Status::nxdomain);
  CHECK(alias.cname_chain == std::vector<std::string>{"gone.contoso.test"});
}

TEST_CASE("CNAMEs are followed, loops are failures") {
  const Zone names = zone(
      "a.test. 100 CNAME b.test.\nb.test. 50 CNAME c.test.\nc.test. A 192.0.2.1\n"
      "x.test. CNAME y.test.\ny.test. CNAME x.test.\n");
  const Answer a = names.answer({"a.test", Type::a});
  CHECK(a.addresses.size() == 1);
  CHECK(a.cname_chain == std::vector<std::string>{"b.test", "c.test"});
  CHECK(a.ttl == 50);
  CHECK(names.answer({"x.test", Type::a}).status == Status::failure);
  CHECK(names.answer({"a.test", Type::cname}).names == std::vector<std::string>{"b.test"});
}

TEST_CASE("wildcards cover names whose closest parent has them") {
  const Zone names = zone("*.w.test. A 192.0.2.1\nx.w.test. TXT here\n");
  CHECK(names.answer({"a.b.w.test", Type::a}).status == Status::ok);
  CHECK(names.answer({"x.w.test", Type::a}).status == Status::empty);
  CHECK(names.answer({"y.x.w.test", Type::a}).status == Status::nxdomain);
  CHECK(names.answer({"w.test", Type::a}).status == Status::empty);
}

TEST_CASE("names can be told to fail") {
  const Zone names = zone("t.test. A 192.0.2.1\n TIMEOUT\ns.test. SERVFAIL TXT MX\n A 192.0.2.1\n");
  CHECK(names.answer({"t.test", Type::a}).status == Status::ok);
  CHECK(names.answer({"t.test", Type::txt}).problem == "timeout");
  CHECK(names.answer({"s.test", Type::mx}).problem == "SERVFAIL");
  CHECK(names.answer({"s.test", Type::mx}).status == Status::failure);
  CHECK(names.answer({"s.test", Type::aaaa}).status == Status::empty);
}

TEST_CASE("names can be told to be secure, and a chain is as secure as its weakest link") {
  const Zone names = zone(
      "s.test. SECURE\n A 192.0.2.1\nw.s.test. CNAME s.test.\nout.s.test. CNAME o.test.\n"
      "o.test. A 192.0.2.1\nin.test. CNAME s.test.\nf.s.test. SERVFAIL\n");
  const auto is_secure = [&](const char* name, Type type = Type::a) {
    return names.answer({name, type}).secure;
  };
  CHECK(is_secure("s.test"));
  CHECK(is_secure("w.s.test"));
  CHECK(is_secure("s.test", Type::tlsa));
  CHECK(is_secure("gone.s.test"));
  CHECK_FALSE(is_secure("out.s.test"));
  CHECK_FALSE(is_secure("in.test"));
  CHECK_FALSE(is_secure("o.test"));
  CHECK_FALSE(is_secure("f.s.test"));
}

TEST_CASE("faults are told with their line") {
  CHECK(error("\n\na.test. A 192.0.2.256\n") == "test.zone:3: `192.0.2.256` is no IPv4 address");
  CHECK(error("a.test. AAAA 192.0.2.1") == "test.zone:1: `192.0.2.1` is no IPv6 address");
  CHECK(error("a.test. A 192.0.2.1 x").contains("one word too many"));
  CHECK(error("a.test. HINFO x").contains("unknown record type `HINFO`"));
  CHECK(error("a.test. TXT ( x\n\n").contains("parenthesis is not closed"));
  CHECK(error("a.test. TXT x )").contains("closing parenthesis"));
  CHECK(error("a.test. TXT \"x\n\"").contains("test.zone:1: a quoted string"));
  CHECK(error("a.test. MX mail").contains("MX preference"));
  CHECK(error("a.test. TXT \"\\300\"").contains("wrong escape"));
  CHECK(error("a.test. TXT \"" + std::string(256, 'x') + "\"").contains("255"));
  CHECK(error(" A 192.0.2.1").contains("no owner"));
  CHECK(error("a..test. A 192.0.2.1").contains("no domain name"));
  CHECK(error("$INCLUDE x").contains("unknown directive"));
  CHECK(error("$TTL x").contains("$TTL"));
  CHECK(error("a.test. TLSA 3 1 1 0g").contains("hexadecimal"));
  CHECK(error("a.test.").contains("unknown record type"));
}
