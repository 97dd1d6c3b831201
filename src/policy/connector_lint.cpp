#include "policy/connector_lint.h"

#include <algorithm>
#include <cstdlib>

#include "directory/connector_validation.h"
#include "policy/attribution_rules.h"
#include "policy/connector_rivals.h"
#include "policy/enhanced_filtering.h"

namespace postern::policy {
namespace {

using directory::ConnectorType;
using directory::InboundConnector;
using directory::Organization;

std::string quoted(const InboundConnector& connector) {
  const std::string_view name = connector.name;
  return "'" + std::string(name) + "'";
}

/// Up to five of them: `a, b and 12 more`.
template <class List, class ToText>
std::string enumerate(const List& items, ToText to_text) {
  constexpr std::size_t most = 5;
  std::string text;
  std::size_t told = 0;
  for (const auto& item : items) {
    if (told == most) {
      return text + " and " + std::to_string(items.size() - most) + " more";
    }
    if (told++ > 0) text += ", ";
    text += to_text(item);
  }
  return text;
}

/// Prefixes as they are written: `192.0.2.0/24, 198.51.100.7`.
std::string enumerate(const std::vector<IpPrefix>& prefixes) {
  return enumerate(prefixes, [](const IpPrefix& prefix) { return prefix.to_string(); });
}

std::string enumerate(const std::vector<std::string>& names) {
  return enumerate(names, [](const std::string& name) { return name; });
}

class Lint {
 public:
  Lint(const InboundConnector& connector, const Organization& organization,
       const directory::Snapshot& directory)
      : connector_(connector), organization_(organization), directory_(directory) {}

  std::vector<Finding> run(const std::optional<SeenCertificate>& seen, Time now) {
    check_enabled();
    check_associated_domains();
    check_prefixes();
    switch (connector_.type) {
      case ConnectorType::partner:
        check_identity();
        check_restriction();
        check_require_tls();
        break;
      case ConnectorType::on_premises:
        check_certificate_domain();
        check_shared_addresses();
        check_ignored();
        break;
    }
    check_filtering();
    check_rivals();
    check_expiry(seen, now);
    std::vector<Finding> sorted;
    for (const Severity severity : {Severity::error, Severity::warning, Severity::information}) {
      std::ranges::copy_if(findings_, std::back_inserter(sorted),
                           [&](const Finding& finding) { return finding.severity == severity; });
    }
    return sorted;
  }

 private:
  void tell(Severity severity, std::string finding, std::string remedy) {
    findings_.push_back({severity, std::move(finding), std::move(remedy)});
  }
  std::string set(std::string_view parameters) const {
    return "Set-InboundConnector " + quoted(connector_) + " " + std::string(parameters);
  }

  void check_enabled() {
    if (connector_.enabled) return;
    tell(Severity::warning, "It is not enabled and matches nothing.",
         set("-Enabled $true, or remove it."));
  }

  /// Domains may have been removed since.
  void check_associated_domains() {
    const std::vector<std::string> all = connector_.associated_accepted_domains.to_vector();
    std::vector<std::string> gone;
    std::ranges::copy_if(all, std::back_inserter(gone), [&](const std::string& name) {
      return organization_.find_domain(name) == nullptr;
    });
    if (gone.empty()) return;
    const bool none_left = gone.size() == all.size();
    tell(none_left ? Severity::error : Severity::warning,
         "AssociatedAcceptedDomains has what is no longer an accepted domain: " + enumerate(gone) +
             (none_left ? "; it matches nothing." : "."),
         set("-AssociatedAcceptedDomains @{Remove='" + gone.front() + "'}"));
  }

  void check_prefixes() {
    std::vector<IpPrefix> wide;
    for (const IpPrefix& prefix : connector_.sender_ip_addresses) {
      const unsigned widest =
          prefix.network().is_v4() ? directory::widest_v4_prefix : directory::widest_v6_prefix;
      if (prefix.length() < widest) wide.push_back(prefix);
    }
    if (wide.empty()) return;
    tell(Severity::warning,
         "Every client in " + enumerate(wide) + " may send as the connector's: that is wide.",
         "List the addresses of the clients, in blocks no wider than /24, for IPv6 /48.");
  }

  /// A sender domain is what a client says of itself.
  void check_identity() {
    if (knows_clients(connector_)) return;
    std::vector<std::string> own;
    for (const std::string_view name : connector_.sender_domains) {
      if (organization_.find_domain(without_wildcard(name)) != nullptr) own.emplace_back(name);
    }
    if (!own.empty()) {
      tell(Severity::warning,
           "It is for mail in the name of " + enumerate(own) +
               ", but has neither addresses nor a certificate name: it does not exempt from "
               "RejectDirectSend.",
           "Add SenderIPAddresses or TlsSenderCertificateName.");
    } else {
      tell(Severity::information,
           "It has neither addresses nor a certificate name: it vouches for nobody.",
           "Add SenderIPAddresses or TlsSenderCertificateName, if it should.");
    }
  }

  void check_restriction() {
    if (!connector_.restricts()) return;
    if (connector_.enabled && connector_.sender_domains.contains("*")) {
      tell(Severity::warning,
           "It restricts mail of all domains: without a connector that knows the client by "
           "certificate "
           "or address it is refused with 5.7.51.",
           "Nothing, if that is the lock-down that is meant; else name the domains: " +
               set("-SenderDomains ..."));
    }
    const bool by_address_alone = connector_.restrict_domains_to_certificate &&
                                  !connector_.restrict_domains_to_ip_addresses &&
                                  !connector_.sender_ip_addresses.empty();
    const bool by_certificate_alone = connector_.restrict_domains_to_ip_addresses &&
                                      !connector_.restrict_domains_to_certificate &&
                                      !connector_.tls_sender_certificate_name.empty();
    if (by_address_alone) {
      tell(Severity::warning,
           "RestrictDomainsToCertificate does not keep out the clients at its SenderIPAddresses: "
           "an address or the certificate is enough.",
           "Give the addresses a connector of their own, or remove them.");
    }
    if (by_certificate_alone) {
      tell(Severity::warning,
           "RestrictDomainsToIPAddresses does not keep out clients with its certificate: an "
           "address or the certificate is enough.",
           "Give the certificate a connector of its own, or remove it.");
    }
  }

  void check_require_tls() {
    if (!connector_.require_tls || connector_.sender_ip_addresses.empty()) return;
    tell(Severity::information,
         "Clients at its addresses that do not use TLS are told 451 5.7.3 and never deliver.",
         "For devices without TLS: " + set("-RequireTls $false"));
  }

  void check_certificate_domain() {
    const std::string_view name = connector_.tls_sender_certificate_name;
    if (name.empty() || backs_certificate(organization_, name)) return;
    tell(Severity::warning,
         "The domain of its certificate name " + std::string(name) +
             " is not an accepted domain: it matches only mail from or to an accepted domain, and "
             "in Exchange Online may stop working without notice.",
         "Use a certificate for a name below an accepted domain, or add the domain with "
         "New-AcceptedDomain.");
  }

  void check_shared_addresses() {
    std::vector<IpPrefix> shared;
    for (const IpPrefix& prefix : connector_.sender_ip_addresses) {
      const bool all_own = [&] {
        bool own = true;
        directory_.on_premises().for_each_overlap(
            prefix, [&](const IpPrefix&, directory::OnPremisesIndex::Candidates candidates) {
              own = std::ranges::all_of(candidates, [&](const InboundConnector* other) {
                return other->organization == connector_.organization;
              });
              return own;
            });
        return own;
      }();
      if (!all_own) shared.push_back(prefix);
    }
    if (shared.empty()) return;
    tell(Severity::warning,
         "Another organization's servers have an address in " + enumerate(shared) +
             ", too: only MAIL FROM tells whose mail it is.",
         "Tell the organizations apart by certificates: " + set("-TlsSenderCertificateName ..."));
  }

  void check_ignored() {
    if (connector_.restricts()) {
      tell(Severity::information,
           "The Restrict... switches have no effect on an OnPremises connector.",
           "For a lock-down make a connector with -ConnectorType Partner.");
    }
    if (!connector_.sender_domains.contains("*")) {
      tell(Severity::information,
           "SenderDomains have no effect on an OnPremises connector: by address it is known for "
           "mail from all accepted domains, by certificate for all mail.",
           "To limit it to some accepted domains: " + set("-AssociatedAcceptedDomains ..."));
    }
  }

  /// Enhanced Filtering, and whose header fields are believed.
  void check_filtering() {
    if (has_enhanced_filtering(connector_) && !knows_clients(connector_)) {
      tell(
          Severity::warning,
          "Enhanced Filtering has no effect: without addresses or a certificate name anybody could "
          "be the gateway.",
          "Add SenderIPAddresses or TlsSenderCertificateName.");
    }
    if (connector_.ef_skip_last_ip && !connector_.ef_skip_ips.empty()) {
      tell(Severity::information, "EFSkipIPs have no effect beside EFSkipLastIP.",
           set("-EFSkipLastIP $false, to go by the list."));
    }
    if (connector_.type == directory::ConnectorType::partner &&
        connector_.cloud_services_mail_enabled) {
      tell(Severity::information,
           "CloudServicesMailEnabled has no effect on a Partner connector: its clients' header "
           "fields are never believed.",
           set("-CloudServicesMailEnabled $false"));
    }
  }

  void check_rivals() {
    if (!connector_.enabled) return;
    constexpr std::size_t most = 5;
    std::size_t told = 0;
    for (const InboundConnector* other : rivals_of(connector_, organization_)) {
      if (shadows(*other, connector_)) {
        tell(Severity::error,
             "It never matches: connector " + other->name.str() +
                 " is older and matches all that it matches.",
             "Remove one of them.");
        return;
      }
      const std::string key = shared_key(*other, connector_);
      if (key.empty() || shadows(connector_, *other) || told++ >= most) continue;
      tell(Severity::warning,
           "It shares " + key + " with connector " + other->name.str() +
               ": where both match equally well the older is taken, and the trace says "
               "AmbiguousConnector.",
           "Give each its own addresses, certificate name or SenderDomains.");
    }
  }

  void check_expiry(const std::optional<SeenCertificate>& seen, Time now) {
    if (!seen || seen->not_after > now + certificate_expiry_warning) return;
    const std::string day = format_iso(seen->not_after).substr(0, 10);
    const bool is_over = seen->not_after < now;
    tell(Severity::warning,
         "The certificate " + seen->name + ", by which a client was last known, " +
             (is_over ? "expired" : "expires") + " on " + day +
             (is_over ? "." : "; from then on it counts as none."),
         "Whoever runs the client has to renew it.");
  }

  const InboundConnector& connector_;
  const Organization& organization_;
  const directory::Snapshot& directory_;
  std::vector<Finding> findings_;
};

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::information:
      return "Information";
    case Severity::warning:
      return "Warning";
    case Severity::error:
      return "Error";
  }
  std::abort();  // never a Severity
}

std::string describe_match(const InboundConnector& connector) {
  std::string clients;
  if (const std::string_view name = connector.tls_sender_certificate_name; !name.empty()) {
    clients = "with a certificate for ";
    if (name.starts_with(wildcard)) clients += "any name below ";
    clients += without_wildcard(name);
  }
  if (!connector.sender_ip_addresses.empty()) {
    if (!clients.empty()) clients += " or ";
    const auto prefixes = connector.sender_ip_addresses.values();
    clients += "at " + enumerate(std::vector<IpPrefix>(prefixes.begin(), prefixes.end()));
  }
  const std::string only = connector.associated_accepted_domains.empty()
                               ? ""
                               : enumerate(connector.associated_accepted_domains.to_vector());
  if (connector.type == ConnectorType::on_premises) {
    std::string text = "The organization's own servers, " + clients + ".";
    if (!connector.sender_ip_addresses.empty()) {
      text += " By address only mail from ";
      text += only.empty() ? "accepted domains." : only + ".";
    } else if (!only.empty()) {
      text += " Only mail from " + only + ", or to it if the sender is foreign.";
    }
    return text;
  }
  std::string text = clients.empty() ? "Any client" : "Clients " + clients;
  text += " that " + std::string(clients.empty() ? "sends" : "send") + " in the name of ";
  text += connector.sender_domains.contains("*") ? "any domain"
                                                 : enumerate(connector.sender_domains.to_vector());
  if (!only.empty()) text += ", to " + only;
  text += clients.empty() ? "; it vouches for none of them." : ".";
  return text;
}

std::vector<Finding> lint_connector(const InboundConnector& connector,
                                    const Organization& organization,
                                    const directory::Snapshot& directory,
                                    const std::optional<SeenCertificate>& seen, Time now) {
  return Lint(connector, organization, directory).run(seen, now);
}

}  // namespace postern::policy
