// Where mail goes next, in the words of the configuration and of `-NextHop`:
//
//   maildir:mail/%d/%u          a folder per recipient; relative paths are under data_directory
//   lmtp:127.0.0.1:24           LMTP (RFC 2033) over TCP; IPv6 as lmtp:[::1]:24
//   lmtp:unix:/run/dovecot/lmtp LMTP over a Unix socket
//   smtp:mail.contoso.com:25    SMTP, for example Exchange Server or Postfix
//   smtp:mx:contoso.com         SMTP, to the servers that the domain's MX records name
//
// Of servers over TCP there may be several, which are tried in this order, each with options:
//
//   smtp:a.contoso.com:25?tls=verify,smtp:b.contoso.com:25?tls=verify&name=mail.contoso.com
//
// `next_hop_options.cpp` has the options, docs/next-hops.md explains them.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace postern::delivery {

/// Servers that one next hop may name.
inline constexpr std::size_t max_hop_servers = 8;
inline constexpr std::uint16_t smtp_port = 25;

enum class TlsPolicy {
  by_address,     ///< not chosen: opportunistic, none on loopback
  none,           ///< never
  opportunistic,  ///< where it is offered, with whoever answers; plain otherwise
  required,       ///< always, with whoever answers
  verify,         ///< always, and the certificate has the server's name
  dane            ///< always, and TLSA records vouch for the server
};

/// The PROXY protocol, with which a connection begins that tells the hop whom it is for.
enum class ProxyUse { none, v1, v2 };

/// One of the servers that a next hop names.
struct HopServer {
  /// A host name in the form of to_a_label or an address without brackets. With `is_mx`: a domain.
  std::string host;
  std::uint16_t port = 0;
  bool is_mx = false;
  TlsPolicy tls = TlsPolicy::by_address;
  std::string tls_name;  ///< whom verify looks for; empty: `host`
  bool xclient = false;  ///< Postfix's XCLIENT tells the hop whom we speak for
  ProxyUse proxy = ProxyUse::none;

  auto operator<=>(const HopServer&) const = default;
};

/// A list of servers that never changes: copies share it, since a next hop is passed about many
/// times for each message.
class HopServers {
 public:
  HopServers() = default;
  HopServers(std::initializer_list<HopServer> servers) : HopServers(std::vector(servers)) {}
  explicit HopServers(std::vector<HopServer> servers)
      : list_(servers.empty()
                  ? nullptr
                  : std::make_shared<const std::vector<HopServer>>(std::move(servers))) {}

  bool empty() const { return list_ == nullptr; }
  std::size_t size() const { return list_ ? list_->size() : 0; }
  const HopServer& front() const { return list_->front(); }
  const HopServer& operator[](std::size_t index) const { return (*list_)[index]; }
  auto begin() const { return view().begin(); }
  auto end() const { return view().end(); }

  std::strong_ordering operator<=>(const HopServers& other) const {
    if (list_ == other.list_) return std::strong_ordering::equal;
    return std::lexicographical_compare_three_way(begin(), end(), other.begin(), other.end());
  }
  bool operator==(const HopServers& other) const { return (*this <=> other) == 0; }

 private:
  std::span<const HopServer> view() const {
    return list_ ? std::span<const HopServer>(*list_) : std::span<const HopServer>();
  }

  std::shared_ptr<const std::vector<HopServer>> list_;  ///< null: none
};

struct NextHop {
  enum class Kind { maildir, lmtp, smtp };

  Kind kind = Kind::maildir;
  /// The pattern of a maildir hop (see maildir_path.h), or the Unix socket of an LMTP hop.
  std::string path;
  /// In the order in which they are tried; none: `path` counts.
  HopServers servers;

  bool is_unix() const { return kind != Kind::maildir && servers.empty(); }
  /// Does it want to know whom we speak for (XCLIENT, PROXY)?
  bool wants_introduction() const;
  /// What parse_next_hop reads.
  std::string to_string() const;

  auto operator<=>(const NextHop&) const = default;
};

/// The error is a sentence that names what was expected.
Result<NextHop> parse_next_hop(std::string_view text);

/// The same for mail to other domains: only servers take that.
Result<NextHop> parse_relay(std::string_view text);

/// `tls=verify&name=mx.contoso.com`, into `server`, whose host is known already.
Result<void> read_options(std::string_view text, HopServer& server);
/// The other way, beginning with a question mark; empty where nothing was chosen.
std::string options_text(const HopServer& server);
std::string_view to_string(TlsPolicy policy);

}  // namespace postern::delivery
