#include "assess/survey.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <chrono>
#include <functional>
#include <tuple>

#include "base/ascii.h"
#include "mail/domain_name.h"
#include "mail/utf8.h"

namespace postern::assess {
namespace {

/// Texts of a stranger that are kept: RFC 5321 section 4.5.3.1.3.
constexpr std::size_t max_text = 256;

std::string kept(std::string_view text) {
  return mail::displayable(to_lower(text.substr(0, max_text)));
}

/// In the form of to_a_label; empty: there is none.
std::string domain_of(std::string_view address) {
  const std::size_t at = address.rfind('@');
  if (at == std::string_view::npos) return {};
  return mail::to_a_label(address.substr(at + 1)).value_or("");
}

std::size_t hash(std::string_view a, std::string_view b = {}) {
  const std::size_t first = std::hash<std::string_view>{}(a);
  return first ^
         (std::hash<std::string_view>{}(b) + 0x9e3779b97f4a7c15u + (first << 6) + (first >> 2));
}

void count(policy::ResultCounts& counts, std::optional<bool> passes) {
  if (passes) ++(*passes ? counts.pass : counts.other);
}

/// Of whoever signed, only the sender's own domain speaks for it; the organizational domain is not
/// looked up, so one must be the other or stand above it.
std::optional<bool> own_dkim(const Observation& seen) {
  if (seen.dkim != true || seen.dkim_domain.empty()) return seen.dkim;
  const std::string sender = domain_of(seen.sender);
  const std::string signer = mail::to_a_label(seen.dkim_domain).value_or("");
  return !signer.empty() && (mail::is_below(sender, signer, mail::Self::included) ||
                             mail::is_below(signer, sender, mail::Self::included));
}

}  // namespace

Result<OwnDomains> OwnDomains::from(const std::vector<std::string>& texts) {
  OwnDomains domains;
  for (std::string_view text : texts) {
    const bool with_all_below = text.starts_with("*.");
    const auto label = mail::to_a_label(with_all_below ? text.substr(2) : text);
    if (!label)
      return fail(fmt::format("{} is no domain such as contoso.com or *.contoso.com.", text));
    domains.domains_[*label] |= with_all_below;
  }
  return domains;
}

bool OwnDomains::contains(std::string_view domain) const {
  if (domains_.contains(domain)) return true;
  for (std::size_t dot = domain.find('.'); dot != std::string_view::npos; dot = domain.find('.')) {
    domain.remove_prefix(dot + 1);
    const auto found = domains_.find(domain);
    if (found != domains_.end() && found->second) return true;
  }
  return false;
}

bool OwnDomains::has(std::string_view address) const {
  const std::string domain = domain_of(address);
  return !domain.empty() && contains(domain);
}

struct Survey::Seen {
  /// Of message ids, and of message ids with a recipient. Two that collide, once in some million
  /// million, cost a count of one.
  boost::unordered_flat_set<std::size_t> hashes;
};

struct Survey::Source {
  policy::SourceStatistics statistics;
  std::vector<std::pair<std::string, std::uint64_t>> senders;
  boost::unordered_flat_set<std::size_t> sender_hashes;
  std::vector<std::int32_t> days;  ///< sorted

  void add_sender(const std::string& sender, const SurveyLimits& limits) {
    if (sender_hashes.size() < limits.counted_senders) sender_hashes.insert(hash(sender));
    const auto known = std::ranges::find(senders, sender, &decltype(senders)::value_type::first);
    if (known != senders.end()) {
      ++known->second;
    } else if (senders.size() < limits.senders) {
      senders.emplace_back(sender, 1);
    }
  }

  void add_time(Time time, const SurveyLimits& limits) {
    auto& first = statistics.first_seen;
    auto& last = statistics.last_seen;
    if (!first || time < *first) first = time;
    if (!last || time > *last) last = time;
    const auto day = static_cast<std::int32_t>(
        std::chrono::floor<std::chrono::days>(time).time_since_epoch().count());
    const auto at = std::ranges::lower_bound(days, day);
    if ((at == days.end() || *at != day) && days.size() < limits.days) days.insert(at, day);
  }
};

Survey::Survey(OwnDomains domains, SurveyLimits limits)
    : domains_(std::move(domains)), limits_(limits), seen_(std::make_unique<Seen>()) {}

Survey::~Survey() = default;

bool Survey::forgets() const {
  return seen_->hashes.size() >= limits_.messages;
}

/// Exports overlap, and a message has a row for each recipient.
Survey::Novelty Survey::novelty(const Observation& seen) {
  if (seen.id.empty()) return Novelty::message;
  const auto insert = [this](std::size_t key) {
    if (forgets()) return !seen_->hashes.contains(key);
    return seen_->hashes.insert(key).second;
  };
  const bool is_new = insert(hash(seen.id));
  bool has_new_recipient = false;
  for (const std::string& recipient : seen.recipients)
    has_new_recipient |= insert(hash(seen.id, to_lower(recipient)));
  if (is_new) return Novelty::message;
  return has_new_recipient ? Novelty::recipient : Novelty::nothing;
}

Survey::Source* Survey::find_source(const Observation& seen) {
  const std::string key = seen.client ? seen.client->to_string() : kept(seen.sender);
  const auto found = sources_.find(key);
  if (found != sources_.end()) return &found->second;
  if (sources_.size() >= limits_.sources) return nullptr;
  Source& made = sources_[key];
  made.statistics.address = seen.client;
  return &made;
}

void Survey::add(const Observation& seen) {
  const Novelty novel = novelty(seen);
  if (novel == Novelty::nothing) {
    ++totals_.repeated;
    return;
  }
  const bool is_message = novel == Novelty::message;
  if (is_message) ++totals_.messages;
  if (seen.time) {
    if (!totals_.first || *seen.time < *totals_.first) totals_.first = seen.time;
    if (!totals_.last || *seen.time > *totals_.last) totals_.last = seen.time;
  }
  const auto is_ours = [this](const std::string& address) { return domains_.has(address); };
  const auto ours = static_cast<std::uint64_t>(std::ranges::count_if(seen.recipients, is_ours));
  if (!domains_.has(seen.sender)) {
    if (is_message) ++totals_.foreign;
    if (is_message && domains_.has(seen.author)) ++totals_.author_only;
    return;
  }
  if (seen.direction == Direction::outbound || seen.direction == Direction::internal ||
      (!seen.recipients.empty() && ours == 0)) {
    if (is_message) ++totals_.outbound;
    return;
  }
  if (seen.tells_client && !seen.client && !seen.is_attributed) {
    if (is_message) ++totals_.without_client;
    return;
  }
  if (is_message) ++totals_.direct_send;

  Source* source = find_source(seen);
  if (!source) {
    if (is_message && !seen.is_attributed) ++totals_.others.messages;
    totals_.others.sources = 1;
    return;
  }
  policy::SourceStatistics& statistics = source->statistics;
  statistics.recipients += ours;
  if (!is_message) return;
  ++statistics.count;
  if (seen.is_attributed) ++statistics.attributed;
  if (seen.with_tls) ++statistics.with_tls;
  if (seen.hello.starts_with('[')) ++statistics.literal_hello;
  if (seen.recipients.size() == 1 && iequals(seen.recipients.front(), seen.sender))
    ++statistics.self_to_self;
  count(statistics.spf, seen.spf);
  count(statistics.dkim, own_dkim(seen));
  count(statistics.dmarc, seen.dmarc);
  count(statistics.composite, seen.composite);
  if (statistics.reverse_domain.empty())
    statistics.reverse_domain = policy::reverse_domain_of(seen.client_name);
  if (seen.time) source->add_time(*seen.time, limits_);
  source->add_sender(kept(seen.sender), limits_);
}

std::vector<policy::SourceStatistics> Survey::sources() const {
  std::vector<policy::SourceStatistics> all;
  all.reserve(sources_.size());
  for (const auto& [key, source] : sources_) {
    policy::SourceStatistics one = source.statistics;
    one.days = source.days.size();
    one.sender_count = source.sender_hashes.size();
    auto senders = source.senders;
    std::ranges::sort(senders, [](const auto& a, const auto& b) {
      return std::tie(b.second, a.first) < std::tie(a.second, b.first);
    });
    for (auto& [name, times] : senders) one.senders.push_back(std::move(name));
    all.push_back(std::move(one));
  }
  const auto rank = [](const policy::SourceStatistics& one) {
    return std::tuple(~one.would_be_refused(), ~one.count, one.address, one.senders);
  };
  std::ranges::sort(all, std::ranges::less{}, rank);
  return all;
}

}  // namespace postern::assess
