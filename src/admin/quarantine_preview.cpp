#include "admin/quarantine_preview.h"

#include <algorithm>

#include "mail/charset.h"
#include "mail/encoded_words.h"
#include "mail/header_fields.h"
#include "mail/html_text.h"
#include "mail/mime_parts.h"
#include "mail/utf8.h"

namespace postern::admin {
namespace {

constexpr std::size_t max_name = 200;

/// Line by line, since line endings are the only control characters that stay.
std::string shown_lines(std::string_view text) {
  const bool is_cut = text.size() > max_previewed;
  text = text.substr(0, max_previewed);
  std::string shown;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (line.ends_with('\r')) line.remove_suffix(1);
    shown += mail::displayable(mail::repaired_utf8(line)) + "\n";
  }
  if (is_cut) shown += "[…]\n";
  return shown;
}

std::string field_text(const mail::HeaderSection& section, std::string_view name) {
  constexpr std::size_t max_field = 2000;
  const mail::HeaderField* field = section.first(name);
  if (field == nullptr) return {};
  return mail::repaired_utf8(mail::decode_encoded_words(field->body).substr(0, max_field));
}

std::string text_of(const mail::MimePart& part) {
  std::string bytes = mail::decoded_body(part);
  if (auto text = mail::to_utf8(bytes, part.content_type.parameter("charset"))) return *text;
  return bytes;
}

}  // namespace

MessagePreview preview_of(std::string_view message) {
  MessagePreview preview;
  const mail::HeaderSection section = mail::parse_header_section(message);
  preview.from = field_text(section, "From");
  preview.to = field_text(section, "To");
  preview.cc = field_text(section, "Cc");
  preview.subject = field_text(section, "Subject");

  const mail::MimeParts mime = mail::parse_mime(message);
  if (mime.trouble != mail::MimeTrouble::none)
    preview.trouble = "Not all parts can be shown: " + std::string(to_sentence(mime.trouble)) + ".";
  const mail::MimePart* plain = nullptr;
  const mail::MimePart* html = nullptr;
  for (const mail::MimePart& part : mime.parts) {
    if (part.is_multipart) continue;
    const bool is_attached = part.disposition == "attachment" || !part.file_name.empty();
    if (!is_attached && plain == nullptr && part.is("text/plain")) {
      plain = &part;
    } else if (!is_attached && html == nullptr && part.is("text/html")) {
      html = &part;
    } else if (preview.attachments.size() < max_previewed_attachments) {
      const std::string name = part.file_name.empty() ? "(no name)" : part.file_name;
      preview.attachments.push_back(mail::displayable(
          mail::repaired_utf8(name.substr(0, max_name) + " (" + part.content_type.value + ")")));
    }
  }
  preview.was_html = plain == nullptr && html != nullptr;
  if (plain != nullptr) {
    preview.body = shown_lines(text_of(*plain));
  } else if (html != nullptr) {
    preview.body = shown_lines(mail::html_to_text(text_of(*html)));
  }
  return preview;
}

std::string header_text(std::string_view message) {
  return shown_lines(message.substr(0, mail::parse_header_section(message).body_begin));
}

}  // namespace postern::admin
