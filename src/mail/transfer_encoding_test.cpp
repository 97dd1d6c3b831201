#include "mail/transfer_encoding.h"

#include <doctest/doctest.h>

using namespace postern::mail;

TEST_CASE("Base64, with what does not belong") {
  CHECK(decode_base64("QSBsaW5lLg==") == "A line.");
  CHECK(decode_base64("QSBs\r\naW5l\r\n Lg") == "A line.");
  CHECK(decode_base64("QQ==QkM=") == "ABC");
  CHECK(decode_base64("!Q-Q*") == "A");
  CHECK(decode_base64("+/8=") == "\xfb\xff");
  CHECK(decode_base64("Q") == "");
  CHECK(decode_base64("====") == "");
}

TEST_CASE("quoted-printable, RFC 2045 section 6.7") {
  CHECK(decode_quoted_printable("a=3Db=c3=BC") == "a=b\xc3\xbc");
  CHECK(decode_quoted_printable("soft=\r\n break= \t\n s") == "soft break s");
  CHECK(decode_quoted_printable("blanks  \t\r\nkept=20\r\n") == "blanks\r\nkept \r\n");
  CHECK(decode_quoted_printable("bad =4 =xy =") == "bad =4 =xy ");
  CHECK(decode_quoted_printable("a_b\nc") == "a_b\nc");
}

TEST_CASE("Q has underscores for blanks") {
  CHECK(decode_q("a_b=5F_=") == "a b_ =");
  CHECK(decode_q("=20_=") == "  =");
}

TEST_CASE("the words of Content-Transfer-Encoding") {
  CHECK(parse_transfer_encoding(" (a comment) BASE64") == TransferEncoding::base64);
  CHECK(parse_transfer_encoding("quoted-printable;") == TransferEncoding::quoted_printable);
  CHECK(parse_transfer_encoding("8bit") == TransferEncoding::identity);
  CHECK(parse_transfer_encoding("") == TransferEncoding::identity);
  CHECK(parse_transfer_encoding("x-uuencode") == TransferEncoding::unknown);
}
