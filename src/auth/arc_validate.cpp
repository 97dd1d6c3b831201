#include "auth/arc_validate.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "auth/dkim_canonical.h"
#include "auth/signature_check.h"

namespace postern::auth {
namespace {

ArcHop describe(const ArcSet& set) {
  return {.instance = set.instance,
          .seal_domain = set.seal.signature.domain,
          .seal_selector = set.seal.signature.selector,
          .signature_domain = set.signature.signature.domain,
          .results = std::string(set.results)};
}

ArcResult& conclude(ArcResult& result, ArcProblem problem, int instance, DkimFault fault) {
  result.status = ArcStatus::fail;
  result.problem = problem;
  result.instance = instance;
  result.step = fault.problem;
  result.detail = std::move(fault.detail);
  return result;
}

/// The keys, or why there are none.
DkimKeyLookup look_up(const ParsedSignature& parsed, const dns::AnswerSet& answers,
                      DkimKeyCache& keys, Time now, std::vector<dns::Question>& questions) {
  if (auto fault = check_signature(parsed, now)) return {.fault = std::move(fault)};
  DkimKeyLookup lookup = look_up_keys(key_name(parsed.signature), answers, keys, now);
  if (lookup.question && std::ranges::find(questions, *lookup.question) == questions.end())
    questions.push_back(*lookup.question);
  return lookup;
}

}  // namespace

ArcValidator::ArcValidator(std::string_view message, const mail::HeaderSection& section,
                           BodyHashes& body)
    : message_(message), section_(&section), body_(&body), chain_(parse_arc_chain(section)) {
  body_hashes_.resize(chain_.sets.size());
  if (chain_.fault) return;
  for (std::size_t i = 0; i < chain_.sets.size(); ++i) {
    const ParsedSignature& parsed = chain_.sets[i].signature;
    if (parsed.fault || parsed.signature.algorithm == DkimAlgorithm::rsa_sha1) continue;
    // Older signatures are verified only to know who changed the message. One with l= would cost
    // a hash of its own for that.
    const bool is_newest = i + 1 == chain_.sets.size();
    if (!is_newest && parsed.signature.body_length) continue;
    body_hashes_[i] =
        body.require(parsed.signature.body_canonicalization, parsed.signature.body_length);
  }
}

std::vector<dns::Question> ArcValidator::questions(DkimKeyCache& keys, Time now) const {
  std::vector<dns::Question> questions;
  look_up({}, keys, now, questions);
  return questions;
}

std::vector<ArcValidator::Keys> ArcValidator::look_up(const dns::AnswerSet& answers,
                                                      DkimKeyCache& keys, Time now,
                                                      std::vector<dns::Question>& questions) const {
  std::vector<Keys> lookups;
  if (chain_.fault) return lookups;
  for (std::size_t i = 0; i < chain_.sets.size(); ++i) {
    Keys& lookup = lookups.emplace_back();
    lookup.seal = auth::look_up(chain_.sets[i].seal, answers, keys, now, questions);
    if (body_hashes_[i])
      lookup.signature = auth::look_up(chain_.sets[i].signature, answers, keys, now, questions);
    else
      lookup.signature.fault = check_signature(chain_.sets[i].signature, now)
                                   .value_or(DkimFault{DkimProblem::body_length, "not verified"});
  }
  return lookups;
}

dns::Asking<ArcResult> ArcValidator::evaluate(const dns::AnswerSet& answers, DkimKeyCache& keys,
                                              Time now) const {
  assert(body_->is_empty() || body_->is_finished());
  dns::Asking<ArcResult> asking;
  const std::vector<Keys> lookups = look_up(answers, keys, now, asking.questions);
  if (!asking.questions.empty()) return asking;

  ArcResult& result = asking.value.emplace();
  result.highest_instance = chain_.highest_instance;
  for (const ArcSet& set : chain_.sets) result.hops.push_back(describe(set));
  if (chain_.fault) {
    conclude(result, chain_.fault->problem, chain_.fault->instance,
             {DkimProblem::none, chain_.fault->detail});
    return asking;
  }
  if (chain_.sets.empty()) return asking;

  // Section 5.2, step 4.
  const std::size_t newest = chain_.sets.size() - 1;
  if (auto fault = verify_signature(newest, lookups[newest].signature)) {
    conclude(result, ArcProblem::message_signature, chain_.sets[newest].instance,
             *std::move(fault));
    return asking;
  }
  // Step 6, before step 5, which says something only about a chain that passes.
  for (std::size_t i = chain_.sets.size(); i-- > 0;) {
    auto fault = verify_seal(i, lookups[i].seal);
    if (!fault) continue;
    conclude(result, ArcProblem::seal, chain_.sets[i].instance, *std::move(fault));
    return asking;
  }
  result.status = ArcStatus::pass;
  // Step 5.
  std::size_t oldest = newest;
  while (oldest > 0 && !verify_signature(oldest - 1, lookups[oldest - 1].signature)) --oldest;
  result.oldest_pass = oldest == 0 ? 0 : chain_.sets[oldest].instance;
  return asking;
}

std::optional<DkimFault> ArcValidator::verify_signature(std::size_t index,
                                                        const DkimKeyLookup& lookup) const {
  if (lookup.fault) return lookup.fault;
  const DkimSignature& signature = chain_.sets[index].signature.signature;
  const std::string octets =
      signed_octets(message_, section_->fields, chain_.sets[index].signature_field, signature);
  return verify_with(*lookup.keys, signature, check_body(*body_, *body_hashes_[index], signature),
                     Sha256::of(octets))
      .fault;
}

std::optional<DkimFault> ArcValidator::verify_seal(std::size_t index,
                                                   const DkimKeyLookup& lookup) const {
  if (lookup.fault) return lookup.fault;
  const std::string octets = sealed_octets(chain_.sets[index].instance);
  return verify_with(*lookup.keys, chain_.sets[index].seal.signature, std::nullopt,
                     Sha256::of(octets))
      .fault;
}

std::string ArcValidator::sealed_octets(int instance) const {
  std::string octets;
  if (!chain_.fault && instance >= 1 && instance <= chain_.highest_instance)
    append_sealed_fields(octets, message_, section_->fields,
                         std::span(chain_.sets).first(static_cast<std::size_t>(instance)));
  return octets;
}

void append_sealed_fields(std::string& out, std::string_view message,
                          std::span<const mail::HeaderField> fields, std::span<const ArcSet> sets) {
  const auto append = [&](std::size_t field) {
    append_canonical_field(out, octets_of(message, fields[field]), Canonicalization::relaxed);
  };
  for (const ArcSet& set : sets) {
    append(set.results_field);
    append(set.signature_field);
    if (&set != &sets.back()) append(set.seal_field);
  }
  const ArcSet& newest = sets.back();
  append_signature_field(out, octets_of(message, fields[newest.seal_field]),
                         newest.seal.signature.signature_text, Canonicalization::relaxed);
}

const ArcHop* trusted_results(const ArcResult& result, std::span<const std::string> trusted) {
  if (result.status != ArcStatus::pass) return nullptr;
  const auto is_trusted = [trusted](const std::string& domain) {
    return std::ranges::find(trusted, domain) != trusted.end();
  };
  const ArcHop* oldest = nullptr;
  for (std::size_t i = result.hops.size(); i-- > 0;) {
    const ArcHop& hop = result.hops[i];
    if (!is_trusted(hop.seal_domain) || !is_trusted(hop.signature_domain)) break;
    oldest = &hop;
  }
  return oldest;
}

}  // namespace postern::auth
