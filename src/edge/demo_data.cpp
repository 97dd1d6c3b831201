#include "edge/demo_data.h"

#include <fmt/format.h>

#include <fstream>
#include <random>

#include "auth/dmarc.h"
#include "auth/iprev.h"
#include "auth/spf_identities.h"
#include "dns/ask.h"
#include "edge/demo_traffic.h"
#include "mail/domain_name.h"
#include "policy/judge_again.h"

namespace postern::edge {
namespace {

using directory::InboundConnector;

constexpr const char* mark = "demo-data";
constexpr std::string_view organization_name = "Contoso";

Result<void> make_organization(store::DirectoryStore& directory) {
  if (const auto made = directory.new_organization(std::string(organization_name)); !made)
    return std::unexpected(made.error());
  directory::AcceptedDomain domain;
  domain.name = demo_domain;
  if (const auto made = directory.new_accepted_domain(organization_name, domain); !made)
    return std::unexpected(made.error());
  std::vector<directory::Recipient> people;
  for (const std::string& address : demo_people()) people.push_back({address, {}});
  if (const auto made = directory.import_recipients(organization_name, people); !made)
    return std::unexpected(made.error());
  InboundConnector scanner;
  scanner.name = "Scanner";
  scanner.sender_domains = {"*"};
  scanner.sender_ip_addresses = {IpPrefix::parse(demo_scanner_connector_address).value()};
  scanner.require_tls = false;
  const auto made = directory.new_inbound_connector(organization_name, scanner, store::Force::no);
  if (!made) return std::unexpected(made.error());
  return {};
}

mail::Mailbox mailbox(const std::string& address) {
  return address.empty() ? mail::Mailbox{} : mail::parse_mailbox(address).value();
}

/// Decides one message after another.
class Replay {
 public:
  explicit Replay(const DemoParts& parts)
      : parts_(parts),
        directory_(parts.directory.snapshot()),
        organization_(directory_->find_organization(organization_name)) {}

  void receive(const DemoMail& mail) {
    const mail::Mailbox reverse_path = mailbox(mail.reverse_path);
    const mail::Mailbox forward_path = mailbox(mail.forward_path);
    const policy::RcptFacts facts{.client = *IpAddress::parse(mail.client),
                                  .hello = mail.hello,
                                  .tls = mail.tls,
                                  .certificate_names = mail.certificate_names,
                                  .reverse_path = &reverse_path,
                                  .forward_path = &forward_path,
                                  .server_name = parts_.server_name,
                                  .time = mail.time};
    const policy::RcptVerdict verdict = policy::decide_rcpt(facts, *directory_);
    const policy::RcptBasis basis = policy::find_basis(facts, *directory_, verdict);
    policy::JudgedEvidence evidence = ask(mail, facts);
    if (verdict.decision == policy::Decision::accept) add_content(mail, facts, evidence);

    store::TraceRecord record = make_record(mail, verdict);
    record.settings = policy::to_archive(basis.settings);
    record.facts = policy::to_archive(basis.facts);
    policy::EvidenceTexts texts = policy::to_archive(evidence);
    record.origin = std::move(texts.origin);
    record.evidence = std::move(texts.evidence);
    note(record, evidence);
    if (evidence.message) {
      const policy::JudgedRecipient recipient{.client = facts.client,
                                              .hello = mail.hello,
                                              .tls = mail.tls,
                                              .time = mail.time,
                                              .reverse_path = reverse_path,
                                              .forward_path = forward_path,
                                              .facts = basis.facts,
                                              .settings = basis.settings};
      judge(record, policy::judge_again({&recipient, 1}, evidence), basis.settings.policy);
    }
    parts_.trace.record(std::move(record));
  }

 private:
  template <class Evaluate>
  auto evaluate(Evaluate evaluation) {
    // One budget is one message's; the answers are the same for all.
    dns::AskBudget budget;
    return dns::ask_until_done(parts_.resolver, answers_, budget, evaluation);
  }

  policy::JudgedEvidence ask(const DemoMail& mail, const policy::RcptFacts& facts) {
    const auth::SpfIdentities identities = auth::spf_identities({.client = facts.client,
                                                                 .helo = mail.hello,
                                                                 .receiver = parts_.server_name,
                                                                 .now = mail.time},
                                                                facts.reverse_path);
    const auto check = [&](const std::optional<auth::SpfQuery>& query) {
      std::optional<auth::SpfEvaluation> found;
      if (query) {
        found =
            evaluate([&](const dns::AnswerSet& known) { return auth::check_host(*query, known); });
      }
      return found;
    };
    policy::JudgedEvidence evidence;
    evidence.mail_from = check(identities.mail_from);
    evidence.helo = check(identities.helo);
    evidence.iprev = evaluate(
        [&](const dns::AnswerSet& known) { return auth::check_iprev(facts.client, known); });
    return evidence;
  }

  void add_content(const DemoMail& mail, const policy::RcptFacts& facts,
                   policy::JudgedEvidence& evidence) {
    auth::DmarcQuery query;
    query.author.domains = {mailbox(mail.author).domain};
    const auto add = [&](std::optional<auth::DmarcIdentifier> identifier) {
      if (identifier) query.identifiers.push_back(*std::move(identifier));
    };
    if (evidence.mail_from) add(auth::to_dmarc_identifier(*evidence.mail_from));
    policy::JudgedMessage message{.client = facts.client,
                                  .author_domains = query.author.domains,
                                  .own_domains = {},
                                  .dkim = {},
                                  .arc = {},
                                  .testimony = {},
                                  .dmarc = {},
                                  .hosts = {},
                                  .suffixes = {},
                                  .own_switches = {}};
    if (!mail.signer.empty()) {
      message.dkim.push_back({.status = auth::DkimStatus::pass,
                              .domain = mail.signer,
                              .selector = "s1",
                              .key_bits = 2048});
      add(auth::to_dmarc_identifier(message.dkim.front()));
    }
    message.dmarc =
        evaluate([&](const dns::AnswerSet& known) { return auth::evaluate_dmarc(query, known); });
    evidence.message = std::move(message);
    const policy::OwnDomains own{*directory_, organization_->id()};
    auto own_domains = policy::with_view(evidence, [&](const policy::JudgedEvidenceView& view) {
      return policy::find_own_domains(view, facts.reverse_path->domain, own);
    });
    evidence.message->own_switches = policy::find_own_switches(own_domains, own);
    evidence.message->own_domains = std::move(own_domains);
  }

  store::TraceRecord make_record(const DemoMail& mail, const policy::RcptVerdict& verdict) {
    const bool accepted = verdict.decision == policy::Decision::accept;
    store::TraceRecord record;
    record.message_trace_id = make_id(mail.time);
    record.forward_path = mail.forward_path;
    record.received = mail.time;
    record.session = fmt::format("{:016X}", random_());
    record.client = mail.client;
    record.hello = mail.hello;
    if (mail.tls) record.tls = "TLSv1.3 TLS_AES_256_GCM_SHA384";
    if (!mail.certificate_names.empty()) record.certificate = mail.certificate_names.front();
    record.reverse_path = mail.reverse_path;
    record.organization = organization_name;
    if (verdict.connector) record.connector = verdict.connector->name.view();
    record.direction = to_string(verdict.direction);
    record.direct_send = verdict.direct_send;
    record.own_sender = verdict.own_sender;
    record.decision = to_string(verdict.decision);
    record.reasons = verdict.reasons;
    record.settings_revision = directory_->revision();
    if (accepted) {
      record.status = store::TraceStatus::delivered;
      record.reply = "250 2.0.0 Saved (demo)";
      record.next_hop = "maildir:mail/%d/%u";
      record.subject = mail.subject;
      record.author = mail.author;
      record.message_id = fmt::format("<{:016x}@{}>", random_(), mail.hello);
      record.size = 2'000 + random_() % 200'000;
    } else {
      record.status = store::TraceStatus::failed;
      record.reply = policy::with_tail(verdict.reply, parts_.server_name, format_iso(mail.time),
                                       record.session)
                         .to_line();
    }
    return record;
  }

  /// A version 7 UUID (RFC 9562 section 5.7), since the trace is found by its time.
  std::string make_id(Time time) {
    const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time);
    const std::string digits = fmt::format("{:012x}", milliseconds.time_since_epoch().count());
    return fmt::format("{}-{}-7{:03x}-{:04x}-{:012x}", digits.substr(0, 8), digits.substr(8),
                       random_() & 0xfff, 0x8000 | (random_() & 0x3fff),
                       random_() & 0xffffffffffff);
  }

  static void note(store::TraceRecord& record, const policy::JudgedEvidence& evidence) {
    if (const auth::SpfEvaluation* spf = evidence.main_spf()) {
      record.spf = to_string(spf->result);
      record.spf_domain = spf->domain;
    }
    record.iprev = to_string(evidence.iprev.result);
    record.ptr = evidence.iprev.name;
    if (!evidence.message) return;
    for (const auth::DkimResult& one : evidence.message->dkim)
      record.dkim.push_back(
          fmt::format("{} d={} s={}", to_string(one.status), one.domain, one.selector));
    const auth::DmarcEvaluation& dmarc = evidence.message->dmarc;
    record.dmarc = to_string(dmarc.result);
    if (!dmarc.policy_tag.empty()) record.dmarc_policy = to_string(dmarc.policy);
  }

  /// What becomes of the content, as in edge/transaction_spoof.cpp.
  void judge(store::TraceRecord& record, const policy::JudgedAgain& again,
             const directory::AntiPhishPolicy& policy) {
    if (!again.composite) return;
    record.compauth = policy::to_text(*again.composite);
    record.signals = again.signals;
    const policy::SpoofVerdict& spoof = again.recipients.front().spoof;
    if (!spoof.setting.empty())
      record.reasons.insert(record.reasons.begin(),
                            policy::to_text(spoof, *again.composite, policy));
    if (again.is_refused) {
      record.decision = to_string(policy::Decision::reject);
      record.status = store::TraceStatus::failed;
      record.reply = policy::with_tail(again.refusal, parts_.server_name,
                                       format_iso(record.received), record.session)
                         .to_line();
      record.next_hop.clear();
    } else if (spoof.action == directory::SpoofAction::junk) {
      record.status = store::TraceStatus::filtered_as_spam;
    }
  }

  const DemoParts& parts_;
  const directory::SharedSnapshot directory_;
  const directory::SharedOrganization organization_;
  dns::AnswerSet answers_;
  std::mt19937_64 random_{1};
};

}  // namespace

bool is_demo_directory(const std::filesystem::path& data_directory) {
  std::error_code ignored;
  return std::filesystem::exists(data_directory / mark, ignored);
}

Result<void> check_demo_directory(const std::filesystem::path& data_directory) {
  std::error_code error;
  const bool is_there = std::filesystem::exists(data_directory, error);
  if (!is_there || is_demo_directory(data_directory)) return {};
  if (std::filesystem::is_empty(data_directory, error) && !error) return {};
  return fail(fmt::format(
      "--seed-demo: {} is not empty and not a demo's. Demo data go into a directory of their own.",
      data_directory.string()));
}

Result<void> mark_demo_directory(const std::filesystem::path& data_directory) {
  std::ofstream file(data_directory / mark);
  file << "The mail in this directory's trace was made up by posternd --seed-demo.\n";
  file.close();
  if (!file) return fail(fmt::format("{}/{} cannot be written.", data_directory.string(), mark));
  return {};
}

Result<std::size_t> seed_demo(const DemoParts& parts, Time until) {
  if (parts.directory.snapshot()->organization_count() > 0) return 0;
  if (auto made = make_organization(parts.directory); !made) return std::unexpected(made.error());
  const std::vector<DemoMail> mails = make_demo_traffic(until);
  Replay replay(parts);
  for (const DemoMail& mail : mails) replay.receive(mail);
  if (!parts.trace.flush(std::chrono::seconds(60)))
    return fail("The demo's mail cannot be written to the trace.");
  return mails.size();
}

}  // namespace postern::edge
