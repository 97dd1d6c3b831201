#include "directory/spoof_items.h"

#include <doctest/doctest.h>

#include "directory/snapshot.h"

using namespace postern;
using namespace postern::directory;

namespace {

constexpr OrganizationId contoso{1};

Snapshot world(std::vector<SpoofItem> items = {}) {
  Snapshot snapshot;
  snapshot.put_organization(contoso, Guid::parse("f81d4fae-7dec-11d0-a765-00a0c91e6bf6").value(),
                            "Contoso", Time());
  snapshot.put_domain(contoso, {.name = "contoso.com"});
  snapshot.put_domain(contoso, {.name = "relay.contoso.net", .match_sub_domains = true});
  snapshot.set_spoof_items(contoso, std::make_shared<const SpoofItems>(std::move(items)));
  return snapshot;
}

SpoofItem item(std::string user, std::string infrastructure, SpoofType type = SpoofType::external) {
  return {.action = SpoofItemAction::allow,
          .type = type,
          .spoofed_user = std::move(user),
          .sending_infrastructure = std::move(infrastructure)};
}

/// `user from infrastructure` in normal form, or the error.
std::string check(SpoofItem wanted, const Snapshot& snapshot = world()) {
  const auto checked =
      check_spoof_item(std::move(wanted), snapshot, *snapshot.peek_organization(contoso));
  return checked ? checked->spoofed_user + " from " + checked->sending_infrastructure
                 : checked.error().message;
}

}  // namespace

TEST_CASE("names come to one form") {
  CHECK(check(item("GMail.com", "TMS.mx.com.")) == "gmail.com from tms.mx.com");
  CHECK(check(item("HR@Contoso.COM", "203.0.113.9/24", SpoofType::internal)) ==
        "hr@contoso.com from 203.0.113.0/24");
  CHECK(check(item("*", "2001:DB8:25::/48")) == "* from 2001:db8:25::/48");
  CHECK(check(item("bücher.example", "*")) == "xn--bcher-kva.example from *");
}

TEST_CASE("what is no pair is refused with the parameter's name") {
  CHECK(check(item("*", "*")).starts_with("SpoofedUser, SendingInfrastructure: only one"));
  for (const char* user : {"", "a b", "@gmail.com", "*@gmail.com", "*.gmail.com", "x@"})
    CHECK_MESSAGE(check(item(user, "tms.mx.com")).starts_with("SpoofedUser:"), user);
  for (const char* infrastructure : {"", "203.0.113.9", "203.0.113.0/25", "203.0.0.0/16",
                                     "2001:db8::/32", "*.tms.mx.com", "not a name"}) {
    CHECK_MESSAGE(check(item("gmail.com", infrastructure)).starts_with("SendingInfrastructure:"),
                  infrastructure);
  }
}

TEST_CASE("the type must fit the organization's domains") {
  CHECK(check(item("contoso.com", "tms.mx.com"))
            .starts_with("SpoofType: contoso.com is an accepted domain of Contoso"));
  CHECK(check(item("ann@a.relay.contoso.net", "tms.mx.com", SpoofType::internal)) ==
        "ann@a.relay.contoso.net from tms.mx.com");
  CHECK(check(item("sub.contoso.com", "tms.mx.com", SpoofType::internal))
            .starts_with("SpoofType: sub.contoso.com is not an accepted domain"));
  CHECK(check(item("*", "tms.mx.com", SpoofType::internal)) == "* from tms.mx.com");
}

TEST_CASE("a pair is in the list once, and the list has an end") {
  const Snapshot one = world({item("gmail.com", "tms.mx.com"), item("*", "tms.mx.com")});
  CHECK(check(item("Gmail.com", "tms.mx.com"), one).contains("is in the list already, as Allow"));
  CHECK(check(item("*", "tms.mx.com"), one).contains("already"));
  // Other authors.
  CHECK(check(item("*", "tms.mx.com", SpoofType::internal), one) == "* from tms.mx.com");

  std::vector<SpoofItem> full;
  for (std::size_t i = 0; i < max_spoof_items; ++i)
    full.push_back(item("d" + std::to_string(i) + ".example", "tms.mx.com"));
  CHECK(check(item("gmail.com", "tms.mx.com"), world(full)).contains("at most 1024"));
}

TEST_CASE("every entry of a full list is found, and nothing else") {
  std::vector<SpoofItem> all;
  for (std::size_t i = 0; i < max_spoof_items; ++i)
    all.push_back(item("d" + std::to_string(i) + ".example", std::to_string(i % 7) + ".net"));
  const SpoofItems items(all);
  using Name = SpoofItems::Name;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const SpoofItem* const found = items.find(SpoofType::internal, Name(all[i].spoofed_user),
                                              Name(all[i].sending_infrastructure));
    REQUIRE(found != nullptr);
    CHECK(found->spoofed_user == all[i].spoofed_user);
    CHECK(items.find(SpoofType::external, Name(all[i].spoofed_user), Name("8.net")) == nullptr);
  }
  CHECK(SpoofItems().find(SpoofType::external, Name("a"), Name("b")) == nullptr);
}

TEST_CASE("an entry of * is for authors of one type") {
  const SpoofItems items({item("*", "tms.mx.com", SpoofType::internal)});
  using Name = SpoofItems::Name;
  CHECK(items.find(SpoofType::internal, Name("*"), Name("tms.mx.com")) != nullptr);
  CHECK(items.find(SpoofType::external, Name("*"), Name("tms.mx.com")) == nullptr);
}
