#include "net/proxy_protocol.h"

#include <doctest/doctest.h>

#include "net/run.h"
#include "net/string_stream.h"

using namespace postern;
using namespace postern::net;
using Status = ProxyParse::Status;

namespace {

/// Bytes with NULs, from a literal.
template <std::size_t size>
std::string bytes(const char (&literal)[size]) {
  return std::string(literal, size - 1);
}

const std::string signature = bytes("\r\n\r\n\0\r\nQUIT\n");

const std::string v2_tcp4 = signature + bytes(
                                            "\x21"      // version 2, PROXY
                                            "\x11"      // TCP over IPv4
                                            "\x00\x0c"  // 2 * 4 bytes address + 2 * 2 bytes port
                                            "\xc0\x00\x02\x01"  // 192.0.2.1
                                            "\xc6\x33\x64\x07"  // 198.51.100.7
                                            "\xdc\x04"          // 56324
                                            "\x00\x19");        // 25

const std::string v2_tcp6 = signature + bytes(
                                            "\x21"      // version 2, PROXY
                                            "\x21"      // TCP over IPv6
                                            "\x00\x24"  // 2 * 16 bytes address + 2 * 2 bytes port
                                            "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
                                            "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"
                                            "\xdc\x04"
                                            "\x00\x19");

const std::string v2_local = signature + bytes(
                                             "\x20"        // version 2, LOCAL
                                             "\x00"        // UNSPEC
                                             "\x00\x00");  // nothing more

// The checksum is filled in by its test.
const std::string v2_with_extensions = signature + bytes(
                                                       "\x21"
                                                       "\x11"
                                                       "\x00\x18"  // 12 bytes of addresses + 5 + 7
                                                       "\xc0\x00\x02\x01"
                                                       "\xc6\x33\x64\x07"
                                                       "\xdc\x04"
                                                       "\x00\x19"
                                                       "\x04\x00\x02\x00\x00"  // NOOP, 2 bytes
                                                       "\x03\x00\x04@@@@");    // CRC32C, 4 bytes

/// The result must be the same at every length: need_more for each proper beginning, and then
/// not a byte more is consumed, whatever follows.
void check_at_every_length(const std::string& header, const ProxyParse& whole) {
  for (std::size_t n = 0; n < header.size(); ++n) {
    CAPTURE(n);
    CHECK(parse_proxy_header(std::string_view(header).substr(0, n)).status == Status::need_more);
  }
  CHECK(whole.consumed == header.size());
  CHECK(parse_proxy_header(header + "EHLO client.example\r\n") == whole);
  CHECK(parse_proxy_header(header + header) == whole);
}

std::string describe(const ProxyParse& parse) {
  if (parse.status == Status::need_more) return "need more";
  if (parse.status == Status::malformed) return "malformed";
  if (!parse.header.addresses) return "unknown";
  return parse.header.addresses->source.to_string() + " > " +
         parse.header.addresses->destination.to_string();
}

void check_header(const std::string& header, const std::string& expected) {
  CAPTURE(header);
  const ProxyParse parse = parse_proxy_header(header);
  REQUIRE(describe(parse) == expected);
  check_at_every_length(header, parse);
}

}  // namespace

TEST_CASE("version 1") {
  check_header("PROXY TCP4 192.0.2.1 198.51.100.7 56324 25\r\n",
               "192.0.2.1:56324 > 198.51.100.7:25");
  check_header("PROXY TCP6 2001:db8::1 2001:db8::2 65535 0\r\n",
               "[2001:db8::1]:65535 > [2001:db8::2]:0");
  check_header("PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 25\r\n",
               "192.0.2.1:1 > [2001:db8::2]:25");
  check_header("PROXY UNKNOWN\r\n", "unknown");
  check_header("PROXY UNKNOWN anything at all\r\n", "unknown");
  const std::string longest = "PROXY UNKNOWN " + std::string(max_proxy_line - 16, 'f') + "\r\n";
  CHECK(longest.size() == max_proxy_line);
  check_header(longest, "unknown");
}

TEST_CASE("version 1 that is wrong") {
  for (const std::string line :
       {"PROXY TCP4 192.0.2.1 198.51.100.7 56324 25\n",      // no CR
        "PROXY TCP4 192.0.2.1 198.51.100.7 56324\r\n",       // a port is missing
        "PROXY TCP4 192.0.2.1 198.51.100.7 56324 25 1\r\n",  // one word too many
        "PROXY TCP4 192.0.2.1 198.51.100.7 56324 25 \r\n",   // a blank at the end
        "PROXY TCP4  192.0.2.1 198.51.100.7 56324 25\r\n",   // two blanks
        "PROXY TCP4 192.0.2.1 198.51.100.7 056324 25\r\n",   // a leading zero
        "PROXY TCP4 192.0.2.1 198.51.100.7 65536 25\r\n",    // too large
        "PROXY TCP4 192.0.2.1 198.51.100.7 -1 25\r\n",       // no number
        "PROXY TCP4 192.0.2.1.1 198.51.100.7 56324 25\r\n",  // no address
        "PROXY TCP4 2001:db8::1 2001:db8::2 56324 25\r\n",   // the other family
        "PROXY TCP6 192.0.2.1 198.51.100.7 56324 25\r\n",    // the other family
        "PROXY UDP4 192.0.2.1 198.51.100.7 56324 25\r\n",    // no such word
        "PROXY \r\n", "proxy TCP4 192.0.2.1 198.51.100.7 56324 25\r\n", "EHLO x\r\n", "PROXZ",
        "\r\n\r\nX"}) {
    CAPTURE(line);
    CHECK(parse_proxy_header(line).status == Status::malformed);
  }
  CHECK(parse_proxy_header("PROXY UNKNOWN " + std::string(max_proxy_line, 'f')).status ==
        Status::malformed);
}

TEST_CASE("version 2") {
  check_header(v2_tcp4, "192.0.2.1:56324 > 198.51.100.7:25");
  check_header(v2_tcp6, "[2001:db8::1]:56324 > [2001:db8::2]:25");
  check_header(v2_local, "unknown");
  // UNSPEC with an extension, Unix addresses, UDP: valid, and of no use here.
  check_header(signature + bytes("\x21\x00\x00\x05\x04\x00\x02\x00\x00"), "unknown");
  check_header(signature + bytes("\x21\x31\x00\xd8") + std::string(216, 'u'), "unknown");
  check_header(signature + bytes("\x21\x12") + v2_tcp4.substr(14), "unknown");
  // LOCAL: the receiver skips everything, even what makes no sense.
  check_header(signature + bytes("\x20\x99\x00\x03\xff\xff\xff"), "unknown");
  check_header(signature + bytes("\x20\x00\x10\x00") + std::string(max_proxy_payload, 'x'),
               "unknown");
}

TEST_CASE("version 2 that is wrong") {
  const auto is_malformed = [](const std::string& header) {
    return parse_proxy_header(header).status == Status::malformed;
  };
  CHECK(is_malformed(signature + "\x11"));                             // version 1 in binary
  CHECK(is_malformed(signature + "\x22"));                             // no such command
  CHECK(is_malformed(signature + "\x21\x41"));                         // no such family
  CHECK(is_malformed(signature + bytes("\x21\x11\x00\x0b")));          // too short for addresses
  CHECK(is_malformed(signature + bytes("\x20\x00\x10\x01")));          // longer than the limit
  CHECK(is_malformed(signature + bytes("\x21\x00\x00\x02\x04\x00")));  // an extension cut off
  CHECK(is_malformed(signature + bytes("\x21\x00\x00\x04\x04\x00\x02\x00")));  // past the end
  CHECK(is_malformed(bytes("\r\n\r\n\0\r\nQUIT\r")));
}

TEST_CASE("the checksum of version 2 counts if it is there") {
  std::string header = v2_with_extensions;
  const std::size_t at = header.size() - 4;
  header.replace(at, 4, "\x90\x75\xa5\x86");
  check_header(header, "192.0.2.1:56324 > 198.51.100.7:25");
  header[16] = static_cast<char>(0xc1);
  CHECK(parse_proxy_header(header).status == Status::malformed);
  header.replace(at - 1, 1, "\x03");  // a checksum of another length
  CHECK(parse_proxy_header(header).status == Status::malformed);
}

TEST_CASE("what follows the header is for the session, however it arrives") {
  const std::string input = v2_tcp4 + "EHLO client.example\r\n";
  for (std::size_t size = 1; size <= input.size(); ++size) {
    CAPTURE(size);
    StringStream stream;
    stream.feed_in_pieces(input, size);
    const auto header = run(read_proxy_header(stream));
    REQUIRE(header);
    CHECK(header->addresses->source.to_string() == "192.0.2.1:56324");
    std::string rest;
    for (;;) {
      const std::string_view piece = run(stream.read());
      if (piece.empty()) break;
      rest += piece;
    }
    CHECK(rest == "EHLO client.example\r\n");
  }
}

TEST_CASE("a connection without a header is refused") {
  StringStream direct("EHLO client.example\r\n");
  const auto wrong = run(read_proxy_header(direct));
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().message == "The connection does not begin with a PROXY header.");
  StringStream cut(std::string_view(v2_tcp4).substr(0, 20));
  const auto incomplete = run(read_proxy_header(cut));
  REQUIRE_FALSE(incomplete);
  CHECK(incomplete.error().message.contains("before its PROXY header was complete"));
}

TEST_CASE("a header that we make is the one that we would read") {
  const auto endpoint = [](const char* address, std::uint16_t port) {
    return Endpoint{*IpAddress::parse(address), port, {}};
  };
  const ProxyHeader::Addresses cases[] = {
      {endpoint("192.0.2.1", 56324), endpoint("198.51.100.7", 25)},
      {endpoint("2001:db8::1", 1), endpoint("2001:db8::2", 65535)},
      {endpoint("192.0.2.1", 256), endpoint("2001:db8::2", 25)}};
  for (const auto& addresses : cases) {
    const ProxyHeader header{addresses};
    for (const auto version : {ProxyVersion::v1, ProxyVersion::v2}) {
      const std::string made = make_proxy_header(header, version);
      CAPTURE(made);
      const ProxyParse parsed = parse_proxy_header(made + "220 next");
      CHECK(parsed.status == ProxyParse::Status::done);
      CHECK(parsed.consumed == made.size());
      CHECK(parsed.header == header);
    }
  }
  CHECK(make_proxy_header({cases[0]}, ProxyVersion::v1) ==
        "PROXY TCP4 192.0.2.1 198.51.100.7 56324 25\r\n");
  for (const auto version : {ProxyVersion::v1, ProxyVersion::v2}) {
    const std::string made = make_proxy_header({}, version);
    const ProxyParse parsed = parse_proxy_header(made);
    CHECK(parsed.status == ProxyParse::Status::done);
    CHECK(parsed.consumed == made.size());
    CHECK_FALSE(parsed.header.addresses);
  }
}
