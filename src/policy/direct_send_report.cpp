#include "policy/direct_send_report.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <initializer_list>

#include "mail/domain_name.h"

namespace postern::policy {
namespace {

/// From so many different days on, a source can be called regular.
constexpr std::uint64_t min_regular_days = 5;
/// Devices and services send as one sender, or a few.
constexpr std::uint64_t max_device_senders = 3;
/// People are more.
constexpr std::uint64_t min_forwarded_senders = 5;

/// Days from the first mail of the source to the end of the record.
std::uint64_t days_observed(const SourceStatistics& source, std::optional<Time> until) {
  if (!source.first_seen) return 0;
  const Time end = until ? *until : source.last_seen.value_or(*source.first_seen);
  const auto days = std::chrono::floor<std::chrono::days>(end) -
                    std::chrono::floor<std::chrono::days>(*source.first_seen);
  return days.count() < 0 ? 1 : static_cast<std::uint64_t>(days.count()) + 1;
}

bool is_regular(const SourceStatistics& source, std::optional<Time> until) {
  return source.days >= min_regular_days && source.days * 2 >= days_observed(source, until);
}

bool has_evidence(const SourceStatistics& source) {
  return source.spf.known() + source.dkim.known() + source.dmarc.known() > 0;
}

bool fails_everything(const SourceStatistics& source) {
  return has_evidence(source) && source.spf.pass + source.dkim.pass + source.dmarc.pass == 0;
}

bool is_self_to_self(const SourceStatistics& source) {
  return source.self_to_self * 2 > source.count;
}

std::string how_often(const SourceStatistics& source, std::optional<Time> until) {
  if (source.days == 0) return "";
  const std::uint64_t observed = days_observed(source, until);
  if (source.days >= min_regular_days && source.days == observed)
    return fmt::format("has sent daily for {} days", source.days);
  if (source.days == 1) return "was seen on one day only";
  return fmt::format("has sent on {} of {} days", source.days, observed);
}

std::string_view what_passes(const SourceStatistics& source) {
  if (source.spf.mostly_passes() && source.dkim.mostly_passes()) return "Passes SPF and DKIM";
  if (source.spf.mostly_passes()) return "Passes SPF";
  if (source.dkim.mostly_passes()) return "Passes DKIM";
  return "Passes DMARC";
}

/// `Passes SPF and has sent daily for 30 days: probably …`
std::string joined(std::string_view begin, std::string_view often, std::string_view end) {
  return often.empty() ? fmt::format("{}: {}", begin, end)
                       : fmt::format("{} and {}: {}", begin, often, end);
}

SourceJudgement judge_passing(const SourceStatistics& source, std::optional<Time> until) {
  if (source.spf.never_passes() && source.sender_count >= min_forwarded_senders)
    return {SourceKind::forwarder,
            fmt::format("SPF fails, but signatures of your domain pass, for {} senders: probably "
                        "brings mail of your own people back to you, forwarded without SRS.",
                        source.sender_count)};
  return {SourceKind::yours,
          joined(what_passes(source), how_often(source, until),
                 is_regular(source, until) ? "probably a device or service of yours."
                                           : "sends with your domain's authority.")};
}

SourceJudgement judge_failing(const SourceStatistics& source, std::optional<Time> until) {
  const std::string_view hello =
      source.literal_hello * 2 > source.count ? " It greets with an address in brackets." : "";
  if (is_self_to_self(source))
    return {
        SourceKind::spoof,
        fmt::format("Fails everything, and people seem to write to themselves: spoof.{}", hello)};
  if (is_regular(source, until) && source.sender_count <= max_device_senders)
    return {SourceKind::unclear,
            joined("Fails everything", how_often(source, until),
                   "perhaps a device that your SPF record forgot. Find out what it is.")};
  return {SourceKind::spoof,
          joined("Fails everything", how_often(source, until), "probably a spoof.") +
              std::string(hello)};
}

SourceJudgement judge_without_evidence(const SourceStatistics& source, std::optional<Time> until) {
  if (!source.address)
    return {SourceKind::unclear,
            "The record has no client addresses: this may be mail between your own mailboxes. Take "
            "an export with addresses and connectors."};
  const std::string often = how_often(source, until);
  if (is_regular(source, until) && source.sender_count <= max_device_senders)
    return {SourceKind::unclear,
            fmt::format("The record has no SPF, DKIM or DMARC results; it {}: probably a device or "
                        "service. Find out what it is.",
                        often)};
  if (is_self_to_self(source))
    return {SourceKind::unclear,
            "The record has no SPF, DKIM or DMARC results; people seem to write to themselves: "
            "perhaps a scanner, perhaps a spoof."};
  return {SourceKind::unclear,
          fmt::format("The record has no SPF, DKIM or DMARC results{}{}: find out what it is.",
                      often.empty() ? "" : "; it ", often)};
}

/// Addresses that no stranger can have (RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291).
bool is_private(const IpAddress& address) {
  if (address.is_loopback()) return true;
  for (const std::string_view text : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
                                      "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10"})
    if (IpPrefix::parse(text)->contains(address)) return true;
  return false;
}

/// A name that New-InboundConnector takes: a host name, perhaps with `*.` before it.
bool is_certificate_name(std::string_view name) {
  if (name.starts_with("*.")) name.remove_prefix(2);
  return mail::to_a_label(name) == name;
}

std::string connector_line(const SourceStatistics& source) {
  if (is_certificate_name(source.certificate_name))
    return fmt::format(
        "New-InboundConnector -Name \"Direct Send {0}\" -ConnectorType Partner -SenderDomains * "
        "-TlsSenderCertificateName {0} -RequireTls $true",
        source.certificate_name);
  const bool always_tls = source.with_tls == source.count && source.count > 0;
  return fmt::format(
      "New-InboundConnector -Name \"Direct Send {0}\" -ConnectorType Partner -SenderDomains * "
      "-SenderIPAddresses {0} -RequireTls {1}",
      source.address->to_string(), always_tls ? "$true" : "$false");
}

std::string domain_of(const SourceStatistics& source) {
  if (source.senders.empty()) return "";
  const std::string& sender = source.senders.front();
  const std::size_t at = sender.rfind('@');
  return at == std::string::npos ? "" : sender.substr(at + 1);
}

}  // namespace

std::string reverse_domain_of(std::string_view name) {
  const auto label = mail::to_a_label(name);
  if (!label || IpAddress::parse(*label)) return {};
  const std::size_t dot = label->find('.');
  if (dot == std::string::npos || label->find('.', dot + 1) == std::string::npos) return *label;
  return label->substr(dot + 1);
}

std::string_view to_string(SourceKind kind) {
  switch (kind) {
    case SourceKind::vouched:
      return "Vouched";
    case SourceKind::yours:
      return "Yours";
    case SourceKind::forwarder:
      return "Forwarder";
    case SourceKind::unclear:
      return "Unclear";
    case SourceKind::spoof:
      return "Spoof";
  }
  std::abort();
}

SourceJudgement judge_source(const SourceStatistics& source, std::optional<Time> until) {
  if (source.would_be_refused() == 0)
    return {SourceKind::vouched, "A connector vouches for it: the switch does not touch it."};
  if (!has_evidence(source)) return judge_without_evidence(source, until);
  if (fails_everything(source)) return judge_failing(source, until);
  if (source.spf.mostly_passes() || source.dkim.mostly_passes() || source.dmarc.mostly_passes())
    return judge_passing(source, until);
  const ResultCounts& best = source.spf.pass > 0    ? source.spf
                             : source.dkim.pass > 0 ? source.dkim
                                                    : source.dmarc;
  return {SourceKind::unclear,
          fmt::format("Passes for {} of {} messages only: perhaps several senders behind one "
                      "address. Look at samples.",
                      best.pass, best.known())};
}

SourceRemedy remedy_for(const SourceStatistics& source, SourceKind kind, RemedyFor whose) {
  SourceRemedy remedy;
  switch (kind) {
    case SourceKind::vouched:
      return remedy;
    case SourceKind::spoof:
      remedy.note = "None: the switch is the remedy.";
      return remedy;
    case SourceKind::forwarder:
      remedy.note =
          "The forwarder should rewrite the reverse-path (SRS). A connector trusts all that it "
          "forwards.";
      break;
    case SourceKind::unclear:
      remedy.note = "Only if you know the sender.";
      break;
    case SourceKind::yours:
      break;
  }
  if (!source.address && source.certificate_name.empty()) {
    remedy.note = "A connector needs the client's address or certificate, which the record lacks.";
    return remedy;
  }
  const bool by_address = !is_certificate_name(source.certificate_name);
  if (by_address && whose == RemedyFor::exchange_online) {
    const bool is_v6 = source.address->is_v6();
    if (is_v6 || is_private(*source.address)) {
      remedy.note = is_v6
                        ? "Exchange Online takes no IPv6 address in a connector: let it send over "
                          "IPv4, or show a certificate."
                        : "A private address: Exchange Online sees the one that your network "
                          "sends from.";
      return remedy;
    }
  }
  remedy.connector = connector_line(source);
  // SPF of a forwarder would let everybody behind it send in the domain's name.
  if (kind != SourceKind::forwarder && source.address && source.spf.never_passes() &&
      !is_private(*source.address)) {
    remedy.spf_term = (source.address->is_v4() ? "ip4:" : "ip6:") + source.address->to_string();
    remedy.spf_domain = domain_of(source);
  }
  return remedy;
}

void DirectSendForecast::add(const SourceStatistics& source, SourceKind kind) {
  const std::uint64_t messages = source.would_be_refused();
  if (messages == 0) return;
  const auto count = [messages](Part& part) {
    part.messages += messages;
    part.sources += 1;
  };
  count(refused);
  switch (kind) {
    case SourceKind::vouched:
      return;
    case SourceKind::yours:
      return count(yours);
    case SourceKind::forwarder:
      return count(forwarder);
    case SourceKind::unclear:
      return count(unclear);
    case SourceKind::spoof:
      return count(spoof);
  }
  std::abort();
}

std::string DirectSendForecast::to_sentence() const {
  const auto amount = [](const Part& part) {
    return fmt::format("{} message{} of {} source{}", part.messages, part.messages == 1 ? "" : "s",
                       part.sources, part.sources == 1 ? "" : "s");
  };
  std::string text = fmt::format("Under RejectDirectSend $true {} would have been refused",
                                 refused.messages == 0 ? "nothing" : amount(refused));
  std::string parts;
  const auto tell = [&](const Part& part, std::string_view what) {
    if (part.messages > 0)
      parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", amount(part), what);
  };
  tell(yours, "probably yours");
  tell(forwarder, "forwarded");
  tell(unclear, "unclear");
  tell(spoof, "probably spoofs");
  return text + (parts.empty() ? "." : ": " + parts + ".");
}

}  // namespace postern::policy
