#include "auth/dkim_verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "auth/dkim_canonical.h"

namespace postern::auth {
namespace {

/// RFC 6008 section 4: eight letters tell signatures apart in practice.
constexpr std::size_t signature_start_size = 8;

/// RFC 1035 section 2.3.4, without the octets that presentation does not have.
constexpr std::size_t max_dns_name = 253;

std::string_view octets_of(std::string_view message, const mail::HeaderField& field) {
  return message.substr(field.begin, field.end - field.begin);
}

/// What is wrong with a signature before any key is fetched, beside its syntax.
std::optional<DkimFault> check_signature(const ParsedSignature& parsed, Time now) {
  if (parsed.fault) return parsed.fault;
  const DkimSignature& signature = parsed.signature;
  if (signature.algorithm == DkimAlgorithm::rsa_sha1)
    return DkimFault{DkimProblem::algorithm_historic, {}};
  if (signature.expires_at && *signature.expires_at < now)
    return DkimFault{DkimProblem::expired, format_rfc5322(*signature.expires_at)};
  return std::nullopt;
}

DkimResult describe(const ParsedSignature& parsed, std::size_t field) {
  const DkimSignature& signature = parsed.signature;
  DkimResult result{.domain = signature.domain,
                    .selector = signature.selector,
                    .identity = signature.identity,
                    .signed_at = signature.signed_at,
                    .expires_at = signature.expires_at,
                    .field = field};
  if (!signature.signature.empty()) {
    result.algorithm = signature.algorithm;
    result.signature_start =
        without_fws(signature.signature_text.substr(0, 4 * signature_start_size))
            .substr(0, signature_start_size);
  }
  return result;
}

void conclude(DkimResult& result, std::optional<DkimFault> fault) {
  result.problem = fault ? fault->problem : DkimProblem::none;
  result.status = status_of(result.problem);
  if (fault) result.detail = std::move(fault->detail);
}

}  // namespace

DkimVerifier::DkimVerifier(std::string_view message, const mail::HeaderSection& section,
                           BodyHashes& body, const DkimOptions& options)
    : message_(message), section_(&section), body_(&body) {
  for (std::size_t i = 0; i < section.fields.size(); ++i) {
    if (!section.fields[i].is("DKIM-Signature")) continue;
    Candidate candidate{.field = i};
    if (signatures_.size() == options.max_signatures) {
      candidate.parsed.fault =
          DkimFault{DkimProblem::too_many_signatures,
                    fmt::format("only {} are verified", options.max_signatures)};
      signatures_.push_back(std::move(candidate));
      return;
    }
    candidate.parsed = parse_dkim_signature(section.fields[i].body, options.charset);
    const DkimSignature& signature = candidate.parsed.signature;
    // Behind a trouble there may be more fields, and of the body nothing is known.
    if (section.trouble != mail::HeaderTrouble::none)
      candidate.parsed.fault =
          DkimFault{DkimProblem::header_unreadable, std::string(to_sentence(section.trouble))};
    if (!candidate.parsed.fault && signature.algorithm != DkimAlgorithm::rsa_sha1) {
      candidate.body_hash = body.require(signature.body_canonicalization, signature.body_length);
      candidate.key_name = key_name(signature);
      if (candidate.key_name.size() > max_dns_name)
        candidate.parsed.fault = DkimFault{DkimProblem::key_missing, "the name is too long"};
    }
    signatures_.push_back(std::move(candidate));
  }
}

std::vector<dns::Question> DkimVerifier::questions(DkimKeyCache& keys, Time now) const {
  std::vector<dns::Question> questions;
  look_up({}, keys, now, questions);
  return questions;
}

std::vector<DkimKeyLookup> DkimVerifier::look_up(const dns::AnswerSet& answers, DkimKeyCache& keys,
                                                 Time now,
                                                 std::vector<dns::Question>& questions) const {
  std::vector<DkimKeyLookup> lookups(signatures_.size());
  for (std::size_t i = 0; i < signatures_.size(); ++i) {
    if (check_signature(signatures_[i].parsed, now)) continue;
    lookups[i] = look_up_keys(signatures_[i].key_name, answers, keys, now);
    if (!lookups[i].question) continue;
    if (std::ranges::find(questions, *lookups[i].question) == questions.end())
      questions.push_back(*lookups[i].question);
  }
  return lookups;
}

dns::Asking<std::vector<DkimResult>> DkimVerifier::evaluate(const dns::AnswerSet& answers,
                                                            DkimKeyCache& keys, Time now) const {
  assert(body_->is_empty() || body_->is_finished());
  dns::Asking<std::vector<DkimResult>> asking;
  const std::vector<DkimKeyLookup> lookups = look_up(answers, keys, now, asking.questions);
  if (!asking.questions.empty()) return asking;

  std::vector<DkimResult>& results = asking.value.emplace();
  results.reserve(signatures_.size());
  for (std::size_t i = 0; i < signatures_.size(); ++i) {
    DkimResult& result =
        results.emplace_back(describe(signatures_[i].parsed, signatures_[i].field));
    std::optional<DkimFault> fault = check_signature(signatures_[i].parsed, now);
    if (!fault) fault = lookups[i].fault;
    if (!fault) fault = verify(i, *lookups[i].keys, result);
    conclude(result, std::move(fault));
  }
  return asking;
}

/// RFC 6376 section 6.1.2 step 4: with several key records, one that verifies is enough. If none
/// does, the record that got furthest is the one to report.
std::optional<DkimFault> DkimVerifier::verify(std::size_t index, DkimKeySet& keys,
                                              DkimResult& result) const {
  const Candidate& candidate = signatures_[index];
  const Digest header_hash = Sha256::of(signed_octets(index));
  result.is_key_secure = keys.is_secure;
  result.unsigned_body = body_->octets_beyond(candidate.body_hash);

  std::optional<DkimFault> furthest;
  for (auto& key : keys.keys) {
    std::optional<DkimFault> fault =
        key ? verify_with(*key, candidate.parsed.signature, candidate.body_hash, header_hash)
            : key.error();
    if (fault && furthest && fault->problem <= furthest->problem) continue;
    result.is_testing = key && key->is_testing;
    result.key_bits = key && key->key ? key->key->bits() : 0;
    if (!fault) return std::nullopt;
    furthest = std::move(fault);
  }
  return furthest;
}

/// Section 6.1.2 from step 5 on, then section 6.1.3.
std::optional<DkimFault> DkimVerifier::verify_with(DkimKey& key, const DkimSignature& signature,
                                                   std::size_t body_hash,
                                                   const Digest& header_hash) const {
  if (auto fault = check_applies(key, signature)) return fault;
  const std::optional<Digest> digest = body_->digest(body_hash);
  if (!digest)
    return DkimFault{DkimProblem::body_length, fmt::format("l={}", *signature.body_length)};
  const std::string_view expected = signature.body_hash;
  if (!std::ranges::equal(*digest, expected,
                          [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); }))
    return DkimFault{DkimProblem::body_hash, {}};
  if (!key.key->verify(header_hash, signature.signature))
    return DkimFault{DkimProblem::signature, {}};
  return std::nullopt;
}

std::string DkimVerifier::signed_octets(std::size_t index) const {
  const Candidate& candidate = signatures_[index];
  if (candidate.key_name.empty()) return {};
  const DkimSignature& signature = candidate.parsed.signature;
  const mail::HeaderField& own = section_->fields[candidate.field];
  std::string octets;
  octets.reserve(section_->body_begin + 2);
  append_signed_fields(octets, message_, section_->fields, signature.header_names, candidate.field,
                       signature.header_canonicalization);
  append_signature_field(octets, octets_of(message_, own), signature.signature_text,
                         signature.header_canonicalization);
  return octets;
}

}  // namespace postern::auth
