#include "mail/encoded_words.h"

#include <doctest/doctest.h>

#include "mail/charset.h"

using namespace postern::mail;

TEST_CASE("the forms of RFC 2047 section 8") {
  CHECK(decode_encoded_words(" =?ISO-8859-1?Q?a?= b ") == "a b");
  CHECK(decode_encoded_words("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=") == "ab");
  CHECK(decode_encoded_words("=?ISO-8859-1?Q?a?=\r\n   \t=?utf-8?b?Yg==?=") == "ab");
  CHECK(decode_encoded_words("=?ISO-8859-1?Q?a_b?=") == "a b");
  CHECK(decode_encoded_words("=?iso-8859-1*de?q?J=FCrgen=5f?=") == "Jürgen_");
  CHECK(decode_encoded_words("=?koi8-r?B?8NLJ18XU?=") == "Привет");
  CHECK(decode_encoded_words("=?ISO-2022-JP?B?GyRCJTMlcxsoQg==?=") == "コン");
}

TEST_CASE("plain text is shown on one line") {
  CHECK(decode_encoded_words("") == "");
  CHECK(decode_encoded_words(" two  blanks \r\n\t and a fold\r\n") == "two  blanks and a fold");
  CHECK(decode_encoded_words("ハロー \xff.") == "ハロー \uFFFD.");
}

TEST_CASE("what real mail does to encoded words") {
  // A character cut in two, blanks and folds within, no blank beside.
  CHECK(decode_encoded_words("=?utf-8?B?w7w=?=") == "ü");
  CHECK(decode_encoded_words("=?utf-8?Q?=C3?= =?UTF-8?Q?=BC?=") == "ü");
  CHECK(decode_encoded_words("=?utf-8?q?two words?=") == "two words");
  CHECK(decode_encoded_words("=?utf-8?q?two\r\n _words?=") == "two words");
  CHECK(decode_encoded_words("[SPAM]=?utf-8?q?x?=y =?utf-8?q?z?=, (=?utf-8?q?c?=)") ==
        "[SPAM] x y z, (c)");
}

TEST_CASE("what is no encoded word stays as written") {
  for (const char* text :
       {"=?utf-8?q?no end", "=?utf-8?x?eA==?=", "=?no-such-set?q?a?= =?no-such-set?q?b?=",
        "=?utf-8//TRANSLIT?q?a?=", "=?../../evil?q?a?=", "=??q?a?=", "=?utf-8?q", "a =? b ?= c"})
    CHECK(decode_encoded_words(text) == text);
}

TEST_CASE("nothing that is decoded can end a line or hide a control character") {
  CHECK(decode_encoded_words("=?utf-8?q?a=0D=0ABcc:_x?=") == "a  Bcc: x");
  CHECK(decode_encoded_words("=?utf-8?q?a=00=1B[2J=7F=C2=9B?=") == "a\uFFFD\uFFFD[2J\uFFFD\uFFFD");
  CHECK(decode_encoded_words("=?utf-8?q?=ED=A0=80?=") == "\uFFFD\uFFFD\uFFFD");
  CHECK(decode_encoded_words("=?iso-2022-jp?B?GyRCJTM=?=") == "コ");
}

TEST_CASE("the number of encoded words is limited") {
  std::string many;
  for (int i = 0; i <= max_encoded_words; ++i) many += "=?utf-8?q?a?= ";
  const std::string decoded = decode_encoded_words(many);
  CHECK(decoded == std::string(max_encoded_words, 'a') + " =?utf-8?q?a?=");
}

TEST_CASE("every character set in the table is one that the C library has") {
  for (const char* name :
       {"utf-8",       "us-ascii",    "iso-8859-1",  "latin1",       "iso-8859-2",   "iso-8859-8-i",
        "iso-8859-15", "iso-8859-16", "windows-874", "windows-1250", "windows-1252", "windows-1258",
        "cp866",       "koi8-r",      "koi8-u",      "tis-620",      "gb2312",       "gb18030",
        "big5",        "big5-hkscs",  "shift_jis",   "euc-jp",       "iso-2022-jp",  "euc-kr",
        "iso-2022-kr", "macintosh"})
    CHECK_MESSAGE(to_utf8("a", name) == "a", name);
  CHECK(to_utf8("\x80", "WINDOWS-1252") == "€");
  CHECK(to_utf8("\xb0\xa1\xff", "euc-kr") == "가\uFFFD");
  CHECK_FALSE(to_utf8("a", "utf-7"));
}
