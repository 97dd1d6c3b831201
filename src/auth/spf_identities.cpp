#include "auth/spf_identities.h"

#include <utility>

#include "mail/domain_name.h"

namespace postern::auth {

SpfIdentities spf_identities(SpfQuery facts, const mail::Mailbox* reverse_path) {
  const auto name = mail::to_a_label(facts.helo);
  const bool has_name = name && name->contains('.');
  const bool is_null = reverse_path != nullptr && reverse_path->is_null();

  SpfIdentities identities;
  if (reverse_path != nullptr && (is_null ? has_name : !reverse_path->has_literal())) {
    identities.mail_from = facts;
    identities.mail_from->local_part = reverse_path->local_part;
    identities.mail_from->domain = reverse_path->domain;
  }
  if (has_name && !is_null) {
    identities.helo = std::move(facts);
    identities.helo->identity = SpfIdentity::helo;
    identities.helo->local_part = "postmaster";
    identities.helo->domain = *name;
  }
  return identities;
}

}  // namespace postern::auth
