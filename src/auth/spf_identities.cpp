#include "auth/spf_identities.h"

#include <utility>

#include "mail/domain_name.h"

namespace postern::auth {
namespace {

/// As an A-label; nothing: no name that can have a record.
std::optional<std::string> helo_name(const SpfQuery& facts) {
  auto name = mail::to_a_label(facts.helo);
  if (name && !name->contains('.')) name.reset();
  return name;
}

}  // namespace

SpfIdentities spf_identities(const SpfQuery& facts, const mail::Mailbox* reverse_path) {
  SpfIdentities identities;
  if (reverse_path != nullptr) identities.mail_from = mail_from_query(facts, *reverse_path);
  if (reverse_path == nullptr || !reverse_path->is_null()) identities.helo = helo_query(facts);
  return identities;
}

std::optional<SpfQuery> mail_from_query(SpfQuery facts, const mail::Mailbox& reverse_path) {
  const bool can_be_asked =
      reverse_path.is_null() ? helo_name(facts).has_value() : !reverse_path.has_literal();
  if (!can_be_asked) return std::nullopt;
  facts.identity = SpfIdentity::mail_from;
  facts.local_part = reverse_path.local_part;
  facts.domain = reverse_path.domain;
  return facts;
}

std::optional<SpfQuery> helo_query(SpfQuery facts) {
  auto name = helo_name(facts);
  if (!name) return std::nullopt;
  facts.identity = SpfIdentity::helo;
  facts.local_part = "postmaster";
  facts.domain = *std::move(name);
  return facts;
}

}  // namespace postern::auth
