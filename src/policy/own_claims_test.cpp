#include "policy/own_claims.h"

#include <doctest/doctest.h>

#include <optional>
#include <random>

#include "policy/composite.h"

using namespace postern;
using namespace postern::policy;
using auth::DkimStatus;
using auth::DmarcResult;
using auth::SpfResult;

namespace {

constexpr directory::OrganizationId contoso{1};

const directory::Snapshot& directory_of_two() {
  static const directory::Snapshot snapshot = [] {
    directory::Snapshot made;
    const auto add = [&](directory::OrganizationId id, const char* name) {
      made.put_domain(id, {.name = name});
    };
    made.put_organization(contoso, directory::Guid(), "Contoso", Time());
    add(contoso, "contoso.com");
    add(contoso, "contoso.onmicrosoft.com");
    made.put_domain(contoso, {.name = "relay.contoso.net", .match_sub_domains = true});
    made.put_organization(directory::OrganizationId{2}, directory::Guid(), "Fabrikam", Time());
    add(directory::OrganizationId{2}, "fabrikam.com");
    return made;
  }();
  return snapshot;
}

/// From a stranger to Contoso, as ann@contoso.com, with both switches on.
struct Mail {
  Mail& from(const std::string& reverse_path_domain) {
    reverse_path = reverse_path_domain;
    return *this;
  }
  Mail& author(std::vector<std::string> domains) {
    authors = std::move(domains);
    return *this;
  }
  /// Of MAIL FROM.
  Mail& spf(SpfResult result) {
    sender = auth::SpfEvaluation{.result = result, .domain = reverse_path};
    return *this;
  }
  Mail& dkim(std::string domain, DkimStatus status = DkimStatus::pass) {
    signatures.push_back({.status = status, .domain = std::move(domain), .selector = "s1"});
    return *this;
  }
  Mail& sealed(std::string method, std::string ptype, std::string property, std::string value) {
    if (!testimony) testimony = ArcTestimony{.instance = 1, .sealer = "lists.test"};
    testimony->results.push_back(
        {.method = std::move(method), .result = "pass", .properties = {{ptype, property, value}}});
    return *this;
  }
  /// Contoso has a DMARC record; with these aligned.
  Mail& dmarc(DmarcResult result, std::vector<std::string> aligned = {}) {
    evaluation.result = result;
    evaluation.record_domain = "contoso.com";
    for (std::string& domain : aligned)
      evaluation.identifiers.push_back(
          {.identifier = {.domain = std::move(domain)}, .is_aligned = true});
    return *this;
  }
  Mail& to_be_proven() {
    provisional = true;
    return *this;
  }

  ClaimFacts facts() const {
    return {.reverse_path_domain = reverse_path,
            .author_domains = authors,
            .spf = sender ? &*sender : nullptr,
            .dkim = signatures,
            .dmarc = &evaluation,
            .testimony = testimony ? &*testimony : nullptr,
            .to_be_proven = provisional};
  }
  ClaimVerdict judge() {
    if (evaluation.author_domain.empty())
      evaluation.author_domain = evaluation.organizational_domain = authors.front();
    return judge_claims(facts(), config, {directory_of_two(), contoso});
  }
  /// `550 RejectDirectSendCheckHeaderFrom: contoso.com`
  std::string text() {
    const ClaimVerdict verdict = judge();
    return std::to_string(verdict.reply.code) +
           (verdict.reason.empty() ? "" : " " + verdict.reason);
  }

  std::string reverse_path = "phish.test";
  std::vector<std::string> authors = {"contoso.com"};
  std::optional<auth::SpfEvaluation> sender;
  std::vector<auth::DkimResult> signatures;
  auth::DmarcEvaluation evaluation;
  std::optional<ArcTestimony> testimony;
  bool provisional = false;
  directory::OrganizationConfig config{.reject_direct_send = true,
                                       .reject_direct_send_check_header_from = true,
                                       .reject_direct_send_allow_authenticated = true};
};

const std::string refused = "550 RejectDirectSendCheckHeaderFrom: contoso.com";

}  // namespace

TEST_CASE("9 a stranger who passes SPF for himself writes as an own author") {
  Mail mail = Mail().spf(SpfResult::pass);
  CHECK(mail.text() == refused);
  CHECK(mail.judge().reply.to_line() ==
        "550 5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization from "
        "unauthorized sources: the From field has its domain contoso.com, and neither SPF nor DKIM "
        "proves it");
  CHECK(Mail().dkim("phish.test").text() == refused);
  CHECK(Mail().dmarc(DmarcResult::fail).spf(SpfResult::pass).text() == refused);
}

TEST_CASE("12 the null reverse-path has no domain that could excuse the author") {
  CHECK(Mail().from("").text() == refused);
  CHECK(Mail().from("").author({"fabrikam.com"}).text() == "250");
}

TEST_CASE("both switches must be on") {
  Mail mail;
  mail.config.reject_direct_send_check_header_from = false;
  CHECK(mail.text() == "250");
  mail.config.reject_direct_send_check_header_from = true;
  mail.config.reject_direct_send = false;
  CHECK(mail.text() == "250");
}

TEST_CASE("only an own author is a claim, and one of several is enough") {
  CHECK(Mail().author({"bank.test"}).text() == "250");
  // Another organization's is not ours to defend.
  CHECK(Mail().author({"fabrikam.com"}).text() == "250");
  CHECK(Mail().author({"news.contoso.com"}).text() == "250");
  CHECK(Mail().author({"a.relay.contoso.net"}).text() ==
        "550 RejectDirectSendCheckHeaderFrom: a.relay.contoso.net");
  CHECK(Mail().author({"bank.test", "contoso.com"}).text() == refused);
  CHECK(Mail().author({"bank.test", "contoso.com"}).dkim("bank.test").text() == refused);
  CHECK(Mail().author({"bank.test", "contoso.com"}).dkim("contoso.com").text() ==
        "250 FromFieldProven: DKIM of contoso.com (selector s1)");
}

TEST_CASE("13 a signature of an own domain, and SPF of an aligned one, are proof") {
  CHECK(Mail().dkim("contoso.com").text() ==
        "250 FromFieldProven: DKIM of contoso.com (selector s1)");
  // What Exchange Online signs with until it is told otherwise.
  CHECK(Mail().dmarc(DmarcResult::fail).dkim("contoso.onmicrosoft.com").text() ==
        "250 FromFieldProven: DKIM of contoso.onmicrosoft.com (selector s1)");
  CHECK(Mail().from("bounces.contoso.com").spf(SpfResult::pass).text() ==
        "250 FromFieldProven: SPF of bounces.contoso.com");
  CHECK(Mail().from("bounces.contoso.com").spf(SpfResult::softfail).text() == refused);
  CHECK(Mail().dkim("contoso.com", DkimStatus::fail).text() == refused);
  CHECK(Mail().dkim("fabrikam.com").text() == refused);
}

TEST_CASE("where the domain has a record, that says what is aligned") {
  const auto news = [](std::vector<std::string> aligned) {
    return Mail()
        .from("bounces.contoso.com")
        .spf(SpfResult::pass)
        .dmarc(DmarcResult::fail, std::move(aligned));
  };
  CHECK(news({}).text() == refused);  // aspf=s
  CHECK(news({"bounces.contoso.com"}).text() == "250 FromFieldProven: SPF of bounces.contoso.com");
}

TEST_CASE("what stands behind l= may be anybody's") {
  Mail mail = Mail().dkim("contoso.com");
  mail.signatures[0].unsigned_body = 1;
  CHECK(mail.text() == refused);
  CHECK_FALSE(find_own_marks(mail.signatures, nullptr, {directory_of_two(), contoso}).signature);
}

TEST_CASE("HELO proves nothing beside a reverse-path, and is what there is without") {
  Mail mail = Mail().from("");
  mail.sender = auth::SpfEvaluation{.result = SpfResult::pass, .domain = "mail.contoso.com"};
  CHECK(mail.text() == "250 FromFieldProven: SPF of mail.contoso.com");
  mail.sender->identity = auth::SpfIdentity::helo;
  CHECK(mail.text() == refused);
}

TEST_CASE("own mail that comes back is known by its signature or a trusted seal") {
  SUBCASE("a list that rewrites nothing") {
    CHECK(Mail().from("lists.test").spf(SpfResult::pass).dkim("contoso.com").text() ==
          "250 FromFieldProven: DKIM of contoso.com (selector s1)");
  }
  SUBCASE("a list that adds a footer, and seals what it saw") {
    Mail mail =
        Mail().from("lists.test").spf(SpfResult::pass).dkim("contoso.com", DkimStatus::fail);
    CHECK(mail.text() == refused);
    CHECK(mail.sealed("dkim", "header", "d", "contoso.com").text() ==
          "250 FromFieldProven: DKIM of contoso.com, sealed by lists.test");
  }
  SUBCASE("a seal that saw DMARC, or SPF of the first hop") {
    CHECK(Mail().sealed("dmarc", "header", "from", "contoso.com").text() ==
          "250 FromFieldProven: DMARC of contoso.com, sealed by lists.test");
    CHECK(Mail().sealed("spf", "smtp", "mailfrom", "ann@contoso.com").text() ==
          "250 FromFieldProven: SPF of contoso.com, sealed by lists.test");
    CHECK(Mail().sealed("spf", "smtp", "mailfrom", "phish.test").text() == refused);
  }
  SUBCASE("an SRS forwarder") {
    Mail mail = Mail().from("forwarder.test").spf(SpfResult::pass);
    CHECK(mail.text() == refused);
    CHECK(mail.dkim("contoso.com").text() ==
          "250 FromFieldProven: DKIM of contoso.com (selector s1)");
  }
}

TEST_CASE("MAIL FROM that waited for the content is proven, or refused then") {
  const auto mail = [] { return Mail().from("contoso.com").author({"bank.test"}).to_be_proven(); };
  CHECK(mail().text() == "550 RejectDirectSend");
  CHECK(mail().judge().reply.to_line().ends_with(
      "unauthorized sources: MAIL FROM has its domain contoso.com, and neither SPF nor DKIM proves "
      "it"));
  CHECK(mail().spf(SpfResult::fail).text() == "550 RejectDirectSend");
  CHECK(mail().spf(SpfResult::pass).text() == "250 DirectSendProven: SPF of contoso.com");
  CHECK(mail().dkim("contoso.com").text() ==
        "250 DirectSendProven: DKIM of contoso.com (selector s1)");
  CHECK(mail().dkim("mail.contoso.com").text() ==
        "250 DirectSendProven: DKIM of mail.contoso.com (selector s1)");
  CHECK(mail().dkim("bank.test").text() == "550 RejectDirectSend");
}

TEST_CASE("while the DNS could still prove it, the client comes again") {
  Mail mail = Mail().dkim("contoso.com", DkimStatus::temperror);
  CHECK(mail.text() ==
        "451 RejectDirectSendCheckHeaderFrom: contoso.com, waits for DKIM of contoso.com (selector "
        "s1)");
  CHECK(mail.judge().reply.to_line() ==
        "451 4.7.68 TenantInboundAttribution; the From field has a domain of this organization, "
        "and DKIM of contoso.com (selector s1) cannot be checked because the DNS does not answer, "
        "please try again later");
  CHECK(Mail().from("contoso.com").to_be_proven().spf(SpfResult::temperror).text() ==
        "451 RejectDirectSend: contoso.com, waits for SPF of contoso.com");
  // Other proof is enough, and answers about others prove nothing.
  CHECK(Mail().dkim("contoso.com", DkimStatus::temperror).dkim("contoso.com").judge().reply.code ==
        250);
  CHECK(Mail().dkim("phish.test", DkimStatus::temperror).text() == refused);
  CHECK(Mail().spf(SpfResult::temperror).text() == refused);
  // Which of two is hopeless decides.
  CHECK(Mail()
            .author({"contoso.com", "relay.contoso.net"})
            .dkim("sub.contoso.com", DkimStatus::temperror)
            .text() == "550 RejectDirectSendCheckHeaderFrom: relay.contoso.net");
}

TEST_CASE("DMARC's own silence counts where alignment hangs on it") {
  Mail mail = Mail().author({"a.relay.contoso.net"}).from("contoso.net").spf(SpfResult::pass);
  mail.evaluation.result = DmarcResult::temperror;
  CHECK(mail.text() ==
        "451 RejectDirectSendCheckHeaderFrom: a.relay.contoso.net, waits for DMARC of "
        "a.relay.contoso.net");
  mail.evaluation.result = DmarcResult::none;
  CHECK(mail.judge().reply.code == 550);
}

TEST_CASE("composite authentication knows own mail by the same marks") {
  const auto judge = [](const Mail& mail, bool own_author = true) {
    auth::DmarcEvaluation dmarc{.result = DmarcResult::fail, .author_domain = "contoso.com"};
    dmarc.policy = dmarc.applied_policy = auth::DmarcPolicy::reject;
    const CompositeFacts facts{
        .dmarc = &dmarc,
        .dkim = mail.signatures,
        .reverse_path_domain = "lists.test",
        .author_domains = 1,
        .own_author = own_author,
        .own_marks = find_own_marks(mail.signatures, mail.testimony ? &*mail.testimony : nullptr,
                                    {directory_of_two(), contoso})};
    return to_text(authenticate(facts, {}, {}));
  };
  CHECK(judge(Mail()) == "fail 010");
  CHECK(judge(Mail().dkim("contoso.onmicrosoft.com")) == "pass 115");
  CHECK(judge(Mail().dkim("contoso.onmicrosoft.com", DkimStatus::fail)) == "fail 010");
  CHECK(judge(Mail().dkim("fabrikam.com")) == "fail 010");
  CHECK(judge(Mail().sealed("dkim", "header", "d", "contoso.onmicrosoft.com")) == "pass 130");
  CHECK(judge(Mail().dkim("contoso.onmicrosoft.com"), false) == "fail 000");
}

TEST_CASE("more proof never makes a verdict worse, and without claims there is none") {
  std::mt19937 random(3);
  const auto pick = [&](auto... choices) {
    const std::vector<std::string> all{choices...};
    return all[random() % all.size()];
  };
  const auto rank = [](int code) { return code == 250 ? 2 : code == 451 ? 1 : 0; };
  for (int round = 0; round < 5'000; ++round) {
    const auto domain = [&] {
      return pick("contoso.com", "news.contoso.com", "bank.test", "relay.contoso.net",
                  "x.relay.contoso.net", "fabrikam.com");
    };
    Mail mail;
    mail.author({domain()}).from(random() % 4 == 0 ? "" : domain());
    if (random() % 2) mail.author({mail.authors[0], domain()});
    if (random() % 2 && !mail.reverse_path.empty())
      mail.spf(std::array{SpfResult::pass, SpfResult::fail, SpfResult::temperror}[random() % 3]);
    if (random() % 2)
      mail.dkim(domain(), std::array{DkimStatus::pass, DkimStatus::temperror}[random() % 2]);
    const OwnDomains own{directory_of_two(), contoso};
    mail.provisional = own.has(mail.reverse_path) && random() % 2;
    const ClaimVerdict before = mail.judge();
    if (before.reply.code != 250) CHECK_FALSE(before.reason.empty());
    mail.dkim(domain(), std::array{DkimStatus::pass, DkimStatus::fail}[random() % 2]);
    CHECK(rank(mail.judge().reply.code) >= rank(before.reply.code));
    mail.config.reject_direct_send_check_header_from = false;
    if (!mail.provisional) CHECK(mail.text() == "250");
  }
}

TEST_CASE("a claim hits recipients as far as the switch is in force for them") {
  RcptVerdict hit;
  RcptVerdict vouched;
  vouched.matched_by = MatchedBy::address;
  RcptVerdict audited;
  audited.stage = {Stage::By::mode, "Audit"};
  RcptVerdict excepted;
  excepted.stage = {Stage::By::exception, "Scanner"};
  const ClaimVerdict unproven{.reply = {550, "5.7.68", "no"}, .reason = "RejectDirectSend"};
  const ClaimVerdict waits{.reply = {451, "4.7.68", "later"},
                           .reason = "RejectDirectSend: contoso.com, waits for SPF of contoso.com"};
  const ClaimVerdict proven{.reason = "DirectSendProven: SPF of contoso.com"};
  using All = std::vector<const RcptVerdict*>;
  const auto apply = [](const ClaimVerdict& verdict, const All& all) {
    return apply_claim(verdict, all);
  };

  CHECK(apply(unproven, {&hit, &hit}).decides);
  CHECK_FALSE(apply(unproven, {&audited, &excepted}).decides);
  CHECK_MESSAGE(apply(waits, {&hit, &audited, &vouched}).decides, "all come again");
  CHECK_FALSE(apply(waits, {&audited}).decides);
  CHECK(apply(waits, {&audited}).recipients[0].reason ==
        "WouldRejectDirectSend: contoso.com, waits for SPF of contoso.com, Audit");
  CHECK(apply({}, {&hit}).recipients.empty());

  const ClaimEffect mixed = apply(unproven, {&hit, &vouched, &audited, &excepted});
  CHECK_FALSE(mixed.decides);
  CHECK(mixed.recipients[0].is_kept);
  CHECK(mixed.recipients[0].reason == "RejectDirectSend, kept because other recipients get it");
  CHECK(mixed.recipients[1].reason.empty());
  CHECK(mixed.recipients[2].reason == "WouldRejectDirectSend: Audit");
  CHECK(mixed.recipients[3].reason == "DirectSendException Scanner");
  for (const std::size_t i : {1u, 2u, 3u}) CHECK_FALSE(mixed.recipients[i].is_kept);

  const ClaimEffect passed = apply(proven, {&hit, &vouched, &audited});
  CHECK(passed.recipients[0].reason == proven.reason);
  CHECK(passed.recipients[1].reason.empty());
  CHECK(passed.recipients[2].reason == proven.reason);
}

TEST_CASE("the From field is a claim where the domain's own switch is on") {
  directory::Snapshot directory;
  directory.put_organization(contoso, directory::Guid(), "Contoso", Time());
  directory.put_domain(
      contoso, {.name = "on.contoso.com", .reject_direct_send = directory::DirectSendSwitch::on});
  directory.put_domain(
      contoso, {.name = "off.contoso.com", .reject_direct_send = directory::DirectSendSwitch::off});
  directory.put_domain(contoso, {.name = "contoso.com"});
  const auth::DmarcEvaluation dmarc;
  const auto judge = [&](const char* author, bool is_on) {
    const std::vector<std::string> authors = {author};
    return judge_claims(
               {.reverse_path_domain = "phish.test", .author_domains = authors, .dmarc = &dmarc},
               {.reject_direct_send = is_on, .reject_direct_send_check_header_from = true},
               {directory, contoso})
        .reply.code;
  };
  CHECK(judge("contoso.com", true) == 550);
  CHECK(judge("contoso.com", false) == 250);
  CHECK(judge("on.contoso.com", false) == 550);
  CHECK(judge("off.contoso.com", true) == 250);
}
