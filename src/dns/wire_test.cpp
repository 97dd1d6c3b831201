#include "dns/wire.h"

#include <doctest/doctest.h>

using namespace postern::dns;

namespace {

// Question contoso.test A. Names can point to it: \xc0\x0c is contoso.test, \xc0\x14 is test.
std::string reply(int flags, int answers, int authorities, const std::string& records,
                  char type = '\1') {
  std::string text = {'\0', '\1', static_cast<char>(flags >> 8), static_cast<char>(flags & 255)};
  text += std::string({'\0', '\1', '\0', static_cast<char>(answers), '\0',
                       static_cast<char>(authorities), '\0', '\0'});
  text += std::string("\7contoso\4test\0\0", 15) + type + std::string("\0\1", 2);
  return text + records;
}

template <std::size_t n>
std::string bytes(const char (&text)[n]) {
  return std::string(text, n - 1);
}

const std::string a_record = bytes("\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1");

}  // namespace

TEST_CASE("a reply with compressed names is read") {
  const Answer a = decode_reply({"contoso.test", Type::a}, reply(0x8180, 1, 0, a_record));
  CHECK(a.status == Status::ok);
  CHECK(a.ttl == 60);
  CHECK(a.addresses == std::vector{*postern::IpAddress::parse("192.0.2.1")});

  const std::string mx = bytes("\xc0\x0c\0\xf\0\1\0\0\1\0\0\x9\0\xa\4mail\xc0\x0c");
  CHECK(decode_reply({"contoso.test", Type::mx}, reply(0x8180, 1, 0, mx, '\xf')).mail_exchanges ==
        std::vector<MailExchange>{{10, "mail.contoso.test"}});
}

TEST_CASE("CNAMEs lead to the records, whatever their order") {
  const std::string alias = bytes("\xc0\x0c\0\5\0\1\0\0\0\x1e\0\6\3web\xc0\x14");
  const std::string target = bytes("\3web\4test\0\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\2");
  for (const std::string& records : {alias + target + a_record, a_record + target + alias}) {
    const Answer a = decode_reply({"contoso.test", Type::a}, reply(0x8180, 3, 0, records));
    CHECK(a.cname_chain == std::vector<std::string>{"web.test"});
    // The record of the alias itself is not believed.
    CHECK(a.addresses == std::vector{*postern::IpAddress::parse("192.0.2.2")});
    CHECK(a.ttl == 30);
  }
  const std::string loop = bytes("\xc0\x0c\0\5\0\1\0\0\0\x1e\0\2\xc0\x0c");
  CHECK(decode_reply({"contoso.test", Type::a}, reply(0x8180, 1, 0, loop)).problem == "CNAME loop");
}

TEST_CASE("negative answers live as long as the SOA says") {
  const std::string soa = bytes(
      "\xc0\x14\0\6\0\1\0\0\0\x78\0\x18\xc0\x14\xc0\x14\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\x2d");
  const Answer gone = decode_reply({"contoso.test", Type::a}, reply(0x8183, 0, 1, soa));
  CHECK(gone.status == Status::nxdomain);
  CHECK(gone.ttl == 45);
  CHECK(decode_reply({"contoso.test", Type::a}, reply(0x8180, 0, 0, "")).status == Status::empty);
  CHECK(decode_reply({"contoso.test", Type::a}, reply(0x8182, 0, 0, "")).problem == "SERVFAIL");
  CHECK(decode_reply({"contoso.test", Type::a}, reply(0x8185, 0, 0, "")).problem == "RCODE 5");
}

TEST_CASE("a reply that is cut or crooked is a failure, wherever") {
  const std::string whole = reply(0x8180, 1, 0, a_record);
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK(decode_reply({"contoso.test", Type::a}, whole.substr(0, size)).status == Status::failure);

  const auto broken = [](const std::string& record, Type type) {
    const Question question{"contoso.test", type};
    return decode_reply(question, reply(0x8180, 1, 0, record, static_cast<char>(type))).problem;
  };
  const std::string head = bytes("\xc0\x0c\0\1\0\1\0\0\0\x3c");
  CHECK(broken(head + bytes("\0\3\xc0\0\2"), Type::a) == "malformed reply");
  const std::string mx_head = bytes("\xc0\x0c\0\xf\0\1\0\0\0\x3c");
  CHECK(broken(mx_head + bytes("\0\4\0\1\xc0\xff"), Type::mx) == "malformed reply");  // forward
  CHECK(broken(mx_head + bytes("\0\4\0\1\xc0\x2c"), Type::mx) == "malformed reply");  // itself
  CHECK(broken(mx_head + bytes("\0\3\0\1\3"), Type::mx) == "malformed reply");        // cut label
  CHECK(broken(mx_head + bytes("\0\5\0\1\x80"
                               "a\0"),
               Type::mx) == "malformed reply");  // reserved
  const std::string txt_head = bytes("\xc0\x0c\0\x10\0\1\0\0\0\x3c");
  CHECK(broken(txt_head + bytes("\0\3\5ab"), Type::txt) == "malformed reply");
}
