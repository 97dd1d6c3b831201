#include "edge/receiver.h"

#include "edge/transaction.h"

namespace postern::edge {

smtp::Offers EdgeReceiver::greeted(const smtp::SessionFacts&) {
  return {.max_message_size = settings_->config.limits.session.max_message_size};
}

smtp::awaitable<std::expected<std::unique_ptr<smtp::Transaction>, mail::Reply>> EdgeReceiver::begin(
    const smtp::SessionFacts& facts, const mail::Mailbox& reverse_path,
    const smtp::MailParameters& parameters) {
  if (!iprev_) iprev_ = begin_iprev(services_.asker, facts.client);
  co_return std::make_unique<EdgeTransaction>(services_, settings_, facts, iprev_, reverse_path,
                                              parameters);
}

void EdgeReceiver::replied(std::string_view verb, const mail::Reply& reply) {
  // Two replies answer no command: the banner, which is the first, and that to the content.
  services_.metrics.count_reply(verb.empty() ? (welcomed_ ? "content" : "CONNECT") : verb,
                                reply.code);
  welcomed_ = true;
}

}  // namespace postern::edge
