// Opens a connection to a next hop: finds its addresses, tries them in order, and comes back with
// one that has greeted, speaks TLS as the hop's policy wants it, and knows whom we speak for.
//
//   smtp:mx:contoso.com?tls=verify,smtp:192.0.2.1:25
//        |  MX, A, AAAA                |
//        v                             v                     of all addresses
//   mx1 [192.0.2.5]:25   mx2 […]   192.0.2.1:25              those that failed of late
//        |  no answer        |                               are left out, unless there
//        +-----------------> +--- greeting, STARTTLS … ok    is no other
//
// Belongs to one I/O thread. A policy that asks for TLS is never satisfied by less: then the
// address has failed, and if all have, the mail waits.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <expected>
#include <map>
#include <memory>
#include <string>

#include "delivery/counters.h"
#include "delivery/hop_health.h"
#include "delivery/hop_route.h"
#include "delivery/smtp_client.h"
#include "dns/resolver.h"
#include "net/blocking_pool.h"
#include "net/tls_context.h"

namespace postern::delivery {

struct OpenLimits {
  /// To connect, to be greeted and to agree on TLS: for each address.
  std::chrono::seconds connect{20};
  /// Addresses tried for one message.
  std::size_t addresses = 8;
};

/// What a thread opens connections with. All of it outlives the connections.
struct HopMeans {
  net::BlockingPool& pool;
  /// Of the thread; null: nothing that needs MX or TLSA records can be reached.
  dns::Resolver* resolver = nullptr;
  /// A client's; null: no TLS.
  std::shared_ptr<const net::TlsContext> tls;
};

struct OpenedHop {
  std::unique_ptr<SmtpClient> client;
  bool xclient = false;  ///< every message begins with an introduction
  bool proxy = false;    ///< the connection is for this one client
  /// Another address would have been better: not to be kept for long.
  bool is_second_choice = false;
};

/// Why there is no connection.
struct HopUnreached {
  std::string message;  ///< a sentence for each address that was tried
  std::string address;  ///< the last of them; empty: none was
};

using IntroductionRef = std::shared_ptr<const Introduction>;

class HopOpener : public std::enable_shared_from_this<HopOpener> {
 public:
  HopOpener(boost::asio::any_io_executor executor, HopMeans means, std::string own_name,
            OpenLimits limits, HopHealth& health, Counters& counters);
  HopOpener(const HopOpener&) = delete;
  HopOpener& operator=(const HopOpener&) = delete;

  /// `hop` is LMTP or SMTP. `whom`: null for mail of our own.
  awaitable<std::expected<OpenedHop, HopUnreached>> open(NextHop hop, IntroductionRef whom,
                                                         Deadline deadline);
  const std::string& own_name() const { return own_name_; }

 private:
  struct LookUp;
  struct Search;
  enum class Clear { no, yes };

  awaitable<Result<HopRoute>> route_of(const HopServer& server, Deadline deadline);
  awaitable<Result<HopRoute>> ask_route(const HopServer& server, Deadline deadline);
  awaitable<Result<std::vector<IpAddress>>> look_up(std::string host, Deadline deadline);
  awaitable<std::optional<OpenedHop>> try_address(Search& search, const HopAddress& address,
                                                  const HopServer* server);
  awaitable<Result<OpenedHop>> talk(const Search& search, const HopAddress& address,
                                    const HopServer* server, Clear clear);
  awaitable<Result<std::unique_ptr<net::Stream>>> connect(const HopAddress& address,
                                                          Deadline deadline);

  const boost::asio::any_io_executor executor_;
  const HopMeans means_;
  const std::string own_name_;
  const OpenLimits limits_;
  HopHealth& health_;
  Counters& counters_;
  /// Of names that are being looked up by the system: each costs a thread of the pool, so nobody
  /// asks twice at a time.
  std::map<std::string, std::shared_ptr<LookUp>> look_ups_;
};

}  // namespace postern::delivery
