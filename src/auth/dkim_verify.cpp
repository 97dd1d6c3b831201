#include "auth/dkim_verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "auth/signature_check.h"
#include "mail/lexical.h"

namespace postern::auth {
namespace {

/// RFC 6008 section 4: eight letters tell signatures apart in practice.
constexpr std::size_t signature_start_size = 8;

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
    for (const char c : signature.signature_text) {
      if (result.signature_start.size() == signature_start_size) break;
      if (!mail::is_fws(c)) result.signature_start += c;
    }
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
    if (fault)
      conclude(result, std::move(fault));
    else
      verify(signatures_[i], *lookups[i].keys, result);
  }
  return asking;
}

void DkimVerifier::verify(const Candidate& candidate, DkimKeySet& keys, DkimResult& result) const {
  const DkimSignature& signature = candidate.parsed.signature;
  const Digest header_hash =
      Sha256::of(auth::signed_octets(message_, section_->fields, candidate.field, signature));
  KeyVerdict verdict =
      verify_with(keys, signature, check_body(*body_, candidate.body_hash, signature), header_hash);
  result.is_key_secure = keys.is_secure;
  result.key_bits = verdict.key_bits;
  result.is_testing = verdict.is_testing;
  result.unsigned_body = body_->octets_beyond(candidate.body_hash);
  conclude(result, std::move(verdict.fault));
}

std::string DkimVerifier::signed_octets(std::size_t index) const {
  const Candidate& candidate = signatures_[index];
  if (candidate.key_name.empty()) return {};
  return auth::signed_octets(message_, section_->fields, candidate.field,
                             candidate.parsed.signature);
}

}  // namespace postern::auth
