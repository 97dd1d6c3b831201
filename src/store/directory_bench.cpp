// A big installation: how long the directory takes to load, what a connector costs in memory, what
// an attribution and a change cost while other threads read.
//
//   store_directory_bench [organizations]     default 100,000, each with ten connectors
//
// It prints each figure beside its goal. Memory is had as posternd has it (src/allocator.cpp);
// MALLOC_CONF=thp:never in the environment measures without huge pages.
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "policy/decision.h"
#include "store/directory_bench_data.h"
#include "store/directory_store.h"

using namespace postern;
using namespace postern::directory;
using namespace postern::store::bench;
using Clock = std::chrono::steady_clock;

namespace {

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// What computes is measured in CPU time, so that other programs on the machine do not count.
double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double percentile(std::vector<double>& values, double part) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

/// Bytes of physical memory in use.
std::size_t resident() {
  std::ifstream in("/proc/self/statm");
  std::size_t total = 0;
  std::size_t pages = 0;
  in >> total >> pages;
  return pages * 4096;
}

/// Of the process, in kilobytes.
std::size_t huge_pages() {
  std::ifstream in("/proc/self/smaps_rollup");
  std::string word;
  std::size_t kilobytes = 0;
  while (in >> word && word != "AnonHugePages:") {
  }
  in >> kilobytes;
  return kilobytes;
}

/// Mean nanoseconds of a call. Mail comes in batches: a batch is copied, so that it is in the cache
/// as mail is that was parsed a moment before, and the clock is read around the calls for all of
/// it, since reading it takes as long as a good part of a call.
template <class Measured>
double time_calls(const std::vector<Mail>& mails, Measured measured) {
  constexpr std::size_t batch_size = 50;
  std::vector<Mail> batch;
  double nanoseconds = 0;
  for (std::size_t at = 0; at + batch_size <= mails.size(); at += batch_size) {
    batch.assign(&mails[at], &mails[at] + batch_size);
    for (Mail& mail : batch) {
      mail.facts.reverse_path = &mail.reverse_path;
      mail.facts.forward_path = &mail.forward_path;
    }
    const double start = cpu_seconds();
    for (const Mail& mail : batch) measured(mail.facts);
    nanoseconds += (cpu_seconds() - start) * 1e9;
  }
  return nanoseconds / static_cast<double>(mails.size());
}

void print_times(const char* what, std::vector<double> means, const char* goal) {
  const double median = percentile(means, 0.5);
  std::printf("%-34s%8.0f ns   %s   (%.0f to %.0f)\n", what, median, goal, means.front(),
              means.back());
}

/// Each repetition has other mail: what it finds in the cache is what the mail before it, for other
/// organizations, has left there.
void measure_decisions(const Snapshot& directory, std::uint32_t organizations) {
  constexpr unsigned repetitions = 7;
  constexpr std::size_t count = 50'000;
  for (const Traffic traffic : {Traffic::skewed, Traffic::even}) {
    const bool skewed = traffic == Traffic::skewed;
    std::vector<double> attributions;
    std::vector<double> decisions;
    std::size_t attributed = 0;
    for (unsigned i = 0; i < repetitions; ++i) {
      const std::vector<Mail> mails = make_mail(organizations, count, traffic, i);
      attributions.push_back(time_calls(mails, [&](const policy::RcptFacts& facts) {
        const policy::AttributionFacts known(facts, directory,
                                             directory.find_domain(facts.forward_path->domain));
        policy::Attribution attribution = policy::attribute_originating(known, directory);
        if (attribution.connector == nullptr) attribution = policy::attribute_incoming(known);
        attributed += attribution.connector != nullptr;
      }));
      decisions.push_back(time_calls(
          make_mail(organizations, count, traffic, repetitions + i),
          [&](const policy::RcptFacts& facts) { policy::decide_rcpt(facts, directory); }));
    }
    std::printf("%s: %.0f %% attributed\n",
                skewed ? "mail for organizations as busy as companies are large (shares of 1/n)"
                       : "mail for all organizations alike, each seldom in a cache",
                100.0 * static_cast<double>(attributed) / (repetitions * count));
    print_times("  an attribution", attributions, skewed ? "goal 1000" : "         ");
    print_times("  a whole decision at RCPT", decisions, "         ");
  }
}

void measure_snapshot_load(const store::DirectoryStore& store) {
  constexpr int count = 2'000'000;
  std::uint64_t sum = 0;
  const double start = cpu_seconds();
  for (int i = 0; i < count; ++i) sum += store.snapshot()->revision();
  std::printf("taking the snapshot               %8.1f ns               (sum %llu)\n",
              (cpu_seconds() - start) / count * 1e9, static_cast<unsigned long long>(sum));
}

/// 100 changes a second while a thread decides without pause: from the call until the snapshot that
/// the readers take has the change. What the longest took beyond its CPU time it waited, for the
/// disk or for a processor.
void measure_changes(store::DirectoryStore& store, std::uint32_t organizations) {
  std::atomic<bool> done = false;
  std::atomic<std::size_t> decisions = 0;
  std::thread reader([&] {
    const std::vector<Mail> mails = make_mail(organizations, 10'000, Traffic::skewed, 0);
    for (std::size_t i = 0; !done; i = (i + 1) % mails.size()) {
      policy::RcptFacts facts = mails[i].facts;
      facts.reverse_path = &mails[i].reverse_path;
      facts.forward_path = &mails[i].forward_path;
      policy::decide_rcpt(facts, *store.snapshot());
      ++decisions;
    }
  });
  constexpr int changes = 500;
  std::vector<double> milliseconds;
  double longest = 0;
  double cpu_of_longest = 0;
  std::mt19937 random(2);
  const auto start = Clock::now();
  for (int i = 0; i < changes; ++i) {
    std::this_thread::sleep_until(start + std::chrono::milliseconds(10 * i));
    const std::string organization = "Company " + std::to_string(1 + random() % organizations);
    const double cpu_before = cpu_seconds();
    const auto before = Clock::now();
    switch (i % 3) {
      case 0:
        store
            .set_organization_config(organization,
                                     [](auto& config) { config.reject_direct_send ^= true; })
            .value();
        break;
      case 1:
        store
            .set_inbound_connector(
                organization, "Scanners", [](auto& one) { one.enabled ^= true; }, Force::no)
            .value();
        break;
      case 2:
        store
            .new_recipient(
                organization,
                {"user" + std::to_string(i) + "@" +
                     domain_of(static_cast<std::uint32_t>(std::stoul(organization.substr(8)))),
                 {}})
            .value();
        break;
    }
    milliseconds.push_back(seconds_since(before) * 1e3);
    if (milliseconds.back() > longest) {
      longest = milliseconds.back();
      cpu_of_longest = (cpu_seconds() - cpu_before) * 1e3;
    }
  }
  const double took = seconds_since(start);
  done = true;
  reader.join();
  std::printf("a change in force, median         %8.2f ms\n", percentile(milliseconds, 0.5));
  std::printf("a change in force, 99 %%           %8.2f ms\n", percentile(milliseconds, 0.99));
  std::printf("a change in force, longest        %8.2f ms   goal 100    (%.0f changes a second)\n",
              longest, changes / took);
  std::printf("  of it CPU                       %8.2f ms\n", cpu_of_longest);
  std::printf("decisions a second beside         %8.0f\n",
              static_cast<double>(decisions.load()) / took);
}

void measure_large_organization(store::DirectoryStore& store) {
  store.new_organization("Large").value();
  store.new_accepted_domain("Large", {.name = "large.example"}).value();
  std::vector<double> milliseconds;
  for (std::uint32_t i = 0; i < max_connectors; ++i) {
    InboundConnector connector;
    connector.name = "Branch " + std::to_string(i);
    connector.sender_domains = {"*"};
    connector.sender_ip_addresses = {IpPrefix(device(200'000 + i, 1), 32)};
    connector.require_tls = false;
    const auto before = Clock::now();
    store.new_inbound_connector("Large", connector, Force::no).value();
    milliseconds.push_back(seconds_since(before) * 1e3);
  }
  const std::vector<double> last(milliseconds.end() - 1000, milliseconds.end());
  double sum = 0;
  for (const double one : last) sum += one;
  std::printf("one of 10,000 connectors added    %8.2f ms               (the last thousand)\n",
              sum / 1000);

  const auto directory = store.snapshot();
  const mail::Mailbox address = mail::parse_mailbox("postmaster@large.example").value();
  constexpr std::uint32_t count = 100'000;
  const double start = cpu_seconds();
  std::size_t attributed = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const policy::RcptFacts facts{.client = device(200'000 + i % max_connectors, 1),
                                  .reverse_path = &address,
                                  .forward_path = &address};
    attributed += policy::decide_rcpt(facts, *directory).connector != nullptr;
  }
  std::printf("a decision among 10,000           %8.0f ns               (%zu attributed)\n",
              (cpu_seconds() - start) / count * 1e9, attributed);
}

void measure_import(store::DirectoryStore& store) {
  constexpr int count = 300'000;
  std::vector<Recipient> recipients;
  for (int i = 0; i < count; ++i)
    recipients.push_back({"user" + std::to_string(i) + "@large.example", {}});
  const auto start = Clock::now();
  const auto summary = store.import_recipients("Large", recipients).value();
  std::printf("import of %d recipients       %8.2f s                (%zu added)\n", count,
              seconds_since(start), summary.added);
}

}  // namespace

int main(int argc, char** argv) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  const auto organizations = static_cast<std::uint32_t>(argc > 1 ? std::atoi(argv[1]) : 100'000);
  const auto folder = std::filesystem::temp_directory_path() /
                      ("postern-directory-bench." + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const std::string path = folder / "postern.db";
  fill(path, organizations);

  const std::size_t before = resident();
  const auto start = Clock::now();
  const double start_cpu = cpu_seconds();
  auto store = store::DirectoryStore::open(path).value();
  const double load_time = seconds_since(start);
  const double load_cpu = cpu_seconds() - start_cpu;
  const double connectors = static_cast<double>(organizations) * connectors_each;
  std::printf("%u organizations, %.0f connectors\n", organizations, connectors);
  std::printf("loaded from SQLite in             %8.2f s    goal 5\n", load_time);
  std::printf("  of it CPU                       %8.2f s\n", load_cpu);
  std::printf(
      "memory for each connector         %8.0f B    goal 400    (growth of the process / "
      "connectors)\n",
      static_cast<double>(resident() - before) / connectors);
  std::printf("  memory in huge pages            %8zu MB\n", huge_pages() / 1024);
  measure_snapshot_load(*store);
  measure_decisions(*store->snapshot(), organizations);
  measure_changes(*store, organizations);
  measure_large_organization(*store);
  measure_import(*store);
  store.reset();
  std::filesystem::remove_all(folder);
}
