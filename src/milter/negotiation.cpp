#include "milter/negotiation.h"

#include <fmt/format.h>

#include <algorithm>

namespace postern::milter {
namespace {

constexpr std::uint32_t needed_actions = add_fields | change_fields;
constexpr std::uint32_t wanted_steps = no_unknown | no_data | header_without_reply |
                                       connect_without_reply | end_of_header_without_reply |
                                       body_without_reply | leading_space;

// The MTA's defaults have most of it; what they lack is Sendmail's word on the certificate.
constexpr MacroList macro_lists[] = {
    {1, "{tls_version} {cipher} {verify} {cert_subject} {cert_issuer} {cn_subject}"},
    {2, "i {auth_type} {tls_version} {cipher} {verify} {cert_subject} {cert_issuer} {cn_subject}"},
    {5, "i"},
};

}  // namespace

Result<Agreement> agree(const Negotiation& offer) {
  if (offer.version < lowest_version) {
    return fail(fmt::format("The MTA speaks version {} of the protocol; {} is the lowest we know.",
                            offer.version, lowest_version));
  }
  if ((offer.actions & needed_actions) != needed_actions) {
    return fail(
        "The MTA does not let a filter add and change header fields, so forged ones would stay.");
  }
  return Agreement{.version = std::min(offer.version, highest_version),
                   .actions = offer.actions & (needed_actions | hold_messages | choose_macros),
                   .protocol = offer.protocol & wanted_steps};
}

Negotiation Agreement::answer() const {
  Negotiation answer{
      .version = version, .actions = actions, .protocol = protocol, .macro_lists = {}};
  if ((actions & choose_macros) != 0)
    answer.macro_lists.assign(std::begin(macro_lists), std::end(macro_lists));
  return answer;
}

}  // namespace postern::milter
