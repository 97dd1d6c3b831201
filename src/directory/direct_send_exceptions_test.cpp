#include "directory/direct_send_exceptions.h"

#include <doctest/doctest.h>

#include "directory/connector_validation.h"
#include "directory/snapshot.h"

using namespace postern;
using namespace postern::directory;

namespace {

constexpr OrganizationId contoso{1};
constexpr Time today(std::chrono::hours(1'000));

DirectSendException make(const std::string& name, std::vector<std::string> prefixes = {},
                         const std::string& certificate = "") {
  DirectSendException made;
  made.name = name;
  std::vector<IpPrefix> read;
  for (const std::string& text : prefixes) read.push_back(IpPrefix::parse(text).value());
  made.sender_ip_addresses = read;
  made.sender_certificate_name = certificate;
  made.expires = today + std::chrono::hours(1);
  made.reason = "test";
  made.when_changed = today;
  return made;
}

struct World {
  World() { directory.put_organization(contoso, Guid(), "Contoso", Time()); }
  std::string check(const DirectSendException& exception, Force force = Force::no,
                    const DirectSendException* replaced = nullptr) const {
    const auto checked = check_direct_send_exception(
        exception, *directory.find_organization(contoso), replaced, force);
    return checked ? "" : checked.error().message;
  }
  Snapshot directory;
};

std::string by_address(const DirectSendExceptions& all, const char* client) {
  std::string names;
  all.for_each_by_address(*IpAddress::parse(client),
                          [&](const DirectSendException& one) { names += one.name; });
  return names;
}

}  // namespace

TEST_CASE("exceptions are found by address, by certificate and by name") {
  const DirectSendExceptions all({make("b", {"203.0.113.0/24", "2001:db8:25::/48"}),
                                  make("A", {"203.0.113.9", "203.0.113.0/24"}),
                                  make("C", {}, "*.vendor.test"), make("d")});
  CHECK(by_address(all, "203.0.113.9") == "AbA");  // twice, by the /24 and by the address
  CHECK(by_address(all, "203.0.113.10") == "Ab");
  CHECK(by_address(all, "203.0.114.9").empty());
  CHECK(by_address(all, "2001:db8:25:1::9") == "b");
  CHECK(by_address(all, "2001:db8:26::9").empty());
  std::string names;
  const auto note = [&](const DirectSendException& one) { names += one.name; };
  all.for_each_by_certificate(NameKey::certificate_wildcard("vendor.test"), note);
  all.for_each_by_certificate(NameKey::certificate("vendor.test"), note);
  CHECK(names == "C");
  all.for_each_of_any_client(note);
  CHECK(names == "Cd");
  CHECK(all.find("B")->name == "b");
  CHECK(all.find("e") == nullptr);
}

TEST_CASE("what is no sensible exception is refused, and the error names the parameter") {
  const World world;
  CHECK(world.check(make("Scanner", {"203.0.113.9"})).empty());
  CHECK(world.check(make("", {"203.0.113.9"})).starts_with("Name: "));
  CHECK(world.check(make("Wide", {"203.0.0.0/16"})).starts_with("SenderIPAddresses: 203.0.0.0/16"));
  CHECK(world.check(make("Wide", {"203.0.0.0/16"}), Force::yes).empty());
  CHECK(world.check(make("Cert", {}, "*.test")).starts_with("SenderCertificateName: "));
  CHECK(world.check(make("All"), Force::yes).starts_with("SenderIPAddresses: "));

  DirectSendException claim = make("Claim");
  claim.senders = {"scanner@contoso.com"};
  CHECK(world.check(claim).contains("-Force"));
  CHECK(world.check(claim, Force::yes).empty());
  CHECK_MESSAGE(world.check(claim, Force::no, &claim).empty(), "it was forced before");
  claim.senders = {"no name"};
  CHECK(world.check(claim, Force::yes).starts_with("Senders: "));

  DirectSendException past = make("Past", {"203.0.113.9"});
  past.expires = today;
  CHECK(world.check(past).starts_with("ExpiresOn: "));
  CHECK_MESSAGE(world.check(past, Force::no, &past).empty(), "its reason may still change");
  past = make("Reason", {"203.0.113.9"});
  past.reason = " ";
  CHECK(world.check(past).starts_with("Reason: "));
  past.reason = std::string(max_exception_reason + 1, 'x');
  CHECK(world.check(past).starts_with("Reason: "));
  past.reason = "a\nb";
  CHECK(world.check(past).starts_with("Reason: "));

  std::vector<std::string> many;
  for (std::size_t i = 0; i <= max_exception_entries; ++i)
    many.push_back("192.0.2." + std::to_string(i));
  CHECK(world.check(make("Many", many)).starts_with("SenderIPAddresses: "));
}

TEST_CASE("an organization has so many exceptions and not one more") {
  World world;
  std::vector<DirectSendException> all;
  for (std::size_t i = 0; i < max_direct_send_exceptions; ++i)
    all.push_back(make("E" + std::to_string(i), {"203.0.113.9"}));
  world.directory.set_direct_send_exceptions(contoso,
                                             std::make_shared<const DirectSendExceptions>(all));
  CHECK(world.check(make("One more", {"203.0.113.9"})).starts_with("Name: "));
  const auto& there = world.directory.find_organization(contoso)->direct_send_exceptions()->all();
  CHECK(world.check(there[0], Force::no, &there[0]).empty());
}
