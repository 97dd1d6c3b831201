// The history of legitimate mail (7xx): what is counted of a message, under which keys, and what
// the counts say of a later one.
//
// Counted is mail that was delivered and whose author was proven: DMARC passes, or SPF or DKIM
// passes for his organization. Nothing else trains a history, since everything else can be sent by
// who has an interest in a history: who forges cannot prove the author. What a history then does is
// to speak for a later message of the same author from the same source which proves nothing, as
// when a signature broke on the way.
//
// That is only sound where the source is the author's. Mail of a large service's customers comes
// from one network under one name, and any of them could write in the name of every other. So each
// source has marks of the author organizations that were seen with it, and if there are more than
// max_source_authors it is shared and speaks for nobody. docs/spoof-intelligence.md has the rest.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "base/keyed_hash.h"
#include "base/time.h"
#include "directory/objects.h"
#include "policy/sending_source.h"
#include "policy/sightings.h"
#include "policy/signals.h"

namespace postern::policy {

/// By what the source is the same, as in TrafficHistories.
enum class HistoryKind : std::uint8_t { dkim_domain, reverse_name, subnet, author };

struct TrafficKey {
  HistoryKind kind = HistoryKind::subnet;
  std::uint64_t history = 0;  ///< author and source
  std::uint64_t source = 0;   ///< the source alone
};

/// Of one message. A value without allocations: it is made for every message and crosses threads.
struct TrafficKeys {
  std::array<TrafficKey, max_source_dkim_domains + 3> all{};
  std::size_t count = 0;
  /// Which of 64 the author's organization is; several may share one.
  std::uint8_t author_mark = 0;

  std::span<const TrafficKey> keys() const { return {all.data(), count}; }
};

struct TrafficAuthor {
  std::string_view address;       ///< lower case
  std::string_view domain;        ///< of it
  std::string_view organization;  ///< its organizational domain
};

TrafficKeys traffic_keys(const KeyedHash& hash, directory::OrganizationId organization,
                         const TrafficAuthor& author, const SendingSource& source);

/// A source with more author organizations is somebody's who sends for many.
inline constexpr int max_source_authors = 4;

/// `history` and `source` look a key up as of the day of the decision.
using FindSighting = std::function<std::optional<Sighting>(std::uint64_t key)>;
TrafficHistories traffic_histories(const TrafficKeys& keys, const FindSighting& history,
                                   const FindSighting& source);

DayNumber day_number(Time time);

/// Of a message that the organization sent: with its id, its sender and the domain of one
/// recipient, who are those that a report about it goes to and may come from (502).
std::uint64_t sent_mail_key(const KeyedHash& hash, directory::OrganizationId organization,
                            std::string_view message_id, std::string_view sender,
                            std::string_view recipient_domain);

}  // namespace postern::policy
