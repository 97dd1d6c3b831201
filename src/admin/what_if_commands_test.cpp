// Test-DirectSend over rows that this test records as the edge would: what it foretells is what
// the change then really does.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "admin/test_desk.h"
#include "base/encoding.h"
#include "base/test_dice.h"
#include "policy/decision.h"
#include "policy/judged.h"

using namespace postern;
using namespace postern::admin;

namespace {

using policy::Decision;
using policy::RcptFacts;

struct Mail {
  std::string client = "198.51.100.7";
  std::string from = "scanner@contoso.com";
  std::string to = "ann@contoso.com";
  std::string hello = "scanner.contoso.com";
  bool tls = false;
  std::vector<std::string> certificate = {};
  RcptFacts::ReverseName reverse_name = RcptFacts::ReverseName::present;
  bool refused_by_hop = false;
  std::string spf = "fail";
};

struct Desk : TestDesk {
  Desk() {
    call("New-Organization Contoso");
    call("New-AcceptedDomain contoso.com");
    call("New-Recipient ann@contoso.com");
    call("New-Recipient bob@contoso.com");
  }

  policy::RcptVerdict decide(const Mail& mail, policy::RcptBasis* basis = nullptr) {
    const auto snapshot = directory->snapshot();
    const mail::Mailbox reverse_path =
        mail.from.empty() ? mail::Mailbox{} : mail::parse_mailbox(mail.from).value();
    const mail::Mailbox forward_path = mail::parse_mailbox(mail.to).value();
    const RcptFacts facts{.client = *IpAddress::parse(mail.client),
                          .hello = mail.hello,
                          .tls = mail.tls,
                          .certificate_names = mail.certificate,
                          .reverse_path = &reverse_path,
                          .forward_path = &forward_path,
                          .server_name = "mx.contoso.com",
                          .reverse_name = mail.reverse_name};
    policy::RcptVerdict verdict = policy::decide_rcpt(facts, *snapshot);
    if (basis != nullptr) *basis = policy::find_basis(facts, *snapshot, verdict);
    return verdict;
  }

  store::TraceRecord make_record(const Mail& mail, Time received = now()) {
    policy::RcptBasis basis;
    const policy::RcptVerdict verdict = decide(mail, &basis);
    const bool accepted = verdict.decision == Decision::accept;
    if (accepted && mail.refused_by_hop) basis.facts.refused_by = "NextHop";
    store::TraceRecord record;
    record.message_trace_id = time_ordered_uuid(received);
    record.forward_path = mail.to;
    record.reverse_path = mail.from;
    record.received = received;
    record.session = "08DD3FA5DBC8F401";
    record.client = mail.client;
    record.hello = mail.hello;
    record.organization = "Contoso";
    if (mail.tls) record.tls = "TLSv1.3 TLS_AES_256_GCM_SHA384";
    if (!mail.certificate.empty()) record.certificate = mail.certificate.front();
    record.decision = accepted && mail.refused_by_hop ? "Reject" : to_string(verdict.decision);
    record.spf = mail.spf;
    record.settings = to_archive(basis.settings);
    record.facts = to_archive(basis.facts);
    return record;
  }

  void receive(const Mail& mail, Time received = now()) {
    trace->record(make_record(mail, received));
  }

  /// Of each source: newly refused, newly accepted. And the warnings, the last one alone.
  using Changes = std::map<std::string, std::pair<std::int64_t, std::int64_t>>;
  Changes test(const std::string& parameters) {
    const auto done = call("Test-DirectSend " + parameters);
    REQUIRE_MESSAGE(done, done.error().message);
    Changes changes;
    for (const Value& value : done->values) {
      const Object& one = *value.get<Object>();
      changes[one.find("Source")->to_text()] = {*one.find("NewlyRefused")->get<std::int64_t>(),
                                                *one.find("NewlyAccepted")->get<std::int64_t>()};
    }
    last_word = done->warnings.back();
    return changes;
  }
  std::string warnings(const std::string& parameters) {
    return run("Test-DirectSend " + parameters);
  }

  std::string last_word;
};

std::string bool_text(bool value) {
  return value ? "$true" : "$false";
}

/// A line that changes what decides; it may be one that is refused.
std::string random_change(Dice& dice) {
  const std::string name = dice.text({"A", "B", "C"});
  switch (dice.below(6)) {
    case 0:
      return "Set-OrganizationConfig -RejectDirectSend " + bool_text(!dice.coin(4)) +
             " -RejectDirectSendAllowAuthenticated " + bool_text(dice.coin(4));
    case 1:
      return "Remove-InboundConnector " + name;
    case 2:
      return "Set-InboundConnector " + name + " -Enabled " + bool_text(dice.coin()) +
             " -RequireTls " + bool_text(dice.coin());
    case 3:
      return dice.text({"New-AcceptedDomain fabrikam.com",
                        "New-AcceptedDomain eu.contoso.com -DomainType InternalRelay"});
    default:
      break;
  }
  std::string line = "New-InboundConnector " + name + " -ConnectorType " +
                     dice.text({"Partner", "OnPremises"}) + " -SenderDomains " +
                     dice.text({"*", "bank.test", "contoso.com"}) + " -RequireTls " +
                     bool_text(dice.coin(3));
  if (!dice.coin(3))
    line += " -SenderIPAddresses " +
            dice.text({"198.51.100.7", "198.51.100.0/24", "203.0.113.9", "2001:db8:25::/48"});
  if (dice.coin(3))
    line += " -TlsSenderCertificateName " +
            dice.text({"mail.contoso.com", "*.contoso.com", "mail.bank.test"});
  if (dice.coin(4)) line += " -RestrictDomainsToIPAddresses $true";
  return line;
}

Mail random_mail(Dice& dice) {
  Mail mail{.client = dice.text({"198.51.100.7", "198.51.100.8", "203.0.113.9", "203.0.113.77",
                                 "2001:db8:25::25", "2001:db8:66::1"}),
            .from = dice.text({"scanner@contoso.com", "ann@contoso.com", "bob@bank.test", "",
                               "x@fabrikam.com", "y@eu.contoso.com"}),
            .to = dice.text({"ann@contoso.com", "bob@contoso.com", "nobody@contoso.com",
                             "ann+x@contoso.com", "kim@fabrikam.com"}),
            .hello = dice.text({"client.example", "mx.contoso.com", "[192.0.2.1]"}),
            .tls = dice.coin(),
            .refused_by_hop = dice.coin(10)};
  if (mail.tls && dice.coin())
    mail.certificate = {dice.text({"mail.contoso.com", "mail.bank.test", "other.test"})};
  mail.reverse_name = static_cast<RcptFacts::ReverseName>(dice.below(4));
  return mail;
}

}  // namespace

TEST_CASE("unchanged settings change nothing, and a change does what was foretold") {
  for (unsigned seed = 1; seed <= 25; ++seed) {
    CAPTURE(seed);
    Dice dice(seed);
    Desk desk;
    for (std::size_t i = dice.below(5); i > 0; --i) desk.call(random_change(dice));
    std::vector<Mail> mails;
    std::vector<bool> refused_now;
    for (int i = 0; i < 200; ++i) {
      Mail mail = random_mail(dice);
      const bool by_policy = desk.decide(mail).decision != Decision::accept;
      // A hop is asked only about what the policy accepts.
      mail.refused_by_hop &= !by_policy;
      refused_now.push_back(by_policy || mail.refused_by_hop);
      desk.receive(mail);
      mails.push_back(std::move(mail));
    }
    CHECK(desk.test("").empty());
    CHECK(desk.last_word == "Under the proposed settings nothing would change.");

    std::string lines;
    for (int i = 0; i < 4; ++i) {
      const std::string line = random_change(dice);
      // Those that are refused cannot be foretold either; which they are depends on those before.
      const std::string more = lines + (lines.empty() ? "" : "; ") + line;
      if (desk.call("Test-DirectSend -With '" + more + "'")) lines = more;
    }
    if (lines.empty()) continue;
    CAPTURE(lines);
    const Desk::Changes foretold = desk.test("-With '" + lines + "'");

    for (std::size_t begin = 0; begin < lines.size();) {
      const std::size_t end = std::min(lines.find("; ", begin), lines.size());
      REQUIRE(desk.call(lines.substr(begin, end - begin)));
      begin = end + 2;
    }
    Desk::Changes real;
    for (std::size_t i = 0; i < mails.size(); ++i) {
      const bool refused_then =
          mails[i].refused_by_hop || desk.decide(mails[i]).decision != Decision::accept;
      if (refused_then == refused_now[i]) continue;
      auto& [refused, accepted] = real[mails[i].client];
      ++(refused_then ? refused : accepted);
    }
    CHECK(foretold == real);
  }
}

TEST_CASE("the switch: who would be hit, what to do about it, and that it helps") {
  Desk desk;
  const Time today = now();
  for (int day = 0; day < 6; ++day) {
    const Time then = today - std::chrono::days(day) - std::chrono::hours(1);
    desk.receive({.spf = "pass"}, then);
    desk.receive({.client = "203.0.113.66", .from = "ann@contoso.com", .spf = "fail"}, then);
    desk.receive({.client = "203.0.113.9", .from = "bob@bank.test"}, then);
  }
  const auto done = desk.call("Test-DirectSend -RejectDirectSend $true");
  REQUIRE(done);
  REQUIRE(done->values.size() == 2);
  const Object& scanner = *done->values.front().get<Object>();
  CHECK(scanner.find("Source")->to_text() == "198.51.100.7");
  CHECK(scanner.find("Count")->to_text() == "6");
  CHECK(scanner.find("RefusedNow")->to_text() == "0");
  CHECK(scanner.find("RefusedThen")->to_text() == "6");
  CHECK(scanner.find("Kind")->to_text() == "Yours");
  CHECK(scanner.find("Reason")->to_text() == "RejectDirectSend");
  CHECK(scanner.find("Judgement")->to_text().contains("daily for 6 days"));
  CHECK(done->values.back().get<Object>()->find("Kind")->to_text() == "Spoof");
  CHECK(done->warnings.back() ==
        "Under the proposed settings mail to 12 recipients from 2 sources would be refused that is "
        "accepted now: 6 recipients from 1 source probably yours, 6 recipients from 1 source "
        "probably spoofs.");

  // The remedy, pasted as it is; the same as a hashtable; and one that forgets TLS.
  const std::string remedy = scanner.find("Remedy")->to_text();
  REQUIRE(remedy.starts_with("New-InboundConnector "));
  using Changes = Desk::Changes;
  CHECK(desk.test("-RejectDirectSend $true -With '" + remedy + "'") ==
        Changes{{"203.0.113.66", {6, 0}}});
  const std::string scanner_there =
      "-RejectDirectSend $true -With @{InboundConnector=@{Name='Scanner'; "
      "SenderIPAddresses='198.51.100.7'";
  CHECK(desk.test(scanner_there + "; RequireTls=$false}}") == Changes{{"203.0.113.66", {6, 0}}});
  CHECK(desk.test(scanner_there + "}}").size() == 2);
  CHECK(desk.all("Test-DirectSend " + scanner_there + "}}", "Reason")
            .contains("StartTlsRequired: Scanner"));
  // Both at once, the switch as a setting among others.
  CHECK(desk.test("-With @{RejectDirectSend=$true; InboundConnector=@(@{Name='a'; "
                  "SenderIPAddresses='198.51.100.7'; RequireTls=$false}, @{Name='b'; "
                  "SenderIPAddresses='203.0.113.66'; RequireTls=$false})}")
            .empty());
  // Nothing of it has happened.
  CHECK(desk.directory->snapshot()->only_organization()->connector_count() == 0);
  CHECK_FALSE(desk.directory->snapshot()->only_organization()->config().reject_direct_send);

  // What is there can be thought away or otherwise.
  desk.call("Set-OrganizationConfig -RejectDirectSend $true");
  desk.call(
      "New-InboundConnector Scanner -SenderDomains * -SenderIPAddresses 198.51.100.7 "
      "-RequireTls $false");
  CHECK(desk.test("-Without scanner") == Changes{{"198.51.100.7", {6, 0}}});
  CHECK(desk.test("-With @{InboundConnector=@{Name='Scanner'; Enabled=$false}}") ==
        Changes{{"198.51.100.7", {6, 0}}});
  CHECK(desk.test("$false") == Changes{{"203.0.113.66", {0, 6}}});
}

TEST_CASE("what waits for the content is accepted at RCPT, and that is said") {
  Desk desk;
  desk.receive({});
  const std::string told =
      desk.warnings("-RejectDirectSend $true -RejectDirectSendAllowAuthenticated $true");
  CHECK(told.contains("1 recipients would be accepted at RCPT only until the content is there"));
  CHECK(told.ends_with("nothing would change."));
}

TEST_CASE("what cannot be judged is counted, and other times and organizations are left alone") {
  Desk desk;
  store::TraceRecord old = desk.make_record({});
  old.facts.clear();
  desk.trace->record(old);
  store::TraceRecord nobody = desk.make_record({});
  nobody.client.clear();
  desk.trace->record(nobody);
  desk.receive({}, now() - std::chrono::days(20));
  store::TraceRecord foreign = desk.make_record({});
  foreign.organization = "Fabrikam";
  desk.trace->record(foreign);
  const std::string told = desk.warnings("-RejectDirectSend $true");
  CHECK(told.contains("The trace has 2 rows of that time"));
  CHECK(told.contains("2 of them are not judged"));
  CHECK(desk.test("-RejectDirectSend $true -StartDate (Get-Date).AddDays(-30)").size() == 1);
  CHECK(desk.warnings("$true -EndDate (Get-Date).AddDays(-50)").contains("has no mail"));
}

TEST_CASE("proposals that make no sense are refused, and only what decides can be proposed") {
  Desk desk;
  for (const auto& [parameters, problem] :
       std::initializer_list<std::pair<const char*, const char*>>{
           {"-With @{NoSuchSetting=1}", "NoSuchSetting"},
           {"-With @{InboundConnector='x'}", "needs a hashtable"},
           {"-With @{InboundConnector=@{SenderIPAddresses='192.0.2.1'}}", "no Name"},
           {"-With @{InboundConnector=@{Name='x'; SenderIPAddresses='10.0.0.0/8'}}", "Force"},
           {"-With 'Remove-Organization Contoso'", "cannot be proposed"},
           {"-With 'Get-InboundConnector'", "cannot be proposed"},
           {"-With 'Remove-InboundConnector Nobody'", "Nobody"},
           {"-With 'Set-OrganizationConfig -RejectDirectSend'", "Missing an argument"},
           {"-With 7", "hashtable of settings"},
           {"-Without Nobody", "Nobody"},
           {"-StartDate 2026-01-02 -EndDate 2026-01-01", "StartDate"}}) {
    CAPTURE(parameters);
    const auto done = desk.call(std::string("Test-DirectSend ") + parameters);
    REQUIRE_FALSE(done);
    CHECK(done.error().message.contains(problem));
  }
  // A viewer may ask, for his own organization.
  desk.call("New-Organization Fabrikam");
  desk.caller = {.name = "viewer",
                 .role = store::Role::viewer,
                 .organization = desk.directory->snapshot()->find_organization("Contoso")->guid()};
  CHECK(desk.call("Test-DirectSend $true"));
  const auto other = desk.call(
      "Test-DirectSend -With 'Set-OrganizationConfig -RejectDirectSend $true "
      "-Organization Fabrikam'");
  REQUIRE_FALSE(other);
}
