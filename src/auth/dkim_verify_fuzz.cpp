// No message passes without a key; and with the same answers the verdict is the same, however the
// body was cut.
#include <cstdint>
#include <cstdlib>

#include "auth/dkim_testing.h"

using namespace postern;
using namespace postern::auth;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  for (const DkimResult& result : testing::verify_dkim(text, {}))
    if (result.status == DkimStatus::pass || result.problem == DkimProblem::none) std::abort();

  // The keys of RFC 6376 and RFC 8463, under the names that their examples use.
  const dns::AnswerSet answers = testing::txt_answers(
      {{"brisbane._domainkey.example.com",
        "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/"
        "zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH"
        "4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"},
       {"brisbane._domainkey.football.example.com",
        "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}});
  const mail::HeaderSection section = mail::parse_header_section(text);
  BodyHashes body;
  const DkimVerifier verifier(text, section, body);
  const std::string_view rest = text.substr(section.body_begin);
  for (std::size_t at = 0; at < rest.size(); at += 3) body.update(rest.substr(at, 3));
  body.finish();
  DkimKeyCache keys;
  const auto cut = verifier.evaluate(answers, keys, {});
  if (!cut.value) {
    if (cut.questions.empty()) std::abort();
    return 0;
  }
  if (testing::summary(*cut.value) != testing::summary(testing::verify_dkim(text, answers)))
    std::abort();
  for (std::size_t i = 0; i < cut.value->size(); ++i) {
    const bool has_octets = !verifier.signed_octets(i).empty();
    if ((*cut.value)[i].status == DkimStatus::pass && !has_octets) std::abort();
  }
  return 0;
}
