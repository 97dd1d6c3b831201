#include "auth/dkim_signature.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "base/ascii.h"
#include "base/encoding.h"
#include "mail/domain_name.h"
#include "mail/utf8.h"

namespace postern::auth {
namespace {

/// RFC 6376 section 3.5: t= and x= must work up to 10^12 seconds, the year 33658; more is eternity.
constexpr std::uint64_t max_seconds = 999'999'999'999;

std::string_view field_name(SignatureField field) {
  switch (field) {
    case SignatureField::dkim_signature:
      return "DKIM-Signature";
    case SignatureField::arc_message_signature:
      return "ARC-Message-Signature";
    case SignatureField::arc_seal:
      return "ARC-Seal";
  }
  std::abort();
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// RFC 5322 section 2.2, without the semicolon that RFC 6376 section 3.5 excludes.
bool is_field_name_character(char c) {
  return c > ' ' && c < '\x7f' && c != ':' && c != ';';
}

/// Reads one tag after the other into `signature`. Every function returns false after it has
/// noted a fault, and the first fault ends the reading.
class SignatureReader {
 public:
  SignatureReader(const TagList& tags, SignatureField field, FieldCharset charset)
      : tags_(tags), field_(field), charset_(charset) {}

  // d= and s= come early: whose signature it is matters even if the rest cannot be read.
  ParsedSignature read() && {
    if (version() && domain() && selector() && algorithm() && signature() && query_methods() &&
        times() && field_ != SignatureField::arc_seal && canonicalization() && body_hash() &&
        header_names() && body_length() && field_ == SignatureField::dkim_signature)
      identity();
    return std::move(parsed_);
  }

 private:
  bool fault(DkimProblem problem, std::string detail) {
    parsed_.fault = DkimFault{problem, std::move(detail)};
    return false;
  }

  bool malformed(std::string_view name) {
    return fault(DkimProblem::syntax, fmt::format("tag {} cannot be read", name));
  }

  bool missing(std::string_view name) {
    return fault(DkimProblem::missing_tag,
                 fmt::format("{} without tag {}", field_name(field_), name));
  }

  bool version() {
    if (field_ != SignatureField::dkim_signature) return true;
    const auto value = tags_.value("v");
    if (!value) return missing("v");
    if (*value != "1") return fault(DkimProblem::version, fmt::format("v={}", excerpt(*value)));
    return true;
  }

  /// The name in our form; at least two labels, as the rules for d= and i= have it.
  std::optional<std::string> domain_name(std::string_view text) {
    if (!text.contains('.') || text.ends_with('.')) return std::nullopt;
    if (charset_ == FieldCharset::ascii && !mail::is_ascii_only(text)) return std::nullopt;
    return mail::to_a_label(text);
  }

  bool domain() {
    const auto value = tags_.value("d");
    if (!value) return missing("d");
    auto name = domain_name(*value);
    if (!name) return malformed("d");
    parsed_.signature.domain = *std::move(name);
    return true;
  }

  bool selector() {
    const auto value = tags_.value("s");
    if (!value) return missing("s");
    if (value->ends_with('.')) return malformed("s");
    if (charset_ == FieldCharset::ascii && !mail::is_ascii_only(*value)) return malformed("s");
    auto name = mail::to_a_label(*value);
    if (!name) return malformed("s");
    parsed_.signature.selector = *std::move(name);
    return true;
  }

  bool algorithm() {
    const auto value = tags_.value("a");
    if (!value) return missing("a");
    for (const DkimAlgorithm known :
         {DkimAlgorithm::rsa_sha256, DkimAlgorithm::ed25519_sha256, DkimAlgorithm::rsa_sha1}) {
      if (!iequals(*value, to_string(known))) continue;
      parsed_.signature.algorithm = known;
      return true;
    }
    return fault(DkimProblem::algorithm_unknown, fmt::format("a={}", excerpt(*value)));
  }

  bool signature() {
    const Tag* tag = tags_.find("b");
    if (!tag) return missing("b");
    auto bytes = from_base64(tag->value);
    if (!bytes || bytes->empty()) return malformed("b");
    parsed_.signature.signature = *std::move(bytes);
    parsed_.signature.signature_text = tag->raw;
    return true;
  }

  bool body_hash() {
    const auto value = tags_.value("bh");
    if (!value) return missing("bh");
    auto bytes = from_base64(*value);
    const std::size_t size = parsed_.signature.algorithm == DkimAlgorithm::rsa_sha1 ? 20 : 32;
    if (!bytes || bytes->size() != size) return malformed("bh");
    parsed_.signature.body_hash = *std::move(bytes);
    return true;
  }

  bool canonicalization() {
    const auto value = tags_.value("c");
    if (!value) return true;
    const std::size_t slash = value->find('/');
    const auto header = parse_canonicalization(value->substr(0, slash));
    // Section 3.5: one word is for the header section, and the body is then simple.
    const auto body = slash == std::string_view::npos
                          ? Canonicalization::simple
                          : parse_canonicalization(value->substr(slash + 1));
    if (!header || !body)
      return fault(DkimProblem::canonicalization_unknown, fmt::format("c={}", excerpt(*value)));
    parsed_.signature.header_canonicalization = *header;
    parsed_.signature.body_canonicalization = *body;
    return true;
  }

  static std::optional<Canonicalization> parse_canonicalization(std::string_view word) {
    for (const Canonicalization known : {Canonicalization::relaxed, Canonicalization::simple})
      if (iequals(word, to_string(known))) return known;
    return std::nullopt;
  }

  /// q=: of several methods the one we know is enough.
  bool query_methods() {
    std::optional<std::string_view> rest = tags_.value("q");
    if (!rest) return true;
    const std::string_view all = *rest;
    while (const auto method = next_element(rest))
      if (iequals(*method, "dns/txt")) return true;
    return fault(DkimProblem::query_method_unknown, fmt::format("q={}", excerpt(all)));
  }

  bool time(std::string_view name, std::optional<Time>& result) {
    const auto value = tags_.value(name);
    if (!value) return true;
    const auto seconds = parse_decimal(*value, max_seconds);
    if (!seconds) return malformed(name);
    result = Time(std::chrono::seconds(*seconds));
    return true;
  }

  bool times() {
    DkimSignature& signature = parsed_.signature;
    if (!time("t", signature.signed_at) || !time("x", signature.expires_at)) return false;
    // Section 3.5, x=: it must be greater than t=.
    if (signature.signed_at && signature.expires_at &&
        *signature.expires_at <= *signature.signed_at)
      return fault(DkimProblem::syntax, "x= is not after t=");
    return true;
  }

  bool header_names() {
    std::optional<std::string_view> rest = tags_.value("h");
    if (!rest) return missing("h");
    std::vector<std::string_view>& names = parsed_.signature.header_names;
    names.reserve(static_cast<std::size_t>(std::ranges::count(*rest, ':')) + 1);
    while (const auto name = next_element(rest)) {
      if (!std::ranges::all_of(*name, is_field_name_character)) return malformed("h");
      if (names.size() == max_header_names)
        return fault(DkimProblem::too_many_header_names,
                     fmt::format("h= has more than {} names", max_header_names));
      names.push_back(*name);
    }
    // Section 5.4. Of ARC-Message-Signature RFC 8617 does not ask it.
    if (field_ == SignatureField::dkim_signature &&
        std::ranges::none_of(names, [](std::string_view name) { return iequals(name, "From"); }))
      return fault(DkimProblem::from_not_signed, {});
    return true;
  }

  bool body_length() {
    const auto value = tags_.value("l");
    if (!value) return true;
    parsed_.signature.body_length = parse_decimal(*value, UINT64_MAX);
    return parsed_.signature.body_length || malformed("l");
  }

  bool identity() {
    DkimSignature& signature = parsed_.signature;
    const auto value = tags_.value("i");
    if (!value) {
      signature.identity = "@" + signature.domain;
      signature.identity_domain = signature.domain;
      return true;
    }
    auto text = decode_dkim_quoted_printable(*value);
    if (!text || text->size() > max_identity || !is_readable(*text)) return malformed("i");
    const std::size_t at = text->rfind('@');
    if (at == std::string::npos) return malformed("i");
    auto name = domain_name(std::string_view(*text).substr(at + 1));
    if (!name) return malformed("i");
    signature.identity = *std::move(text);
    signature.identity_domain = *std::move(name);
    // Section 3.5, i=: the same as d= or a subdomain of it.
    if (!mail::is_below(signature.identity_domain, signature.domain, mail::Self::included))
      return fault(DkimProblem::identity_mismatch,
                   fmt::format("i= is in {}", signature.identity_domain));
    return true;
  }

  bool is_readable(std::string_view text) const {
    const bool has_controls =
        std::ranges::any_of(text, [](char c) { return (is_ascii(c) && c < ' ') || c == '\x7f'; });
    if (has_controls) return false;
    return charset_ == FieldCharset::utf8 ? mail::is_utf8(text) : mail::is_ascii_only(text);
  }

  const TagList& tags_;
  const SignatureField field_;
  const FieldCharset charset_;
  ParsedSignature parsed_;
};

}  // namespace

ParsedSignature parse_dkim_signature(std::string_view body, FieldCharset charset) {
  const Result<TagList> tags = parse_tag_list(body);
  if (!tags) return {.fault = DkimFault{DkimProblem::syntax, tags.error().message}};
  return parse_signature_tags(*tags, SignatureField::dkim_signature, charset);
}

ParsedSignature parse_signature_tags(const TagList& tags, SignatureField field,
                                     FieldCharset charset) {
  return SignatureReader(tags, field, charset).read();
}

std::string key_name(const DkimSignature& signature) {
  std::string name;
  name.reserve(signature.selector.size() + key_infix.size() + signature.domain.size());
  name += signature.selector;
  name += key_infix;
  name += signature.domain;
  return name;
}

std::optional<std::string> decode_dkim_quoted_printable(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_wsp(c) || c == '\r' || c == '\n') continue;
    if (c != '=') {
      decoded += c;
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

}  // namespace postern::auth
