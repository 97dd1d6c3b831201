// Exceptions of Reject Direct Send: which mail it lets in although the switch is on, until when,
// and why.
//
//   New-DirectSendException -Name Scanner -SenderIPAddresses 198.51.100.7 -ExpiresOn 2026-12-31
//     -Reason 'until the new scanner is there'
//
// An exception knows its clients by address or by certificate, either of them, as a connector does;
// senders and recipients narrow it. One that has expired stays to be seen, and counts for nothing.
//
// An organization's exceptions are never changed, only replaced, and have an index: what a lookup
// costs depends on how many concern the client, not on how many there are. Which of them counts is
// decided in policy/stage.h.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "base/time.h"
#include "directory/compact.h"
#include "directory/guid.h"
#include "directory/name_key.h"

namespace postern::directory {

class Organization;
enum class Force;

struct DirectSendException {
  Guid guid;
  std::string name;
  CompactList<IpPrefix> sender_ip_addresses;
  Text sender_certificate_name;  ///< `mail.contoso.com` or `*.contoso.com`
  /// Addresses, or domains without those below them, of the reverse-path; empty: any.
  NameList senders;
  NameList recipients;  ///< the same, of recipients
  Time expires;
  std::string reason;
  Time when_created;
  Time when_changed;

  bool is_expired(Time now) const { return expires <= now; }
  /// It was made with Force: whoever says that he is one of `senders` is one.
  bool has_any_client() const {
    return sender_ip_addresses.empty() && sender_certificate_name.empty();
  }
};

// What one organization may have.
inline constexpr std::size_t max_direct_send_exceptions = 200;
/// Entries of one list of an exception.
inline constexpr std::size_t max_exception_entries = 100;
inline constexpr std::size_t max_exception_reason = 1'000;

class DirectSendExceptions {
 public:
  /// In any order, names each once.
  explicit DirectSendExceptions(std::vector<DirectSendException> exceptions);

  /// By name.
  std::span<const DirectSendException> all() const { return all_; }
  /// By name, in any case, or by GUID. Null: none.
  const DirectSendException* find(std::string_view identity) const;

  /// `use(exception)` for those that have the address; one may come twice.
  template <class Use>
  void for_each_by_address(const IpAddress& client, Use&& use) const {
    for (const std::uint8_t length : client.is_v4() ? v4_lengths_ : v6_lengths_) {
      const IpPrefix around(client, length);
      for (auto at = first(by_prefix_, around); at != by_prefix_.end() && at->first == around; ++at)
        use(all_[at->second]);
    }
  }
  /// The same for a certificate's name. A key is a hash: whoever asks compares the names.
  template <class Use>
  void for_each_by_certificate(NameKey key, Use&& use) const {
    for (auto at = first(by_certificate_, key); at != by_certificate_.end() && at->first == key;
         ++at)
      use(all_[at->second]);
  }
  /// Those that have_any_client().
  template <class Use>
  void for_each_of_any_client(Use&& use) const {
    for (const std::uint16_t place : of_any_client_) use(all_[place]);
  }

 private:
  template <class Key>
  using Index = std::vector<std::pair<Key, std::uint16_t>>;
  template <class Key>
  static auto first(const Index<Key>& index, const Key& key) {
    return std::ranges::lower_bound(index, key, {}, &std::pair<Key, std::uint16_t>::first);
  }

  std::vector<DirectSendException> all_;
  // Sorted, with places in all_.
  Index<IpPrefix> by_prefix_;
  Index<NameKey> by_certificate_;
  std::vector<std::uint16_t> of_any_client_;
  /// The lengths of prefixes that there are.
  std::vector<std::uint8_t> v4_lengths_;
  std::vector<std::uint8_t> v6_lengths_;
};

using SharedDirectSendExceptions = std::shared_ptr<const DirectSendExceptions>;

/// The exception in its stored form; its when_changed says what is past. `replaced`: as it is now
/// if it is to be changed, or null. An error begins with the parameter at fault.
Result<DirectSendException> check_direct_send_exception(DirectSendException exception,
                                                        const Organization& organization,
                                                        const DirectSendException* replaced,
                                                        Force force);

}  // namespace postern::directory
