// `postern check FILE`: the authentication of one message, with every step explained. Needs no
// daemon: it asks the DNS itself, or a zone file, and judges nothing that DMARC does not judge.
//
// `check_message` finds out, `print_check` and `to_json` tell.
#pragma once

#include <boost/json/object.hpp>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "auth/arc_validate.h"
#include "auth/dkim_result.h"
#include "auth/dmarc.h"
#include "auth/iprev.h"
#include "auth/spf_identities.h"
#include "base/ip_address.h"
#include "base/time.h"
#include "dns/resolver.h"
#include "mail/author_domains.h"
#include "mail/header_fields.h"
#include "mail/mailbox.h"

namespace postern::ctl {

struct CheckRequest {
  /// With CRLF line endings; see with_crlf.
  std::string message;
  /// Nothing: iprev and SPF are not checked.
  std::optional<IpAddress> client;
  std::string hello;
  /// Nothing: not known, so that only HELO can be checked.
  std::optional<mail::Mailbox> reverse_path;
  Time now;
};

struct SignatureCheck {
  auth::DkimResult result;
  /// What b= is made over, and the canonical body that bh= is made over.
  std::string header_octets;
  std::string body_octets;
};

struct CheckReport {
  mail::HeaderTrouble trouble = mail::HeaderTrouble::none;
  mail::AuthorDomains author;
  std::vector<auth::SpfCheck> spf;
  std::optional<auth::Iprev> iprev;
  std::vector<SignatureCheck> dkim;
  auth::ArcResult arc;
  auth::DmarcEvaluation dmarc;
  /// Everything that was asked, by name and type.
  std::vector<std::pair<dns::Question, dns::AnswerSet::Shared>> answers;

  /// DMARC passes; or its record is missing, and SPF of the reverse-path or a signature passes.
  bool passes() const;
};

/// A file from a mailbox may have the line endings of Unix: each LF without CR before it gets one,
/// if no line ends with CRLF.
std::string with_crlf(std::string text);

/// Blocks while the DNS answers, 20 seconds at most. `suffixes` may be null.
CheckReport check_message(const CheckRequest& request, dns::Resolver& resolver,
                          const auth::PublicSuffixList* suffixes = nullptr);

enum class ShowOctets { no, yes };
void print_check(std::ostream& out, const CheckReport& report, ShowOctets octets);
boost::json::object to_json(const CheckReport& report, ShowOctets octets);

}  // namespace postern::ctl
