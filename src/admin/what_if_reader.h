// Judges the rows of the trace again, one after another, as store::TraceStore::scan shows them, and
// hands what comes of it to policy::WhatIf.
//
// Traffic repeats: the same printer writes to the same mailbox every day. What decides at RCPT is
// known of a row by numbers alone (store/trace_scan.h), so equal rows are decided once.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "directory/snapshot.h"
#include "mail/mailbox.h"
#include "policy/what_if.h"
#include "store/trace_scan.h"

namespace postern::admin {

/// What decides and is the same for all mail.
struct WhatIfSettings {
  policy::WhatIfSide now;
  policy::WhatIfSide then;
  std::string server_name;
  bool has_relay = false;
};

class WhatIfReader final : public store::TraceRowReader {
 public:
  /// `settings` and `what_if` live longer.
  WhatIfReader(const WhatIfSettings& settings, policy::WhatIf& what_if)
      : settings_(settings), what_if_(what_if) {}

  void begin_day() override;
  void read(const store::TraceScanRow& row, store::TraceTexts& texts) override;

  /// Rows whose client is not known, or that were written before the facts were kept.
  std::uint64_t not_judged() const { return not_judged_; }

 private:
  /// Decisions that are remembered within a day.
  static constexpr std::size_t max_known = 200'000;
  static constexpr std::size_t max_known_facts = 20'000;
  static constexpr std::size_t max_known_paths = 20'000;

  /// Of JudgedFacts what decides here.
  struct Facts {
    std::vector<std::string> certificate_names;
    policy::RcptFacts::ReverseName reverse_name = policy::RcptFacts::ReverseName::unknown;
    bool refused_anyway = false;

    auto operator<=>(const Facts&) const = default;
  };
  struct Key {
    store::TraceTextId client = 0;
    store::TraceTextId hello = 0;
    store::TraceTextId reverse_path = 0;
    store::TraceTextId forward_path = 0;
    std::uint32_t facts = 0;
    bool tls = false;

    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };
  struct Known {
    IpAddress client;
    policy::RcptChange change;
  };

  /// Its number, from 1; 0: they cannot be read.
  std::uint32_t number_of_facts(store::TraceTextId id, store::TraceTexts& texts);
  std::optional<Known> judge(const store::TraceScanRow& row, const Facts& facts,
                             store::TraceTexts& texts);
  const std::optional<mail::Mailbox>& forward_path(store::TraceTextId id, store::TraceTexts& texts);

  const WhatIfSettings& settings_;
  policy::WhatIf& what_if_;
  std::uint64_t not_judged_ = 0;
  std::unordered_map<Key, Known, KeyHash> known_;
  /// Mailboxes are far fewer than senders.
  std::unordered_map<store::TraceTextId, std::optional<mail::Mailbox>> forward_paths_;
  /// Texts differ in what does not decide here, so equal facts share a number.
  std::unordered_map<store::TraceTextId, std::uint32_t> fact_numbers_;
  std::map<Facts, std::uint32_t> facts_;
  std::vector<const Facts*> facts_by_number_;
};

}  // namespace postern::admin
