#include "smtp/parameters.h"

#include <doctest/doctest.h>

#include <string>

using namespace postern::smtp;

namespace {

constexpr Offers everything{
    .max_message_size = 0, .binary_mime = true, .dsn = true, .require_tls = true};
constexpr Offers nothing{};

int mail_code(std::string_view text, const Offers& offers = everything) {
  const auto parsed = parse_mail_parameters(text, offers);
  return parsed ? 250 : parsed.error().code;
}

int rcpt_code(std::string_view text, const Offers& offers = everything) {
  const auto parsed = parse_rcpt_parameters(text, offers);
  return parsed ? 250 : parsed.error().code;
}

}  // namespace

TEST_CASE("parameters of MAIL") {
  const auto parsed = parse_mail_parameters(
      " size=2048  BODY=8bitmime SMTPUTF8 RET=hdrs ENVID=QQ314159+2B \t", everything);
  REQUIRE(parsed);
  CHECK(parsed->size == 2048);
  CHECK(parsed->body == BodyType::eight_bit_mime);
  CHECK(parsed->smtp_utf8);
  CHECK_FALSE(parsed->require_tls);
  CHECK(parse_mail_parameters(" requiretls", everything)->require_tls);
  CHECK(mail_code(" REQUIRETLS=1") == 501);
  CHECK(mail_code(" REQUIRETLS", nothing) == 555);
  CHECK(parsed->ret == "HDRS");
  CHECK(parsed->envelope_id == "QQ314159+2B");
  CHECK(parse_mail_parameters("", nothing)->body == BodyType::seven_bit);
}

TEST_CASE("a size of 20 digits is a size, however large") {
  CHECK(parse_mail_parameters(" SIZE=18446744073709551615", nothing)->size == UINT64_MAX);
  CHECK(parse_mail_parameters(" SIZE=99999999999999999999", nothing)->size == UINT64_MAX);
  CHECK(mail_code(" SIZE=000000000000000000001") == 501);
  CHECK(mail_code(" SIZE=1k") == 501);
  CHECK(mail_code(" SIZE=-1") == 501);
  CHECK(mail_code(" SIZE=") == 501);
  CHECK(mail_code(" SIZE") == 501);
}

TEST_CASE("extensions that are not offered are refused") {
  CHECK(mail_code(" BODY=BINARYMIME") == 250);
  CHECK(mail_code(" BODY=BINARYMIME", nothing) == 504);
  CHECK(mail_code(" RET=FULL", nothing) == 555);
  CHECK(mail_code(" ENVID=x", nothing) == 555);
  CHECK(rcpt_code(" NOTIFY=NEVER", nothing) == 555);
  CHECK(rcpt_code(" ORCPT=rfc822;a@b.test", nothing) == 555);
  CHECK(mail_code(" AUTH=<>") == 555);
  CHECK(mail_code(" NOTIFY=NEVER") == 555);
  CHECK(rcpt_code(" SIZE=1") == 555);
}

TEST_CASE("malformed parameters of MAIL") {
  for (const char* text : {"SIZE=1", " =1", " -X=1", " SIZE=1 SIZE=1", " size=1 SIZE=2",
                           " SMTPUTF8 SMTPUTF8", " SMTPUTF8=1", " BODY=9BIT", " BODY", " RET=ALL",
                           " ENVID=+2", " ENVID=+2b", " SIZE=1=2", " SIZE=1,BODY=7BIT", " \xff"})
    CHECK_MESSAGE(mail_code(text) == 501, text);
  CHECK(mail_code(" ENVID=" + std::string(100, 'x')) == 250);
  CHECK(mail_code(" ENVID=" + std::string(101, 'x')) == 501);
}

TEST_CASE("parameters of RCPT") {
  const auto parsed =
      parse_rcpt_parameters(" NOTIFY=success,Failure ORCPT=rfc822;ann+2Bx@b.test", everything);
  REQUIRE(parsed);
  CHECK(parsed->notify == "success,Failure");
  CHECK(parsed->original_recipient == "rfc822;ann+2Bx@b.test");
  CHECK(rcpt_code(" NOTIFY=never") == 250);
  CHECK(rcpt_code(" ORCPT=utf-8;\xc3\xa4@b.test") == 250);
  for (const char* text :
       {" NOTIFY=NEVER,SUCCESS", " NOTIFY=SUCCESS,SUCCESS", " NOTIFY=SUCCESS,", " NOTIFY=,",
        " NOTIFY=ALWAYS", " NOTIFY", " ORCPT=a@b.test", " ORCPT=;a@b.test", " ORCPT=rfc822;",
        " ORCPT=rfc 822;x", " ORCPT=rfc822;a+b", " ORCPT=rfc822;\xc3\xa4@b.test",
        " NOTIFY=NEVER NOTIFY=NEVER"})
    CHECK_MESSAGE(rcpt_code(text) == 501, text);
  CHECK(rcpt_code(" ORCPT=rfc822;" + std::string(494, 'x')) == 501);
}
