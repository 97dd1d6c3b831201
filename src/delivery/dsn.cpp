#include "delivery/dsn.h"

#include <algorithm>
#include <charconv>

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

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (iequals(list.substr(0, comma), word)) return true;
    list = comma == std::string_view::npos ? "" : list.substr(comma + 1);
  }
  return false;
}

/// RFC 3461 section 4: `+2B` is a plus sign. What would be no text stays as it is.
std::string from_xtext(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned octet = 0;
    const bool is_hex =
        text[i] == '+' && i + 2 < text.size() &&
        std::from_chars(&text[i + 1], &text[i + 1] + 2, octet, 16).ptr == &text[i + 1] + 2;
    if (is_hex && octet > ' ' && octet < 0x7f) {
      plain += static_cast<char>(octet);
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

/// `rfc822;ann+2Bx@c.test` as a field has it.
std::string original_recipient(std::string_view parameter) {
  const std::size_t semicolon = parameter.find(';');
  return std::string(parameter.substr(0, semicolon)) + "; " +
         from_xtext(parameter.substr(semicolon + 1));
}

/// The Action field (RFC 3464 section 2.3.3).
std::string_view action_of(const RecipientOutcome& recipient) {
  if (recipient.fate != Fate::delivered) return "failed";
  return recipient.next_hop.starts_with("smtp:") ? "relayed" : "delivered";
}

}  // namespace

bool wants_failures(std::string_view notify) {
  return notify.empty() || has_word(notify, "FAILURE");
}

bool wants_successes(std::string_view notify) {
  return has_word(notify, "SUCCESS");
}

std::string make_dsn(const DsnFacts& facts, const Envelope& envelope,
                     std::span<const RecipientOutcome> recipients, std::string_view header) {
  const std::string host(facts.host_name);
  const bool is_success = !recipients.empty() && recipients.front().fate == Fate::delivered;
  const std::string boundary = "=_" + std::string(facts.id);
  std::string quoted(header_section(header));
  // Without SMTPUTF8 the header section may hold anything but UTF-8 that was promised.
  if (!envelope.smtp_utf8)
    std::ranges::replace_if(quoted, [](char c) { return !is_ascii(c); }, '?');
  bool ascii = is_all_ascii(quoted) && is_all_ascii(envelope.reverse_path.text);
  for (const RecipientOutcome& recipient : recipients)
    ascii =
        ascii && is_all_ascii(recipient.forward_path) && is_all_ascii(recipient.original_recipient);

  std::string text =
      "From: Mail Delivery System <postmaster@" + host + ">\r\n" + "To: <" +
      envelope.reverse_path.text + ">\r\n" +
      (is_success ? "Subject: Delivered mail: your message has arrived\r\n"
                  : "Subject: Undelivered mail: some recipients were refused\r\n") +
      "Date: " + format_rfc5322(facts.time) + "\r\n" + "Message-ID: <" + std::string(facts.id) +
      "@" + host + ">\r\n" + "Auto-Submitted: auto-replied\r\n" + "MIME-Version: 1.0\r\n" +
      "Content-Type: multipart/report; report-type=delivery-status;\r\n"
      "\tboundary=\"" +
      boundary + "\"\r\n" + (ascii ? "" : "Content-Transfer-Encoding: 8bit\r\n") + "\r\n";

  text += "--" + boundary + "\r\nContent-Type: text/plain; charset=utf-8\r\n" +
          (ascii ? "" : "Content-Transfer-Encoding: 8bit\r\n") + "\r\nThis is the mail system at " +
          host + ".\r\n\r\n" +
          (is_success
               ? "You asked to be told: these recipients have your message, or a server that\r\n"
                 "tells nobody about deliveries has taken it for them:\r\n"
               : "Your message reached some of its recipients, but not these. Their mail server\r\n"
                 "has refused it for good, and it will not be tried again:\r\n");
  for (const RecipientOutcome& recipient : recipients) {
    text += "\r\n<" + recipient.forward_path + ">:\r\n    " + one_line(recipient.reply.to_line()) +
            "\r\n";
  }
  text += "\r\nThe identity of your message here is " + envelope.id + ".\r\n\r\n";

  // RFC 3464 section 2.1: fields of the message, then a block of fields for each recipient.
  text += "--" + boundary + "\r\nContent-Type: message/" + (ascii ? "" : "global-") +
          "delivery-status\r\n" + (ascii ? "" : "Content-Transfer-Encoding: 8bit\r\n") + "\r\n" +
          (envelope.envelope_id.empty()
               ? ""
               : "Original-Envelope-Id: " + from_xtext(envelope.envelope_id) + "\r\n") +
          "Reporting-MTA: dns; " + host + "\r\n" + "Arrival-Date: " + format_rfc5322(facts.time) +
          "\r\n";
  for (const RecipientOutcome& recipient : recipients) {
    const std::string& status = recipient.reply.enhanced;
    text += "\r\n";
    if (!recipient.original_recipient.empty()) {
      text += "Original-Recipient: " + one_line(original_recipient(recipient.original_recipient)) +
              "\r\n";
    }
    text += "Final-Recipient: " + typed(recipient.forward_path) + "\r\n" +
            "Action: " + std::string(action_of(recipient)) + "\r\n" +
            "Status: " + (status.empty() ? (is_success ? "2.0.0" : "5.0.0") : status) + "\r\n" +
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
