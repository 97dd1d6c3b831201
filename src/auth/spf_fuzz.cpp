// A world of records as a zone file is the input. Every evaluation comes to an end, within the
// limits of RFC 7208 section 4.6.4, and asking one by one, with records parsed before, gives the
// same result as asking ahead.
#include <cstdint>
#include <cstdlib>

#include "auth/spf.h"
#include "auth/spf_context.h"
#include "dns/ask.h"
#include "dns/zone.h"

using namespace postern;
using namespace postern::auth;

namespace {

enum class Pace { all_at_once, one_by_one };

/// One by one with the records that earlier rounds and inputs have left.
SpfEvaluation evaluate(const dns::Zone& zone, const SpfQuery& query, Pace pace) {
  static SpfRecordCache kept;
  SpfRecordCache* const records = pace == Pace::one_by_one ? &kept : nullptr;
  dns::AnswerSet answers;
  // More than any evaluation within the limits can need.
  for (int i = 0; i < 1000; ++i) {
    auto asking = check_host(query, answers, Steps::none, records);
    if (asking.value) return *std::move(asking.value);
    if (asking.questions.empty()) std::abort();
    if (pace == Pace::one_by_one) asking.questions.resize(1);
    for (const dns::Question& question : asking.questions) {
      if (answers.find(question)) std::abort();
      answers.add(question, std::make_shared<const dns::Answer>(zone.answer(question)));
    }
  }
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const auto zone = dns::Zone::parse(text, "fuzz");
  if (!zone) return 0;
  for (const char* client : {"192.0.2.1", "2001:db8::1"}) {
    const SpfQuery query{.client = *IpAddress::parse(client),
                         .helo = "mail.a.test",
                         .local_part = "ann-b",
                         .domain = "a.test"};
    const SpfEvaluation quick = evaluate(*zone, query, Pace::all_at_once);
    const SpfEvaluation slow = evaluate(*zone, query, Pace::one_by_one);
    if (quick.result != slow.result || quick.mechanism != slow.mechanism ||
        quick.explanation != slow.explanation || quick.lookups > max_spf_lookups)
      std::abort();
  }
  return 0;
}
