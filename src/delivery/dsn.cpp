#include "delivery/dsn.h"

#include <algorithm>

#include "base/ascii.h"

namespace postern::delivery {
namespace {

bool is_all_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return is_ascii(c); });
}

/// RFC 3464 section 2.3.1 and RFC 6533 section 3: an address that needs UTF-8 says so.
std::string typed(std::string_view address) {
  return (is_all_ascii(address) ? "rfc822; " : "utf-8; ") + std::string(address);
}

/// The header section with its last CRLF, cut at a line if it is too long.
std::string_view header_section(std::string_view text) {
  const std::size_t end = text.starts_with("\r\n") ? 0 : text.find("\r\n\r\n");
  if (end != std::string_view::npos) text = text.substr(0, end == 0 ? 0 : end + 2);
  if (text.size() > max_quoted_header) text = text.substr(0, max_quoted_header);
  const std::size_t line_end = text.rfind("\r\n");
  return line_end == std::string_view::npos ? std::string_view() : text.substr(0, line_end + 2);
}

std::string one_line(std::string text) {
  std::ranges::replace_if(text, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }, ' ');
  return text;
}

}  // namespace

std::string make_dsn(const DsnFacts& facts, const Envelope& envelope,
                     std::span<const RecipientOutcome> refused, std::string_view header) {
  const std::string host(facts.host_name);
  const std::string boundary = "=_" + std::string(facts.id);
  std::string quoted(header_section(header));
  // Without SMTPUTF8 the header section may hold anything but UTF-8 that was promised.
  if (!envelope.smtp_utf8)
    std::ranges::replace_if(quoted, [](char c) { return !is_ascii(c); }, '?');
  bool ascii = is_all_ascii(quoted) && is_all_ascii(envelope.reverse_path.text);
  for (const RecipientOutcome& recipient : refused)
    ascii = ascii && is_all_ascii(recipient.forward_path);

  std::string text =
      "From: Mail Delivery System <postmaster@" + host + ">\r\n" + "To: <" +
      envelope.reverse_path.text + ">\r\n" +
      "Subject: Undelivered mail: some recipients were refused\r\n" +
      "Date: " + format_rfc5322(facts.time) + "\r\n" + "Message-ID: <" + std::string(facts.id) +
      "@" + host + ">\r\n" + "Auto-Submitted: auto-replied\r\n" + "MIME-Version: 1.0\r\n" +
      "Content-Type: multipart/report; report-type=delivery-status;\r\n"
      "\tboundary=\"" +
      boundary + "\"\r\n" + (ascii ? "" : "Content-Transfer-Encoding: 8bit\r\n") + "\r\n";

  text += "--" + boundary + "\r\nContent-Type: text/plain; charset=utf-8\r\n" +
          (ascii ? "" : "Content-Transfer-Encoding: 8bit\r\n") + "\r\nThis is the mail system at " +
          host + ".\r\n\r\n" +
          "Your message reached some of its recipients, but not these. Their mail server\r\n"
          "has refused it for good, and it will not be tried again:\r\n";
  for (const RecipientOutcome& recipient : refused) {
    text += "\r\n<" + recipient.forward_path + ">:\r\n    " + one_line(recipient.reply.to_line()) +
            "\r\n";
  }
  text += "\r\nThe identity of your message here is " + envelope.id + ".\r\n\r\n";

  // RFC 3464 section 2.1: fields of the message, then a block of fields for each recipient.
  text += "--" + boundary + "\r\nContent-Type: message/" + (ascii ? "" : "global-") +
          "delivery-status\r\n" + (ascii ? "" : "Content-Transfer-Encoding: 8bit\r\n") +
          "\r\nReporting-MTA: dns; " + host + "\r\n" +
          "Arrival-Date: " + format_rfc5322(facts.time) + "\r\n";
  for (const RecipientOutcome& recipient : refused) {
    const std::string& status = recipient.reply.enhanced;
    text += "\r\nFinal-Recipient: " + typed(recipient.forward_path) + "\r\n" +
            "Action: failed\r\n" + "Status: " + (status.empty() ? "5.0.0" : status) + "\r\n" +
            "Diagnostic-Code: smtp; " + one_line(recipient.reply.to_line()) + "\r\n";
  }

  // RFC 6522 section 4; RFC 6533 section 4.
  text += "\r\n--" + boundary +
          "\r\nContent-Type: " + (ascii ? "text/rfc822-headers" : "message/global-headers") +
          "\r\n" + (ascii ? "" : "Content-Transfer-Encoding: 8bit\r\n") + "\r\n";
  text += quoted;
  return text + "\r\n--" + boundary + "--\r\n";
}

bool is_international_dsn(std::string_view dsn) {
  return !is_all_ascii(dsn);
}

}  // namespace postern::delivery
