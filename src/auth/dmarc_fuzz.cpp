// A world of records as a zone file is the input. Every evaluation comes to an end within the
// limits of the tree walk, asking one by one gives the same result as asking ahead, more evidence
// never makes a result worse, and nothing passes without an identifier that does.
#include <cstdint>
#include <cstdlib>

#include "auth/dmarc.h"
#include "dns/zone.h"

using namespace postern;
using namespace postern::auth;

namespace {

enum class Pace { all_at_once, one_by_one };

DmarcEvaluation evaluate(const dns::Zone& zone, const DmarcQuery& query, Pace pace) {
  // One walk for the author and one for each identifier, and whether the author domain exists.
  const std::size_t most = max_walk_questions * (1 + query.identifiers.size()) + 1;
  dns::AnswerSet answers;
  while (answers.size() <= most) {
    auto asking = evaluate_dmarc(query, answers);
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
  for (const char* author : {"a.test", "c.b.a.test", "9.8.7.6.5.4.3.b.a.test"}) {
    DmarcQuery query{.author = {{author}}};
    const DmarcEvaluation without = evaluate(*zone, query, Pace::all_at_once);
    if (without.result == DmarcResult::pass) std::abort();
    query.identifiers = {{DmarcMethod::spf, "b.a.test", IdentifierStatus::pass},
                         {DmarcMethod::dkim, "d.c.b.a.test", IdentifierStatus::temperror},
                         {DmarcMethod::dkim, "x.other", IdentifierStatus::pass}};
    const DmarcEvaluation quick = evaluate(*zone, query, Pace::all_at_once);
    const DmarcEvaluation slow = evaluate(*zone, query, Pace::one_by_one);
    if (quick.result != slow.result || quick.problem != slow.problem ||
        quick.policy != slow.policy || quick.organizational_domain != slow.organizational_domain)
      std::abort();
    if (quick.applied_policy > without.applied_policy) std::abort();
    if (without.result == DmarcResult::none && quick.result != DmarcResult::none) std::abort();
  }
  return 0;
}
