// What composite authentication and the verdict cost a message: when DMARC passes, and when every
// rule is asked.
#include <benchmark/benchmark.h>

#include "policy/spoof_verdict.h"

using namespace postern;
using namespace postern::policy;

namespace {

void judge(benchmark::State& state, const CompositeFacts& facts) {
  const directory::SpoofProtection& protection = *directory::default_spoof_protection();
  for (auto _ : state) {
    const auto found = authenticate(facts, {}, protection.composite);
    const auto& policy =
        protection.policy_for({"ann@contoso.com", "ann@contoso.com", "contoso.com"});
    auto verdict = spoof_verdict(found, facts.dmarc->applied_policy, SpoofPair::unlisted, policy);
    auto stamp = to_authentication_result(found, facts.dmarc->author_domain);
    benchmark::DoNotOptimize(verdict);
    benchmark::DoNotOptimize(stamp);
  }
}

void dmarc_passes(benchmark::State& state) {
  const auth::DmarcEvaluation dmarc{.result = auth::DmarcResult::pass,
                                    .author_domain = "bank.test",
                                    .organizational_domain = "bank.test",
                                    .record_domain = "bank.test"};
  judge(state, {.dmarc = &dmarc, .reverse_path_domain = "bank.test", .author_domains = 1});
}
BENCHMARK(dmarc_passes);

void nothing_is_known(benchmark::State& state) {
  const auth::DmarcEvaluation dmarc{.author_domain = "news.bank.example"};
  const auto suffixes = auth::PublicSuffixList::system();
  const auth::Iprev iprev{
      .result = auth::IprevResult::pass, .name = "x7.pool.example", .has_pointer = true};
  const auth::AuthorHosts hosts{
      .mail_exchangers = {"mx1.hoster.example", "mx2.hoster.example", "mx3.other.example"},
      .addresses = std::vector<IpAddress>(20)};
  judge(state, {.dmarc = &dmarc,
                .author_domains = 1,
                .client = *IpAddress::parse("203.0.113.9"),
                .iprev = &iprev,
                .hosts = &hosts,
                .suffixes = suffixes ? &*suffixes : nullptr});
}
BENCHMARK(nothing_is_known);

}  // namespace

BENCHMARK_MAIN();
