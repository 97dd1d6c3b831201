// What it costs the thread that serves mail to keep what a message was judged on: once for each
// recipient, once for each message. And how long the texts are.
#include <benchmark/benchmark.h>

#include "policy/judge_again.h"

using namespace postern;
using namespace postern::policy;

namespace {

directory::Snapshot make_directory() {
  directory::Snapshot snapshot;
  const directory::OrganizationId id{1};
  snapshot.put_organization(id, directory::Guid(), "Contoso", Time());
  snapshot.put_domain(id, {.name = "contoso.com", .is_default = true});
  snapshot.put_recipient(id, {"ann@contoso.com", {}});
  directory::InboundConnector printers;
  printers.name = "Printers";
  printers.type = directory::ConnectorType::on_premises;
  printers.sender_domains = {"*"};
  std::vector<IpPrefix> prefixes;
  for (std::uint8_t i = 0; i < 100; ++i)
    prefixes.emplace_back(IpAddress::v4({198, 51, 100, i}), 32);
  printers.sender_ip_addresses = prefixes;
  snapshot.put_connectors(id, {printers});
  return snapshot;
}

void keep_recipient(benchmark::State& state, const char* client, const char* sender) {
  const directory::Snapshot directory = make_directory();
  const mail::Mailbox reverse_path = mail::parse_mailbox(sender).value();
  const mail::Mailbox forward_path = mail::parse_mailbox("ann@contoso.com").value();
  const RcptFacts facts{.client = *IpAddress::parse(client),
                        .hello = "mail.bank.example",
                        .tls = true,
                        .reverse_path = &reverse_path,
                        .forward_path = &forward_path,
                        .server_name = "mx.contoso.com"};
  const RcptVerdict verdict = decide_rcpt(facts, directory);
  std::size_t settings = 0;
  std::size_t its_facts = 0;
  for (auto _ : state) {
    const RcptBasis basis = find_basis(facts, directory, verdict);
    settings = to_archive(basis.settings).size();
    its_facts = to_archive(basis.facts).size();
  }
  state.counters["settings_bytes"] = static_cast<double>(settings);
  state.counters["facts_bytes"] = static_cast<double>(its_facts);
}
BENCHMARK_CAPTURE(keep_recipient, stranger, "203.0.113.9", "bob@bank.example");
BENCHMARK_CAPTURE(keep_recipient, printer, "198.51.100.7", "printer@contoso.com");

void keep_evidence(benchmark::State& state) {
  const auth::SpfEvaluation spf{.result = auth::SpfResult::pass,
                                .domain = "bank.example",
                                .mechanism = "ip4:203.0.113.0/24 of _spf.bank.example"};
  const auth::Iprev iprev{auth::IprevResult::pass, "mail.bank.example", true};
  const std::vector<auth::DkimResult> dkim(2, {.status = auth::DkimStatus::pass,
                                               .domain = "bank.example",
                                               .selector = "selector2026",
                                               .identity = "@bank.example",
                                               .key_bits = 2048});
  auth::DmarcEvaluation dmarc{.result = auth::DmarcResult::pass,
                              .author_domain = "bank.example",
                              .organizational_domain = "bank.example",
                              .record_domain = "bank.example",
                              .record = "v=DMARC1; p=reject; rua=mailto:dmarc@bank.example",
                              .policy = auth::DmarcPolicy::reject,
                              .policy_tag = "p"};
  for (const auto method : {auth::DmarcMethod::spf, auth::DmarcMethod::dkim}) {
    dmarc.identifiers.push_back(
        {{method, "bank.example", auth::IdentifierStatus::pass}, auth::Alignment::strict, true});
  }
  std::size_t size = 0;
  for (auto _ : state) {
    JudgedEvidence evidence{.mail_from = spf, .helo = spf, .iprev = iprev, .message = {}};
    JudgedMessage& message = evidence.message.emplace();
    message.author_domains = {"bank.example"};
    message.dkim = dkim;
    message.dmarc = dmarc;
    const EvidenceTexts texts = to_archive(evidence);
    size = texts.origin.size() + texts.evidence.size();
  }
  state.counters["bytes"] = static_cast<double>(size);
}
BENCHMARK(keep_evidence);

}  // namespace

BENCHMARK_MAIN();
