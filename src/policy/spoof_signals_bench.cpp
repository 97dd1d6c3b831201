// What spoof intelligence costs a message: naming its source, looking it up in a full Tenant
// Allow/Block List, making the keys of its history and looking them up.
#include <benchmark/benchmark.h>

#include "policy/listed_pair.h"
#include "policy/traffic_history.h"

namespace {

using namespace postern;
using namespace postern::policy;

const IpAddress client = *IpAddress::parse("203.0.113.9");
const auth::Iprev named{.result = auth::IprevResult::pass, .name = "out7.mail.tms.com"};
const std::vector<auth::DkimResult> dkim = {
    {.status = auth::DkimStatus::pass, .domain = "esp.net"},
    {.status = auth::DkimStatus::pass, .domain = "bank.test"}};
const SpoofedAuthor author{.address = "bob@mail.bank.test", .domain = "mail.bank.test"};

void name_source(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(sending_source(client, named, dkim, nullptr).reverse_domain.data());
}
BENCHMARK(name_source);

void look_up_in_full_list(benchmark::State& state) {
  std::vector<directory::SpoofItem> items;
  for (std::size_t i = 0; i < directory::max_spoof_items; ++i)
    items.push_back({.spoofed_user = "d" + std::to_string(i) + ".example",
                     .sending_infrastructure = "tms.com"});
  const directory::SpoofItems list(std::move(items));
  const SendingSource source = sending_source(client, named, dkim, nullptr);
  for (auto _ : state)
    benchmark::DoNotOptimize(find_listed_pair(list, author, source, Time()).item);
}
BENCHMARK(look_up_in_full_list);

void make_traffic_keys(benchmark::State& state) {
  const KeyedHash hash(KeyedHash::random_key());
  const SendingSource source = sending_source(client, named, dkim, nullptr);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        traffic_keys(
            hash, directory::OrganizationId{1},
            {.address = author.address, .domain = author.domain, .organization = "bank.test"},
            source)
            .count);
  }
}
BENCHMARK(make_traffic_keys);

/// The thread of the store does this, for a message whose author is proven.
void count_a_message(benchmark::State& state) {
  const KeyedHash hash(KeyedHash::random_key());
  SightingTable history(1 << 18);
  const SendingSource source = sending_source(client, named, dkim, nullptr);
  std::uint64_t number = 0;
  for (auto _ : state) {
    const std::string domain = "d" + std::to_string(number++ % 20'000) + ".example";
    const TrafficKeys keys =
        traffic_keys(hash, directory::OrganizationId{1},
                     {.address = domain, .domain = domain, .organization = domain}, source);
    for (const TrafficKey& key : keys.keys()) history.add(key.history, 20'000);
  }
}
BENCHMARK(count_a_message);

}  // namespace

BENCHMARK_MAIN();
