#include "edge/receiver.h"

#include "edge/transaction.h"
#include "policy/own_servers.h"

namespace postern::edge {

smtp::Offers EdgeReceiver::greeted(const smtp::SessionFacts& facts) {
  checks_.helo = nullptr;
  return {.max_message_size = settings_->config.limits.session.max_message_size,
          .dsn = may_ask_for_dsn(facts),
          .require_tls = facts.tls.has_value()};
}

/// Notifications go out by a relay, and only to senders that cannot be anybody: so DSN is offered
/// to those who may turn out to be own servers, unless their relay is known to be without it.
bool EdgeReceiver::may_ask_for_dsn(const smtp::SessionFacts& facts) const {
  std::vector<std::string> names;
  if (facts.tls && facts.tls->certificate) names = facts.tls->certificate->names;
  const auto directory = services_.directory.snapshot();
  bool may = false;
  policy::for_each_possible_owner(
      facts.client, names, *directory, [&](const directory::Organization& owner) {
        std::optional<delivery::NextHop> relay = services_.courier.relay();
        const std::string_view own = owner.config().relay_next_hop;
        if (auto hop = delivery::parse_relay(own); hop && !own.empty()) relay = *std::move(hop);
        may = relay && !services_.courier.lacks_dsn(*relay);
        return !may;
      });
  return may;
}

smtp::awaitable<std::expected<std::unique_ptr<smtp::Transaction>, mail::Reply>> EdgeReceiver::begin(
    const smtp::SessionFacts& facts, const mail::Mailbox& reverse_path,
    const smtp::MailParameters& parameters) {
  if (!checks_.iprev || has_failed(*checks_.iprev))
    checks_.iprev = begin_iprev(services_.asker, facts.client);
  if (!checks_.helo || has_failed(*checks_.helo)) {
    const SpfAsking asking{services_.asker, services_.spf_records, settings_->config.hostname,
                           now()};
    checks_.helo = begin_helo(asking, {facts.client, facts.hello});
  }
  co_return std::make_unique<EdgeTransaction>(services_, settings_, facts, checks_, reverse_path,
                                              parameters);
}

void EdgeReceiver::replied(std::string_view verb, const mail::Reply& reply) {
  // Two replies answer no command: the banner, which is the first, and that to the content.
  services_.metrics.count_reply(verb.empty() ? (welcomed_ ? "content" : "CONNECT") : verb,
                                reply.code);
  welcomed_ = true;
}

}  // namespace postern::edge
