// What is learned from traffic about forged authors, kept beside the edge: spoof pairs for the
// administrator, the history of legitimate mail, and which messages the organization has sent.
//
// The note…() functions put an event into a queue in memory and return. A thread of the store's own
// counts what has gathered and writes it, some seconds' events in one transaction. So the disk
// never holds up mail: when it is slow or gone, counting goes on in memory, which is bounded
// (policy/sightings.h, policy/spoof_pairs.h), and what the queue cannot hold is lost and counted.
//
// history() and has_sent() are asked on the I/O threads, for messages that prove nothing. They read
// memory under the lock of one of many shards. The one thread that writes holds such a lock for a
// few memory accesses, so threads hardly ever meet, and nothing has to be copied to be read.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/keyed_hash.h"
#include "base/result.h"
#include "base/time.h"
#include "directory/objects.h"
#include "policy/composite.h"
#include "policy/spoof_pairs.h"
#include "policy/traffic_history.h"

namespace postern::store {

/// What became of a message whose author was not proven.
enum class SpoofOutcome : std::uint8_t {
  allowed,      ///< other evidence or an administrator spoke for it
  blocked,      ///< junk, quarantine or refused as a forgery
  would_block,  ///< the same, had spoof intelligence not been off: delivered
  dmarc         ///< treated as the author domain's DMARC policy asks
};

struct SpoofSighting {
  policy::SpoofPairName pair;
  Time at;
  SpoofOutcome outcome = SpoofOutcome::blocked;
  /// An entry of the Tenant Allow/Block List decided.
  bool by_list = false;
  policy::CompositeResult result = policy::CompositeResult::fail;
  int reason = 0;
  std::string author_domain;
  std::string true_sender;  ///< domain of MAIL FROM; empty: null reverse-path
  std::string spf;          ///< the words of Authentication-Results
  std::string dkim;
  std::string dmarc;
};

/// What was seen of a pair on one day with one result. `last` is the last of them.
struct SpoofCount {
  SpoofSighting last;
  std::uint64_t count = 0;

  /// Of pairs for whose names there was no room; the pair is empty.
  bool is_rest() const { return last.pair.spoofed_user.empty(); }
};

struct SpoofQuery {
  /// The newest; more are not read.
  static constexpr int most_rows = 200'000;

  directory::OrganizationId organization{};
  Time start;
  Time end;
};

struct SpoofIntelligenceSettings {
  std::string path;
  policy::SpoofPairLimits pairs = {};
  std::size_t history_places = 1 << 18;  ///< 24 octets each
  std::size_t source_places = 1 << 16;
  std::size_t sent_places = 1 << 17;
  std::size_t queue_events = 50'000;
  std::size_t max_rows = 1'000'000;  ///< of pairs on disk; beyond, the oldest days go
  std::chrono::milliseconds batch_delay{2000};
  std::function<Time()> clock = now;
};

/// Since the start, but `queued` and what is there now.
struct SpoofCounters {
  std::uint64_t noted = 0;
  std::uint64_t lost = 0;        ///< the queue was full
  std::uint64_t pushed_out = 0;  ///< pairs whose names were forgotten for others
  std::uint64_t nameless = 0;    ///< sightings of pairs for whose names there was no room
  std::uint64_t write_failures = 0;
  std::uint64_t queued = 0;
  std::uint64_t pairs = 0;
  std::uint64_t histories = 0;
  std::uint64_t sent = 0;
};

class SpoofIntelligence {
 public:
  static constexpr int insight_days = 30;
  static constexpr int report_days = 90;
  /// A report about a sent message comes within so many days.
  static constexpr int sent_days = 7;

  /// Opens or creates the database, reads it and starts the thread.
  static Result<std::unique_ptr<SpoofIntelligence>> open(SpoofIntelligenceSettings settings);
  /// Writes what is queued.
  virtual ~SpoofIntelligence() = default;

  // From any thread; these never block for the disk.

  /// Makes the keys. It never changes.
  virtual const KeyedHash& hash() const = 0;
  virtual policy::TrafficHistories history(const policy::TrafficKeys& keys, Time now) const = 0;
  virtual bool has_sent(std::uint64_t sent_mail_key, Time now) const = 0;

  virtual void note(SpoofSighting sighting) = 0;
  /// A message was delivered whose author is proven.
  virtual void note_legitimate(const policy::TrafficKeys& keys, Time at) = 0;
  /// A message was treated as a forgery. It takes its history from whoever looks like it.
  virtual void note_disputed(const policy::TrafficKeys& keys, Time at) = 0;
  virtual void note_sent(std::uint64_t sent_mail_key, Time at) = 0;

  virtual SpoofCounters counters() const = 0;

  // For administration: these block for the disk.

  /// Waits until what was noted before is counted, and on disk or failed there.
  virtual bool flush(std::chrono::milliseconds limit) = 0;
  /// Newest day first.
  virtual Result<std::vector<SpoofCount>> find(const SpoofQuery& query) = 0;
};

}  // namespace postern::store
