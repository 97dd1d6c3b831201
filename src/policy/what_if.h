// What other settings would have made of the mail that came: one recipient after another is decided
// at RCPT under the settings of today and under the proposed ones, and what differs is counted by
// source.
//
// Only what was known at RCPT takes part, so nothing is guessed: the client, its certificate, HELO,
// TLS and both paths. What the content would have proven is not asked; where the proposed settings
// wait for it (RejectDirectSendAllowAuthenticated), the recipient counts as accepted and to be
// proven.
//
// Pure, like all of policy. Memory is bounded whatever the record holds: see the limits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/decision.h"
#include "policy/direct_send_report.h"

namespace postern::policy {

/// One recipient under both settings.
struct RcptChange {
  bool refused_now = false;  ///< or deferred
  bool refused_then = false;
  /// The reverse-path has a domain of the organization, under either settings.
  bool own_sender = false;
  /// Under the proposed settings a connector vouches for the client.
  bool vouched = false;
  /// Under the proposed settings accepted until the content is there to prove it.
  bool to_be_proven = false;
  /// Of the refusal, as the trace has it: `RejectDirectSend`, `StartTlsRequired: Scanner`.
  std::string reason;

  bool newly_refused() const { return refused_then && !refused_now; }
  bool newly_accepted() const { return refused_now && !refused_then; }
};

/// A directory, and when it is asked: what is scheduled or expires depends on it.
struct WhatIfSide {
  const directory::Snapshot& directory;
  Time time;
};

/// `refused_anyway`: the next hop or a limit did, which no settings of the directory change. The
/// facts' own time does not count.
RcptChange compare_rcpt(const RcptFacts& facts, bool refused_anyway, const WhatIfSide& now,
                        const WhatIfSide& then);

/// What the record has about one recipient besides, in the words of the trace; empty: nothing.
struct RcptRecord {
  IpAddress client;
  Time received;
  bool tls = false;
  std::string_view hello;
  std::string_view reverse_path;
  std::string_view forward_path;
  std::string_view certificate;  ///< the name of one that counts
  std::string_view ptr;
  std::string_view spf;
  std::string_view dkim;  ///< a line for each signature: `pass d=contoso.com s=s1`
  std::string_view dmarc;
  std::string_view compauth;
};

struct WhatIfLimits {
  std::size_t sources = 20'000;      ///< more are counted together
  std::size_t senders = 8;           ///< that are named of one source
  std::size_t counted_senders = 64;  ///< that are told apart
};

/// Recipients.
struct WhatIfCounts {
  /// Those that claim a domain of the organization, and those that change.
  std::uint64_t count = 0;
  std::uint64_t refused_now = 0;
  std::uint64_t refused_then = 0;
  std::uint64_t newly_refused = 0;
  std::uint64_t newly_accepted = 0;
  std::uint64_t to_be_proven = 0;

  void add(const RcptChange& change);
  void add(const WhatIfCounts& more);
  bool changes() const { return newly_refused + newly_accepted > 0; }
};

struct WhatIfSource {
  WhatIfCounts counts;
  /// Of what claims a domain of the organization. Recipients, not messages; `attributed`: those
  /// that a connector brings in under the proposed settings.
  SourceStatistics statistics;
  /// Of the first recipient that changes.
  std::string reason;
  SourceJudgement judgement;
  SourceRemedy remedy;
};

class WhatIf {
 public:
  explicit WhatIf(WhatIfLimits limits = {}) : limits_(limits) {}

  /// Records come day by day, the oldest day first.
  void add(const RcptChange& change, const RcptRecord& record);
  /// What was counted of other days.
  void add(const WhatIf& other_days);

  const WhatIfCounts& totals() const { return totals_; }
  /// Sources beyond the limit.
  const WhatIfCounts& others() const { return others_; }

  /// Those that change, the hardest hit first, judged. `until`: where the record ends.
  std::vector<WhatIfSource> changed_sources(std::optional<Time> until) const;
  /// `Under the proposed settings mail to 37 recipients from 3 sources would be refused that is
  /// accepted now: 30 from 1 source probably yours, …`
  std::string to_sentence(const std::vector<WhatIfSource>& changed) const;

 private:
  struct Source {
    WhatIfSource so_far;
    std::vector<std::pair<std::string, std::uint64_t>> senders;
    std::vector<std::size_t> sender_hashes;  // sorted
    std::chrono::sys_days last_day{};

    void add_evidence(const RcptRecord& record, const RcptChange& change,
                      const WhatIfLimits& limits);
    void add_hash(std::size_t hash, const WhatIfLimits& limits);
    void add_sender(std::string name, std::uint64_t times, const WhatIfLimits& limits);
    void add(const Source& of_other_days, const WhatIfLimits& limits);
  };

  /// Null: there are as many as there may be.
  Source* find_source(const IpAddress& client);

  WhatIfLimits limits_;
  WhatIfCounts totals_;
  WhatIfCounts others_;
  std::unordered_map<IpAddress, Source> sources_;
};

}  // namespace postern::policy
