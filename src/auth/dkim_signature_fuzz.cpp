// A signature without fault has everything verification relies on; and ASCII is UTF-8 too.
#include <cstdint>
#include <cstdlib>

#include "auth/dkim_signature.h"
#include "mail/domain_name.h"

using namespace postern;
using namespace postern::auth;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool lies_within(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const ParsedSignature parsed = parse_dkim_signature(text);
  const DkimSignature& signature = parsed.signature;
  if (!parse_dkim_signature(text, FieldCharset::ascii).fault) require(!parsed.fault);
  if (parsed.fault) {
    require(parsed.fault->problem != DkimProblem::none);
    return 0;
  }
  require(mail::to_a_label(signature.domain) == signature.domain);
  require(mail::to_a_label(signature.selector) == signature.selector);
  require(mail::is_below(signature.identity_domain, signature.domain, mail::Self::included));
  require(lies_within(signature.signature_text, text));
  require(!signature.signature.empty() && !signature.header_names.empty());
  require(signature.header_names.size() <= max_header_names);
  for (const std::string_view name : signature.header_names) require(lies_within(name, text));
  return 0;
}
