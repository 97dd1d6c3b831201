// What is judged on, as text and back (archive.h). Members are only ever added at the end of a
// group, enumerators at the end of their enumeration; what stands here is in traces of 90 days ago.
#include <algorithm>

#include "policy/archive.h"
#include "policy/judged.h"

namespace postern::policy {

// A new enumerator in the middle would change what old rows say. One more at the end: count here.
template <class Enum, Enum last, int number>
inline constexpr int checked_last = [] {
  static_assert(static_cast<int>(last) == number, "an enumerator was added: is it at the end?");
  return number;
}();

template <>
inline constexpr int last_enumerator<RcptFacts::ReverseName> =
    checked_last<RcptFacts::ReverseName, RcptFacts::ReverseName::temporary_failure, 3>;
template <>
inline constexpr int last_enumerator<SpoofPair> = checked_last<SpoofPair, SpoofPair::blocked, 2>;
template <>
inline constexpr int last_enumerator<BouncedMail> =
    checked_last<BouncedMail, BouncedMail::sent_by_us, 2>;
template <>
inline constexpr int last_enumerator<directory::SpoofAction> =
    checked_last<directory::SpoofAction, directory::SpoofAction::reject, 3>;
template <>
inline constexpr int last_enumerator<directory::DomainType> =
    checked_last<directory::DomainType, directory::DomainType::internal_relay, 1>;
template <>
inline constexpr int last_enumerator<directory::ConnectorType> =
    checked_last<directory::ConnectorType, directory::ConnectorType::on_premises, 1>;
template <>
inline constexpr int last_enumerator<directory::DirectSendSwitch> =
    checked_last<directory::DirectSendSwitch, directory::DirectSendSwitch::off, 2>;
template <>
inline constexpr int last_enumerator<directory::EnforcementMode> =
    checked_last<directory::EnforcementMode, directory::EnforcementMode::audit, 1>;
template <>
inline constexpr int last_enumerator<auth::SpfResult> =
    checked_last<auth::SpfResult, auth::SpfResult::permerror, 6>;
template <>
inline constexpr int last_enumerator<auth::SpfIdentity> =
    checked_last<auth::SpfIdentity, auth::SpfIdentity::mail_from, 1>;
template <>
inline constexpr int last_enumerator<auth::IprevResult> =
    checked_last<auth::IprevResult, auth::IprevResult::permerror, 3>;
template <>
inline constexpr int last_enumerator<auth::DkimStatus> =
    checked_last<auth::DkimStatus, auth::DkimStatus::permerror, 6>;
template <>
inline constexpr int last_enumerator<auth::DkimProblem> =
    checked_last<auth::DkimProblem, auth::DkimProblem::signature, 25>;
template <>
inline constexpr int last_enumerator<auth::ArcStatus> =
    checked_last<auth::ArcStatus, auth::ArcStatus::fail, 2>;
template <>
inline constexpr int last_enumerator<auth::ArcProblem> =
    checked_last<auth::ArcProblem, auth::ArcProblem::seal, 9>;
template <>
inline constexpr int last_enumerator<auth::DmarcResult> =
    checked_last<auth::DmarcResult, auth::DmarcResult::permerror, 4>;
template <>
inline constexpr int last_enumerator<auth::DmarcPolicy> =
    checked_last<auth::DmarcPolicy, auth::DmarcPolicy::reject, 2>;
template <>
inline constexpr int last_enumerator<auth::DmarcMethod> =
    checked_last<auth::DmarcMethod, auth::DmarcMethod::dkim, 1>;
template <>
inline constexpr int last_enumerator<auth::IdentifierStatus> =
    checked_last<auth::IdentifierStatus, auth::IdentifierStatus::temperror, 2>;
template <>
inline constexpr int last_enumerator<auth::Alignment> =
    checked_last<auth::Alignment, auth::Alignment::strict, 2>;

namespace {

/// Words for people, cut; a reader takes what is there.
void words(ArchiveWriter& archive, const std::string& text) {
  std::size_t end = std::min(text.size(), max_judged_words);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  archive(std::string_view(text).substr(0, end));
}
void words(ArchiveReader& archive, std::string& text) {
  archive(text);
}

// The tag of a policy is a view on one of these.
void tag(ArchiveWriter& archive, std::string_view text) {
  archive(text);
}
void tag(ArchiveReader& archive, std::string_view& text) {
  std::string read;
  archive(read);
  text = {};
  for (const std::string_view one : {"p", "sp", "np"}) {
    if (one == read) text = one;
  }
}

/// Settings that hardly anybody has, at the end of a group: the texts of all others do not grow.
bool is_left_out(ArchiveWriter&, bool is_as_usual) {
  return is_as_usual;
}
bool is_left_out(ArchiveReader&, bool) {
  return false;
}

bool has_stages(const directory::OrganizationConfig& config) {
  return config.reject_direct_send_mode != directory::EnforcementMode::enforce ||
         config.reject_direct_send_percentage < 100 ||
         config.reject_direct_send_effective_from != Time() ||
         !config.reject_direct_send_pilot_recipients.empty();
}

void hops(ArchiveWriter& archive, const std::vector<auth::ArcHop>& all) {
  if (all.size() <= max_judged_hops) return archive(all);
  // The newest are those that were trusted, if any.
  archive(std::vector<auth::ArcHop>(all.end() - max_judged_hops, all.end()));
}
void hops(ArchiveReader& archive, std::vector<auth::ArcHop>& all) {
  archive(all);
}

}  // namespace

template <class Archive, Like<TrafficHistory> T>
void describe(Archive& archive, T& it) {
  archive(it.messages, it.days, it.disputed);
}
template <class Archive, Like<Signals> T>
void describe(Archive& archive, T& it) {
  archive(it.history.dkim_domain, it.history.reverse_name, it.history.subnet, it.history.author,
          it.pair, it.bounced);
}

template <class Archive, Like<directory::OrganizationConfig> T>
void describe(Archive& archive, T& it) {
  archive(it.reject_direct_send, it.defer_on_temp_error, it.stamp_exchange_headers,
          it.gateway_in_front, it.relay_next_hop, it.reject_direct_send_check_header_from,
          it.reject_direct_send_allow_authenticated);
  if (is_left_out(archive, !has_stages(it))) return;
  archive(it.reject_direct_send_mode, it.reject_direct_send_percentage,
          it.reject_direct_send_effective_from, it.reject_direct_send_pilot_recipients);
}
template <class Archive, Like<directory::CompositeAuthConfig> T>
void describe(Archive& archive, T& it) {
  for (const directory::CompositeSetting& one : directory::composite_settings)
    archive(it.*one.value);
}
template <class Archive, Like<directory::AcceptedDomain> T>
void describe(Archive& archive, T& it) {
  archive(it.name, it.type, it.match_sub_domains, it.is_default, it.next_hop);
  if (is_left_out(archive, it.reject_direct_send == directory::DirectSendSwitch::inherit)) return;
  archive(it.reject_direct_send);
}
template <class Archive, Like<directory::DirectSendException> T>
void describe(Archive& archive, T& it) {
  archive(it.name, it.sender_ip_addresses, it.sender_certificate_name, it.senders, it.recipients,
          it.expires);
}
template <class Archive, Like<directory::InboundConnector> T>
void describe(Archive& archive, T& it) {
  // No reference can be bound to a bit-field.
  bool enabled = it.enabled;
  bool require_tls = it.require_tls;
  bool to_ip_addresses = it.restrict_domains_to_ip_addresses;
  bool to_certificate = it.restrict_domains_to_certificate;
  archive(it.name, it.type, enabled, require_tls, to_ip_addresses, to_certificate,
          it.sender_domains, it.tls_sender_certificate_name, it.associated_accepted_domains,
          it.sender_ip_addresses, it.when_created);
  if constexpr (std::same_as<Archive, ArchiveReader>) {
    it.enabled = enabled;
    it.require_tls = require_tls;
    it.restrict_domains_to_ip_addresses = to_ip_addresses;
    it.restrict_domains_to_certificate = to_certificate;
    std::string guid;
    archive(guid);
    it.guid = directory::Guid::parse(guid).value_or(directory::Guid());
  } else {
    archive(it.guid.to_string());
  }
}
template <class Archive, Like<directory::AntiPhishPolicy> T>
void describe(Archive& archive, T& it) {
  archive(it.name, it.enable_spoof_intelligence, it.honor_dmarc_policy,
          it.authentication_fail_action, it.dmarc_quarantine_action, it.dmarc_reject_action,
          it.spoof_block_action);
}
template <class Archive, Like<JudgedOrganization> T>
void describe(Archive& archive, T& it) {
  archive(it.name, it.config, it.composite, it.domains, it.connectors);
  if (is_left_out(archive, it.exceptions.empty())) return;
  archive(it.exceptions);
}
template <class Archive, Like<JudgedSettings> T>
void describe(Archive& archive, T& it) {
  archive(it.server_name, it.has_relay, it.several_organizations, it.organizations, it.policy,
          it.rule);
}

template <class Archive, Like<directory::Destination> T>
void describe(Archive& archive, T& it) {
  archive(it.recipient, it.detail, it.wildcard);
}
template <class Archive, Like<JudgedFacts> T>
void describe(Archive& archive, T& it) {
  archive(it.certificate_names, it.reverse_name, it.destination, it.refused_by, it.signals);
}

template <class Archive, Like<auth::SpfEvaluation> T>
void describe(Archive& archive, T& it) {
  archive(it.result, it.identity, it.domain);
  words(archive, it.mechanism);
  words(archive, it.problem);
}
template <class Archive, Like<auth::Iprev> T>
void describe(Archive& archive, T& it) {
  archive(it.result, it.name, it.has_pointer);
}
template <class Archive, Like<auth::DkimResult> T>
void describe(Archive& archive, T& it) {
  archive(it.status, it.problem);
  words(archive, it.detail);
  archive(it.domain, it.selector, it.key_bits, it.is_testing, it.unsigned_body);
}
template <class Archive, Like<auth::ArcHop> T>
void describe(Archive& archive, T& it) {
  archive(it.instance, it.seal_domain, it.seal_selector, it.signature_domain);
}
template <class Archive, Like<auth::ArcResult> T>
void describe(Archive& archive, T& it) {
  archive(it.status, it.problem, it.instance, it.step);
  words(archive, it.detail);
  hops(archive, it.hops);
}
template <class Archive, Like<mail::AuthenticationProperty> T>
void describe(Archive& archive, T& it) {
  archive(it.ptype, it.property, it.value);
}
template <class Archive, Like<mail::AuthenticationResult> T>
void describe(Archive& archive, T& it) {
  archive(it.method, it.result, it.properties);
}
template <class Archive, Like<ArcTestimony> T>
void describe(Archive& archive, T& it) {
  archive(it.instance, it.sealer, it.results);
}
template <class Archive, Like<auth::DmarcIdentifier> T>
void describe(Archive& archive, T& it) {
  archive(it.method, it.domain, it.status);
}
template <class Archive, Like<auth::DmarcAlignment> T>
void describe(Archive& archive, T& it) {
  archive(it.identifier, it.alignment, it.is_aligned);
}
template <class Archive, Like<auth::DmarcEvaluation> T>
void describe(Archive& archive, T& it) {
  archive(it.result, it.author_domain, it.organizational_domain, it.record_domain);
  words(archive, it.record);
  archive(it.policy);
  tag(archive, it.policy_tag);
  archive(it.is_testing, it.applied_policy, it.identifiers);
  words(archive, it.problem);
}
template <class Archive, Like<auth::AuthorHosts> T>
void describe(Archive& archive, T& it) {
  archive(it.mail_exchangers, it.addresses);
}
/// JudgedMessage, or a writer's view of one. Its client stands in the origin.
template <class Archive, class T>
  requires std::same_as<T, JudgedMessage> || std::same_as<T, const JudgedMessageView>
void describe(Archive& archive, T& it) {
  archive(it.author_domains, it.own_domains, it.dkim, it.arc, it.testimony, it.dmarc, it.hosts,
          it.suffixes);
  if (is_left_out(archive, it.own_switches.empty())) return;
  archive(it.own_switches);
}

namespace {

std::string text_of(const ArchiveWriter& archive) {
  std::string text = archive.text();
  if (text.size() > max_judged_text) text.clear();
  return text;
}

template <class T>
std::string write(const T& value) {
  ArchiveWriter archive;
  archive(value);
  return text_of(archive);
}

template <class T>
std::optional<T> read(std::string_view text) {
  if (text.empty() || text.size() > max_judged_text) return std::nullopt;
  ArchiveReader archive(text);
  T value;
  archive(value);
  if (!archive.is_done()) return std::nullopt;
  return value;
}

}  // namespace

std::string to_archive(const JudgedSettings& settings) {
  return write(settings);
}
std::string to_archive(const JudgedFacts& facts) {
  return write(facts);
}
EvidenceTexts to_archive(const JudgedEvidenceView& evidence) {
  const JudgedMessageView* const message = evidence.message;
  ArchiveWriter origin;
  origin.group(evidence.iprev, evidence.helo, message ? &message->client : nullptr,
               message != nullptr && message->filtered);
  ArchiveWriter found;
  found.group(evidence.mail_from, message);
  return {text_of(origin), text_of(found)};
}
EvidenceTexts to_archive(const JudgedEvidence& evidence) {
  return with_view(evidence, [](const JudgedEvidenceView& view) { return to_archive(view); });
}
std::optional<JudgedSettings> read_settings(std::string_view text) {
  return read<JudgedSettings>(text);
}
std::optional<JudgedFacts> read_facts(std::string_view text) {
  return read<JudgedFacts>(text);
}
std::optional<JudgedEvidence> read_evidence(const EvidenceTexts& texts) {
  JudgedEvidence found;
  std::optional<IpAddress> client;
  bool filtered = false;
  for (const std::string* text : {&texts.origin, &texts.evidence})
    if (text->empty() || text->size() > max_judged_text) return std::nullopt;
  ArchiveReader from_origin(texts.origin);
  from_origin.group(found.iprev, found.helo, client, filtered);
  ArchiveReader from_evidence(texts.evidence);
  from_evidence.group(found.mail_from, found.message);
  if (!from_origin.is_done() || !from_evidence.is_done()) return std::nullopt;
  if (found.message.has_value() != client.has_value()) return std::nullopt;
  if (client) {
    found.message->client = *client;
    found.message->filtered = filtered;
  }
  return found;
}

}  // namespace postern::policy
