#include "policy/what_if.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "base/ascii.h"
#include "base/cursor.h"
#include "mail/domain_name.h"

namespace postern::policy {
namespace {

/// Neither an answer that is missing nor one that the DNS did not give says anything.
std::optional<bool> passes(std::string_view result) {
  if (result.empty() || result.starts_with("temperror")) return std::nullopt;
  return result.starts_with("pass") || result.starts_with("softpass");
}

void count(ResultCounts& counts, std::optional<bool> pass) {
  if (pass) ++(*pass ? counts.pass : counts.other);
}

std::string_view domain_of(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
}

/// Only signatures of the sender's own domain, or of one above or below, speak for it.
std::optional<bool> own_signature(const RcptRecord& record) {
  if (record.dkim.empty()) {
    // Where DMARC was asked, the content was there, and nobody had signed it.
    return record.dmarc.empty() ? std::nullopt : std::optional(false);
  }
  const std::string sender = mail::to_a_label(domain_of(record.reverse_path)).value_or("");
  Cursor in(record.dkim);
  while (!in.at_end()) {
    const std::string_view line = in.take_while([](char c) { return c != '\n'; });
    in.take('\n');
    constexpr std::string_view mark = "pass d=";
    if (!line.starts_with(mark)) continue;
    const std::string_view rest = line.substr(mark.size());
    const std::string signer = mail::to_a_label(rest.substr(0, rest.find(' '))).value_or("");
    if (sender.empty() || signer.empty()) continue;
    if (mail::is_below(sender, signer, mail::Self::included) ||
        mail::is_below(signer, sender, mail::Self::included))
      return true;
  }
  return false;
}

std::string_view words_for(SourceKind kind) {
  switch (kind) {
    case SourceKind::vouched:
      return "of a connector";
    case SourceKind::yours:
      return "probably yours";
    case SourceKind::forwarder:
      return "forwarded";
    case SourceKind::unclear:
      return "unclear";
    case SourceKind::spoof:
      return "probably spoofs";
  }
  std::abort();  // never a SourceKind
}

std::string amount(std::uint64_t recipients, std::uint64_t sources) {
  return fmt::format("{} recipient{} from {} source{}", recipients, recipients == 1 ? "" : "s",
                     sources, sources == 1 ? "" : "s");
}

}  // namespace

RcptChange compare_rcpt(const RcptFacts& facts, bool refused_anyway, const WhatIfSide& now,
                        const WhatIfSide& then) {
  RcptFacts at = facts;
  const auto decide = [&](const WhatIfSide& side) {
    at.time = side.time;
    return decide_rcpt(at, side.directory);
  };
  const RcptVerdict today = decide(now);
  const RcptVerdict proposed = decide(then);
  RcptChange change{.refused_now = refused_anyway || today.decision != Decision::accept,
                    .refused_then = refused_anyway || proposed.decision != Decision::accept,
                    .own_sender = today.own_sender || proposed.own_sender,
                    .vouched = vouches(proposed.matched_by),
                    .to_be_proven = proposed.to_be_proven && proposed.stage.is_enforced(),
                    .reason = {}};
  const RcptVerdict& refusal = change.refused_then ? proposed : today;
  if (refusal.decision != Decision::accept && !refusal.reasons.empty())
    change.reason = refusal.reasons.front();
  return change;
}

void WhatIfCounts::add(const RcptChange& change) {
  ++count;
  refused_now += change.refused_now ? 1 : 0;
  refused_then += change.refused_then ? 1 : 0;
  newly_refused += change.newly_refused() ? 1 : 0;
  newly_accepted += change.newly_accepted() ? 1 : 0;
  to_be_proven += change.to_be_proven && !change.refused_then ? 1 : 0;
}

void WhatIfCounts::add(const WhatIfCounts& more) {
  count += more.count;
  refused_now += more.refused_now;
  refused_then += more.refused_then;
  newly_refused += more.newly_refused;
  newly_accepted += more.newly_accepted;
  to_be_proven += more.to_be_proven;
}

void WhatIf::Source::add_hash(std::size_t hash, const WhatIfLimits& limits) {
  const auto at = std::ranges::lower_bound(sender_hashes, hash);
  if ((at == sender_hashes.end() || *at != hash) && sender_hashes.size() < limits.counted_senders)
    sender_hashes.insert(at, hash);
}

void WhatIf::Source::add_sender(std::string name, std::uint64_t times, const WhatIfLimits& limits) {
  add_hash(std::hash<std::string_view>{}(name), limits);
  const auto known = std::ranges::find(senders, name, &decltype(senders)::value_type::first);
  if (known != senders.end()) {
    known->second += times;
  } else if (senders.size() < limits.senders) {
    senders.emplace_back(std::move(name), times);
  }
}

void WhatIf::Source::add(const Source& of_other_days, const WhatIfLimits& limits) {
  WhatIfSource& mine = so_far;
  const WhatIfSource& other = of_other_days.so_far;
  mine.counts.add(other.counts);
  if (mine.reason.empty()) mine.reason = other.reason;
  SourceStatistics& statistics = mine.statistics;
  const SourceStatistics& more = other.statistics;
  if (statistics.reverse_domain.empty()) statistics.reverse_domain = more.reverse_domain;
  if (statistics.certificate_name.empty()) statistics.certificate_name = more.certificate_name;
  for (const auto member :
       {&SourceStatistics::count, &SourceStatistics::attributed, &SourceStatistics::recipients,
        &SourceStatistics::self_to_self, &SourceStatistics::with_tls,
        &SourceStatistics::literal_hello, &SourceStatistics::days})
    statistics.*member += more.*member;
  for (const auto member : {&SourceStatistics::spf, &SourceStatistics::dkim,
                            &SourceStatistics::dmarc, &SourceStatistics::composite}) {
    (statistics.*member).pass += (more.*member).pass;
    (statistics.*member).other += (more.*member).other;
  }
  if (more.first_seen)
    statistics.first_seen =
        std::min(statistics.first_seen.value_or(*more.first_seen), *more.first_seen);
  if (more.last_seen)
    statistics.last_seen =
        std::max(statistics.last_seen.value_or(*more.last_seen), *more.last_seen);
  for (const auto& [name, times] : of_other_days.senders) add_sender(name, times, limits);
  for (const std::size_t hash : of_other_days.sender_hashes) add_hash(hash, limits);
}

void WhatIf::Source::add_evidence(const RcptRecord& record, const RcptChange& change,
                                  const WhatIfLimits& limits) {
  SourceStatistics& statistics = so_far.statistics;
  ++statistics.count;
  ++statistics.recipients;
  if (change.vouched && !change.refused_then) ++statistics.attributed;
  if (record.tls) ++statistics.with_tls;
  if (record.hello.starts_with('[')) ++statistics.literal_hello;
  if (iequals(record.reverse_path, record.forward_path)) ++statistics.self_to_self;
  count(statistics.spf, passes(record.spf));
  count(statistics.dkim, own_signature(record));
  count(statistics.dmarc, passes(record.dmarc));
  count(statistics.composite, passes(record.compauth));
  if (statistics.reverse_domain.empty()) statistics.reverse_domain = reverse_domain_of(record.ptr);
  if (statistics.certificate_name.empty()) statistics.certificate_name = record.certificate;
  auto& first = statistics.first_seen;
  auto& last = statistics.last_seen;
  first = first ? std::min(*first, record.received) : record.received;
  last = last ? std::max(*last, record.received) : record.received;
  const auto day = std::chrono::floor<std::chrono::days>(record.received);
  if (statistics.days == 0 || day != last_day) ++statistics.days;
  last_day = day;
  add_sender(to_lower(record.reverse_path), 1, limits);
}

void WhatIf::add(const RcptChange& change, const RcptRecord& record) {
  const bool is_changed = change.newly_refused() || change.newly_accepted();
  // Other mail is not what is asked about, and its sources are without number.
  if (!change.own_sender && !is_changed) return;
  totals_.add(change);
  Source* const source = find_source(record.client);
  if (source == nullptr) {
    others_.add(change);
    return;
  }
  source->so_far.counts.add(change);
  if (is_changed && source->so_far.reason.empty()) source->so_far.reason = change.reason;
  if (change.own_sender) source->add_evidence(record, change, limits_);
}

WhatIf::Source* WhatIf::find_source(const IpAddress& client) {
  if (const auto known = sources_.find(client); known != sources_.end()) return &known->second;
  if (sources_.size() >= limits_.sources) return nullptr;
  Source& made = sources_[client];
  made.so_far.statistics.address = client;
  return &made;
}

void WhatIf::add(const WhatIf& other_days) {
  totals_.add(other_days.totals_);
  others_.add(other_days.others_);
  for (const auto& [client, more] : other_days.sources_) {
    if (Source* const source = find_source(client)) {
      source->add(more, limits_);
    } else {
      others_.add(more.so_far.counts);
    }
  }
}

std::vector<WhatIfSource> WhatIf::changed_sources(std::optional<Time> until) const {
  std::vector<WhatIfSource> changed;
  for (const auto& [address, source] : sources_) {
    if (!source.so_far.counts.changes()) continue;
    WhatIfSource& one = changed.emplace_back(source.so_far);
    SourceStatistics& statistics = one.statistics;
    statistics.sender_count = source.sender_hashes.size();
    auto senders = source.senders;
    std::ranges::sort(senders, [](const auto& a, const auto& b) {
      return std::tie(b.second, a.first) < std::tie(a.second, b.first);
    });
    for (auto& [name, times] : senders) statistics.senders.push_back(std::move(name));
    if (statistics.count == 0) {
      one.judgement.sentence = "Sends in the name of other domains.";
      continue;
    }
    one.judgement = judge_source(statistics, until);
    one.remedy = remedy_for(statistics, one.judgement.kind, RemedyFor::postern);
  }
  const auto rank = [](const WhatIfSource& one) {
    return std::tuple(~one.counts.newly_refused, ~one.counts.newly_accepted, ~one.counts.count,
                      one.statistics.address);
  };
  std::ranges::sort(changed, std::ranges::less{}, rank);
  return changed;
}

std::string WhatIf::to_sentence(const std::vector<WhatIfSource>& changed) const {
  struct Part {
    std::uint64_t recipients = 0;
    std::uint64_t sources = 0;
    void add(std::uint64_t more) {
      recipients += more;
      sources += more > 0 ? 1 : 0;
    }
  };
  Part refused;
  Part accepted;
  Part foreign;
  std::array<Part, 5> kinds;
  for (const WhatIfSource& one : changed) {
    refused.add(one.counts.newly_refused);
    accepted.add(one.counts.newly_accepted);
    Part& its =
        one.statistics.count == 0 ? foreign : kinds[static_cast<std::size_t>(one.judgement.kind)];
    its.add(one.counts.newly_refused);
  }
  if (!totals_.changes()) return "Under the proposed settings nothing would change.";

  std::string parts;
  const auto tell = [&](std::uint64_t recipients, std::uint64_t sources, std::string_view what) {
    if (recipients == 0) return;
    parts += parts.empty() ? ": " : ", ";
    parts += sources == 0 ? fmt::format("{} {}", recipients, what)
                          : fmt::format("{} {}", amount(recipients, sources), what);
  };
  for (const SourceKind kind : {SourceKind::yours, SourceKind::forwarder, SourceKind::unclear,
                                SourceKind::vouched, SourceKind::spoof}) {
    const Part& its = kinds[static_cast<std::size_t>(kind)];
    tell(its.recipients, its.sources, words_for(kind));
  }
  tell(foreign.recipients, foreign.sources, "in the name of other domains");
  tell(others_.newly_refused, 0, "of further sources");

  std::string text = "Under the proposed settings ";
  const std::uint64_t newly_refused = refused.recipients + others_.newly_refused;
  text += newly_refused == 0 ? "nothing would be refused that is accepted now"
                             : fmt::format("mail to {} would be refused that is accepted now{}",
                                           amount(newly_refused, refused.sources), parts);
  const std::uint64_t newly_accepted = accepted.recipients + others_.newly_accepted;
  if (newly_accepted > 0)
    text += fmt::format("; mail to {} would be accepted that is refused now",
                        amount(newly_accepted, accepted.sources));
  return text + ".";
}

}  // namespace postern::policy
