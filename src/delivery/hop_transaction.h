// One message on its way to one SMTP or LMTP hop, for those of its recipients that live there.
//
// Towards an SMTP hop the client's RCPTs are passed on as they come, on a connection that is
// kept until the end, so that an unknown user is refused at RCPT. If too many clients hold one
// already, and to an LMTP hop always, the message is told only when it is there: MAIL, all RCPTs
// and DATA in one go.
//
// A connection that turns out to be dead before it has said anything is replaced once, and all
// is said again: up to the final dot the hop has nothing of the message.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "delivery/edited.h"
#include "delivery/envelope.h"
#include "delivery/hop_pool.h"
#include "mail/reply.h"

namespace postern::delivery {

struct HopTimes {
  /// For everything before the final dot is out, as long as we wait for hops and not for our
  /// client.
  std::chrono::steady_clock::duration before_final_dot = std::chrono::seconds(60);
  /// RFC 5321 section 4.5.3.2.6.
  std::chrono::steady_clock::duration after_final_dot = std::chrono::minutes(10);
};

class HopTransaction {
 public:
  /// `envelope` and `workers` outlive it.
  HopTransaction(std::shared_ptr<HopPool> pool, NextHop hop, const Envelope& envelope,
                 net::BlockingPool& workers, HopTimes times, Counters& counters)
      : pool_(std::move(pool)),
        hop_(std::move(hop)),
        envelope_(envelope),
        workers_(workers),
        times_(times),
        counters_(counters),
        time_left_(times.before_final_dot) {}

  /// Passes RCPT on. Nothing: the hop takes the recipient, or could not be asked yet.
  awaitable<std::optional<mail::Reply>> add_recipient(HopRecipient recipient);

  /// A reply for each of `recipients`: those that were added, or some of them. 2xx: the hop
  /// has it. Everything else but its own 5xx is temporary.
  awaitable<std::vector<mail::Reply>> deliver(std::vector<HopRecipient> recipients,
                                              const Content& content, const Edit& edit);
  const NextHop& hop() const { return hop_; }
  /// Of the server that was spoken to last; empty if none was, or on a Unix socket.
  const std::string& address() const { return address_; }
  /// Did that server offer DSN (RFC 3461)? Nothing: none was spoken to.
  std::optional<bool> offers_dsn() const { return offers_dsn_; }

 private:
  awaitable<std::optional<mail::Reply>> ready(std::uint64_t size, bool needs_dsn,
                                              Deadline deadline);
  std::optional<mail::Reply> unfit(std::uint64_t size, bool needs_dsn);
  awaitable<HopResult<mail::Reply>> pass_on(const HopRecipient& recipient, Deadline deadline);
  awaitable<HopResult<SmtpClient::Begun>> begin_content(const std::vector<HopRecipient>& recipients,
                                                        std::uint64_t size, Deadline deadline);
  awaitable<std::vector<mail::Reply>> finish(SmtpClient::Begun begun, const Content& content,
                                             const Edit& edit, Deadline deadline);
  awaitable<std::optional<mail::Reply>> start_over(Deadline deadline);
  bool may_renew(const HopTrouble& trouble) const;
  mail::Reply gave_way(const HopTrouble& trouble);
  mail::Reply unreachable(const NoLease& trouble);
  void let_go();
  mail::Reply trouble_reply(const char* enhanced, const std::string& what,
                            const std::string& error);
  void note(const HopTrouble& trouble);

  std::shared_ptr<HopPool> pool_;
  const NextHop hop_;
  const Envelope& envelope_;
  net::BlockingPool& workers_;
  const HopTimes times_;
  Counters& counters_;
  std::chrono::steady_clock::duration time_left_;  ///< of before_final_dot
  std::optional<HopPool::Lease> lease_;
  /// What the open transaction of lease_ has: MAIL and these RCPTs, all accepted.
  bool begun_ = false;
  std::vector<HopRecipient> passed_on_;
  std::string address_;
  std::optional<bool> offers_dsn_;
};

}  // namespace postern::delivery
