// How long Test-DirectSend takes over a million rows, and how much memory.
//
// The trace is that of a week: newsletters whose every message has a reverse-path of its own,
// companies that write again and again, printers and services that use the organization's own
// domain, and spoofs from botnets. All rows have been decided, and keep what they were judged on.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <random>

#include "admin/commands.h"
#include "base/encoding.h"
#include "policy/decision.h"
#include "policy/judged.h"

using namespace postern;
using namespace postern::admin;

namespace {

constexpr int days = 7;
constexpr int connectors = 50;
constexpr int mailboxes = 2'000;

class Week {
 public:
  explicit Week(int rows) {
    char name[] = "/tmp/postern-bench-XXXXXX";
    if (mkdtemp(name) != nullptr) folder_ = name;
    directory_ = std::move(*store::DirectoryStore::open(folder_ + "/postern.db"));
    trace_ = std::move(
        *store::TraceStore::open({.folder = folder_ + "/trace", .queue_rows = 10'000'000}));
    services_.emplace(*directory_, *trace_, "mx.contoso.com");
    run("New-Organization", {{"Name", "Contoso"}});
    run("New-AcceptedDomain", {{"Name", "contoso.com"}});
    for (int i = 0; i < mailboxes; ++i)
      run("New-Recipient", {{"Name", fmt::format("user{}@contoso.com", i)}});
    for (int i = 0; i < connectors; ++i) {
      run("New-InboundConnector", {{"Name", fmt::format("Partner {}", i)},
                                   {"SenderDomains", "*"},
                                   {"RequireTls", false},
                                   {"SenderIPAddresses", fmt::format("192.0.2.{}", i)}});
    }
    const Time end = now() - std::chrono::minutes(1);
    const Time begin = end - std::chrono::days(days) + std::chrono::hours(1);
    for (int i = 0; i < rows; ++i) {
      record(begin + (end - begin) / rows * i);
      // No more in memory than the writer has written.
      if (i % 100'000 == 0) trace_->flush(std::chrono::minutes(5));
    }
    trace_->flush(std::chrono::minutes(5));
  }
  Week(const Week&) = delete;
  Week& operator=(const Week&) = delete;
  ~Week() {
    trace_.reset();
    std::filesystem::remove_all(folder_);
  }

  CommandResult run(std::string_view cmdlet, const Object& parameters) {
    return invoke(*services_, caller_, cmdlet, "", parameters);
  }

 private:
  int below(int count) { return std::uniform_int_distribution(0, count - 1)(random_); }

  void record(Time received) {
    store::TraceRecord one;
    one.received = received;
    one.message_trace_id = time_ordered_uuid(received);
    one.session = random_hex(8);
    one.forward_path = fmt::format("user{}@contoso.com", below(mailboxes));
    const int kind = below(100);
    if (kind < 30) {  // newsletters
      const int vendor = below(300);
      one.client = fmt::format("203.0.{}.{}", vendor / 100, 1 + below(100));
      one.hello = fmt::format("out{}.vendor{}.test", below(100), vendor);
      one.reverse_path = fmt::format("bounce+{}@vendor{}.test", random_hex(6), vendor);
      one.spf = "pass";
    } else if (kind < 80) {  // people of other companies
      const int company = below(3'000);
      one.client = fmt::format("198.18.{}.{}", company / 200, 1 + company % 200);
      one.hello = fmt::format("mail.company{}.test", company);
      one.reverse_path = fmt::format("person{}@company{}.test", below(20), company);
      one.spf = "pass";
    } else if (kind < 92) {  // printers and services
      const int device = below(100);
      one.client = fmt::format("192.0.2.{}", device);
      one.hello = fmt::format("device{}.contoso.com", device);
      one.reverse_path = fmt::format("device{}@contoso.com", device);
      one.spf = device % 3 == 0 ? "fail" : "pass";
    } else {  // spoofs
      one.client = fmt::format("198.51.{}.{}", below(100), below(250));
      one.hello = fmt::format("[{}]", one.client);
      one.reverse_path = one.forward_path;
      one.spf = "fail";
    }
    one.spf_domain = one.reverse_path.substr(one.reverse_path.find('@') + 1);
    one.dmarc = one.spf;
    one.compauth = one.spf == "pass" ? "pass 100" : "fail 601";
    one.organization = "Contoso";
    one.direction = "Incoming";
    one.tls = below(4) == 0 ? "" : "TLSv1.3 TLS_AES_256_GCM_SHA384";
    one.subject = fmt::format("Subject {}", below(500'000));
    one.message_id = fmt::format("<{}@{}>", random_hex(8), one.spf_domain);
    one.next_hop = "lmtp:127.0.0.1:24";

    const mail::Mailbox reverse_path = mail::parse_mailbox(one.reverse_path).value();
    const mail::Mailbox forward_path = mail::parse_mailbox(one.forward_path).value();
    const policy::RcptFacts facts{.client = *IpAddress::parse(one.client),
                                  .hello = one.hello,
                                  .tls = !one.tls.empty(),
                                  .reverse_path = &reverse_path,
                                  .forward_path = &forward_path,
                                  .server_name = "mx.contoso.com"};
    const auto snapshot = directory_->snapshot();
    const policy::RcptVerdict verdict = policy::decide_rcpt(facts, *snapshot);
    policy::RcptBasis basis = policy::find_basis(facts, *snapshot, verdict);
    basis.facts.signals.history.author = policy::TrafficHistory{
        .messages = static_cast<std::uint32_t>(below(1'000)), .days = 30, .disputed = 0};
    one.direct_send = verdict.direct_send;
    one.decision = to_string(verdict.decision);
    one.reply = "250 2.0.0 Ok";
    one.reasons = verdict.reasons;
    one.status = store::TraceStatus::delivered;
    one.settings = to_archive(basis.settings);
    one.facts = to_archive(basis.facts);
    trace_->record(std::move(one));
  }

  std::string folder_;
  std::unique_ptr<store::DirectoryStore> directory_;
  std::unique_ptr<store::TraceStore> trace_;
  std::optional<Services> services_;
  const Caller caller_{.name = "bench"};
  std::mt19937 random_{1};
};

long peak_kilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

void test_direct_send(benchmark::State& state) {
  const int rows = static_cast<int>(state.range(0));
  Week week(rows);
  const long before = peak_kilobytes();
  std::size_t sources = 0;
  for (auto _ : state) {
    const CommandResult done =
        week.run("Test-DirectSend", {{"RejectDirectSend", true}, {"ResultSize", "Unlimited"}});
    if (!done) {
      state.SkipWithError(done.error().message.c_str());
      break;
    }
    sources = done->values.size();
    state.PauseTiming();
    for (const std::string& warning : done->warnings) std::puts(warning.c_str());
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * rows);
  state.counters["sources"] = static_cast<double>(sources);
  state.counters["more_peak_kB"] = static_cast<double>(peak_kilobytes() - before);
}
BENCHMARK(test_direct_send)
    ->Arg(1'000'000)
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
