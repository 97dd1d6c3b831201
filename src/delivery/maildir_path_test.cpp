#include "delivery/maildir_path.h"

#include <doctest/doctest.h>

#include <random>
#include <set>

#include "base/ascii.h"

using namespace postern;
using namespace postern::delivery;

TEST_CASE("a mailbox lies where the pattern says") {
  const auto path = mailbox_path("mail/%d/%u", "/data", "ann+news@contoso.test");
  CHECK(path.folder == "/data/mail/contoso.test/ann+news");
  CHECK(path.siblings == "/data/mail/contoso.test");
  CHECK(path.root == "/data");

  const auto home = mailbox_path("/home/%u/Maildir/", "/data", "ann@contoso.test");
  CHECK(home.folder == "/home/ann/Maildir");
  CHECK(home.siblings == "/home");
  CHECK(home.root == "/home");

  const auto flat = mailbox_path("/mail/100%%/%u@%d", "/data", "ann@contoso.test");
  CHECK(flat.folder == "/mail/100%/ann@contoso.test");
  CHECK(flat.siblings == "/mail/100%");

  CHECK(mailbox_path("/mail/catchall", "/data", "ann@contoso.test").siblings == "/mail");
  CHECK(mailbox_path("%d/%u", "/data", "ann@contoso.test").root == "/data");
  CHECK(mailbox_path("a/%%u/%u", "/data", "ann@c.test").siblings == "/data/a/%u");
}

TEST_CASE("hostile local parts stay one component") {
  CHECK(encode_name("../../etc/passwd") == "%2e.%2f..%2fetc%2fpasswd");
  CHECK(encode_name("..") == "%2e.");
  CHECK(encode_name(".") == "%2e");
  CHECK(encode_name(".Junk") == "%2ejunk");
  CHECK(encode_name(std::string_view("a\0b", 3)) == "a%00b");
  CHECK(encode_name("a b\\c\"%41\xc3\xbc:\n~") == "a%20b%5cc%22%2541%c3%bc%3a%0a%7e");
  CHECK(encode_name("") == "%");
  CHECK(mailbox_path("mail/%d/%u", "/data", "../../../x@c.test").folder ==
        "/data/mail/c.test/%2e.%2f..%2f..%2fx");
  CHECK(mailbox_path("mail/%d/%u", "/data", "a@b@c.test").folder == "/data/mail/c.test/a%40b");
  CHECK(mailbox_path("mail/%d/%u", "/data", "no-domain").folder == "/data/mail/%/no-domain");
}

TEST_CASE("different names give different folders, and none is too long for a file system") {
  CHECK(encode_name(std::string(200, 'a')) == std::string(200, 'a'));
  CHECK(encode_name(std::string(201, 'a')).size() <= max_encoded_name);
  CHECK(encode_name(std::string(201, 'a')) != encode_name(std::string(202, 'a')));
  CHECK(encode_name(std::string(300, 'A')) == encode_name(std::string(300, 'a')));

  // An attacker who writes the very name that another address is hashed to.
  const std::string hashed = encode_name(std::string(201, 'a'));
  CHECK(encode_name(hashed) != hashed);

  std::mt19937 random(3);
  std::uniform_int_distribution<int> byte(0, 255);
  std::set<std::string> encoded;
  std::set<std::string> names;
  for (int round = 0; round < 20000; ++round) {
    std::string name(static_cast<std::size_t>(round % 90 + (round % 7 == 0 ? 200 : 0)), '\0');
    for (char& c : name) c = static_cast<char>(byte(random));
    const std::string folder = encode_name(name);
    REQUIRE(folder.size() <= max_encoded_name);
    REQUIRE(folder.find_first_of(std::string_view("/\0", 2)) == std::string::npos);
    REQUIRE_FALSE(folder.starts_with('.'));
    names.insert(to_lower(name));
    encoded.insert(folder);
  }
  CHECK(encoded.size() == names.size());
}
