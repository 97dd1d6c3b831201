#include "delivery/quarantine_digest.h"

#include <fmt/format.h>

#include <array>

#include "base/encoding.h"
#include "mail/utf8.h"

namespace postern::delivery {
namespace {

/// Marks, embeddings, overrides and isolates of the bidirectional algorithm (UAX 9), and characters
/// without a width.
constexpr std::array<std::string_view, 16> hidden = {
    "\xe2\x80\x8b", "\xe2\x80\x8c", "\xe2\x80\x8d", "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xaa",
    "\xe2\x80\xab", "\xe2\x80\xac", "\xe2\x80\xad", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa7",
    "\xe2\x81\xa8", "\xe2\x81\xa9", "\xd8\x9c",     "\xef\xbb\xbf"};

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
}

std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

/// Lines of 76 (RFC 2045 section 6.8).
std::string base64_body(std::string_view text) {
  constexpr std::size_t line = 76;
  const std::string encoded = to_base64(text);
  std::string body;
  for (std::size_t at = 0; at < encoded.size(); at += line)
    body += encoded.substr(at, line) + "\r\n";
  return body;
}

struct Entry {
  std::string received;
  std::string from;
  std::string sender;  ///< empty: the same
  std::string subject;
  std::string reason;
  std::string identity;
};

Entry entry_of(const store::QuarantineRow& row) {
  const store::QuarantinedMessage& message = row.message;
  const std::string sender =
      message.reverse_path.empty() ? "<>" : shown_in_digest(message.reverse_path);
  const std::string author = shown_in_digest(message.author);
  Entry entry{.received = format_rfc5322(message.received),
              .from = author.empty() ? sender : author,
              .sender = author.empty() || author == sender ? "" : sender,
              .subject = shown_in_digest(message.subject),
              .reason = message.type() == "Phish" ? "The author may be forged"
                                                  : "Your mail server refused it",
              .identity = row.identity()};
  if (entry.subject.empty()) entry.subject = "(no subject)";
  return entry;
}

constexpr std::string_view introduction =
    "These messages to you were not delivered. They are kept in quarantine for {} days.";
constexpr std::string_view advice =
    "If you expect one of them, ask your administrator to release it, and give its number. If you "
    "do not, there is nothing to do. This mail asks for no password and has no links.";
constexpr std::string_view more_follow = "There are more; the next digest lists them.";

std::string text_part(const DigestFacts& facts, std::span<const store::QuarantineRow> rows) {
  std::string text = fmt::format(fmt::runtime(introduction), facts.keep_days) + "\r\n";
  for (const store::QuarantineRow& row : rows) {
    const Entry entry = entry_of(row);
    text += fmt::format("\r\nSubject: {}\r\nFrom:    {}\r\n", entry.subject, entry.from);
    if (!entry.sender.empty()) text += fmt::format("Sender:  {}\r\n", entry.sender);
    text += fmt::format("Date:    {}\r\nWhy:     {}\r\nNumber:  {}\r\n", entry.received,
                        entry.reason, entry.identity);
  }
  if (facts.more) text += fmt::format("\r\n{}\r\n", more_follow);
  return text +
         fmt::format("\r\n{}\r\n\r\n{}, {}\r\n", advice, facts.organization, facts.host_name);
}

std::string html_part(const DigestFacts& facts, std::span<const store::QuarantineRow> rows) {
  std::string html = fmt::format(
      "<!DOCTYPE html>\r\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Messages in "
      "quarantine</title></head>\r\n<body>\r\n<p>{}</p>\r\n<table border=\"1\" "
      "cellpadding=\"4\" cellspacing=\"0\">\r\n<tr><th>Subject</th><th>From</th><th>Date</th>"
      "<th>Why</th><th>Number</th></tr>\r\n",
      escaped(fmt::format(fmt::runtime(introduction), facts.keep_days)));
  for (const store::QuarantineRow& row : rows) {
    const Entry entry = entry_of(row);
    std::string from = escaped(entry.from);
    if (!entry.sender.empty()) from += "<br>sent by " + escaped(entry.sender);
    html += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\r\n",
                        escaped(entry.subject), from, entry.received, entry.reason,
                        escaped(entry.identity));
  }
  html += "</table>\r\n";
  if (facts.more) html += fmt::format("<p>{}</p>\r\n", more_follow);
  return html + fmt::format("<p>{}</p>\r\n<p>{}, {}</p>\r\n</body></html>\r\n", escaped(advice),
                            escaped(facts.organization), escaped(facts.host_name));
}

}  // namespace

std::string shown_in_digest(std::string_view text) {
  std::string shown = mail::displayable(mail::repaired_utf8(text));
  for (const std::string_view character : hidden) replace_all(shown, character, "");
  replace_all(shown, "://", "[:]//");
  std::size_t characters = 0;
  for (std::size_t at = 0; at < shown.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(shown[at]) & 0xc0) != 0x80;
    if (begins && ++characters > max_digest_text) {
      shown.resize(at);
      return shown + "…";
    }
  }
  return shown;
}

std::string make_digest(const DigestFacts& facts, std::span<const store::QuarantineRow> rows) {
  const std::string boundary = "digest-" + facts.id;
  const auto part = [&](std::string_view type, std::string_view body) {
    return fmt::format(
        "--{}\r\nContent-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        boundary, type, base64_body(body));
  };
  // RFC 3834 section 5: no program answers to what says Auto-Submitted.
  std::string message = fmt::format(
      "From: Quarantine <{}>\r\nTo: <{}>\r\nSubject: Messages in quarantine: {}\r\nDate: {}\r\n"
      "Message-ID: <{}@{}>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/alternative;\r\n boundary=\"{}\"\r\n\r\n",
      facts.from, facts.to, rows.size(), format_rfc5322(facts.time), facts.id, facts.host_name,
      boundary);
  message += part("text/plain", text_part(facts, rows));
  message += part("text/html", html_part(facts, rows));
  return message + "--" + boundary + "--\r\n";
}

}  // namespace postern::delivery
