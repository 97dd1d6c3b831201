// What to think of a source of Direct Send, and what to do about it: the two columns of the Direct
// Send report that people read first.
//
//   Judgement   Passes SPF and has sent on 28 of 30 days: probably a device or service of yours.
//   Remedy      New-InboundConnector -Name "Direct Send 198.51.100.7" … -SenderIPAddresses …
//
// Pure, like all of policy: statistics in, sentences out. Whoever counts (the daemon's roll-ups, or
// files of another system) fills in what it knows; what it does not know is not held against the
// source. Nothing here decides about mail.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"

namespace postern::policy {

/// Results of one method. Messages without a result, or with a temporary error, are in neither.
struct ResultCounts {
  std::uint64_t pass = 0;
  std::uint64_t other = 0;

  std::uint64_t known() const { return pass + other; }
  /// Nine of ten: a forwarder or a broken moment does not make a printer a stranger.
  bool mostly_passes() const { return pass > 0 && pass * 10 >= known() * 9; }
  bool never_passes() const { return known() > 0 && pass == 0; }
};

/// One source that sends with a reverse-path in a domain of the organization.
struct SourceStatistics {
  /// Nothing: the record has no client addresses, and the source is a sender.
  std::optional<IpAddress> address;
  std::string reverse_domain;  ///< of the client's PTR name; empty: not known
  /// Of a certificate with a full chain that the client showed; empty: none, or not known.
  std::string certificate_name;
  /// Reverse-paths, the most frequent first; perhaps not all. `sender_count` counts all.
  std::vector<std::string> senders;
  std::uint64_t sender_count = 0;

  std::uint64_t count = 0;       ///< messages
  std::uint64_t attributed = 0;  ///< of these: for which a connector (or a login) vouched
  std::uint64_t recipients = 0;
  std::uint64_t self_to_self = 0;   ///< to the address that they claim to come from
  std::uint64_t with_tls = 0;       ///< known to have come under TLS
  std::uint64_t literal_hello = 0;  ///< HELO was an address in brackets
  ResultCounts spf;
  ResultCounts dkim;  ///< pass: for a domain of the organization, as far as the record tells
  ResultCounts dmarc;
  ResultCounts composite;

  std::optional<Time> first_seen;  ///< nothing: the record has no times
  std::optional<Time> last_seen;
  std::uint64_t days = 0;  ///< different days (UTC) with mail

  /// What the switch would refuse.
  std::uint64_t would_be_refused() const { return count - attributed; }
};

/// Where a client's reverse name stands: of `mail-7.printers.contoso.test` it is
/// `printers.contoso.test`. Empty: it is no name.
std::string reverse_domain_of(std::string_view name);

enum class SourceKind {
  vouched,    ///< a connector vouches for all of it
  yours,      ///< sends with the domain's authority: cut off by mistake
  forwarder,  ///< brings mail of the organization's own people back, without SRS
  unclear,    ///< somebody must find out
  spoof
};
/// `Vouched`, `Yours`, …
std::string_view to_string(SourceKind kind);

struct SourceJudgement {
  SourceKind kind = SourceKind::unclear;
  std::string sentence;  ///< with a full stop
};

/// `until`: where the record ends, so that a source that fell silent is not called regular.
SourceJudgement judge_source(const SourceStatistics& source, std::optional<Time> until);

/// Whose connectors the remedy is for: Exchange Online takes no IPv6 addresses and no private ones.
enum class RemedyFor { postern, exchange_online };

struct SourceRemedy {
  /// A cmdlet line that works when it is pasted; empty: there is none, `note` says why.
  std::string connector;
  /// To add to the SPF record of `spf_domain`, `ip4:198.51.100.7`; empty: not needed, or no use.
  std::string spf_term;
  std::string spf_domain;
  std::string note;  ///< a sentence; perhaps empty
};

/// No connector is offered for a spoof. One for an address trusts everybody behind it.
SourceRemedy remedy_for(const SourceStatistics& source, SourceKind kind, RemedyFor whose);

/// What RejectDirectSend $true would have done to the traffic of a report.
struct DirectSendForecast {
  struct Part {
    std::uint64_t messages = 0;
    std::uint64_t sources = 0;
  };
  Part refused;  ///< all of it; the next four are its parts
  Part yours;
  Part forwarder;
  Part unclear;
  Part spoof;

  void add(const SourceStatistics& source, SourceKind kind);
  /// `Under RejectDirectSend $true 12 messages of 2 sources would have been refused, …`
  std::string to_sentence() const;
};

}  // namespace postern::policy
