#include "edge/receiver.h"

#include "edge/transaction.h"
#include "policy/decision.h"

namespace postern::edge {

smtp::Offers EdgeReceiver::greeted(const smtp::SessionFacts& facts) {
  if (!reverse_name_ && policy::needs_reverse_name(facts.client)) {
    reverse_name_ = begin_reverse_name(services_.asker, facts.client);
  }
  return {.max_message_size = settings_->config.limits.session.max_message_size};
}

smtp::awaitable<std::expected<std::unique_ptr<smtp::Transaction>, mail::Reply>> EdgeReceiver::begin(
    const smtp::SessionFacts& facts, const mail::Mailbox& reverse_path,
    const smtp::MailParameters& parameters) {
  co_return std::make_unique<EdgeTransaction>(services_, settings_, facts, reverse_name_,
                                              reverse_path, parameters);
}

void EdgeReceiver::replied(std::string_view verb, const mail::Reply& reply) {
  // Two replies answer no command: the banner, which is the first, and that to the content.
  services_.metrics.count_reply(verb.empty() ? (welcomed_ ? "content" : "CONNECT") : verb,
                                reply.code);
  welcomed_ = true;
}

}  // namespace postern::edge
