// How many evaluations a second, with warm answers: the price of SPF without the DNS, beside
// libspf2 with the same records.
#include <benchmark/benchmark.h>

#include "auth/spf.h"
#include "auth/spf_record_cache.h"
#include "dns/zone.h"

#ifdef POSTERN_HAVE_SPF2
#include <arpa/nameser.h>
#include <netinet/in.h>

extern "C" {
#include <spf2/spf.h>
#include <spf2/spf_dns_zone.h>
}
#endif

using namespace postern;
using namespace postern::auth;

namespace {

const char world[] = R"($ORIGIN contoso.test.
@ TXT "v=spf1 include:_spf.fabrikam.test include:_spf.mailer.test ip4:192.0.2.0/28 -all"
_spf.fabrikam.test. TXT "v=spf1 ip4:198.51.100.0/25 ip4:198.51.100.128/26 ip6:2001:db8:1::/48 ~all"
_spf.mailer.test. TXT "v=spf1 ip4:203.0.113.0/26 ip4:203.0.113.64/26 ip4:203.0.113.128/25 ~all"
)";

/// All answers that the evaluation asks for.
dns::AnswerSet warm_answers(const SpfQuery& query) {
  const auto zone = dns::Zone::parse(world, "bench").value();
  dns::AnswerSet answers;
  while (true) {
    const auto asking = check_host(query, answers);
    if (asking.value) return answers;
    for (const dns::Question& question : asking.questions)
      answers.add(question, std::make_shared<const dns::Answer>(zone.answer(question)));
  }
}

void two_includes(benchmark::State& state) {
  const SpfQuery query{.client = *IpAddress::parse("192.0.2.1"),
                       .helo = "mail.contoso.test",
                       .local_part = "ann",
                       .domain = "contoso.test"};
  const dns::AnswerSet answers = warm_answers(query);
  SpfRecordCache records;
  SpfRecordCache* const kept = state.range(0) != 0 ? &records : nullptr;
  const auto evaluate = [&] { return check_host(query, answers, Steps::none, kept); };
  if (evaluate().value->result != SpfResult::pass) std::abort();
  for (auto _ : state) benchmark::DoNotOptimize(evaluate());
  state.SetItemsProcessed(state.iterations());
}
// As the daemon does it, and as a program that keeps nothing between two messages.
BENCHMARK(two_includes)->ArgName("records_kept")->Arg(1)->Arg(0);

#ifdef POSTERN_HAVE_SPF2
/// Its answers come from a zone in memory, as ours do.
void libspf2(benchmark::State& state) {
  SPF_dns_server_t* zone = SPF_dns_zone_new(nullptr, "bench", 0);
  const auto records = dns::Zone::parse(world, "bench").value();
  for (const char* name : {"contoso.test", "_spf.fabrikam.test", "_spf.mailer.test"}) {
    const dns::Answer answer = records.answer({name, dns::Type::txt});
    SPF_dns_zone_add_str(zone, name, ns_t_txt, NETDB_SUCCESS, answer.texts.at(0).c_str());
  }
  SPF_server_t* server = SPF_server_new_dns(zone, 0);
  SPF_server_set_rec_dom(server, "mx.example.net");
  for (auto _ : state) {
    SPF_request_t* request = SPF_request_new(server);
    SPF_request_set_ipv4_str(request, "192.0.2.1");
    SPF_request_set_helo_dom(request, "mail.contoso.test");
    SPF_request_set_env_from(request, "ann@contoso.test");
    SPF_response_t* response = nullptr;
    SPF_request_query_mailfrom(request, &response);
    if (SPF_response_result(response) != SPF_RESULT_PASS) state.SkipWithError("does not pass");
    SPF_response_free(response);
    SPF_request_free(request);
  }
  SPF_server_free(server);
  SPF_dns_server_t* below = zone;
  below->destroy(below);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(libspf2);
#endif

}  // namespace

BENCHMARK_MAIN();
