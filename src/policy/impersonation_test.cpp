#include "policy/impersonation.h"

#include <doctest/doctest.h>
#include <fmt/ranges.h>

#include "mail/header_fields.h"

using namespace postern;
using namespace postern::policy;

namespace {

/// The marks of a message with this From field, for an organization with two domains.
std::string marks(std::string_view from) {
  constexpr directory::OrganizationId id{1};
  directory::Snapshot snapshot;
  snapshot.put_organization(id, directory::Guid(), "Contoso", Time());
  snapshot.put_domain(id, {.name = "contoso.test"});
  snapshot.put_domain(id, {.name = "relay.contoso.test", .match_sub_domains = true});
  snapshot.put_organization(directory::OrganizationId{2}, directory::Guid(), "Bank", Time());
  snapshot.put_domain(directory::OrganizationId{2}, {.name = "northwind.test"});
  const std::string text = "From: " + std::string(from) + "\r\n\r\n";
  const auto authors = mail::find_authors(mail::parse_header_section(text));
  const auto found = find_impersonation(authors, mail::author_domains(authors), {snapshot, id},
                                        *snapshot.find_organization(id));
  return fmt::format("{}", fmt::join(to_reasons(found), "; "));
}

}  // namespace

TEST_CASE("domains that resemble an own one are marked") {
  CHECK(marks("Ann <ann@c0ntoso.test>") == "LookAlikeDomain: c0ntoso.test resembles contoso.test");
  CHECK(marks("ann@соntоsо.example") ==
        "LookAlikeDomain: xn--nts-redcbp.example resembles contoso.test");
  CHECK(marks("a@contoso.test, b@contosso.test, c@bank.test") ==
        "LookAlikeDomain: contosso.test resembles contoso.test");
  CHECK(marks("ann@contoso.test") == "");
  CHECK(marks("ann@news.contoso.test") == "");
  // Another organization's look-alikes are not this one's business.
  CHECK(marks("ann@n0rthwind.test") == "");
}

TEST_CASE("display names that carry an own address are marked") {
  const std::string mark = "DisplayNameCarriesOwnAddress: ceo@contoso.test";
  CHECK(marks("\"ceo@contoso.test\" <x@evil.test>") == mark);
  CHECK(marks("ceo@contoso.test <x@evil.test>") == mark);
  CHECK(marks("The boss (ceo@contoso.test) <x@evil.test>") == "");  // a comment, and not shown
  CHECK(marks("x@evil.test (ceo@contoso.test)") == mark);           // shown in place of a name
  CHECK(marks("\"ceo@contoso.test\", <x@evil.test>") == mark);
  CHECK(marks("=?utf-8?b?Y2VvQGNvbnRvc28udGVzdA==?= <x@evil.test>") == mark);
  CHECK(marks("\"Ann via ceo@CONTOSO.test, ceo@contoso.test\" <list@lists.test>") == mark);
  CHECK(marks("\"x@a.relay.contoso.test\" <x@evil.test>") ==
        "DisplayNameCarriesOwnAddress: x@a.relay.contoso.test");
  CHECK(marks("\"bob@bank.test\" <x@evil.test>") == "");
  CHECK(marks("\"ann@contoso.test\" <ann@contoso.test>") == "");
  CHECK(marks("\"ceo@contoso.test\" <ann@contoso.test>") == "");
}

TEST_CASE("both at once, and no more than is looked at") {
  CHECK(marks("\"ceo@contoso.test\" <ceo@contosa.test>") ==
        "LookAlikeDomain: contosa.test resembles contoso.test; "
        "DisplayNameCarriesOwnAddress: ceo@contoso.test");
  std::string many;
  for (std::size_t i = 0; i < max_marked_names; ++i) many += "a@bank.test, ";
  CHECK(marks(many + "\"ceo@contoso.test\" <x@bank.test>") == "");
}
