// No chain passes without keys, and sets that were parsed are numbered from 1 on and have their
// fields where they say.
#include <cstdint>
#include <cstdlib>

#include "auth/arc_validate.h"

using namespace postern;
using namespace postern::auth;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const mail::HeaderSection section = mail::parse_header_section(text);
  const ArcChain chain = parse_arc_chain(section);
  int instance = 0;
  for (const ArcSet& set : chain.sets) {
    require(set.instance == ++instance);
    require(section.fields.at(set.results_field).is("ARC-Authentication-Results"));
    require(section.fields.at(set.signature_field).is("ARC-Message-Signature"));
    require(section.fields.at(set.seal_field).is("ARC-Seal"));
  }
  require(chain.sets.empty() || instance == chain.highest_instance);

  BodyHashes body;
  const ArcValidator validator(text, section, body);
  body.update(text.substr(section.body_begin));
  body.finish();
  for (int i = 0; i <= chain.highest_instance; ++i) (void)validator.sealed_octets(i);
  DkimKeyCache keys;
  auto asking = validator.evaluate({}, keys, {});
  dns::AnswerSet answers;
  for (const dns::Question& question : asking.questions) {
    auto nothing = std::make_shared<dns::Answer>();
    nothing->status = dns::Status::nxdomain;
    answers.add(question, std::move(nothing));
  }
  if (!asking.value) asking = validator.evaluate(answers, keys, {});
  require(asking.value.has_value());
  require(asking.value->status != ArcStatus::pass);
  require((asking.value->status == ArcStatus::none) == chain.is_absent());
  return 0;
}
