// What an organization knows beyond the message, looked up before it is judged (policy/signals.h),
// and what is learned from the message afterwards (store/spoof_intelligence.h).
//
// Only a message that proves nothing needs to be looked up: for all others a rule of composite
// authentication has decided before any of this is asked.
#include <algorithm>

#include "base/ascii.h"
#include "edge/transaction.h"
#include "mail/field_lists.h"
#include "mail/lexical.h"
#include "policy/listed_pair.h"

namespace postern::edge {
namespace {

using policy::CompositeResult;
using store::SpoofOutcome;

/// Ids of one report that are looked up.
constexpr std::size_t max_referred_ids = 10;
/// Octets of a field in which they are looked for, and of an id.
constexpr std::size_t max_references = 8'192;
constexpr std::size_t max_message_id = 998;

std::string to_address(const mail::HeaderAddress& author) {
  // Control characters of a quoted local part have no place in a list.
  return to_lower(mail::printable(author.local_part + "@" + author.domain));
}

/// The message ids to which a report refers, as far as header fields tell.
std::vector<std::string> find_referred_ids(const mail::HeaderSection& section) {
  std::vector<std::string> ids;
  for (const std::string_view name : {"In-Reply-To", "References", "Original-Message-ID"}) {
    const mail::HeaderField* const field = section.first(name);
    if (field == nullptr) continue;
    for (std::string& id : mail::parse_message_ids(field->body.substr(0, max_references))) {
      if (ids.size() == max_referred_ids) return ids;
      if (id.size() <= max_message_id) ids.push_back(std::move(id));
    }
  }
  return ids;
}

/// `pass` if one does, else what is said of the first.
std::string_view dkim_word(const std::vector<auth::DkimResult>& results) {
  for (const auth::DkimResult& one : results) {
    if (one.status == auth::DkimStatus::pass) return to_string(one.status);
  }
  return to_string(results.empty() ? auth::DkimStatus::none : results.front().status);
}

/// The author himself is proven, by SPF, DKIM or DMARC.
bool is_proof(int reason) {
  return reason == 100 || reason == 101 || reason == 109 || reason == 111;
}

}  // namespace

void EdgeTransaction::gather_signals(const auth::Iprev& iprev, const MessageEvidence& message,
                                     Time arrived) {
  const auto is_own = [&](std::string_view domain) {
    const auto owner = directory_->find_domain(domain);
    return owner && owner.organization->id() == organization_->id();
  };
  source_ =
      policy::sending_source(judged_.facts.address, iprev, message.dkim, settings_->suffixes.get());
  std::vector<std::string> addresses;
  std::vector<policy::SpoofedAuthor> authors;
  const auto& found = checks_.authors().addresses;
  addresses.reserve(found.size());  // what `authors` looks at must not move
  for (const mail::HeaderAddress& author : found) {
    if (author.domain.empty() || author.domain.starts_with('[')) continue;
    const std::string& address = addresses.emplace_back(to_address(author));
    authors.push_back({.address = address,
                       .domain = std::string_view(address).substr(address.rfind('@') + 1),
                       .is_own = is_own(author.domain)});
  }
  if (authors.empty()) return;
  // The one that DMARC found worst.
  const auto worst = std::ranges::find(authors, std::string_view(message.dmarc.author_domain),
                                       &policy::SpoofedAuthor::domain);
  const policy::SpoofedAuthor& author = worst == authors.end() ? authors.front() : *worst;
  spoofed_ = {
      .organization = organization_->id(),
      .type = author.is_own ? directory::SpoofType::internal : directory::SpoofType::external,
      .spoofed_user = std::string(author.is_own ? author.address : author.domain),
      .sending_infrastructure = source_.name()};

  const store::SpoofIntelligence& spoofs = services_.spoofs;
  const bool has_one_author = checks_.author_domains().domains.size() == 1;
  if (has_one_author) {
    const std::string organization =
        policy::author_organization(message.dmarc, settings_->suffixes.get());
    traffic_ = policy::traffic_keys(
        spoofs.hash(), organization_->id(),
        {.address = author.address, .domain = author.domain, .organization = organization},
        source_);
  }
  if (message.dmarc.result == auth::DmarcResult::pass) return;

  const policy::ListedPair listed =
      policy::find_listed_pair(*organization_->spoof_items(), authors, source_, arrived);
  signals_.pair = listed.pair;
  if (listed.item != nullptr) {
    listed_ = "TenantAllowBlockList: " + std::string(to_string(listed.item->action)) + " " +
              listed.item->spoofed_user + " from " + listed.item->sending_infrastructure;
  }
  if (has_one_author) signals_.history = spoofs.history(traffic_, arrived);
  if (reverse_path_.is_null() && !author.is_own) signals_.bounced = find_bounced(author, arrived);
}

policy::BouncedMail EdgeTransaction::find_bounced(const policy::SpoofedAuthor& author,
                                                  Time arrived) {
  const store::SpoofIntelligence& spoofs = services_.spoofs;
  for (const std::string& id : find_referred_ids(checks_.section())) {
    // The report must go to the sender of that message, and be of the domain it went to.
    const bool knows = std::ranges::all_of(accepted_, [&](const Accepted& accepted) {
      return spoofs.has_sent(policy::sent_mail_key(spoofs.hash(), organization_->id(), id,
                                                   to_lower(accepted.address), author.domain),
                             arrived);
    });
    if (knows) return policy::BouncedMail::sent_by_us;
  }
  return policy::BouncedMail::unknown;
}

void EdgeTransaction::learn(const SpfOutcome& spf, const MessageEvidence& message,
                            const mail::Reply& reply, Time arrived) {
  // It will come again.
  if (!reply.is_success() && !reply.is_permanent()) return;
  if (reply.is_success()) learn_sent(arrived);
  if (spoofed_.spoofed_user.empty()) return;
  const bool is_treated = !reply.is_success() || !treatments_.recipients.empty();
  const auto outcome = spoof_outcome();
  if (!outcome) {
    if (is_proof(composite_.reason) && reply.is_success() && !is_treated && traffic_.count > 0)
      services_.spoofs.note_legitimate(traffic_, arrived);
    return;
  }
  if (traffic_.count > 0 && (*outcome == SpoofOutcome::blocked || *outcome == SpoofOutcome::dmarc))
    services_.spoofs.note_disputed(traffic_, arrived);
  const auth::SpfEvaluation* const main = spf.main_evaluation();
  services_.spoofs.note({.pair = std::move(spoofed_),
                         .at = arrived,
                         .outcome = *outcome,
                         .by_list = signals_.pair != policy::SpoofPair::unlisted &&
                                    composite_.result == CompositeResult::fail,
                         .result = composite_.result,
                         .reason = composite_.reason,
                         .author_domain = message.dmarc.author_domain,
                         .true_sender = reverse_path_.domain,
                         .spf = std::string(main == nullptr ? "none" : to_string(main->result)),
                         .dkim = std::string(dkim_word(message.dkim)),
                         .dmarc = std::string(to_string(message.dmarc.result))});
}

std::optional<SpoofOutcome> EdgeTransaction::spoof_outcome() const {
  switch (composite_.result) {
    case CompositeResult::none:
      return std::nullopt;
    case CompositeResult::pass:
      // Proven, vouched for, or not to be known: nothing was forged as far as one can tell.
      if (is_proof(composite_.reason) || composite_.reason == 115 || composite_.reason == 112)
        return std::nullopt;
      return SpoofOutcome::allowed;
    case CompositeResult::softpass:
      return SpoofOutcome::allowed;
    case CompositeResult::fail:
      break;
  }
  if (signals_.pair == policy::SpoofPair::allowed) return SpoofOutcome::allowed;
  switch (composite_.reason) {
    case 2:
      return SpoofOutcome::blocked;
    case 0:
    case 10:
      return SpoofOutcome::dmarc;
    case 601: {
      const bool is_marked = std::ranges::any_of(
          treatments_.recipients,
          [](delivery::Treatment one) { return one != delivery::Treatment::deliver; });
      return is_marked ? SpoofOutcome::blocked : SpoofOutcome::would_block;
    }
    default:
      return std::nullopt;  // 001: of strangers nothing is proven
  }
}

/// Mail that goes out by an own server: a report about it may come back.
void EdgeTransaction::learn_sent(Time arrived) {
  if (reverse_path_.is_null()) return;
  const mail::HeaderField* const field = checks_.section().first("Message-ID");
  if (field == nullptr) return;
  const auto ids = mail::parse_message_ids(field->body.substr(0, max_message_id));
  if (ids.empty()) return;
  const std::string sender = to_lower(reverse_path_.local_part + "@" + reverse_path_.domain);
  for (const Accepted& accepted : accepted_) {
    if (!accepted.verdict.relay) continue;
    const std::string_view recipient = accepted.address;
    services_.spoofs.note_sent(
        policy::sent_mail_key(services_.spoofs.hash(), organization_->id(), ids.front(), sender,
                              to_lower(recipient.substr(recipient.rfind('@') + 1))),
        arrived);
  }
}

}  // namespace postern::edge
