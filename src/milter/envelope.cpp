// The client and its envelope: OPTNEG, CONNECT, HELO, MAIL, RCPT.
#include "base/ascii.h"
#include "base/encoding.h"
#include "base/log.h"
#include "milter/session_state.h"
#include "smtp/command.h"
#include "smtp/parameters.h"

namespace postern::milter {
namespace {

using mail::Reply;

std::optional<IpAddress> client_address(const Connect& connect) {
  std::string_view text = connect.address;
  if (connect.family != '4' && connect.family != '6') return std::nullopt;
  // Sendmail writes IPv6 addresses as SMTP does.
  if (istarts_with(text, "IPv6:")) text.remove_prefix(5);
  return IpAddress::parse(text);
}

/// With or without angle brackets, as the MTA lets its clients write it.
std::optional<mail::Mailbox> reverse_path(std::string_view text) {
  if (!text.starts_with('<')) return mail::parse_mailbox(text);
  Cursor in(text);
  auto path = mail::take_reverse_path(in);
  return in.at_end() ? path : std::nullopt;
}

std::optional<mail::Mailbox> forward_path(std::string_view text) {
  if (!text.starts_with('<')) return mail::parse_mailbox(text);
  Cursor in(text);
  auto path = mail::take_forward_path(in);
  return in.at_end() ? path : std::nullopt;
}

/// Those that say something about the message. Whether the rest of them can be had is a matter
/// between the MTA and its client.
std::expected<smtp::MailParameters, Reply> mail_parameters(const MailFrom& mail) {
  std::string text;
  for (std::size_t i = 1; i < mail.arguments.size(); ++i) {
    const std::string_view argument = mail.arguments[i];
    const std::string_view keyword = argument.substr(0, argument.find('='));
    for (const char* const known : {"SIZE", "BODY", "SMTPUTF8"}) {
      if (iequals(keyword, known)) text.append(" ").append(argument);
    }
  }
  return smtp::parse_mail_parameters(text, {.binary_mime = true});
}

}  // namespace

void Session::on_negotiation(const Negotiation& offer) {
  const auto agreement = agree(offer);
  if (!agreement) return give_up(agreement.error().message);
  agreement_ = *agreement;
  state_ = State::idle;
  say(to_wire(agreement_.answer()));
}

void Session::on_connect(const Connect& connect) {
  end_transaction();
  const auto client = client_address(connect);
  client_is_known_ = client.has_value();
  facts_ = {.id = random_hex(8),
            .connected = now(),
            .client = client.value_or(IpAddress()),
            .client_port = connect.port,
            .extended = true};
  state_ = State::connected;
  receiver_.connected(facts_, agreement_.has(hold_messages));
  if (!agreement_.has(connect_without_reply)) say(continue_packet());
}

void Session::on_hello(const Hello& hello) {
  end_transaction();
  if (!smtp::is_client_name(hello.name)) {
    return say("HELO",
               Reply{501, "5.5.2", "That is neither a host name nor an address in brackets"});
  }
  facts_.hello = hello.name;
  receiver_.greeted(facts_);
  say("HELO", Reply{250, "", "Hello"});
}

awaitable<void> Session::on_mail(const MailFrom& mail) {
  end_transaction();
  if (!macros_.get("auth_type").empty()) {
    // Submission: who has logged in is a user of the MTA, and no stranger with a claim.
    log_info("milter_submission", {{"session", facts_.id}, {"client", facts_.client.to_string()}});
    co_return say(accept_packet());
  }
  if (!client_is_known_)
    co_return say("MAIL", Reply{451, "4.7.1", "The address of the client is not known"});
  const auto path = reverse_path(mail.arguments.front());
  if (!path) co_return say("MAIL", Reply{501, "5.1.7", "The sender's address is malformed"});
  const auto parameters = mail_parameters(mail);
  if (!parameters) co_return say("MAIL", parameters.error());

  facts_.tls = tls_facts(macros_);
  auto begun = co_await receiver_.begin(facts_, *path, *parameters);
  if (!begun) co_return say("MAIL", begun.error());
  transaction_ = *std::move(begun);
  state_ = State::envelope;
  say("MAIL", Reply{250, "2.1.0", "Sender ok"});
}

awaitable<void> Session::on_rcpt(const RcptTo& rcpt) {
  if (state_ != State::envelope)
    co_return say("RCPT", Reply{451, "4.5.1", "The sender of this message was not accepted"});
  const auto path = forward_path(rcpt.arguments.front());
  if (!path) co_return say("RCPT", Reply{501, "5.1.3", "The recipient's address is malformed"});
  if (recipients_ == settings_.max_recipients)
    co_return say("RCPT", Reply{452, "4.5.3", "Too many recipients, send the rest separately"});
  const smtp::RcptParameters parameters;
  const Reply reply = co_await transaction_->add_recipient(*path, parameters);
  if (reply.is_success()) ++recipients_;
  say("RCPT", reply);
}

void Session::on_next_client() {
  end_transaction();
  macros_.clear();
  facts_ = {};
  state_ = State::idle;
}

}  // namespace postern::milter
