#include "auth/arc_seal.h"

#include <fmt/format.h>

#include "auth/dkim_canonical.h"
#include "auth/dkim_sign.h"
#include "auth/signature_check.h"
#include "base/encoding.h"
#include "mail/lexical.h"

namespace postern::auth {
namespace {

/// The tags that both signatures begin with.
mail::FieldWriter begin_field(std::string_view name, int instance, const PrivateKey& key,
                              const ArcSealing& sealing) {
  mail::FieldWriter writer(name);
  writer.word(fmt::format("i={};", instance));
  writer.word(fmt::format("a={};", to_string(algorithm_for(key))));
  writer.word(fmt::format("d={};", sealing.domain));
  writer.word(fmt::format("s={};", sealing.selector));
  if (sealing.sealed_at) writer.word(fmt::format("t={};", to_seconds(*sealing.sealed_at)));
  return writer;
}

/// The field up to `b=`.
std::string end_field(mail::FieldWriter& writer) {
  writer.word("b=");
  std::string field = writer.finish();
  field.resize(field.size() - 2);
  return field;
}

std::string sign_message(std::string_view message, const mail::HeaderSection& section,
                         const Digest& body_hash, int instance, const PrivateKey& key,
                         const ArcSealing& sealing) {
  std::vector<std::string_view> names = names_to_sign(section, sealing.header_names, Oversign::no);
  // h= must name something, and a message without any of these fields should not be given From.
  if (names.empty()) names.push_back("From");
  mail::FieldWriter writer = begin_field("ARC-Message-Signature", instance, key, sealing);
  writer.word(fmt::format("c={}/{};", to_string(sealing.header), to_string(sealing.body)));
  write_header_names(writer, names);
  writer.word(fmt::format("bh={};", to_base64(std::string(body_hash.begin(), body_hash.end()))));
  std::string octets;
  append_signed_fields(octets, message, section.fields, names, section.fields.size(),
                       sealing.header);
  return finish_signature(end_field(writer), std::move(octets), sealing.header, key);
}

}  // namespace

std::optional<std::string> seal_arc(std::string_view message, const mail::HeaderSection& section,
                                    const Digest& body_hash, const ArcResult& chain,
                                    std::string_view results, const PrivateKey& key,
                                    const ArcSealing& sealing) {
  const int instance = chain.highest_instance + 1;
  if (instance > max_arc_sets || chain.problem == ArcProblem::sealed_as_failed) return std::nullopt;

  const std::string results_field =
      fmt::format("ARC-Authentication-Results: i={}; {}\r\n", instance, results);
  const std::string signature_field =
      sign_message(message, section, body_hash, instance, key, sealing);

  // Section 5.1.2: of a broken chain only the set that says so is sealed.
  std::string octets;
  if (chain.status == ArcStatus::pass) {
    for (const ArcSet& set : parse_arc_chain(section).sets)
      for (const std::size_t field : {set.results_field, set.signature_field, set.seal_field})
        append_canonical_field(octets, octets_of(message, section.fields[field]),
                               Canonicalization::relaxed);
  }
  append_canonical_field(octets, results_field, Canonicalization::relaxed);
  append_canonical_field(octets, signature_field, Canonicalization::relaxed);
  mail::FieldWriter writer = begin_field("ARC-Seal", instance, key, sealing);
  writer.word(fmt::format("cv={};", to_string(chain.status)));
  return finish_signature(end_field(writer), std::move(octets), Canonicalization::relaxed, key) +
         signature_field + results_field;
}

}  // namespace postern::auth
