// Get-MessageTraceDetailV2 and Test-Message over rows that this test records, as the edge would.
#include <doctest/doctest.h>

#include "admin/test_desk.h"
#include "admin/trace_detail.h"
#include "base/encoding.h"

using namespace postern;
using namespace postern::admin;

namespace {

using policy::JudgedEvidence;

struct Desk : TestDesk {
  Desk() {
    call("New-Organization Contoso");
    call("New-AcceptedDomain contoso.com");
    call("New-Recipient ann@contoso.com");
    call("New-Recipient bob@contoso.com");
    call("Set-OrganizationConfig -RejectDirectSend $true");
  }

  /// Judges as the edge does, and records it.
  store::TraceRecord receive(const std::string& from, const std::string& to,
                             const JudgedEvidence& evidence = {},
                             const std::string& client = "203.0.113.9") {
    const auto snapshot = directory->snapshot();
    const mail::Mailbox reverse_path = mail::parse_mailbox(from).value();
    const mail::Mailbox forward_path = mail::parse_mailbox(to).value();
    const policy::RcptFacts facts{.client = *IpAddress::parse(client),
                                  .hello = "client.example",
                                  .reverse_path = &reverse_path,
                                  .forward_path = &forward_path,
                                  .server_name = "mx.contoso.com"};
    const policy::RcptVerdict verdict = policy::decide_rcpt(facts, *snapshot);
    const policy::RcptBasis basis = policy::find_basis(facts, *snapshot, verdict);
    store::TraceRecord record;
    record.message_trace_id = id;
    record.forward_path = to;
    record.reverse_path = from;
    record.received = now();
    record.session = "08DD3FA5DBC8F401";
    record.client = client;
    record.hello = "client.example";
    record.organization = "Contoso";
    if (verdict.connector) record.connector = verdict.connector->name.str();
    record.direction = to_string(verdict.direction);
    record.direct_send = verdict.direct_send;
    record.decision = to_string(verdict.decision);
    record.reasons = verdict.reasons;
    record.status = verdict.decision == policy::Decision::accept ? store::TraceStatus::delivered
                                                                 : store::TraceStatus::failed;
    record.reply = verdict.reply.to_line() + " [mx.contoso.com …]";
    record.settings = to_archive(basis.settings);
    record.facts = to_archive(basis.facts);
    policy::EvidenceTexts texts = to_archive(evidence);
    record.origin = std::move(texts.origin);
    record.evidence = std::move(texts.evidence);
    record.settings_revision = snapshot->revision();
    return record;
  }

  std::string step(std::string_view recipient, std::string_view event) {
    const auto told = call("Get-MessageTraceDetailV2 " + id + " " + std::string(recipient));
    REQUIRE_MESSAGE(told, told.error().message);
    std::string found;
    for (const Value& value : told->values) {
      const Object& one = *value.get<Object>();
      if (one.find("Event")->to_text() == event)
        found += one.find("Action")->to_text() + "|" + one.find("Detail")->to_text() + "\n";
    }
    return found;
  }

  /// `before -> after` of the only row, and the warnings.
  std::string test(const std::string& parameters, const char* property) {
    const auto done = call("Test-Message " + id + " " + parameters);
    if (!done) return done.error().message;
    REQUIRE(done->values.size() == 1);
    const Object& verdict = *done->values.front().get<Object>();
    std::string text = verdict.find(property)->to_text() + " -> " +
                       verdict.find("New" + std::string(property))->to_text();
    for (const std::string& warning : done->warnings) text += "\n" + warning;
    return text;
  }

  const std::string id = time_ordered_uuid(now());
};

/// A message of `author`, which fails everything.
JudgedEvidence forged(const std::string& author, auth::DmarcPolicy policy) {
  JudgedEvidence evidence;
  evidence.mail_from = auth::SpfEvaluation{.result = auth::SpfResult::pass,
                                           .domain = "phish.test",
                                           .mechanism = "ip4:203.0.113.9 of _spf.phish.test"};
  policy::JudgedMessage& message = evidence.message.emplace();
  message.author_domains = {author};
  if (author == "contoso.com") message.own_domains = {author};
  message.dkim = {{.status = auth::DkimStatus::fail,
                   .problem = auth::DkimProblem::body_hash,
                   .domain = author,
                   .selector = "s1"}};
  message.dmarc = {.result = auth::DmarcResult::fail,
                   .author_domain = author,
                   .organizational_domain = author,
                   .record_domain = author,
                   .record = "v=DMARC1; p=reject",
                   .policy = policy,
                   .policy_tag = "p",
                   .applied_policy = policy};
  return evidence;
}

}  // namespace

TEST_CASE("a refusal at RCPT is told, and what the switch would have made of it") {
  Desk desk;
  desk.call(
      "New-InboundConnector Printers -ConnectorType OnPremises -SenderDomains * "
      "-SenderIPAddresses 203.0.113.7");
  desk.trace->record(desk.receive("printer@contoso.com", "ann@contoso.com"));
  CHECK(desk.step("ann@contoso.com", "Attribution") ==
        "Nothing|no connector has the client; nearest miss: connector Printers lists "
        "203.0.113.7, which is in the client's /24\n");
  CHECK(desk.step("ann@contoso.com", "Decision")
            .starts_with("Reject|contoso.com is the organization's own and no connector vouches "
                         "for the client; RejectDirectSend is on: 550 5.7.68 "));
  CHECK(desk.step("ann@contoso.com", "Fail").starts_with("Failed|550 5.7.68"));
  CHECK(desk.step("ann@contoso.com", "CompAuth").empty());
  CHECK(desk.step("ann@contoso.com", "Contradiction").empty());
  CHECK(desk.test("", "Decision") == "Reject -> Reject");
  CHECK(desk.test("-RejectDirectSend $false", "Decision") ==
        "Reject -> Accept\nann@contoso.com: it was refused before its content was sent, so only "
        "the decision at RCPT is known.");
  // The directory has changed since; the message is judged by what it was.
  desk.call("Set-OrganizationConfig -RejectDirectSend $false");
  desk.call("Remove-InboundConnector Printers -Confirm:$false");
  CHECK(desk.test("", "Decision") == "Reject -> Reject");
  CHECK(desk.step("ann@contoso.com", "Settings").contains("RejectDirectSend $true"));
}

TEST_CASE("what a message was judged on is told: term, signature, record, rule, policy") {
  Desk desk;
  store::TraceRecord record = desk.receive("x@phish.test", "ann@contoso.com",
                                           forged("contoso.com", auth::DmarcPolicy::none));
  record.compauth = "fail 601";
  record.status = store::TraceStatus::filtered_as_spam;
  desk.trace->record(record);
  CHECK(desk.step("ann@contoso.com", "SPF") ==
        "pass|MAIL FROM phish.test: term ip4:203.0.113.9 of _spf.phish.test\n");
  CHECK(desk.step("ann@contoso.com", "DKIM") ==
        "fail|d=contoso.com s=s1, body hash did not verify\n");
  CHECK(desk.step("ann@contoso.com", "DMARC").contains("author domain contoso.com; p=none of "));
  CHECK(desk.step("ann@contoso.com", "CompAuth") == "fail 601|rule OwnImplicitFail\n");
  CHECK(desk.step("ann@contoso.com", "Policy") ==
        "MoveToJmf|policy Default, AuthenticationFailAction\n");
  CHECK(desk.step("ann@contoso.com", "Spam").starts_with("FilteredAsSpam|"));
  CHECK(desk.step("ann@contoso.com", "Contradiction").empty());
  CHECK(desk.test("-AuthenticationFailAction Quarantine", "Action") == "MoveToJmf -> Quarantine");
  CHECK(desk.test("-EnableSpoofIntelligence $false", "Action") == "MoveToJmf -> None");
  CHECK(desk.test("-GatewayInFront $true", "CompAuth") == "fail 601 -> none 905");
  CHECK(desk.test("-AuthenticationFailAction Nonsense", "Action").contains("Nonsense"));

  // A row that says something else is told of.
  record.compauth = "pass 100";
  desk.trace->record(record);
  CHECK(desk.step("ann@contoso.com", "Contradiction")
            .contains("CompAuth was \"pass 100\" and would be \"fail 601\""));
}

TEST_CASE("recipients are judged together: a message is refused only if all reject it") {
  Desk desk;
  const JudgedEvidence evidence = forged("strict.test", auth::DmarcPolicy::reject);
  for (const char* recipient : {"ann@contoso.com", "bob@contoso.com"}) {
    store::TraceRecord record = desk.receive("x@phish.test", recipient, evidence);
    record.compauth = "fail 000";
    record.decision = "Reject";
    record.reply =
        "550 5.7.509 Access denied, sending domain strict.test does not pass DMARC "
        "verification and has a DMARC policy of reject [mx …]";
    record.status = store::TraceStatus::failed;
    desk.trace->record(record);
  }
  const auto both = desk.call("Test-Message " + desk.id + " -HonorDmarcPolicy $false");
  REQUIRE(both);
  CHECK(both->values.size() == 2);
  CHECK(both->warnings.empty());
  CHECK(desk.test("ann@contoso.com", "Decision") == "Reject -> Reject");
  CHECK(desk.test("ann@contoso.com -HonorDmarcPolicy $false", "Decision") == "Reject -> Accept");
  CHECK(desk.test("ann@contoso.com -HonorDmarcPolicy $false", "Action") == "Reject -> MoveToJmf");
}

TEST_CASE("rows without what they were judged on are told as far as they go") {
  Desk desk;
  store::TraceRecord record = desk.receive("printer@contoso.com", "ann@contoso.com");
  record.settings.clear();
  desk.trace->record(record);
  CHECK(desk.step("ann@contoso.com", "Decision")
            .contains("RejectDirectSend; what it was decided on was not kept"));
  CHECK(desk.test("", "Decision").contains("cannot be judged again"));
}

TEST_CASE("ids that are none, and recipients that are not there") {
  Desk desk;
  desk.trace->record(desk.receive("printer@contoso.com", "ann@contoso.com"));
  for (const char* line :
       {"Get-MessageTraceDetailV2 1234", "Test-Message f81d4fae-7dec-11d0-a765-00a0c91e6bf6"}) {
    const auto done = desk.call(line);
    REQUIRE_FALSE(done);
    CHECK(done.error().trouble == Trouble::wrong_argument);
  }
  const auto unknown = desk.call("Test-Message " + time_ordered_uuid(now()));
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().trouble == Trouble::not_found);
  const auto nobody = desk.call("Get-MessageTraceDetailV2 " + desk.id + " eve@contoso.com");
  REQUIRE_FALSE(nobody);
  CHECK(nobody.error().trouble == Trouble::not_found);
}
