// Judges the rows of the trace again, one after another, as store::TraceStore::scan shows them, and
// hands what comes of it to policy::WhatIf.
//
// Hardly two rows of a day have the same client, sender and recipient, so each is decided. But each
// of the three comes again and again: what its text says is remembered by the number of the text
// (store::TraceMemo).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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

/// How many texts of a kind are remembered. Fewer are slower, and change nothing else.
struct WhatIfMemory {
  std::size_t addresses = 16'384;
  std::size_t facts = 1'024;  ///< the long ones
  std::size_t others = 1'024;
};

class WhatIfReader final : public store::TraceRowReader {
 public:
  /// `settings` and `what_if` live longer.
  WhatIfReader(const WhatIfSettings& settings, policy::WhatIf& what_if,
               const WhatIfMemory& memory = {});

  void begin_day() override;
  void read(const store::TraceScanRow& row, store::TraceTexts& texts) override;

  /// Rows whose client is not known, or that were written before the facts were kept.
  std::uint64_t not_judged() const { return not_judged_; }

 private:
  /// Of JudgedFacts what decides here.
  struct Facts {
    std::vector<std::string> certificate_names;
    policy::RcptFacts::ReverseName reverse_name = policy::RcptFacts::ReverseName::unknown;
    bool refused_anyway = false;
  };
  using Words = store::TraceMemo<std::string>;

  const WhatIfSettings& settings_;
  policy::WhatIf& what_if_;
  std::uint64_t not_judged_ = 0;
  // A memo for each column: what a row shows of one is there while the others are asked.
  store::TraceMemo<std::optional<IpAddress>> clients_;
  store::TraceMemo<std::optional<mail::Mailbox>> forward_paths_;
  store::TraceMemo<std::optional<Facts>> facts_;
  Words decisions_;
  Words certificates_;
  Words ptrs_;
  Words spfs_;
  Words dkims_;
  Words dmarcs_;
  Words compauths_;
};

}  // namespace postern::admin
