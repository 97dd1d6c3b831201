// EHLO and HELO (RFC 5321 section 4.1.1.1): who the client says it is, and what we can do.
#include <algorithm>

#include "smtp/session_state.h"

namespace postern::smtp {
namespace {

/// RFC 5321 section 4.1.1.1, ehlo-ok-rsp: the keywords, a line each.
std::string offer(const Offers& offers, bool starttls) {
  std::string lines = "PIPELINING\nSIZE " + std::to_string(offers.max_message_size);
  if (starttls) lines += "\nSTARTTLS";
  lines += "\nENHANCEDSTATUSCODES\n8BITMIME\nSMTPUTF8\nCHUNKING";
  if (offers.binary_mime) lines += "\nBINARYMIME";
  if (offers.dsn) lines += "\nDSN";
  if (offers.require_tls) lines += "\nREQUIRETLS";
  return lines;
}

}  // namespace

void Session::on_hello(const Command& command) {
  if (command.argument.empty())
    return refuse(command.verb, Reply{501, "5.5.4", "Your host name must follow"});
  if (!is_client_name(command.argument))
    return refuse(command.verb,
                  Reply{501, "5.5.2", "That is neither a host name nor an address in brackets"});

  // RFC 5321 section 4.1.4: EHLO in mid-session works as RSET.
  end_transaction();
  facts_.hello = command.argument;
  facts_.extended = command.verb == Verb::ehlo;
  accept_offers(receiver_.greeted(facts_));
  state_ = State::ready;

  std::string text = settings_.hostname + " Hello [" + facts_.client.to_literal() + "]";
  if (facts_.extended) text += "\n" + offer(offers_, settings_.offer_tls && !facts_.tls);
  // RFC 2034 section 4: no enhanced code in this reply.
  say(to_string(command.verb), Reply{250, "", std::move(text)});
}

void Session::accept_offers(const Offers& offers) {
  offers_ = offers;
  if (offers_.max_message_size == 0) offers_.max_message_size = limits_.max_message_size;
  offers_.max_message_size = std::min(offers_.max_message_size, limits_.max_message_size);
}

}  // namespace postern::smtp
