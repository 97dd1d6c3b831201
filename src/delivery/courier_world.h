// All that a courier needs, for tests, and a client that hands it messages.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "delivery/courier.h"
#include "delivery/test_support.h"

namespace postern::delivery {

inline mail::Mailbox as_mailbox(const std::string& text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string::npos) return {.text = text, .local_part = text, .domain = ""};
  return {.text = text, .local_part = text.substr(0, at), .domain = text.substr(at + 1)};
}

inline Recipient as_recipient(const std::string& address, NextHop hop) {
  return {.forward_path = as_mailbox(address),
          .address = address,
          .detail = "",
          .next_hop = std::move(hop)};
}

/// Most tests have hops that fail many times in a row on purpose.
inline HealthLimits chosen_health() {
  return {.breaker = {.failures = 1000, .rest = std::chrono::seconds(30)},
          .address_retry = std::chrono::seconds(60)};
}

struct CourierWorld {
  explicit CourierWorld(CourierSettings chosen = {}, HealthLimits limits = chosen_health())
      : settings(std::move(chosen)), health(limits) {
    if (settings.host_name.empty()) settings.host_name = "mx.contoso.test";
    ledger = std::move(*store::Ledger::open(data.str() + "/ledger.db", now()));
    quarantine = std::move(*QuarantineFolder::open(data.str() + "/quarantine", pool));
    start();
  }

  /// A courier with new connections, as after a restart of the daemon.
  void start() {
    courier = make_courier(services(), settings, io.get_executor(),
                           {.pool = pool, .resolver = resolver, .tls = tls});
  }

  DeliveryServices services() {
    return {pool, contents, maildir, *ledger, *quarantine, in_flight, health, counters};
  }

  /// Runs until the task has ended; connections that stay open do not count.
  template <class T>
  T wait_for(awaitable<T> task) {
    std::optional<T> result;
    std::exception_ptr trouble;
    boost::asio::co_spawn(io, std::move(task), [&](std::exception_ptr error, T value) {
      trouble = error;
      result.emplace(std::move(value));
    });
    io.restart();
    while (!result) {
      if (io.run_one() == 0)
        throw std::logic_error("the coroutine waits for something that nobody will do");
    }
    if (trouble) std::rethrow_exception(trouble);
    return std::move(*result);
  }

  struct Attempt {
    /// Refusals at RCPT, in the order of the recipients that met them.
    std::vector<mail::Reply> at_rcpt;
    Outcome outcome;
    int code() const { return outcome.reply.code; }
  };

  Envelope envelope() const {
    Envelope made;
    made.reverse_path = as_mailbox("bob@fabrikam.test");
    made.client = *IpAddress::parse("192.0.2.7");
    made.session = "7F3A";
    made.id = "0b5c";
    return made;
  }

  awaitable<Attempt> hand_over(Envelope sent, std::vector<Recipient> recipients, std::string text,
                               bool client_gets_reply) {
    Attempt attempt;
    auto hand_off = courier->begin(std::move(sent));
    for (Recipient& one : recipients) {
      auto refusal = co_await hand_off->add_recipient(std::move(one));
      if (refusal) attempt.at_rcpt.push_back(std::move(refusal->reply));
    }
    Content content(contents);
    auto no_room = co_await content.append(text);
    if (no_room) throw std::runtime_error("no room");
    const Edit edit{.prepend = "Received: here\r\n", .removed = {}};
    hand_off->treat(treatments);
    attempt.outcome = co_await hand_off->deliver(content, edit);
    co_await hand_off->replied(client_gets_reply);
    co_return attempt;
  }

  Attempt send(std::vector<Recipient> recipients, std::string text = "Subject: hi\r\n\r\n.dot\r\n",
               bool client_gets_reply = true) {
    return wait_for(
        hand_over(envelope(), std::move(recipients), std::move(text), client_gets_reply));
  }

  /// As a client does: sends to those again that were deferred, at RCPT or at the end, five times
  /// at most. Those who still wait then.
  std::vector<Recipient> send_until_done(std::vector<Recipient> waiting) {
    for (int round = 0; round < 5 && !waiting.empty(); ++round) {
      const Attempt attempt = send(waiting);
      if (attempt.code() / 100 == 4) continue;
      std::erase_if(waiting, [&](const Recipient& one) {
        return std::ranges::any_of(attempt.outcome.recipients, [&](const RecipientOutcome& ended) {
          return ended.forward_path == one.forward_path.text;
        });
      });
    }
    return waiting;
  }

  std::vector<std::string> mail_in(const std::string& folder) const {
    std::vector<std::string> found;
    for (const std::string& file : data.files()) {
      if (file.starts_with(folder + "/")) found.push_back(file);
    }
    return found;
  }

  /// Of the next messages.
  Treatments treatments;
  TestFolder data;
  CourierSettings settings;
  // For start(): what hops that ask for them need.
  dns::Resolver* resolver = nullptr;
  std::shared_ptr<const net::TlsContext> tls;
  boost::asio::io_context io{1};
  net::BlockingPool pool{4, 100};
  ContentStore contents{data.str(), {}, pool};
  Maildir maildir{data.str(), "mx", pool};
  std::unique_ptr<store::Ledger> ledger;
  std::unique_ptr<QuarantineFolder> quarantine;
  InFlight in_flight;
  HopHealth health;
  Counters counters;
  std::unique_ptr<Courier> courier;
};

}  // namespace postern::delivery
