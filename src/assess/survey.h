// Counts observations by source: what goes in is the mail of a tenant, what comes out are the
// statistics that policy/direct_send_report.h judges.
//
// A source is a client's address, or, where the record has none, a sender. Only mail that came from
// outside with a reverse-path in one of the domains is Direct Send; the rest is counted by why it
// is not. Memory is bounded whatever the files hold: see the limits.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assess/observation.h"
#include "base/result.h"
#include "policy/direct_send_report.h"

namespace postern::assess {

struct SurveyLimits {
  std::size_t sources = 50'000;      ///< more are counted together
  std::size_t messages = 4'000'000;  ///< of which is remembered that they were seen
  std::size_t senders = 8;           ///< that are named of one source
  std::size_t counted_senders = 64;  ///< that are told apart
  std::size_t days = 400;
};

/// The organization's accepted domains: `contoso.com`, or `*.contoso.net` for that domain and all
/// below it (MatchSubDomains).
class OwnDomains {
 public:
  /// Of any spelling; the error names what is no domain.
  static Result<OwnDomains> from(const std::vector<std::string>& texts);

  bool contains(std::string_view domain) const;
  /// Is the domain of this address one of ours?
  bool has(std::string_view address) const;

 private:
  std::map<std::string, bool, std::less<>> domains_;  ///< and: with all below it?
};

struct SurveyTotals {
  std::uint64_t messages = 0;
  std::uint64_t repeated = 0;  ///< rows of messages that were counted already, for that recipient
  std::uint64_t direct_send = 0;     ///< own reverse-path, from outside; the next are all others
  std::uint64_t foreign = 0;         ///< another domain's, or no reverse-path
  std::uint64_t author_only = 0;     ///< of these: the From field has an own domain
  std::uint64_t outbound = 0;        ///< not to or not from outside, or to others only
  std::uint64_t without_client = 0;  ///< own sender, no client: mail between own mailboxes
  /// Sources beyond the limit, and what they sent.
  policy::DirectSendForecast::Part others;
  std::optional<Time> first;
  std::optional<Time> last;
};

class Survey {
 public:
  explicit Survey(OwnDomains domains, SurveyLimits limits = {});
  ~Survey();
  Survey(const Survey&) = delete;
  Survey& operator=(const Survey&) = delete;

  void add(const Observation& seen);

  const SurveyTotals& totals() const { return totals_; }
  /// Has so much been seen that repeated messages are no longer noticed?
  bool forgets() const;
  /// Those that the switch would hit hardest first.
  std::vector<policy::SourceStatistics> sources() const;

 private:
  struct Source;
  struct Seen;

  enum class Novelty { message, recipient, nothing };
  Novelty novelty(const Observation& seen);
  Source* find_source(const Observation& seen);

  const OwnDomains domains_;
  const SurveyLimits limits_;
  SurveyTotals totals_;
  std::unique_ptr<Seen> seen_;
  std::map<std::string, Source, std::less<>> sources_;
};

}  // namespace postern::assess
