#include "mail/mime_parts.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "base/cursor.h"
#include "mail/encoded_words.h"
#include "mail/header_fields.h"

namespace postern::mail {
namespace {

/// A line that divides parts: dash-boundary, or close-delimiter behind the last.
struct Delimiter {
  std::size_t begin = 0;  ///< with the line ending before it, which is no content
  std::size_t end = 0;    ///< behind its own line ending
  bool closes = false;
};

/// The next delimiter at or behind `from`, which begins a line (RFC 2046 section 5.1.1).
std::optional<Delimiter> find_delimiter(std::string_view body, std::string_view dash_boundary,
                                        std::size_t from) {
  while (true) {
    const std::size_t at = body.find(dash_boundary, from);
    if (at == std::string_view::npos) return std::nullopt;
    from = at + 1;
    if (at > 0 && body[at - 1] != '\n') continue;

    Cursor in(body.substr(at + dash_boundary.size()));
    const bool closes = in.take("--");
    in.take_while(is_wsp);
    in.take('\r');
    if (!in.at_end() && !in.take('\n')) continue;
    std::size_t begin = at;
    if (begin > 0) --begin;
    if (begin > 0 && begin < at && body[begin - 1] == '\r') --begin;
    return Delimiter{begin, body.size() - in.rest().size(), closes};
  }
}

class PartReader {
 public:
  MimeParts read(std::string_view message) {
    read_part(message, 0, "text/plain");
    return std::move(result_);
  }

 private:
  void note(MimeTrouble trouble) {
    if (result_.trouble == MimeTrouble::none) result_.trouble = trouble;
  }

  void read_part(std::string_view text, int depth, std::string_view default_type) {
    if (result_.parts.size() == max_mime_parts) return note(MimeTrouble::too_many_parts);
    const HeaderSection section = parse_header_section(text);
    if (section.trouble != HeaderTrouble::none) note(MimeTrouble::header);

    MimePart part{.depth = depth, .text = text, .body = text.substr(section.body_begin)};
    if (const HeaderField* field = section.first("Content-Type")) {
      part.content_type = parse_field_with_parameters(field->body);
      if (!part.content_type.value.contains('/'))
        part.content_type.value = "application/octet-stream";
    } else {
      part.content_type.value = default_type;
    }
    std::string_view name = part.content_type.parameter("name");
    FieldWithParameters disposition;
    if (const HeaderField* field = section.first("Content-Disposition")) {
      disposition = parse_field_with_parameters(field->body);
      part.disposition = disposition.value;
      if (!disposition.parameter("filename").empty()) name = disposition.parameter("filename");
    }
    // Encoded words must not stand in a parameter (RFC 2047 section 5), and often do.
    part.file_name = decode_encoded_words(name);
    if (const HeaderField* field = section.first("Content-Transfer-Encoding"))
      part.encoding = parse_transfer_encoding(field->body);

    const std::size_t index = result_.parts.size();
    result_.parts.push_back(std::move(part));
    if (result_.parts[index].content_type.value.starts_with("multipart/")) read_children(index);
  }

  void read_children(std::size_t index) {
    // Copies: the list of parts grows below.
    const std::string_view body = result_.parts[index].body;
    const int depth = result_.parts[index].depth + 1;
    const bool is_digest = result_.parts[index].is("multipart/digest");
    const std::string boundary(result_.parts[index].content_type.parameter("boundary"));

    if (depth > max_mime_depth) return note(MimeTrouble::too_deep);
    if (boundary.empty() || boundary.size() > max_mime_boundary)
      return note(MimeTrouble::no_boundary);
    const std::string dash_boundary = "--" + boundary;
    auto delimiter = find_delimiter(body, dash_boundary, 0);
    if (!delimiter) return note(MimeTrouble::no_boundary);

    result_.parts[index].is_multipart = true;
    while (delimiter && !delimiter->closes && result_.trouble != MimeTrouble::too_many_parts) {
      const std::size_t begin = delimiter->end;
      delimiter = find_delimiter(body, dash_boundary, begin);
      // Without a close-delimiter the last part goes on to the end. Where two delimiters follow
      // each other, the line ending between them belongs to both.
      const std::size_t end = delimiter ? std::max(delimiter->begin, begin) : body.size();
      read_part(body.substr(begin, end - begin), depth,
                is_digest ? "message/rfc822" : "text/plain");
    }
  }

  MimeParts result_;
};

}  // namespace

std::string_view to_sentence(MimeTrouble trouble) {
  switch (trouble) {
    case MimeTrouble::none:
      return "";
    case MimeTrouble::too_deep:
      return "parts are nested too deeply";
    case MimeTrouble::too_many_parts:
      return "there are too many parts";
    case MimeTrouble::header:
      return "the header section of a part is too large";
    case MimeTrouble::no_boundary:
      return "a multipart has no boundary";
  }
  std::abort();
}

MimeParts parse_mime(std::string_view message) {
  return PartReader().read(message);
}

std::string decoded_body(const MimePart& part) {
  switch (part.encoding) {
    case TransferEncoding::base64:
      return decode_base64(part.body);
    case TransferEncoding::quoted_printable:
      return decode_quoted_printable(part.body);
    case TransferEncoding::identity:
    case TransferEncoding::unknown:
      return std::string(part.body);
  }
  std::abort();
}

}  // namespace postern::mail
