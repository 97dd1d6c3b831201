// Which terms of a published SPF record were seen to send: the record as the DNS has it now,
// compared with the sources that were counted.
//
// A message is not asked which term let it pass, which would cost every message something. Instead
// each source is judged again by today's record when somebody wants to know. That also tells what a
// record that was changed meanwhile would do.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"
#include "dns/resolver.h"

namespace postern::admin {

/// A source that sends with a reverse-path of the domain.
struct SpfSender {
  IpAddress address;
  std::string hello;  ///< for the macro; mostly unknown
  std::string local_part;
  std::uint64_t messages = 0;
  Time last_seen{};
  /// Judged to be the organization's own: it should be covered.
  bool is_wanted = false;
};

enum class SpfTermStatus { seen, never_seen, missing };
/// `Seen`, `NeverSeen`, `Missing`
std::string_view to_string(SpfTermStatus status);

struct SpfTermUse {
  std::string term;  ///< as written; of `missing` the one to add
  SpfTermStatus status = SpfTermStatus::never_seen;
  std::uint64_t messages = 0;
  std::optional<Time> last_seen;
  std::vector<std::string> sources;  ///< some of them
  std::string suggestion;            ///< a sentence; perhaps empty
};

struct SpfInventory {
  std::vector<SpfTermUse> terms;  ///< as they stand in the record, then what is missing
  /// Why the record, or a source, could not be judged: sentences.
  std::vector<std::string> problems;
};

/// Blocks for the DNS, little longer than until `deadline`. `receiver`: our host name.
SpfInventory take_spf_inventory(const std::string& domain, const std::vector<SpfSender>& senders,
                                dns::Resolver& resolver, const std::string& receiver,
                                std::chrono::steady_clock::time_point deadline);

}  // namespace postern::admin
