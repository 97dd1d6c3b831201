// How many connections may be open, in all and from one client. Shared by all threads.
//
//   auto ticket = admission.admit(peer);
//   if (!ticket) …  // ticket.error(): refuse with 421, close
//
// A client is an IPv4 address or an IPv6 /64, the smallest block that every customer gets.
// Behind a proxy the client is known only after its header: take_place() counts the connection
// in all, and name_client() then counts it for the client.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <unordered_map>

#include "base/guarded.h"
#include "base/ip_address.h"

namespace postern::net {

struct AdmissionLimits {
  std::uint32_t connections = 10'000;
  std::uint32_t connections_per_client = 50;
};

enum class Refusal {
  server_full,  ///< too many connections in all
  client_full   ///< too many from this client
};

class Admission {
 public:
  /// A place among the connections; given back when it is destroyed, on any thread. The
  /// Admission outlives its tickets.
  class Ticket {
   public:
    Ticket(Ticket&& other) noexcept;
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket();

    /// Once, for a ticket of take_place(). False: the client has its share already.
    bool name_client(const IpAddress& client);

   private:
    friend class Admission;
    explicit Ticket(Admission& admission) : admission_(&admission) {}

    Admission* admission_;
    std::optional<IpAddress> client_;
  };

  explicit Admission(AdmissionLimits limits);

  /// Others hold for connections to come.
  void set_limits(AdmissionLimits limits);
  std::expected<Ticket, Refusal> take_place();
  std::expected<Ticket, Refusal> admit(const IpAddress& client);
  std::uint32_t connections() const;

 private:
  // Bounded: it holds only clients that have a connection open.
  struct State {
    AdmissionLimits limits;
    std::uint32_t connections = 0;
    std::unordered_map<IpAddress, std::uint32_t> of_client;
  };

  void give_back(const std::optional<IpAddress>& client);

  Guarded<State> state_;
};

}  // namespace postern::net
