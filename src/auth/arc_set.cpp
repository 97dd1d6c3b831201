#include "auth/arc_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/ascii.h"
#include "base/cursor.h"
#include "mail/lexical.h"

namespace postern::auth {
namespace {

constexpr std::size_t no_field = static_cast<std::size_t>(-1);

/// The fields that are to become a set, while the section is read.
struct Slot {
  std::size_t results = no_field;
  std::size_t signature = no_field;
  std::size_t seal = no_field;

  bool is_complete() const {
    return results != no_field && signature != no_field && seal != no_field;
  }
  bool is_empty() const { return results == no_field && signature == no_field && seal == no_field; }
};

/// 1*2DIGIT, 1 to 50; 0: it is not.
int parse_instance(std::string_view digits) {
  if (digits.size() > 2) return 0;
  const int instance = static_cast<int>(parse_decimal(digits, 99).value_or(0));
  return instance <= max_arc_sets ? instance : 0;
}

/// RFC 8617 section 4.1.1: arc-info = instance [CFWS] ";" authres-payload. The cursor stands
/// behind the semicolon. 0: there is no instance.
int take_results_instance(Cursor& in) {
  if (!mail::skip_cfws(in) || !in.take('i') || !mail::skip_cfws(in) || !in.take('=') ||
      !mail::skip_cfws(in))
    return 0;
  const int instance = parse_instance(in.take_while(is_digit));
  if (!mail::skip_cfws(in) || !in.take(';')) return 0;
  return instance;
}

/// The i= of an ARC-Message-Signature or ARC-Seal; 0: there is none.
int tag_instance(const Result<TagList>& tags) {
  return tags ? parse_instance(tags->value("i").value_or("")) : 0;
}

ArcFault fault(ArcProblem problem, int instance, std::string detail = {}) {
  return {problem, instance, std::move(detail)};
}

/// Reads the tags of a seal. RFC 8617 section 4.1.3.
std::optional<ArcFault> read_seal(std::string_view body, ArcSet& set) {
  const Result<TagList> tags = parse_tag_list(body);
  if (!tags) return fault(ArcProblem::seal_syntax, set.instance, tags.error().message);
  // "h=" is a sign that body and header fields were meant to be sealed, which this does not do.
  if (tags->find("h")) return fault(ArcProblem::seal_syntax, set.instance, "it has a tag h");
  set.seal = parse_signature_tags(*tags, SignatureField::arc_seal);
  if (set.seal.fault)
    return fault(
        ArcProblem::seal_syntax, set.instance,
        fmt::format("{}: {}", to_sentence(set.seal.fault->problem), set.seal.fault->detail));
  const std::string_view value = tags->value("cv").value_or("");
  for (const ArcStatus known : {ArcStatus::none, ArcStatus::pass, ArcStatus::fail}) {
    if (!iequals(value, to_string(known))) continue;
    set.chain_status = known;
    return std::nullopt;
  }
  return fault(ArcProblem::seal_syntax, set.instance, "it has no cv= of none, pass or fail");
}

void read_message_signature(std::string_view body, ArcSet& set) {
  const Result<TagList> tags = parse_tag_list(body);
  if (!tags) {
    set.signature.fault = DkimFault{DkimProblem::syntax, tags.error().message};
    return;
  }
  set.signature = parse_signature_tags(*tags, SignatureField::arc_message_signature);
  // RFC 8617 section 4.1.2: it must not sign seals.
  const auto& names = set.signature.signature.header_names;
  if (std::ranges::any_of(names, [](std::string_view name) { return iequals(name, "ARC-Seal"); }))
    set.signature.fault = DkimFault{DkimProblem::syntax, "h= names ARC-Seal"};
}

/// Sorts the ARC fields by instance into `slots`.
std::optional<ArcFault> sort_fields(const mail::HeaderSection& section,
                                    std::array<Slot, max_arc_sets + 1>& slots, int& highest) {
  std::optional<ArcFault> first;
  for (std::size_t i = 0; i < section.fields.size(); ++i) {
    const mail::HeaderField& field = section.fields[i];
    if (!istarts_with(field.name, "ARC-")) continue;
    int instance = 0;
    std::size_t Slot::* place = nullptr;
    if (field.is("ARC-Authentication-Results")) {
      Cursor in(field.body);
      instance = take_results_instance(in);
      place = &Slot::results;
    } else if (field.is("ARC-Message-Signature")) {
      instance = tag_instance(parse_tag_list(field.body));
      place = &Slot::signature;
    } else if (field.is("ARC-Seal")) {
      instance = tag_instance(parse_tag_list(field.body));
      place = &Slot::seal;
    } else {
      continue;
    }
    highest = std::max(highest, instance);
    if (first) continue;
    if (instance == 0)
      first = fault(ArcProblem::instance, 0, std::string(field.name));
    else if (slots[static_cast<std::size_t>(instance)].*place != no_field)
      first = fault(ArcProblem::too_many_fields, instance, std::string(field.name));
    else
      slots[static_cast<std::size_t>(instance)].*place = i;
  }
  return first;
}

}  // namespace

std::string_view to_string(ArcStatus status) {
  switch (status) {
    case ArcStatus::none:
      return "none";
    case ArcStatus::pass:
      return "pass";
    case ArcStatus::fail:
      return "fail";
  }
  std::abort();
}

std::string_view to_sentence(ArcProblem problem) {
  switch (problem) {
    case ArcProblem::none:
      return "";
    case ArcProblem::header_unreadable:
      return "header section cannot be read";
    case ArcProblem::instance:
      return "ARC field without an instance";
    case ArcProblem::too_many_fields:
      return "ARC field twice in one set";
    case ArcProblem::incomplete:
      return "ARC set is incomplete";
    case ArcProblem::seal_syntax:
      return "ARC-Seal syntax error";
    case ArcProblem::sealed_as_failed:
      return "an earlier validator found the chain broken";
    case ArcProblem::chain_status:
      return "cv= of an ARC-Seal does not fit its place";
    case ArcProblem::message_signature:
      return "ARC-Message-Signature did not verify";
    case ArcProblem::seal:
      return "ARC-Seal did not verify";
  }
  std::abort();
}

ArcChain parse_arc_chain(const mail::HeaderSection& section) {
  ArcChain chain;
  std::array<Slot, max_arc_sets + 1> slots;
  chain.fault = sort_fields(section, slots, chain.highest_instance);
  if (!chain.fault && chain.highest_instance == 0) return chain;
  if (section.trouble != mail::HeaderTrouble::none)
    chain.fault =
        fault(ArcProblem::header_unreadable, 0, std::string(to_sentence(section.trouble)));
  if (chain.fault) return chain;

  // Section 5.2, step 3: every set is complete, from the first to the newest.
  for (int instance = 1; instance <= chain.highest_instance; ++instance) {
    const Slot& slot = slots[static_cast<std::size_t>(instance)];
    if (slot.is_complete()) continue;
    chain.fault = fault(ArcProblem::incomplete, instance, slot.is_empty() ? "it is missing" : "");
    return chain;
  }
  chain.sets.resize(static_cast<std::size_t>(chain.highest_instance));
  for (int instance = 1; instance <= chain.highest_instance; ++instance) {
    const Slot& slot = slots[static_cast<std::size_t>(instance)];
    ArcSet& set = chain.sets[static_cast<std::size_t>(instance - 1)];
    set.instance = instance;
    set.results_field = slot.results;
    set.signature_field = slot.signature;
    set.seal_field = slot.seal;
    Cursor in(section.fields[slot.results].body);
    take_results_instance(in);
    set.results = in.rest();
    read_message_signature(section.fields[slot.signature].body, set);
    auto seal_fault = read_seal(section.fields[slot.seal].body, set);
    if (seal_fault && !chain.fault) chain.fault = std::move(seal_fault);
  }
  if (chain.fault) return chain;

  // Step 2, then the rest of step 3.
  if (chain.sets.back().chain_status == ArcStatus::fail) {
    chain.fault = fault(ArcProblem::sealed_as_failed, chain.highest_instance);
    return chain;
  }
  for (const ArcSet& set : chain.sets) {
    const ArcStatus expected = set.instance == 1 ? ArcStatus::none : ArcStatus::pass;
    if (set.chain_status == expected) continue;
    chain.fault = fault(ArcProblem::chain_status, set.instance,
                        fmt::format("cv={}", to_string(set.chain_status)));
    break;
  }
  return chain;
}

}  // namespace postern::auth
