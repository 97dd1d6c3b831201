// May reports about one domain be sent to another (RFC 9990, before RFC 7489 section 7.1)?
//
// Anybody can write somebody else's address into rua=. Who wants the reports says so in the DNS:
// for contoso.com to reports.example, at contoso.com._report._dmarc.reports.example.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dns/answer.h"

namespace postern::auth {

enum class ReportDestinationResult { authorized, refused, temperror };
std::string_view to_string(ReportDestinationResult result);

struct ReportDestination {
  ReportDestinationResult result = ReportDestinationResult::refused;
  /// URIs that the destination wants used instead, all of them at the destination itself. Empty:
  /// those of the policy record.
  std::vector<std::string> rua;
};

/// Both in the form of mail::to_a_label: where the policy record was found, and the domain of an
/// address in it. Only to be asked where the two differ in their organizational domain.
dns::Asking<ReportDestination> check_report_destination(std::string_view policy_domain,
                                                        std::string_view destination,
                                                        const dns::AnswerSet& answers);

}  // namespace postern::auth
