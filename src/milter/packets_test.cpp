#include "milter/packets.h"

#include <doctest/doctest.h>

#include "milter/toy_mta.h"

using namespace postern;
using namespace postern::milter;

namespace {

template <std::size_t N>
std::string bytes(const char (&text)[N]) {
  return {text, N - 1};
}

std::string problem(char code, std::string_view data) {
  const auto request = parse_request({code, data});
  return request ? "" : request.error().message;
}

}  // namespace

TEST_CASE("packets as Postfix sends them") {
  const std::string wire = bytes(
                               "\0\0\0\x0d"
                               "O"
                               "\0\0\0\6"
                               "\0\0\1\xff"
                               "\0\x1f\xff\xff")  // 1 + 3 * 4 octets
                           + bytes(
                                 "\0\0\0\x1a"
                                 "C"
                                 "mail.test\0"
                                 "4"
                                 "\x30\x39"
                                 "203.0.113.9\0")  // port 12345
                           + bytes(
                                 "\0\0\0\x0a"
                                 "D"
                                 "M"
                                 "i\0"
                                 "4XyZ1\0")  // a macro for MAIL
                           + bytes(
                                 "\0\0\0\x0e"
                                 "M"
                                 "<a@b>\0"
                                 "SIZE=9\0")  //
                           + bytes(
                                 "\0\0\0\x0c"
                                 "L"
                                 "Subject\0"
                                 " x\0");
  FrameReader reader(1000);
  reader.append(wire);
  std::vector<Request> requests;
  for (auto frame = reader.next(); frame && *frame; frame = reader.next())
    requests.push_back(parse_request(**frame).value());
  CHECK(requests == std::vector<Request>{Negotiation{6, 0x1ff, 0x1fffff, {}},
                                         Connect{"mail.test", '4', 12345, "203.0.113.9"},
                                         Macros{'M', {{"i", "4XyZ1"}}},
                                         MailFrom{{"<a@b>", "SIZE=9"}}, Header{"Subject", " x"}});
  CHECK_FALSE(reader.is_within_packet());
  CHECK(say(requests) == wire);
}

TEST_CASE("a packet that is cut anywhere is waited for") {
  const std::string wire = say({Hello{"client.test"}, Body{"text\r\n"}, Quit{}});
  FrameReader reader(100);
  std::string codes;
  for (const char octet : wire) {
    reader.append({&octet, 1});
    for (auto frame = reader.next(); frame.value(); frame = reader.next()) codes += (*frame)->code;
  }
  CHECK(codes == "HBQ");
}

TEST_CASE("empty and overlong packets are errors before their data has come") {
  FrameReader empty(100);
  empty.append(bytes("\0\0\0\0"));
  CHECK(empty.next().error().message == "A packet is empty.");
  FrameReader overlong(100);
  overlong.append(bytes("\0\0\0\x64"));
  CHECK_FALSE(overlong.next().value());
  FrameReader longer(100);
  longer.append(bytes("\0\0\0\x65"));
  CHECK(longer.next().error().message == "A packet of 101 octets is longer than the limit of 100.");
}

TEST_CASE("malformed packets are told by their name") {
  CHECK(problem('O', bytes("\0\0\0\6")) == "The packet OPTNEG is malformed.");
  CHECK(problem('C', bytes("mail.test\0"
                           "4\0")) == "The packet CONNECT is malformed.");
  CHECK(problem('C', bytes("mail.test\0"
                           "X")) == "The packet CONNECT is malformed.");
  CHECK(problem('D', bytes("M"
                           "i\0")) == "The packet MACRO is malformed.");
  CHECK(problem('D', "") == "The packet MACRO is malformed.");
  CHECK(problem('H', "client.test") == "The packet HELO is malformed.");
  CHECK(problem('M', "") == "The packet MAIL is malformed.");
  CHECK(problem('R', "<a@b>") == "The packet RCPT is malformed.");
  CHECK(problem('L', bytes("Subject\0")) == "The packet HEADER is malformed.");
  CHECK(problem('L', bytes("\0x\0")) == "The packet HEADER is malformed.");
  CHECK(problem('N', "x") == "The packet EOH is malformed.");
  CHECK(problem('!', "") == "A packet of the unknown kind 0x21 has come.");
}

TEST_CASE("what we say") {
  CHECK(reply_packet("550 5.7.1 50% off") == bytes("\0\0\0\x14"
                                                   "y"
                                                   "550 5.7.1 50%% off\0"));
  CHECK(insert_header_packet("X-A", " b") == bytes("\0\0\0\x0c"
                                                   "i"
                                                   "\0\0\0\0"
                                                   "X-A\0"
                                                   " b\0"));
  CHECK(delete_header_packet("X-A", 2) == bytes("\0\0\0\x0a"
                                                "m"
                                                "\0\0\0\2"
                                                "X-A\0"
                                                "\0"));
  CHECK(quarantine_packet("why") == bytes("\0\0\0\5"
                                          "q"
                                          "why\0"));
  CHECK(continue_packet() == bytes("\0\0\0\1"
                                   "c"));
}
