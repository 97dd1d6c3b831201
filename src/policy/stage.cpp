#include "policy/stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "base/ascii.h"
#include "base/time.h"
#include "policy/attribution_rules.h"

namespace postern::policy {
namespace {

using directory::DirectSendException;
using directory::DirectSendExceptions;
using directory::NameList;
using directory::OrganizationConfig;

constexpr std::string_view audit_words = "Audit";
constexpr std::string_view effective_words = "EffectiveFrom ";
constexpr std::string_view pilot_words = "PilotRecipients";
constexpr std::string_view percentage_words = "Percentage ";

/// Written as RCPT and MAIL have them; lists are in lower case.
std::string to_listed(const mail::Mailbox& mailbox, std::string_view domain) {
  return mail::to_address(to_lower(mailbox.local_part), domain);
}

bool has_client(const DirectSendException& exception, const AttributionFacts& facts) {
  return exception.has_any_client() ||
         rank_address(exception.sender_ip_addresses, facts.client) > 0 ||
         (!exception.sender_certificate_name.empty() &&
          rank_certificate(exception.sender_certificate_name, facts.certificate_names) > 0);
}

/// The first by name of those that hold, so that it is the same one always.
const DirectSendException* find_exception(const RcptFacts& facts, const AttributionFacts& known,
                                          const DirectSendExceptions& exceptions) {
  const DirectSendException* found = nullptr;
  std::optional<RecipientNames> names;
  for_each_exception_of_client(exceptions, known, [&](const DirectSendException& one) {
    // They stand in the order of their names.
    if ((found != nullptr && found <= &one) || one.is_expired(facts.time)) return;
    if (!one.senders.empty() && !lists_sender(one.senders, *facts.reverse_path)) return;
    if (!one.recipients.empty()) {
      if (!names) names = recipient_names(*facts.forward_path, known.recipient);
      if (!lists_recipient(one.recipients, *names)) return;
    }
    found = &one;
  });
  return found;
}

}  // namespace

std::string_view to_string(Stage::By by) {
  switch (by) {
    case Stage::By::nothing:
      return "nothing";
    case Stage::By::exception:
      return "exception";
    case Stage::By::effective_from:
      return "effective_from";
    case Stage::By::mode:
      return "mode";
    case Stage::By::pilot_recipients:
      return "pilot_recipients";
    case Stage::By::percentage:
      return "percentage";
  }
  std::abort();  // never a By
}

std::string to_reason(const Stage& stage, std::string_view rule) {
  if (stage.is_excepted()) return std::string(exception_mark) + stage.words;
  return fmt::format("Would{}{}{}", rule, rule.contains(':') ? ", " : ": ", stage.words);
}

std::string explain_stage(std::string_view reason) {
  if (reason.starts_with(exception_mark)) {
    return fmt::format("RejectDirectSend is on, and the exception {} lets it in",
                       reason.substr(exception_mark.size()));
  }
  if (!reason.starts_with(would_reject_mark)) return "";
  const std::string_view start = "RejectDirectSend would refuse it, and only audits: ";
  const auto behind = [&](std::string_view words) -> std::string_view {
    const std::size_t at = reason.find(words);
    return at == reason.npos ? std::string_view() : reason.substr(at + words.size());
  };
  if (reason.ends_with(audit_words)) return fmt::format("{}RejectDirectSendMode is Audit", start);
  if (reason.ends_with(pilot_words))
    return fmt::format("{}the recipient is none of RejectDirectSendPilotRecipients", start);
  if (const auto percent = behind(percentage_words); !percent.empty()) {
    return fmt::format("{}the source is not among the {} percent of RejectDirectSendPercentage",
                       start, percent);
  }
  return fmt::format("{}RejectDirectSendEffectiveFrom is {}", start, behind(effective_words));
}

bool rejects_direct_send(const directory::AcceptedDomain& claimed,
                         const OrganizationConfig& config) {
  switch (claimed.reject_direct_send) {
    case directory::DirectSendSwitch::inherit:
      return config.reject_direct_send;
    case directory::DirectSendSwitch::on:
      return true;
    case directory::DirectSendSwitch::off:
      return false;
  }
  std::abort();  // never a DirectSendSwitch
}

IpPrefix direct_send_source(const IpAddress& client) {
  return IpPrefix(client, client.is_v4() ? 24 : 48);
}

unsigned source_percentile(std::string_view organization, const IpPrefix& source) {
  // FNV-1a, since no library's hash is promised to stay what it is. Two organizations begin with
  // different sources.
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  const auto add = [&](std::string_view text) {
    for (const char c : text) {
      hash ^= static_cast<unsigned char>(to_lower(c));
      hash *= 0x0000'0100'0000'01b3;
    }
  };
  add(organization);
  add("/");
  add(source.to_string());
  // Its lower bits alone hardly depend on the first characters.
  hash ^= hash >> 33;
  hash *= 0xff51'afd7'ed55'8ccd;
  hash ^= hash >> 33;
  return static_cast<unsigned>(hash % 100);
}

bool RecipientNames::is_in_domain(std::string_view domain) const {
  const auto is_in = [&](std::string_view address) {
    return !address.empty() && address.substr(address.rfind('@') + 1) == domain;
  };
  return is_in(written) || is_in(canonical);
}

RecipientNames recipient_names(const mail::Mailbox& forward_path,
                               const directory::Snapshot::DomainOwner& recipient) {
  const std::string_view domain =
      forward_path.domain.empty() ? recipient.domain->name : std::string_view(forward_path.domain);
  RecipientNames names{.written = to_listed(forward_path, domain), .canonical = {}};
  if (auto found = recipient.organization->find_destination(forward_path.local_part, domain,
                                                            *recipient.domain)) {
    names.canonical = std::move(found->recipient);
  }
  return names;
}

void for_each_exception_of_client(const DirectSendExceptions& exceptions,
                                  const AttributionFacts& facts,
                                  const std::function<void(const DirectSendException&)>& use) {
  const auto use_if_it_has = [&](const DirectSendException& one) {
    if (has_client(one, facts)) use(one);
  };
  exceptions.for_each_by_address(facts.client, use_if_it_has);
  for (const std::string& name : facts.certificate_names) {
    for_each_certificate_key(name, [&](directory::NameKey key) {
      exceptions.for_each_by_certificate(key, use_if_it_has);
    });
  }
  exceptions.for_each_of_any_client(use_if_it_has);
}

bool lists_sender(const NameList& list, const mail::Mailbox& reverse_path) {
  if (reverse_path.domain.empty()) return false;
  return list.contains(reverse_path.domain) ||
         list.contains(to_listed(reverse_path, reverse_path.domain));
}

bool lists_recipient(const NameList& list, const RecipientNames& names) {
  return std::ranges::any_of(list, [&](std::string_view one) {
    return one.contains('@') ? names.is(one) : names.is_in_domain(one);
  });
}

Stage find_stage(const RcptFacts& facts, const AttributionFacts& known) {
  const directory::Organization& organization = *known.recipient.organization;
  if (const auto& exceptions = organization.direct_send_exceptions()) {
    if (const auto* const exception = find_exception(facts, known, *exceptions))
      return {Stage::By::exception, exception->name};
  }
  const OrganizationConfig& config = organization.config();
  if (facts.time < config.reject_direct_send_effective_from) {
    return {Stage::By::effective_from,
            std::string(effective_words) + format_iso(config.reject_direct_send_effective_from)};
  }
  if (config.reject_direct_send_mode == directory::EnforcementMode::audit)
    return {Stage::By::mode, std::string(audit_words)};
  if (const NameList& pilots = config.reject_direct_send_pilot_recipients; !pilots.empty()) {
    const RecipientNames names = recipient_names(*facts.forward_path, known.recipient);
    if (!lists_recipient(pilots, names))
      return {Stage::By::pilot_recipients, std::string(pilot_words)};
  }
  const unsigned percentage = config.reject_direct_send_percentage;
  if (percentage < 100 &&
      source_percentile(organization.name(), direct_send_source(facts.client)) >= percentage) {
    return {Stage::By::percentage, fmt::format("{}{}", percentage_words, percentage)};
  }
  return {};
}

}  // namespace postern::policy
