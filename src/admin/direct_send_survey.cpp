#include "admin/direct_send_survey.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <tuple>
#include <unordered_map>

#include "mail/domain_name.h"
#include "policy/own_domains.h"

namespace postern::admin {
namespace {

using policy::ResultCounts;
using store::TrafficDetail;
using store::TrafficKey;
using store::TrafficKind;
using store::TrafficQuery;
using store::TrafficText;

constexpr int usual_days = 30;
constexpr std::chrono::seconds trace_patience{5};
/// Of more, the counts are put together.
constexpr std::size_t max_sources = 50'000;
// Of a source.
constexpr std::size_t named_senders = 8;
constexpr std::size_t counted_senders = 256;
constexpr std::size_t max_samples = 5;
constexpr std::size_t max_domains = 16;

struct Gathered {
  SurveyedSource source;
  std::set<std::int64_t> days;
  std::map<std::string, std::uint64_t, std::less<>> senders;
  std::vector<std::pair<Time, std::string>> samples;
  std::optional<std::string> certificate;  ///< of all messages so far
  Time nearest_miss_at{};
};

/// The first word of a result; temporary errors say nothing.
void count(ResultCounts& counts, std::string_view result, std::uint64_t messages) {
  const std::string_view word = result.substr(0, result.find(' '));
  if (word.empty() || word == "temperror") return;
  const bool passes = word == "pass" || word == "softpass" || word == "bestguesspass";
  (passes ? counts.pass : counts.other) += messages;
}

/// Does what DMARC found of the author concern the sender? A stranger's own From may pass.
bool is_aligned(const TrafficKey& key) {
  const std::string& author = key[TrafficText::author_domain];
  const std::string& sender = key[TrafficText::sender_domain];
  return !author.empty() && (mail::is_below(author, sender, mail::Self::included) ||
                             mail::is_below(sender, author, mail::Self::included));
}

void add(Gathered& into, const store::CountedTraffic& row) {
  const TrafficKey& key = row.key;
  const std::uint64_t messages = row.count.messages;
  policy::SourceStatistics& one = into.source.statistics;
  one.count += messages;
  one.recipients += row.count.recipients;
  one.self_to_self += row.count.self_to_self;
  one.with_tls += row.count.with_tls;
  if (key.kind == TrafficKind::vouched) one.attributed += messages;
  if (key.is_refused()) into.source.refused += messages;
  if (key[TrafficText::hello].starts_with('[')) one.literal_hello += messages;
  count(one.spf, key[TrafficText::spf], messages);
  count(one.dkim, key[TrafficText::dkim], messages);
  count(one.composite, key[TrafficText::compauth], messages);
  if (is_aligned(key)) count(one.dmarc, key[TrafficText::dmarc], messages);
  if (one.reverse_domain.empty()) one.reverse_domain = key[TrafficText::ptr_domain];
  const std::string& certificate = key[TrafficText::certificate];
  if (!into.certificate) into.certificate = certificate;
  if (*into.certificate != certificate) into.certificate->clear();
  one.first_seen = std::min(one.first_seen.value_or(row.count.first), row.count.first);
  one.last_seen = std::max(one.last_seen.value_or(row.count.last), row.count.last);
  into.days.insert(store::day_of_hour(key.hour));
  into.samples.emplace_back(row.count.last, row.count.sample);
  if (into.samples.size() > 8 * max_samples) {
    std::ranges::sort(into.samples, std::ranges::greater());
    into.samples.resize(max_samples);
  }
  if (!key[TrafficText::nearest_miss].empty() && row.count.last >= into.nearest_miss_at) {
    into.nearest_miss_at = row.count.last;
    into.source.nearest_miss = key[TrafficText::nearest_miss];
  }
  const std::string& domain = key[TrafficText::sender_domain];
  if (domain.empty() ||
      (into.source.domains.size() >= max_domains && !into.source.domains.contains(domain)))
    return;
  auto& [sent, last] = into.source.domains[domain];
  sent += messages;
  last = std::max(last, row.count.last);
}

SurveyedSource finish(Gathered&& gathered, Time until) {
  SurveyedSource source = std::move(gathered.source);
  policy::SourceStatistics& one = source.statistics;
  one.certificate_name = gathered.certificate.value_or("");
  one.days = gathered.days.size();
  one.sender_count = gathered.senders.size();
  std::vector<std::pair<std::uint64_t, std::string>> senders;
  for (const auto& [name, messages] : gathered.senders) senders.emplace_back(messages, name);
  std::ranges::sort(senders, [](const auto& a, const auto& b) {
    return std::tie(b.first, a.second) < std::tie(a.first, b.second);
  });
  for (std::size_t i = 0; i < senders.size() && i < named_senders; ++i)
    one.senders.push_back(std::move(senders[i].second));
  std::ranges::sort(gathered.samples, std::ranges::greater());
  for (auto& [time, id] : gathered.samples) {
    if (source.samples.size() == max_samples) break;
    if (std::ranges::find(source.samples, id) == source.samples.end())
      source.samples.push_back(std::move(id));
  }
  source.judgement = policy::judge_source(one, until);
  // Nobody can tell a device among them.
  if (!one.address && one.would_be_refused() > 0 &&
      source.judgement.kind != policy::SourceKind::spoof) {
    source.judgement = {
        policy::SourceKind::unclear,
        "So many sources within an hour that they were counted together: mostly a flood."};
  }
  return source;
}

}  // namespace

policy::SourceRemedy SurveyedSource::remedy() const {
  policy::SourceRemedy found =
      policy::remedy_for(statistics, judgement.kind, policy::RemedyFor::postern);
  if (!statistics.address && judgement.kind == policy::SourceKind::unclear)
    found.note = "Its addresses were too many to tell apart: look at samples.";
  return found;
}

const SurveyedSource* DirectSendSurvey::find(std::string_view name) const {
  const auto found = std::ranges::find(sources, name, &SurveyedSource::name);
  return found == sources.end() ? nullptr : &*found;
}

std::expected<DirectSendRange, CommandError> read_range(const Call& call) {
  DirectSendRange range;
  range.end = call.time("EndDate").value_or(now());
  range.start = call.time("StartDate").value_or(range.end - std::chrono::days(usual_days));
  if (range.start > range.end) return wrong_argument("StartDate: it is after EndDate.");
  if (!call.has("Domain")) return range;
  const auto domain = mail::to_a_label(call.text("Domain"));
  if (!domain) return wrong_argument(fmt::format("Domain: {} is no domain.", call.text("Domain")));
  if (!policy::OwnDomains{*call.snapshot, call.organization->id()}.has(*domain))
    return call.not_found(*domain);
  range.domain = *domain;
  return range;
}

std::string source_name(const TrafficKey& key) {
  const std::string& source = key[TrafficText::source];
  return source.empty() ? std::string(other_sources) : source;
}

bool is_surveyed(const TrafficKey& key, const DirectSendRange& range) {
  return key.kind != TrafficKind::foreign && key[TrafficText::decision] != "Defer" &&
         (range.domain.empty() || key[TrafficText::sender_domain] == range.domain);
}

DirectSendSurvey survey_direct_send(const Call& call, const DirectSendRange& range) {
  DirectSendSurvey survey;
  store::TrafficCounts& counts = *call.services.traffic;
  // The trace's thread counts what it is about to write.
  call.services.trace.flush(trace_patience);
  const TrafficQuery query{call.organization->name(), range.start, range.end};
  const policy::OwnDomains own{*call.snapshot, call.organization->id()};

  std::unordered_map<std::string, Gathered> sources;
  survey.problems = counts.read(query, [&](const store::CountedTraffic& row) {
    if (row.key.kind == TrafficKind::foreign && row.key[TrafficText::decision] != "Defer") {
      survey.foreign += row.count.messages;
      if (own.has(row.key[TrafficText::author_domain])) survey.author_only += row.count.messages;
    }
    if (!is_surveyed(row.key, range)) return;
    std::string name = source_name(row.key);
    if (sources.size() >= max_sources && !sources.contains(name)) name = other_sources;
    Gathered& gathered = sources[name];
    gathered.source.name = std::move(name);
    gathered.source.statistics.address = IpAddress::parse(gathered.source.name);
    add(gathered, row);
  });
  counts.read(query, [&](const store::CountedAddress& row) {
    if (row.key.role != store::AddressRole::sender) return;
    if (!range.domain.empty() && row.key.sender_domain != range.domain) return;
    const auto found = sources.find(row.key.source);
    if (found == sources.end()) return;
    auto& senders = found->second.senders;
    const std::string_view name = row.key.address.empty() ? other_sources : row.key.address;
    const auto sender = senders.find(name);
    if (sender != senders.end()) {
      sender->second += row.count.messages;
    } else if (senders.size() < counted_senders) {
      senders.emplace(name, row.count.messages);
    }
  });

  for (auto& [name, gathered] : sources)
    survey.sources.push_back(finish(std::move(gathered), std::min(range.end, now())));
  std::ranges::sort(survey.sources, std::ranges::less{}, [](const SurveyedSource& one) {
    return std::tuple(~one.statistics.would_be_refused(), ~one.statistics.count,
                      std::string_view(one.name));
  });
  for (const SurveyedSource& one : survey.sources)
    survey.forecast.add(one.statistics, one.judgement.kind);
  return survey;
}

}  // namespace postern::admin
