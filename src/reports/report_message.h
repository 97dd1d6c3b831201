// Reports as they come: attached to a message, packed or not (RFC 9990, RFC 8460 section 5.3,
// RFC 5965 section 2).
//
// Senders differ in how they name what they attach, so a part is a candidate by its type or its
// file name, and what it is is told by its content. Nothing here says that the sender may report:
// authenticate the message first, and take the domain that it reports about with a grain of salt.
#pragma once

#include <cstddef>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "reports/dmarc_aggregate.h"
#include "reports/feedback_report.h"
#include "reports/tls_report.h"

namespace postern::reports {

using Report = std::variant<DmarcAggregateReport, TlsReport, FeedbackReport>;

/// Parts that are unpacked and looked into, one after the other.
inline constexpr std::size_t max_report_attachments = 5;

/// The first report in a message. An error if there is none, or none that can be read: what was
/// wrong with the first candidate.
Result<Report> read_report(std::string_view message);

/// A file as it was attached: a DMARC aggregate report or a TLS report, packed or not.
Result<Report> read_report_file(std::string_view bytes);

}  // namespace postern::reports
