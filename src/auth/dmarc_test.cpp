#include "auth/dmarc.h"

#include <doctest/doctest.h>

#include <initializer_list>

#include "dns/ask.h"
#include "dns/zone.h"

using namespace postern;
using namespace postern::auth;

namespace {

const dns::Zone world = dns::Zone::parse(R"(
_dmarc.contoso.test.        TXT "v=DMARC1; p=reject; sp=quarantine; np=reject"
mail.contoso.test.          A 192.0.2.1
_dmarc.own.contoso.test.    TXT "v=DMARC1; p=none"
_dmarc.branch.contoso.test. TXT "v=DMARC1; p=quarantine; psd=n"
a.branch.contoso.test.      A 192.0.2.1
_dmarc.strict.test.         TXT "v=DMARC1; p=reject; adkim=s; aspf=s"
_dmarc.testing.test.        TXT "v=DMARC1; p=reject; t=y"
_dmarc.twice.test.          TXT "v=DMARC1; p=reject"
_dmarc.twice.test.          TXT "v=DMARC1; p=none"
_dmarc.mixed.test.          TXT "v=DMARC1; p=reject"
_dmarc.mixed.test.          TXT "something else"
_dmarc.nothing.test.        TXT "v=DMARC1; p=bogus"
_dmarc.slow.test.           TIMEOUT
_dmarc.half.slow.test.      TXT "v=DMARC1; p=reject"
_dmarc.bank.                TXT "v=DMARC1; p=reject; sp=quarantine; psd=y"
fabrikam.bank.              A 192.0.2.1
_dmarc.woodgrove.bank.      TXT "v=DMARC1; p=none"
_dmarc.vague.test.          TXT "v=DMARC1; p=none; np=reject"
who.vague.test.             SERVFAIL A
_dmarc.xn--bcher-kva.test.  TXT "v=DMARC1; p=reject"
)",
                                         "test")
                            .value();

DmarcIdentifier spf(std::string domain, IdentifierStatus status = IdentifierStatus::pass) {
  return {DmarcMethod::spf, std::move(domain), status};
}

DmarcIdentifier dkim(std::string domain, IdentifierStatus status = IdentifierStatus::pass) {
  return {DmarcMethod::dkim, std::move(domain), status};
}

struct Outcome {
  DmarcEvaluation evaluation;
  int rounds = 0;
  int questions = 0;
};

Outcome run(const DmarcQuery& query, const PublicSuffixList* suffixes = nullptr) {
  dns::ZoneResolver resolver(world);
  dns::AnswerSet answers;
  dns::AskBudget budget;
  Outcome outcome;
  outcome.evaluation = dns::ask_until_done(
      resolver, answers, budget,
      [&](const dns::AnswerSet& known) { return evaluate_dmarc(query, known, suffixes); });
  outcome.rounds = budget.rounds();
  outcome.questions = budget.questions();
  return outcome;
}

DmarcEvaluation evaluate(std::string author, std::vector<DmarcIdentifier> identifiers = {}) {
  return run({.author = {{std::move(author)}}, .identifiers = std::move(identifiers)}).evaluation;
}

/// `fail sp=quarantine -> none`
std::string summary(const DmarcEvaluation& dmarc) {
  std::string text(to_string(dmarc.result));
  if (!dmarc.policy_tag.empty())
    text += " " + std::string(dmarc.policy_tag) + "=" + std::string(to_string(dmarc.policy));
  if (dmarc.result == DmarcResult::fail)
    text += " -> " + std::string(to_string(dmarc.applied_policy));
  return text;
}

}  // namespace

TEST_CASE("which policy applies: p=, sp= or np=") {
  CHECK(summary(evaluate("contoso.test")) == "fail p=reject -> reject");
  CHECK(summary(evaluate("mail.contoso.test")) == "fail sp=quarantine -> quarantine");
  CHECK(summary(evaluate("ghost.contoso.test")) == "fail np=reject -> reject");
  CHECK(summary(evaluate("own.contoso.test")) == "fail p=none -> none");
  CHECK(summary(evaluate("testing.test")) == "fail p=reject -> quarantine");
  CHECK(summary(evaluate("sub.testing.test")) == "fail p=reject -> quarantine");
  // psd=n ends the walk; psd=y above puts the organizational domain one label below.
  CHECK(evaluate("a.branch.contoso.test").organizational_domain == "branch.contoso.test");
  CHECK(summary(evaluate("a.branch.contoso.test")) == "fail p=quarantine -> quarantine");
  CHECK(evaluate("mail.fabrikam.bank").organizational_domain == "fabrikam.bank");
  CHECK(summary(evaluate("fabrikam.bank")) == "fail sp=quarantine -> quarantine");
  CHECK(evaluate("fabrikam.bank").record_domain == "bank");
  CHECK(summary(evaluate("woodgrove.bank")) == "fail p=none -> none");
  CHECK(summary(evaluate("bank")) == "fail p=reject -> reject");
}

TEST_CASE("no policy: no record, several, or one without a valid policy") {
  CHECK(evaluate("unknown.test").result == DmarcResult::none);
  CHECK(evaluate("unknown.test").problem == "there is no DMARC record");
  CHECK(evaluate("unknown.test").organizational_domain == "unknown.test");
  CHECK(evaluate("twice.test", {spf("twice.test")}).result == DmarcResult::none);
  CHECK(evaluate("twice.test").steps[0] == DmarcStep{"twice.test", "2 records, none counts"});
  CHECK(evaluate("nothing.test", {spf("nothing.test")}).result == DmarcResult::none);
  CHECK(evaluate("nothing.test").record_domain == "nothing.test");
  CHECK(summary(evaluate("mixed.test")) == "fail p=reject -> reject");
}

TEST_CASE("alignment is strict or relaxed, and only of what passed") {
  const auto alignment = [](std::string author, DmarcIdentifier identifier) {
    const DmarcEvaluation dmarc = evaluate(std::move(author), {std::move(identifier)});
    return std::string(to_string(dmarc.result)) + " " +
           std::string(to_string(dmarc.identifiers.at(0).alignment));
  };
  CHECK(alignment("contoso.test", spf("contoso.test")) == "pass strict");
  CHECK(alignment("contoso.test", dkim("mail.contoso.test")) == "pass relaxed");
  CHECK(alignment("mail.contoso.test", dkim("contoso.test")) == "pass relaxed");
  CHECK(alignment("a.contoso.test", spf("b.contoso.test")) == "pass relaxed");
  CHECK(alignment("own.contoso.test", spf("contoso.test")) == "pass relaxed");
  CHECK(alignment("contoso.test", spf("a.branch.contoso.test")) == "fail none");
  CHECK(alignment("a.branch.contoso.test", spf("contoso.test")) == "fail none");
  CHECK(alignment("contoso.test", spf("notcontoso.test")) == "fail none");
  CHECK(alignment("contoso.test", spf("fabrikam.bank")) == "fail none");
  CHECK(alignment("woodgrove.bank", spf("fabrikam.bank")) == "fail none");
  CHECK(alignment("strict.test", dkim("strict.test")) == "pass strict");
  CHECK(alignment("strict.test", dkim("mail.strict.test")) == "fail none");
  CHECK(alignment("contoso.test", spf("contoso.test", IdentifierStatus::fail)) == "fail strict");

  const auto dmarc = evaluate("contoso.test", {spf("evil.test"), dkim("x.contoso.test")});
  CHECK(dmarc.result == DmarcResult::pass);
  CHECK_FALSE(dmarc.identifiers.at(0).is_aligned);
  CHECK(dmarc.identifiers.at(1).is_aligned);
  CHECK(dmarc.applied_policy == DmarcPolicy::none);
  CHECK(evaluate("contoso.test", {spf("evil.test")}).problem ==
        "nothing that passed is aligned with contoso.test");
  CHECK(evaluate("contoso.test").problem == "neither SPF nor DKIM passed");
}

TEST_CASE("what the DNS does not say is a temperror only where it matters") {
  const auto result = [](std::string author, std::vector<DmarcIdentifier> identifiers) {
    return evaluate(std::move(author), std::move(identifiers)).result;
  };
  CHECK(result("slow.test", {spf("slow.test")}) == DmarcResult::temperror);
  CHECK(evaluate("slow.test").problem == "the DNS failed at _dmarc.slow.test: timeout");
  CHECK(result("mail.slow.test", {}) == DmarcResult::temperror);
  // Its own record tells the policy; the organizational domain is not known.
  CHECK(result("half.slow.test", {spf("half.slow.test")}) == DmarcResult::pass);
  CHECK(result("half.slow.test", {spf("x.half.slow.test")}) == DmarcResult::temperror);
  CHECK(result("half.slow.test", {spf("fabrikam.bank")}) == DmarcResult::fail);
  CHECK(result("half.slow.test", {}) == DmarcResult::fail);
  // SPF or DKIM did not come to an end, with a domain that would be aligned or not.
  CHECK(result("contoso.test", {spf("contoso.test", IdentifierStatus::temperror)}) ==
        DmarcResult::temperror);
  CHECK(result("contoso.test", {spf("x.contoso.test", IdentifierStatus::temperror)}) ==
        DmarcResult::temperror);
  CHECK(result("contoso.test", {spf("evil.test", IdentifierStatus::temperror)}) ==
        DmarcResult::fail);
  CHECK(result("contoso.test", {spf("contoso.test", IdentifierStatus::temperror),
                                dkim("contoso.test")}) == DmarcResult::pass);
  // Whether the domain exists decides between p= and np=, if it comes to that.
  CHECK(result("who.vague.test", {}) == DmarcResult::temperror);
  CHECK(result("who.vague.test", {spf("vague.test")}) == DmarcResult::pass);
}

TEST_CASE("all questions are asked at once, and not many") {
  const Outcome sub = run({.author = {{"ghost.contoso.test"}},
                           .identifiers = {spf("a.b.contoso.test"), dkim("contoso.test")}});
  CHECK(sub.rounds == 1);
  CHECK(sub.evaluation.result == DmarcResult::pass);
  // Eight for each of two names that are long and strange, and one whether the first exists.
  const Outcome longest = run({.author = {{"1.2.3.4.5.6.7.8.9.10.contoso.test"}},
                               .identifiers = {spf("a.b.c.d.e.f.g.h.i.j.k.contoso.test")}});
  CHECK(longest.questions <= 17);
  CHECK(longest.rounds == 1);
  CHECK(run({.author = {{"contoso.test"}}}).questions == 2);
}

TEST_CASE("the walk of RFC 9989 section 4.10") {
  using Names = std::vector<std::string_view>;
  CHECK(walk_domains("a.b.c.d.e.f.g.h.i.j.mail.example.com") ==
        Names{"a.b.c.d.e.f.g.h.i.j.mail.example.com", "g.h.i.j.mail.example.com",
              "h.i.j.mail.example.com", "i.j.mail.example.com", "j.mail.example.com",
              "mail.example.com", "example.com", "com"});
  CHECK(walk_domains("1.2.3.4.5.6.7.8").size() == max_walk_questions);
  CHECK(walk_domains("1.2.3.4.5.6.7.8")[1] == "2.3.4.5.6.7.8");
  CHECK(walk_domains("1.2.3.4.5.6.7").size() == 7);
  CHECK(walk_domains("com") == Names{"com"});
  CHECK(dmarc_question("com") == dns::Question{"_dmarc.com", dns::Type::txt});
  // A domain whose record could have no name is not asked about.
  std::string longest = std::string(63, 'a');
  for (int i = 0; i < 2; ++i) longest += "." + std::string(63, 'a');
  longest += "." + std::string(61, 'a');
  CHECK(walk_tree(longest, {}).questions.size() == 3);
}

TEST_CASE("several author domains: the worst counts") {
  const auto authors = [](std::vector<std::string> domains, mail::AuthorTrouble trouble) {
    return run({.author = {std::move(domains), trouble}, .identifiers = {spf("contoso.test")}})
        .evaluation;
  };
  using enum mail::AuthorTrouble;
  CHECK(authors({"contoso.test", "strict.test"}, several_domains).author_domain == "strict.test");
  CHECK(summary(authors({"strict.test", "contoso.test"}, several_fields)) ==
        "fail p=reject -> reject");
  CHECK(authors({"contoso.test", "unknown.test"}, several_domains).result == DmarcResult::none);
  CHECK(authors({"contoso.test", "mail.contoso.test"}, several_domains).result ==
        DmarcResult::pass);
  CHECK(authors({"contoso.test"}, too_many).result == DmarcResult::permerror);
  CHECK(summary(authors({"contoso.test", "strict.test"}, too_many)) == "fail p=reject -> reject");
  CHECK(authors({}, no_field).result == DmarcResult::permerror);
  CHECK(authors({}, no_domain).problem == "the From field has no domain");
}

TEST_CASE("SPF and DKIM give identifiers; a null reverse-path gives the HELO name") {
  SpfEvaluation evaluation{.result = SpfResult::pass, .domain = "mail.contoso.test"};
  CHECK(to_dmarc_identifier(evaluation)->status == IdentifierStatus::pass);
  evaluation.identity = SpfIdentity::helo;
  CHECK_FALSE(to_dmarc_identifier(evaluation));

  const SpfQuery null_path{.client = *IpAddress::parse("192.0.2.1"), .helo = "mail.contoso.test"};
  dns::ZoneResolver resolver(world);
  dns::AnswerSet answers;
  dns::AskBudget budget;
  const auto checked = dns::ask_until_done(
      resolver, answers, budget,
      [&](const dns::AnswerSet& known) { return check_host(null_path, known); });
  CHECK(to_dmarc_identifier(checked)->domain == "mail.contoso.test");
  CHECK(to_dmarc_identifier(checked)->status == IdentifierStatus::fail);

  DkimResult signature{.status = DkimStatus::temperror, .domain = "contoso.test"};
  CHECK(to_dmarc_identifier(signature)->status == IdentifierStatus::temperror);
  signature.status = DkimStatus::policy;
  CHECK(to_dmarc_identifier(signature)->status == IdentifierStatus::fail);
  CHECK_FALSE(to_dmarc_identifier(DkimResult{.status = DkimStatus::permerror}));
}

TEST_CASE("where the public suffix list has another answer, it is kept") {
  const auto suffixes = PublicSuffixList::parse("test\nbank\ncontoso.test\n");
  REQUIRE(suffixes);
  const auto other = [&](std::string author) {
    return run({.author = {{std::move(author)}}}, &*suffixes).evaluation.suffix_list_domain;
  };
  CHECK(other("mail.contoso.test") == "mail.contoso.test");
  CHECK(other("a.mail.contoso.test") == "mail.contoso.test");
  CHECK(other("fabrikam.bank") == "");
  CHECK(other("contoso.test") == "");
  CHECK(other("a.unknown.test") == "");
  CHECK(other("mail.slow.test") == "");
  CHECK(evaluate("a.unknown.test").suffix_list_domain == "");
}

TEST_CASE("the result in a header field") {
  const auto field = [](const DmarcEvaluation& dmarc) {
    return mail::to_authentication_results_body(
        {.authserv_id = "mx", .results = {to_authentication_result(dmarc)}});
  };
  CHECK(field(evaluate("contoso.test", {spf("contoso.test")})) ==
        " mx;\r\n\tdmarc=pass (p=reject) header.from=contoso.test");
  CHECK(field(evaluate("testing.test")).contains("dmarc=fail (p=reject t=y)"));
  CHECK(field(evaluate("testing.test")).contains("\"neither SPF nor DKIM passed\""));
}
