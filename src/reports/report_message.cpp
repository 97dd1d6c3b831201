#include "reports/report_message.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "mail/lexical.h"
#include "mail/mime_parts.h"
#include "reports/unpack.h"

namespace postern::reports {
namespace {

using mail::MimePart;

constexpr std::array<std::string_view, 11> report_types = {"application/tlsrpt+json",
                                                           "application/tlsrpt+gzip",
                                                           "application/tlsrpt",
                                                           "application/gzip",
                                                           "application/x-gzip",
                                                           "application/zip",
                                                           "application/x-zip",
                                                           "application/xml",
                                                           "application/json",
                                                           "text/xml",
                                                           "application/x-zip-compressed"};

constexpr std::array<std::string_view, 4> report_endings = {".xml", ".json", ".gz", ".zip"};

bool may_be_report(const MimePart& part) {
  if (part.is_multipart) return false;
  return std::ranges::find(report_types, part.content_type.value) != report_types.end() ||
         std::ranges::any_of(report_endings, [&](std::string_view ending) {
           return iends_with(part.file_name, ending);
         });
}

/// The quoted message stands behind the report (RFC 5965 section 2, RFC 6522 section 3).
void add_original(FeedbackReport& report, std::span<const MimePart> behind) {
  for (const MimePart& part : behind) {
    const bool is_whole = part.is("message/rfc822");
    if (!is_whole && !part.is("text/rfc822-headers") && !part.is("message/rfc822-headers"))
      continue;
    report.original = decoded_body(part);
    report.is_original_whole = is_whole;
    return;
  }
}

template <class T>
Result<Report> to_report(Result<T> parsed) {
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  return Report(*std::move(parsed));
}

}  // namespace

Result<Report> read_report_file(std::string_view bytes) {
  const auto document = unpack(bytes);
  if (!document) return std::unexpected(document.error());
  std::string_view text = *document;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  while (!text.empty() && mail::is_fws(text.front())) text.remove_prefix(1);
  if (text.starts_with('{')) return to_report(parse_tls_report(text));
  return to_report(parse_dmarc_aggregate(text));
}

Result<Report> read_report(std::string_view message) {
  const mail::MimeParts mime = mail::parse_mime(message);
  for (std::size_t i = 0; i < mime.parts.size(); ++i) {
    if (!mime.parts[i].is("message/feedback-report")) continue;
    auto report = parse_feedback_report(decoded_body(mime.parts[i]));
    if (report) add_original(*report, std::span(mime.parts).subspan(i + 1));
    return to_report(std::move(report));
  }

  Result<Report> outcome = fail("The message has no report in it.");
  std::size_t candidates = 0;
  for (const MimePart& part : mime.parts) {
    if (!may_be_report(part)) continue;
    if (candidates++ == max_report_attachments) break;
    auto report = read_report_file(decoded_body(part));
    if (report) return report;
    if (candidates == 1) outcome = std::move(report);
  }
  return outcome;
}

}  // namespace postern::reports
