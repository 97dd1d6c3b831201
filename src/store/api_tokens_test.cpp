#include "store/api_tokens.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace postern;
using namespace postern::store;

namespace {

struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "postern-tokens-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file() const { return (path / "tokens.db").string(); }
  std::unique_ptr<ApiTokens> open() const {
    auto tokens = ApiTokens::open(file());
    REQUIRE(tokens);
    return std::move(*tokens);
  }
  std::filesystem::path path;
};

const Time today = *parse_iso("2025-01-29T12:00:00Z");

}  // namespace

TEST_CASE("a token is known again after a restart, with all that was said of it") {
  const Folder folder;
  const auto contoso = directory::Guid::parse("f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
  auto tokens = folder.open();
  const auto made =
      tokens->add({.name = "Ann", .role = Role::operator_, .organization = contoso}, today);
  REQUIRE(made);
  CHECK(made->secret.starts_with("pst_"));
  CHECK(made->secret.size() == 68);

  tokens = folder.open();
  const auto found = tokens->find(made->secret, today);
  REQUIRE(found);
  CHECK(found->name == "Ann");
  CHECK(found->role == Role::operator_);
  CHECK(found->organization == contoso);
  CHECK(found->created == today);
  CHECK_FALSE(tokens->find(made->secret + "0", today));
  CHECK_FALSE(tokens->find("", today));

  tokens.reset();
  CHECK(folder.open()->list().at(0).last_used == today);
}

TEST_CASE("the secret itself is nowhere on the disk, and the file is ours alone") {
  const Folder folder;
  std::string secret;
  {
    auto tokens = folder.open();
    secret = tokens->add({.name = "Ann"}, today)->secret;
    CHECK(tokens->find(secret, today));
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder.path)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    CHECK_FALSE(bytes.contains(secret.substr(4)));
    struct stat status{};
    REQUIRE(::stat(entry.path().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
}

TEST_CASE("a token ends when it expires or is removed, by name or GUID") {
  const Folder folder;
  auto tokens = folder.open();
  const auto short_lived =
      tokens->add({.name = "ci", .expires = today + std::chrono::hours(1)}, today);
  CHECK(tokens->find(short_lived->secret, today));
  CHECK_FALSE(tokens->find(short_lived->secret, today + std::chrono::hours(1)));

  const auto ann = tokens->add({.name = "Ann"}, today);
  const auto bob = tokens->add({.name = "Bob"}, today);
  CHECK(tokens->remove("ANN"));
  CHECK(tokens->remove(bob->token.guid.to_string()));
  CHECK_FALSE(tokens->find(ann->secret, today));
  CHECK(tokens->remove("Ann").error().message == "There is no token Ann.");
  CHECK(folder.open()->list().size() == 1);
}

TEST_CASE("what cannot be is refused") {
  const Folder folder;
  auto tokens = folder.open();
  REQUIRE(tokens->add({.name = "Ann"}, today));
  CHECK(tokens->add({.name = "ann"}, today).error().message ==
        "Name: there is a token ann already.");
  CHECK_FALSE(tokens->add({.name = ""}, today));
  CHECK_FALSE(tokens->add({.name = "late", .expires = today}, today));
}
