// Test-InboundConnector and Test-Attribution: what connectors would do, before mail finds out.
//
// Both change nothing and run the functions by which mail is decided. What belongs to another
// organization is not shown: the administrator of one need not know of the others' partners.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "admin/commands.h"
#include "admin/seen_certificates.h"
#include "base/ascii.h"
#include "base/wildcard.h"
#include "net/certificate_report.h"
#include "net/tls_context.h"
#include "policy/attribution_walk.h"
#include "policy/connector_lint.h"
#include "policy/decision.h"
#include "policy/nearest_miss.h"

namespace postern::admin {
namespace {

using directory::InboundConnector;
using policy::AttributionStep;
using policy::Severity;

Value finding(const InboundConnector& connector, Severity severity, std::string sentence,
              std::string remedy) {
  Object object = {{"Identity", connector.name.str()},
                   {"Severity", policy::to_string(severity)},
                   {"Finding", std::move(sentence)},
                   {"Remedy", std::move(remedy)}};
  object.kind = "ConnectorFinding";
  return object;
}

void look_over(const Call& call, const InboundConnector& connector, Outcome& outcome) {
  std::optional<policy::SeenCertificate> seen;
  if (call.services.certificates != nullptr)
    seen = call.services.certificates->find(connector.guid);
  outcome.values.push_back(finding(connector, Severity::information,
                                   "Matches: " + policy::describe_match(connector), ""));
  for (policy::Finding& one :
       policy::lint_connector(connector, *call.organization, *call.snapshot, seen, now())) {
    outcome.values.push_back(
        finding(connector, one.severity, std::move(one.finding), std::move(one.remedy)));
  }
}

CommandResult test_connector(const Call& call) {
  const std::string identity = call.text("Identity");
  Outcome outcome;
  if (!identity.empty() && !identity.contains('*')) {
    const auto found = call.organization->find_connector(identity);
    if (found == nullptr) return call.not_found(identity);
    look_over(call, *found, outcome);
    return outcome;
  }
  for (const auto& connector : call.organization->connectors()) {
    if (identity.empty() || matches_wildcard(connector->name.view(), identity))
      look_over(call, *connector, outcome);
  }
  return outcome;
}

/// `ann@contoso.com` or `<ann@contoso.com>`; for a reverse-path also `<>`.
Result<mail::Mailbox> read_path(const Call& call, std::string_view parameter, bool may_be_null) {
  const std::string given = call.text(parameter);
  std::string_view path = trim(given);
  const bool in_brackets = path.starts_with('<') && path.ends_with('>');
  if (in_brackets) path = path.substr(1, path.size() - 2);
  if (may_be_null && path.empty()) return mail::Mailbox{};
  auto mailbox = mail::parse_mailbox(path);
  if (!mailbox) {
    return fail(fmt::format("{}: {} is not an address such as ann@contoso.com{}.", parameter, given,
                            may_be_null ? ", nor <> for the null reverse-path" : ""));
  }
  return *std::move(mailbox);
}

/// What Test-Attribution was told of the client and the envelope.
struct Situation {
  mail::Mailbox reverse_path;
  mail::Mailbox forward_path;
  std::string hello;
  policy::RcptFacts facts;
  std::optional<net::CertificateReport> certificate;
};

/// Of a file, or the names that a trusted certificate would have.
Result<void> read_certificate(const Call& call, Situation& situation) {
  if (call.has("Certificate")) {
    return fail(
        "Certificate: the client reads the file and sends its certificates as CertificateContent.");
  }
  situation.facts.certificate_names = call.texts("CertificateName");
  if (!call.has("CertificateContent")) return {};
  if (call.has("CertificateName")) {
    return fail("CertificateName: give names or a certificate, not both.");
  }
  const auto tls = call.services.tls ? call.services.tls() : nullptr;
  if (tls == nullptr) return fail("Certificate: there are no trust anchors to judge it by.");
  auto report = tls->examine(call.text("CertificateContent"));
  if (!report) return fail("Certificate: " + report.error().message);
  // As in a session: what is not trusted counts as no certificate.
  if (report->trusted) situation.facts.certificate_names = report->certificate.names;
  situation.certificate = std::move(*report);
  return {};
}

Result<void> read_situation(const Call& call, Situation& situation) {
  const std::string client = call.text("ClientIp");
  const auto address = IpAddress::parse(trim(client));
  if (!address) return fail(fmt::format("ClientIp: {} is not an IP address.", client));
  auto reverse_path = read_path(call, "MailFrom", true);
  if (!reverse_path) return std::unexpected(reverse_path.error());
  auto forward_path = read_path(call, "RcptTo", false);
  if (!forward_path) return std::unexpected(forward_path.error());
  situation.reverse_path = std::move(*reverse_path);
  situation.forward_path = std::move(*forward_path);
  situation.hello = call.text("Hello");
  situation.facts.client = *address;
  situation.facts.hello = situation.hello;
  situation.facts.reverse_path = &situation.reverse_path;
  situation.facts.forward_path = &situation.forward_path;
  situation.facts.server_name = call.services.server_name;
  situation.facts.has_relay = call.services.has_relay;
  situation.facts.time = now();
  if (auto done = read_certificate(call, situation); !done) return done;
  situation.facts.tls = call.flag("Tls") || situation.certificate.has_value() ||
                        !situation.facts.certificate_names.empty();
  return {};
}

class Report {
 public:
  explicit Report(const Call& call) : call_(call) {}

  void certificate(const net::CertificateReport& report) {
    const Time until = report.certificate.not_after;
    const auto days = std::chrono::floor<std::chrono::days>(until - now()).count();
    const std::string when =
        days < 0 ? fmt::format("expired on {}", format_iso(until).substr(0, 10))
                 : fmt::format("expires on {}, in {} days", format_iso(until).substr(0, 10), days);
    const std::string why =
        report.trusted ? when : fmt::format("{}: it counts as none; {}", report.problem, when);
    row("Certificate", fmt::format("{}", fmt::join(report.certificate.names, ", ")), nullptr,
        report.trusted ? "Trusted" : "NotTrusted", why);
  }

  void step(const AttributionStep& step) {
    const bool is_ours =
        step.connector == nullptr || step.connector->organization == call_.organization->id();
    row(policy::to_string(step.rule), is_ours ? step.key : "", is_ours ? step.connector : nullptr,
        result(step), is_ours ? step.why : "a connector of another organization");
  }

  void nearest_miss(const policy::NearestMiss& miss) {
    if (miss.organization->id() != call_.organization->id()) return;
    row("NearestMiss", "", miss.connector, "No", miss.sentence);
  }

  void decision(const policy::RcptVerdict& verdict) {
    std::vector<std::string> reasons;
    for (const std::string& reason : verdict.reasons) {
      if (!reason.starts_with(policy::nearest_miss_mark)) reasons.push_back(reason);
    }
    const bool is_ours =
        verdict.organization == nullptr || verdict.organization->id() == call_.organization->id();
    row("Decision", verdict.recipient, is_ours ? verdict.connector.get() : nullptr,
        policy::to_string(verdict.decision),
        is_ours ? fmt::format("{}", fmt::join(reasons, ", ")) : "");
    row("Reply", "", nullptr, fmt::format("{} {}", verdict.reply.code, verdict.reply.enhanced),
        verdict.reply.text);
  }

  Outcome take() { return std::move(outcome_); }

 private:
  static std::string_view result(const AttributionStep& step) {
    switch (step.result) {
      case AttributionStep::Result::chosen:
        return "Chosen";
      case AttributionStep::Result::matches:
        return "Matches";
      case AttributionStep::Result::no:
        return step.connector == nullptr ? "None" : "No";
    }
    std::abort();  // never a Result
  }

  void row(std::string_view rule, std::string key, const InboundConnector* connector,
           std::string_view result, std::string why) {
    Object object = {{"Rule", rule},
                     {"Key", std::move(key)},
                     {"Connector", connector == nullptr ? "" : connector->name.str()},
                     {"Result", result},
                     {"Why", std::move(why)}};
    object.kind = "AttributionStep";
    outcome_.values.emplace_back(std::move(object));
  }

  const Call& call_;
  Outcome outcome_;
};

CommandResult test_attribution(const Call& call) {
  Situation situation;
  if (auto done = read_situation(call, situation); !done) {
    return wrong_argument(done.error().message);
  }
  const directory::Snapshot& directory = *call.snapshot;
  const auto owner = directory.find_domain(situation.forward_path.domain);
  if (owner && owner.organization->id() != call.organization->id()) {
    return wrong_argument(
        fmt::format("RcptTo: {} is no accepted domain of {}. Name its organization with "
                    "-Organization.",
                    situation.forward_path.domain, call.organization->name()));
  }
  const policy::AttributionFacts known(situation.facts, directory, owner);
  const policy::RcptVerdict verdict = policy::decide_rcpt(situation.facts, directory);

  Report report(call);
  if (situation.certificate) report.certificate(*situation.certificate);
  for (const AttributionStep& step : policy::walk_attribution(known, directory)) report.step(step);
  if (!policy::vouches(verdict.matched_by)) {
    const auto* const restriction = owner ? policy::find_restriction(known) : nullptr;
    if (const auto miss = policy::find_nearest_miss(known, directory, restriction))
      report.nearest_miss(*miss);
  }
  report.decision(verdict);
  Outcome outcome = report.take();
  if (verdict.decision == policy::Decision::accept && !policy::vouches(verdict.matched_by) &&
      policy::needs_reverse_name(situation.facts.client)) {
    outcome.warnings.emplace_back(
        "The reverse name of the IPv6 client is not looked up here; without one it is told "
        "550 5.7.25.");
  }
  return outcome;
}

using enum ParameterType;
using enum CommandKind;

constexpr ParameterSpec connector_parameters[] = {
    {"Identity", text, "Name or GUID; * is a wildcard. Without it all are looked over.", 0},
};
constexpr ParameterSpec attribution_parameters[] = {
    {"ClientIp", text, "The client's address.", 0, true},
    {"MailFrom", text, "The reverse-path; <> is the null one.", named, true},
    {"RcptTo", text, "The forward-path.", named, true},
    {"Certificate", text,
     "A PEM file that the command line reads: the client's certificate, then its intermediates. "
     "Whether it is trusted is judged as in a session; a private key in the file is not sent."},
    {"CertificateContent", text, "The text of such a file."},
    {"CertificateName", list,
     "Instead of a file: the names of a certificate that is taken to be trusted."},
    {"Tls", switch_, "The client uses TLS. With a certificate it always does."},
    {"Hello", text, "What the client says in EHLO."},
};

constexpr std::array<Command, 2> commands = {{
    {{"Test-InboundConnector", query,
      "Says what each connector matches, and what about it is rarely meant.", connector_parameters,
      "",
      "Test-InboundConnector | Format-Table -Wrap\n"
      "Test-InboundConnector | Where-Object Severity -ne Information | Format-List\n"
      "Test-InboundConnector Printers"},
     test_connector},
    {{"Test-Attribution", query,
      "Tries a client and an envelope: every rule in order, the connector that was nearly meant, "
      "the decision and the reply.",
      attribution_parameters, "",
      "Test-Attribution -ClientIp 198.51.100.9 -MailFrom printer@contoso.com -RcptTo "
      "ann@contoso.com\n"
      "Test-Attribution 203.0.113.9 -Certificate vendor.pem -MailFrom app@contoso.com -RcptTo "
      "ann@contoso.com | Format-List"},
     test_attribution},
}};

}  // namespace

std::span<const Command> attribution_commands() {
  return commands;
}

}  // namespace postern::admin
