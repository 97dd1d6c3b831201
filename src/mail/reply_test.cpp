#include "mail/reply.h"

#include <doctest/doctest.h>

using postern::mail::Reply;

TEST_CASE("a reply of several lines carries code and enhanced code on each") {
  CHECK(Reply{550, "5.1.1", "No such user\nHere"}.to_wire() ==
        "550-5.1.1 No such user\r\n550 5.1.1 Here\r\n");
  CHECK(Reply{354, "", "Go ahead"}.to_wire() == "354 Go ahead\r\n");
  CHECK(Reply{550, "5.1.1", "No such user\nHere"}.to_line() == "550 5.1.1 No such user Here");
}
