#include "auth/dkim_sign.h"

#include <fmt/format.h>

#include <algorithm>

#include "auth/dkim_canonical.h"
#include "auth/dkim_signature.h"
#include "base/ascii.h"
#include "base/encoding.h"

namespace postern::auth {
namespace {

/// So that a line with its tab stays within 78 octets (RFC 5322 section 2.1.1).
constexpr std::size_t signature_line = 76;

/// i= as dkim-quoted-printable (RFC 6376 section 2.11); UTF-8 stays as it is (RFC 8616 section 5).
std::string quote(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool is_safe = !is_ascii(c) || (c > ' ' && c < '\x7f' && c != ';' && c != '=');
    if (is_safe)
      result += c;
    else
      result += fmt::format("={:02X}", static_cast<unsigned char>(c));
  }
  return result;
}

Digest hash_body(std::string_view body, DkimSigning& signing) {
  const std::string canonical = canonicalize_body(body, signing.body);
  std::string_view covered = canonical;
  if (signing.body_length) {
    signing.body_length = std::min<std::uint64_t>(*signing.body_length, canonical.size());
    covered = covered.substr(0, static_cast<std::size_t>(*signing.body_length));
  }
  return Sha256::of(covered);
}

}  // namespace

std::string sign_dkim(std::string_view message, const mail::HeaderSection& section,
                      const Digest& body_hash, const PrivateKey& key, const DkimSigning& signing) {
  std::vector<std::string> wanted = signing.header_names;
  if (std::ranges::none_of(wanted, [](const auto& name) { return iequals(name, "From"); }))
    wanted.insert(wanted.begin(), "From");
  const std::vector<std::string_view> names = names_to_sign(section, wanted, signing.oversign);

  mail::FieldWriter writer("DKIM-Signature");
  writer.word("v=1;");
  writer.word(fmt::format("a={};", to_string(algorithm_for(key))));
  writer.word(fmt::format("c={}/{};", to_string(signing.header), to_string(signing.body)));
  writer.word(fmt::format("d={};", signing.domain));
  writer.word(fmt::format("s={};", signing.selector));
  if (!signing.identity.empty()) writer.word(fmt::format("i={};", quote(signing.identity)));
  if (signing.signed_at) writer.word(fmt::format("t={};", to_seconds(*signing.signed_at)));
  if (signing.expires_at) writer.word(fmt::format("x={};", to_seconds(*signing.expires_at)));
  if (signing.body_length) writer.word(fmt::format("l={};", *signing.body_length));
  write_header_names(writer, names);
  writer.word(fmt::format("bh={};", to_base64(std::string(body_hash.begin(), body_hash.end()))));
  writer.word("b=");
  std::string field = writer.finish();
  field.resize(field.size() - 2);

  std::string octets;
  append_signed_fields(octets, message, section.fields, names, section.fields.size(),
                       signing.header);
  return finish_signature(std::move(field), std::move(octets), signing.header, key);
}

std::string sign_dkim(std::string_view message, const PrivateKey& key, const DkimSigning& signing) {
  const mail::HeaderSection section = mail::parse_header_section(message);
  DkimSigning fitting = signing;
  const Digest body_hash = hash_body(message.substr(section.body_begin), fitting);
  return sign_dkim(message, section, body_hash, key, fitting);
}

DkimAlgorithm algorithm_for(const PrivateKey& key) {
  return key.type() == KeyType::ed25519 ? DkimAlgorithm::ed25519_sha256 : DkimAlgorithm::rsa_sha256;
}

std::vector<std::string_view> names_to_sign(const mail::HeaderSection& section,
                                            const std::vector<std::string>& wanted,
                                            Oversign oversign) {
  std::vector<std::string_view> names;
  for (const std::string& name : wanted) {
    const std::size_t count = section.count(name) + (oversign == Oversign::yes ? 1 : 0);
    names.insert(names.end(), count, name);
  }
  return names;
}

void write_header_names(mail::FieldWriter& writer, const std::vector<std::string_view>& names) {
  for (std::size_t i = 0; i < names.size(); ++i)
    writer.word(
        fmt::format("{}{}{}", i == 0 ? "h=" : "", names[i], i + 1 < names.size() ? ":" : ";"));
}

std::string finish_signature(std::string field, std::string octets_before, Canonicalization how,
                             const PrivateKey& key) {
  append_signature_field(octets_before, field, std::string_view(field).substr(field.size()), how);
  const std::string signature = to_base64(key.sign(Sha256::of(octets_before)));
  for (std::size_t at = 0; at < signature.size(); at += signature_line) {
    field += "\r\n\t";
    field.append(signature, at, signature_line);
  }
  field += "\r\n";
  return field;
}

std::int64_t to_seconds(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

}  // namespace postern::auth
