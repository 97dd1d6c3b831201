#include "admin/cookies.h"

#include <doctest/doctest.h>

using namespace postern::admin;

TEST_CASE("a cookie is found by its name") {
  CHECK(find_cookie("postern=abc", "postern") == "abc");
  CHECK(find_cookie("a=1; postern=abc; b=2", "postern") == "abc");
  CHECK(find_cookie("a=1;postern=abc", "postern") == "abc");
  CHECK(find_cookie("postern=\"abc\"", "postern") == "abc");
  CHECK(find_cookie("postern=", "postern") == "");
  CHECK(find_cookie("postern=first; postern=second", "postern") == "first");
}

TEST_CASE("what only looks like it is none") {
  for (const char* field : {"", "postern", "xpostern=abc", "Postern=abc", "postern =abc",
                            "a=\"1; postern=abc", "; postern=abc", "a=b c; postern=abc",
                            "a=1, postern=abc", "a=\x01; postern=abc", "=1; postern=abc"}) {
    CAPTURE(field);
    CHECK_FALSE(find_cookie(field, "postern"));
  }
}

TEST_CASE("a cookie of ours is out of reach of scripts and of other sites") {
  CHECK(make_cookie("postern", "abc", false) == "postern=abc; Path=/; HttpOnly; SameSite=Strict");
  CHECK(make_cookie("__Host-postern", "abc", true) ==
        "__Host-postern=abc; Path=/; HttpOnly; SameSite=Strict; Secure");
  CHECK(make_cookie("postern", "", false).ends_with("; Max-Age=0"));
}
