#include "policy/traffic_history.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "mail/domain_name.h"

namespace postern::policy {
namespace {

/// Which kind of key it is, so that no two kinds fall together.
enum class Purpose : std::uint64_t { history, source, sent };

/// Names are hashed once; a key is the hash of their hashes.
template <std::size_t count>
std::uint64_t key_of(const KeyedHash& hash, const std::array<std::uint64_t, count>& words) {
  std::array<char, count * sizeof(std::uint64_t)> bytes{};
  std::memcpy(bytes.data(), words.data(), bytes.size());
  return hash(std::string_view(bytes.data(), bytes.size()));
}

std::uint64_t to_word(Purpose purpose, HistoryKind kind, directory::OrganizationId organization) {
  return static_cast<std::uint64_t>(purpose) << 48 | static_cast<std::uint64_t>(kind) << 40 |
         static_cast<std::uint64_t>(organization);
}

TrafficHistory to_history(const Sighting& sighting) {
  return {.messages = static_cast<std::uint32_t>(std::lround(sighting.weight)),
          .days = static_cast<std::uint32_t>(sighting.days()),
          .disputed = sighting.disputed_day == 0 ? 0u : 1u};
}

}  // namespace

TrafficKeys traffic_keys(const KeyedHash& hash, directory::OrganizationId organization,
                         const TrafficAuthor& author, const SendingSource& source) {
  TrafficKeys keys;
  const std::uint64_t domain = hash(author.domain);
  const auto add = [&](HistoryKind kind, std::uint64_t who, std::uint64_t from) {
    keys.all[keys.count++] = {
        .kind = kind,
        .history = key_of<3>(hash, {to_word(Purpose::history, kind, organization), who, from}),
        // The address is of the author, so the source of 704 is that of 703.
        .source = key_of<2>(
            hash, {to_word(Purpose::source,
                           kind == HistoryKind::author ? HistoryKind::subnet : kind, organization),
                   from})};
  };
  for (const std::string& dkim : source.dkim_domains) {
    // A signature of the author's own is proof, and needs no history.
    if (mail::is_below(dkim, author.organization, mail::Self::included)) continue;
    add(HistoryKind::dkim_domain, domain, hash(dkim));
  }
  if (!source.reverse_domain.empty())
    add(HistoryKind::reverse_name, domain, hash(source.reverse_domain));
  const std::uint64_t subnet = hash(source.subnet);
  add(HistoryKind::subnet, domain, subnet);
  add(HistoryKind::author, hash(author.address), subnet);
  keys.author_mark = static_cast<std::uint8_t>(hash(author.organization) % 64);
  return keys;
}

TrafficHistories traffic_histories(const TrafficKeys& keys, const FindSighting& history,
                                   const FindSighting& source) {
  TrafficHistories found;
  for (const TrafficKey& key : keys.keys()) {
    const auto sighting = history(key.history);
    if (!sighting) continue;
    // Of a source that was pushed out of memory it is not known whether it is shared.
    const auto its_source = source(key.source);
    if (!its_source || its_source->days() > max_source_authors) continue;
    switch (key.kind) {
      case HistoryKind::dkim_domain: {
        const TrafficHistory one = to_history(*sighting);
        if (!found.dkim_domain || found.dkim_domain->messages < one.messages)
          found.dkim_domain = one;
        break;
      }
      case HistoryKind::reverse_name:
        found.reverse_name = to_history(*sighting);
        break;
      case HistoryKind::subnet:
        found.subnet = to_history(*sighting);
        break;
      case HistoryKind::author:
        found.author = to_history(*sighting);
        break;
    }
  }
  return found;
}

DayNumber day_number(Time time) {
  const auto days = std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
  return static_cast<DayNumber>(std::clamp<std::int64_t>(days, 0, UINT16_MAX));
}

std::uint64_t sent_mail_key(const KeyedHash& hash, directory::OrganizationId organization,
                            std::string_view message_id, std::string_view sender,
                            std::string_view recipient_domain) {
  return key_of<4>(hash, {to_word(Purpose::sent, HistoryKind::author, organization),
                          hash(message_id), hash(sender), hash(recipient_domain)});
}

}  // namespace postern::policy
