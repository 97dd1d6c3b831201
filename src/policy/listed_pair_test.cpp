#include "policy/listed_pair.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::policy;
using directory::SpoofItem;
using directory::SpoofItemAction;
using directory::SpoofItems;
using directory::SpoofType;

namespace {

constexpr Time today{std::chrono::days(20'000)};

/// `Block hr@contoso.com tms.com`
SpoofItem item(SpoofItemAction action, std::string user, std::string infrastructure,
               SpoofType type = SpoofType::internal) {
  return {.action = action,
          .type = type,
          .spoofed_user = std::move(user),
          .sending_infrastructure = std::move(infrastructure)};
}
constexpr auto allow = SpoofItemAction::allow;
constexpr auto block = SpoofItemAction::block;

const SendingSource source{.dkim_domains = {"k1.esp.net"},
                           .reverse_name = "out7.mail.tms.com",
                           .reverse_domain = "tms.com",
                           .subnet = "203.0.113.0/24"};
const SpoofedAuthor hr{.address = "hr@contoso.com", .domain = "contoso.com", .is_own = true};

SpoofPair find(std::vector<SpoofItem> items, const SpoofedAuthor& author = hr) {
  return find_listed_pair(SpoofItems(std::move(items)), author, source, today).pair;
}

}  // namespace

TEST_CASE("any name of the source will do, and no other") {
  for (const char* name : {"k1.esp.net", "out7.mail.tms.com", "tms.com", "203.0.113.0/24", "*"}) {
    CHECK_MESSAGE(find({item(block, "hr@contoso.com", name)}) == SpoofPair::blocked, name);
    CHECK_MESSAGE(find({item(allow, "contoso.com", name)}) == SpoofPair::allowed, name);
  }
  for (const char* name : {"esp.net", "mail.tms.com", "203.0.112.0/24", "com"})
    CHECK_MESSAGE(find({item(block, "hr@contoso.com", name)}) == SpoofPair::unlisted, name);
  CHECK(find({item(block, "ceo@contoso.com", "tms.com"), item(block, "com", "tms.com"),
              item(block, "sub.contoso.com", "tms.com")}) == SpoofPair::unlisted);
}

TEST_CASE("who is named more exactly counts first") {
  CHECK(find({item(block, "contoso.com", "tms.com"), item(allow, "hr@contoso.com", "tms.com")}) ==
        SpoofPair::allowed);
  CHECK(find({item(allow, "contoso.com", "tms.com"), item(block, "hr@contoso.com", "*")}) ==
        SpoofPair::blocked);
  CHECK(find({item(block, "*", "tms.com"), item(allow, "contoso.com", "*")}) == SpoofPair::allowed);
}

TEST_CASE("then an infrastructure with a name, then Block") {
  CHECK(find({item(block, "contoso.com", "*"), item(allow, "contoso.com", "tms.com")}) ==
        SpoofPair::allowed);
  for (const bool turned : {false, true}) {
    CHECK(find({item(turned ? block : allow, "contoso.com", "k1.esp.net"),
                item(turned ? allow : block, "contoso.com", "203.0.113.0/24")}) ==
          SpoofPair::blocked);
  }
}

TEST_CASE("an entry that has expired counts for nothing") {
  SpoofItem past = item(block, "hr@contoso.com", "tms.com");
  past.expires = today;
  SpoofItem later = item(allow, "contoso.com", "tms.com");
  later.expires = today + std::chrono::seconds(1);
  CHECK(find({past}) == SpoofPair::unlisted);
  CHECK(find({past, later}) == SpoofPair::allowed);
}

TEST_CASE("* is for authors of its type") {
  const SpoofedAuthor bob{.address = "bob@bank.test", .domain = "bank.test"};
  CHECK(find({item(block, "*", "tms.com", SpoofType::internal)}, bob) == SpoofPair::unlisted);
  CHECK(find({item(block, "*", "tms.com", SpoofType::external)}, bob) == SpoofPair::blocked);
}

TEST_CASE("of several authors all must be allowed, and one is enough to block") {
  const SpoofedAuthor bob{.address = "bob@bank.test", .domain = "bank.test"};
  const auto both = [&](std::vector<SpoofItem> items) {
    const SpoofedAuthor authors[] = {bob, hr};
    const SpoofedAuthor turned[] = {hr, bob};
    const SpoofItems list(std::move(items));
    const SpoofPair found = find_listed_pair(list, authors, source, today).pair;
    CHECK(found == find_listed_pair(list, turned, source, today).pair);
    return found;
  };
  CHECK(both({item(allow, "bank.test", "tms.com", SpoofType::external)}) == SpoofPair::unlisted);
  CHECK(both({item(allow, "bank.test", "tms.com", SpoofType::external),
              item(allow, "contoso.com", "tms.com")}) == SpoofPair::allowed);
  CHECK(both({item(allow, "bank.test", "tms.com", SpoofType::external),
              item(block, "contoso.com", "tms.com")}) == SpoofPair::blocked);
  CHECK(find_listed_pair(SpoofItems(), std::span<const SpoofedAuthor>(), source, today).pair ==
        SpoofPair::unlisted);
}
