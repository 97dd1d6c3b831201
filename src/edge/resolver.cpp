#include "edge/resolver.h"

#include <fstream>
#include <sstream>

#include "dns/answer_cache.h"
#include "dns/unbound_resolver.h"
#include "dns/zone.h"

namespace postern::edge {
namespace {

/// Counts what goes past the cache.
class CountingResolver final : public dns::Resolver {
 public:
  CountingResolver(std::unique_ptr<dns::Resolver> inner, admin::Counts& counts)
      : inner_(std::move(inner)), counts_(counts) {}

  void ask(const dns::Question& question, Callback callback) override {
    counts_.dns_questions.add();
    const auto asked = std::chrono::steady_clock::now();
    inner_->ask(question, [&counts = counts_, asked, callback = std::move(callback)](
                              std::shared_ptr<const dns::Answer> answer) mutable {
      counts.dns_seconds.observe(std::chrono::steady_clock::now() - asked);
      if (answer->status == dns::Status::failure) counts.dns_failures.add();
      callback(std::move(answer));
    });
  }
  int descriptor() const override { return inner_->descriptor(); }
  void process() override { inner_->process(); }

 private:
  const std::unique_ptr<dns::Resolver> inner_;
  admin::Counts& counts_;
};

/// The cache with all that stands behind it.
class CachedChain final : public dns::Resolver {
 public:
  CachedChain(std::unique_ptr<dns::Resolver> source, const dns::CacheLimits& limits,
              admin::Counts& counts)
      : counting_(std::move(source), counts), cache_(counting_, limits), counts_(counts) {}

  void ask(const dns::Question& question, Callback callback) override {
    const std::uint64_t hits = cache_.cache().hits();
    cache_.ask(question, std::move(callback));
    if (cache_.cache().hits() != hits) counts_.dns_cache_hits.add();
  }
  std::shared_ptr<const dns::Answer> known(dns::QuestionView question) override {
    auto answer = cache_.known(question);
    if (answer) counts_.dns_cache_hits.add();
    return answer;
  }
  int descriptor() const override { return cache_.descriptor(); }
  void process() override { cache_.process(); }

 private:
  CountingResolver counting_;
  dns::CachingResolver cache_;
  admin::Counts& counts_;
};

Result<std::unique_ptr<dns::Resolver>> make_source(const DnsConfig& dns) {
  if (dns.zone.empty()) {
    return dns::make_unbound_resolver({.servers = dns.servers, .trust_anchor = dns.trust_anchor});
  }
  std::ifstream stream(dns.zone, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  auto zone = dns::Zone::parse(text.str(), dns.zone.string());
  if (!zone) return std::unexpected(zone.error());
  return std::make_unique<dns::ZoneResolver>(std::move(*zone));
}

}  // namespace

Result<std::unique_ptr<dns::Resolver>> make_resolver(const Config& config, admin::Counts& counts) {
  auto source = make_source(config.dns);
  if (!source) return std::unexpected(source.error());
  const dns::CacheLimits limits{
      .entries = static_cast<std::size_t>(config.limits.dns_cache_entries),
      .bytes = static_cast<std::size_t>(config.limits.dns_cache_bytes)};
  return std::make_unique<CachedChain>(std::move(*source), limits, counts);
}

}  // namespace postern::edge
