// What traffic is counted by: mail of one organization in one hour that looks the same.
//
// The Direct Send report needs to know, of three months, who sent with an own reverse-path and how
// that was. A row for each message would be too much, and a stranger would choose how many rows
// there are. So equal messages are one row, and where a stranger varies what the rows tell apart
// (his HELO, his address, his address within his network), they tell less apart, step by step:
//
//   all       source address, PTR domain, HELO, certificate, domains, connector, results, decision
//   source    the address, the results, the decision
//   network   the same of the /24 or /48
//   none      the decision: "others"
//
// An organization has so many rows of each step in an hour and no more (TrafficLimits). What must
// not be lost in a flood has room of its own: mail that a connector vouches for, and mail that
// passes SPF or DKIM for the own domain, are kinds that a stranger cannot fill.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "store/trace_record.h"

namespace postern::store {

/// Numbers are on disk.
enum class TrafficKind : std::uint8_t {
  vouched = 0,   ///< own reverse-path, and a connector vouches for the client
  proven = 1,    ///< Direct Send that passes SPF or DKIM for the sender's domain
  unproven = 2,  ///< Direct Send that does not
  foreign = 3    ///< another reverse-path; its source is a network
};
inline constexpr bool is_direct_send(TrafficKind kind) {
  return kind == TrafficKind::proven || kind == TrafficKind::unproven;
}

/// Numbers are on disk.
enum class TrafficDetail : std::uint8_t { all = 0, source = 1, network = 2, none = 3 };

/// Also the order of the columns on disk.
enum class TrafficText : std::uint8_t {
  organization,  ///< its name
  source,        ///< an address, a network, or nothing: others
  ptr_domain,    ///< `printers.contoso.test` of `mail-7.printers.contoso.test`
  hello,
  certificate,
  sender_domain,  ///< of the reverse-path; empty: null
  author_domain,  ///< of the From field
  connector,      ///< to which it was attributed
  nearest_miss,   ///< else the sentence about the one that was nearly meant
  spf,            ///< `pass`, …; empty: not evaluated
  dkim,           ///< `pass`: for the sender's domain; `fail`, `none`; empty: not evaluated
  dmarc,
  compauth,  ///< `fail 601`
  decision,  ///< `Accept`, `Reject`, `Defer`
  reason     ///< of a refusal, the first word: `RejectDirectSend`
};
inline constexpr std::size_t traffic_texts = 15;

/// In octets; what is longer is cut.
inline constexpr std::size_t max_traffic_text = 128;
inline constexpr std::size_t max_traffic_address = 254;

struct TrafficKey {
  std::int64_t hour = 0;  ///< since 1970
  TrafficKind kind = TrafficKind::foreign;
  TrafficDetail detail = TrafficDetail::all;
  std::array<std::string, traffic_texts> texts;

  std::string& operator[](TrafficText text) { return texts[static_cast<std::size_t>(text)]; }
  const std::string& operator[](TrafficText text) const {
    return texts[static_cast<std::size_t>(text)];
  }
  /// Refused by the switch.
  bool is_refused() const;
  bool operator==(const TrafficKey&) const = default;
};

struct TrafficCount {
  std::uint64_t messages = 0;
  std::uint64_t recipients = 0;
  std::uint64_t self_to_self = 0;  ///< messages whose first recipient is their sender
  std::uint64_t with_tls = 0;      ///< messages
  Time first{};
  Time last{};
  std::string sample;  ///< MessageTraceId of one of them

  void add(const TrafficCount& other);
};

/// Senders and recipients of mail with an own reverse-path.
enum class AddressRole : std::uint8_t { sender = 0, recipient = 1 };

struct AddressKey {
  std::int64_t hour = 0;
  TrafficKind kind = TrafficKind::unproven;
  AddressRole role = AddressRole::sender;
  std::string organization;
  std::string source;         ///< an address; empty: of several
  std::string sender_domain;  ///< of the reverse-path
  std::string address;        ///< lower case; empty: several

  bool operator==(const AddressKey&) const = default;
};

struct AddressCount {
  std::uint64_t messages = 0;
  std::uint64_t refused = 0;  ///< of these, by the switch
  Time first{};
  Time last{};

  void add(const AddressCount& other);
};

struct CountedTraffic {
  TrafficKey key;
  TrafficCount count;
};
struct CountedAddress {
  AddressKey key;
  AddressCount count;
};

struct TrafficQuery {
  std::string organization;
  Time start;
  Time end;
};

/// Of an hour.
struct TrafficLimits {
  /// Of one organization, for each kind and each step of detail but the last.
  std::uint64_t organization_rows = 500;
  /// The same for names of senders and recipients.
  std::uint64_t organization_addresses = 2'000;
  /// Of all organizations together, of both.
  std::uint64_t all_rows = 50'000;
};

std::int64_t hour_of(Time time);
/// Days since 1970.
std::int64_t day_of_hour(std::int64_t hour);

/// Is it mail that came to somebody? A digest of our own and a release from quarantine are not.
bool is_traffic(const TraceRecord& record);

/// Fills `key`, whose strings keep their memory.
void fill(TrafficKey& key, const TraceRecord& record);
/// With sender domain and kind of `key`.
void fill(AddressKey& address, AddressRole role, const TraceRecord& record, const TrafficKey& key);

/// One step less; of `none` the same.
void coarsen(TrafficKey& key);
/// First without the address, then without the source.
void coarsen(AddressKey& key);
bool is_coarsest(const AddressKey& key);
/// How many steps it has gone.
int detail_of(const AddressKey& key);

/// Different keys have different texts.
void append_to(std::string& text, const TrafficKey& key);
void append_to(std::string& text, const AddressKey& key);

}  // namespace postern::store
