#include "delivery/hop_transaction.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/log.h"

namespace postern::delivery {
namespace {

using Clock = std::chrono::steady_clock;

/// RFC 6531 section 3.5.
const mail::Reply not_international{553, "5.6.7",
                                    "The next hop does not take internationalized mail (SMTPUTF8)"};
/// RFC 1870 section 6.2.
const mail::Reply too_large{552, "5.3.4", "The message is larger than the next hop takes"};
/// RFC 8689 section 4.2.1.
const mail::Reply no_require_tls{
    550, "5.7.30",
    "REQUIRETLS support required: the next hop of this recipient does not promise it"};
/// The next EHLO offers no DSN, and the client then does without.
const mail::Reply no_dsn{
    451, "4.5.4",
    "The relay does not take NOTIFY=SUCCESS and NOTIFY=NEVER (RFC 3461), which "
    "is known only now; try again"};
const mail::Reply bare_line_end{554, "5.6.0",
                                "The message has a bare CR or LF (RFC 5321 section 2.3.8)"};

/// Takes the time that passes from what is left.
class Stopwatch {
 public:
  explicit Stopwatch(Clock::duration& left) : left_(left), begin_(Clock::now()) {}
  ~Stopwatch() { left_ -= Clock::now() - begin_; }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  Deadline deadline() const { return begin_ + std::max(left_, Clock::duration::zero()); }

 private:
  Clock::duration& left_;
  const Clock::time_point begin_;
};

/// What a hop says of a command, as far as it concerns the message. That it does not understand
/// us, or wants TLS or a password first, is not the sender's fault: an administrator can mend it,
/// and until then mail waits.
mail::Reply about_the_message(const mail::Reply& reply) {
  const bool is_about_us =
      reply.code == 500 || (reply.code >= 502 && reply.code <= 504) || reply.code == 530;
  if (reply.is_success() || reply.is_temporary() || (reply.is_permanent() && !is_about_us))
    return reply;
  return {451, "4.3.5", "The next hop does not work with this server: " + reply.to_line()};
}

}  // namespace

/// The log says which hop and why; the client hears only what kind of trouble it is.
mail::Reply HopTransaction::trouble_reply(const char* enhanced, const std::string& what,
                                          const std::string& error) {
  Counters::add(counters_.hop_failures);
  log_warning("hop_failed", {{"session", envelope_.session},
                             {"id", envelope_.id},
                             {"next_hop", hop_.to_string()},
                             {"address", address_},
                             {"error", error}});
  return {451, enhanced, "The next hop " + what + "; try again later"};
}

void HopTransaction::let_go() {
  lease_.reset();
  begun_ = false;
  passed_on_.clear();
}

/// Up to now the hop has said nothing in this exchange, on a connection that had worked before.
bool HopTransaction::may_renew(const HopTrouble& trouble) const {
  return !trouble.heard && (lease_->is_reused() || begun_);
}

/// Before the connection is let go.
void HopTransaction::note(const HopTrouble& trouble) {
  address_ = lease_->client().address();
  if (!trouble.is_ours) lease_->failed(trouble.what);
}

mail::Reply HopTransaction::gave_way(const HopTrouble& trouble) {
  note(trouble);
  let_go();
  return trouble_reply("4.4.2", trouble.what, trouble.what);
}

mail::Reply HopTransaction::unreachable(const NoLease& trouble) {
  let_go();
  address_ = trouble.address;
  switch (trouble.why) {
    case NoLease::Why::busy:
    case NoLease::Why::unreached:
      return trouble_reply("4.4.1", "cannot be reached", trouble.message);
    case NoLease::Why::left_alone:
      return trouble_reply("4.4.1", "has been out of order", trouble.message);
  }
  std::abort();
}

/// A new connection in place of a dead one, not another that may have died with it.
awaitable<std::optional<mail::Reply>> HopTransaction::start_over(Deadline deadline) {
  begun_ = false;
  passed_on_.clear();
  auto renewed = co_await lease_->renew(deadline);
  if (!renewed) co_return unreachable(renewed.error());
  co_return std::nullopt;
}

/// Afterwards there is a connection to a hop that can take this message. A reply: there is not.
awaitable<std::optional<mail::Reply>> HopTransaction::ready(std::uint64_t size, bool needs_dsn,
                                                            Deadline deadline) {
  if (!lease_) {
    auto lease = co_await pool_->lease(hop_, envelope_.introduction, deadline);
    if (!lease) co_return unreachable(lease.error());
    lease_.emplace(std::move(*lease));
  }
  offers_dsn_ = lease_->client().capabilities().dsn;
  auto problem = unfit(size, needs_dsn);
  // A connection that has recipients already was fit for them.
  if (problem && !begun_) let_go();
  co_return problem;
}

/// Why the hop at the other end cannot have this message. Nothing is altered for it.
std::optional<mail::Reply> HopTransaction::unfit(std::uint64_t size, bool needs_dsn) {
  const SmtpClient& client = lease_->client();
  const Capabilities& offered = client.capabilities();
  if (envelope_.smtp_utf8 && !offered.smtp_utf8) return not_international;
  if (envelope_.require_tls && !hop_.is_unix()) {
    const bool is_proven = std::ranges::all_of(hop_.servers, [](const HopServer& server) {
      return server.tls == TlsPolicy::verify || server.tls == TlsPolicy::dane;
    });
    if (!is_proven || client.tls_version().empty() || !offered.require_tls) return no_require_tls;
  }
  if (offered.size_limit && size > *offered.size_limit) return too_large;
  if (needs_dsn && !offered.dsn) return no_dsn;
  return std::nullopt;
}

awaitable<HopResult<mail::Reply>> HopTransaction::pass_on(const HopRecipient& recipient,
                                                          Deadline deadline) {
  SmtpClient& client = lease_->client();
  std::string rcpt = rcpt_command(recipient, client.capabilities());
  if (begun_) {
    auto reply = co_await client.add_recipient(std::move(rcpt), deadline);
    co_return reply;
  }
  std::vector<std::string> rcpts;
  rcpts.push_back(std::move(rcpt));
  std::string mail = mail_command(envelope_, envelope_.size, client.capabilities());
  auto begun =
      co_await client.begin(std::move(mail), std::move(rcpts), SmtpClient::Then::wait, deadline);
  if (!begun) co_return std::unexpected(begun.error());
  begun_ = begun->mail.is_success();
  co_return begun_ ? begun->recipients.front() : begun->mail;
}

awaitable<std::optional<mail::Reply>> HopTransaction::add_recipient(HopRecipient recipient) {
  if (!lease_ && !pool_->may_hold(hop_)) co_return std::nullopt;
  const Stopwatch watch(time_left_);
  for (bool renewed = false;; renewed = true) {
    auto problem =
        co_await ready(envelope_.size.value_or(0), recipient.needs_dsn, watch.deadline());
    if (problem) co_return problem;
    auto reply = co_await pass_on(recipient, watch.deadline());
    if (reply) {
      lease_->heard();
      address_ = lease_->client().address();
      if (reply->is_success()) {
        passed_on_.push_back(std::move(recipient));
        lease_->hold();
        co_return std::nullopt;
      }
      co_return about_the_message(*reply);
    }
    if (renewed || !may_renew(reply.error())) co_return gave_way(reply.error());
    // Recipients that were passed on before are told to the new connection by deliver().
    problem = co_await start_over(watch.deadline());
    if (problem) co_return problem;
  }
}

/// Up to the reply to DATA.
awaitable<HopResult<SmtpClient::Begun>> HopTransaction::begin_content(
    const std::vector<HopRecipient>& recipients, std::uint64_t size, Deadline deadline) {
  SmtpClient& client = lease_->client();
  if (begun_ && passed_on_ == recipients) {
    auto data = co_await client.data(deadline);
    if (!data) co_return std::unexpected(data.error());
    SmtpClient::Begun begun;
    begun.recipients.resize(recipients.size());  // each is 250
    begun.data = std::move(*data);
    co_return begun;
  }
  // Not all of them, or the connection is a new one: everything is said (again).
  std::string mail = mail_command(envelope_, size, client.capabilities());
  std::vector<std::string> rcpts;
  for (const HopRecipient& one : recipients)
    rcpts.push_back(rcpt_command(one, client.capabilities()));
  co_return co_await client.begin(std::move(mail), std::move(rcpts), SmtpClient::Then::data,
                                  deadline);
}

awaitable<std::vector<mail::Reply>> HopTransaction::deliver(std::vector<HopRecipient> recipients,
                                                            const Content& content,
                                                            const Edit& edit) {
  const Stopwatch watch(time_left_);
  const auto all = [&](const mail::Reply& reply) {
    return std::vector<mail::Reply>(recipients.size(), reply);
  };
  const std::uint64_t size = edited_size(content, edit);
  const bool needs_dsn = std::ranges::any_of(recipients, &HopRecipient::needs_dsn);
  for (bool renewed = false;; renewed = true) {
    auto problem = co_await ready(size, needs_dsn, watch.deadline());
    if (problem) {
      let_go();
      co_return all(*problem);
    }
    auto begun = co_await begin_content(recipients, size, watch.deadline());
    if (begun) {
      lease_->heard();
      address_ = lease_->client().address();
      auto replies = co_await finish(std::move(*begun), content, edit, watch.deadline());
      let_go();
      co_return replies;
    }
    if (renewed || !may_renew(begun.error())) co_return all(gave_way(begun.error()));
    problem = co_await start_over(watch.deadline());
    if (problem) co_return all(*problem);
  }
}

/// From 354 on.
awaitable<std::vector<mail::Reply>> HopTransaction::finish(SmtpClient::Begun begun,
                                                           const Content& content, const Edit& edit,
                                                           Deadline deadline) {
  std::vector<mail::Reply> replies = std::move(begun.recipients);
  if (!begun.mail.is_success()) {
    co_return std::vector<mail::Reply>(replies.size(), about_the_message(begun.mail));
  }
  std::vector<std::size_t> accepted;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (replies[i].is_success()) accepted.push_back(i);
    replies[i] = about_the_message(replies[i]);
  }
  if (accepted.empty()) co_return replies;
  if (begun.data.code != 354) {
    mail::Reply reply = about_the_message(begun.data);
    if (reply.is_success())
      reply = {451, "4.3.5", "The next hop answered DATA with " + begun.data.to_line()};
    for (const std::size_t i : accepted) replies[i] = reply;
    co_return replies;
  }

  auto sent = co_await lease_->client().send_content(content, edit, workers_, deadline,
                                                     times_.after_final_dot);
  // LMTP: in the order of the accepted RCPTs. SMTP: one for all of them.
  const bool one_for_all = hop_.kind == NextHop::Kind::smtp && !sent.replies.empty();
  mail::Reply otherwise = bare_line_end;
  if (sent.trouble) note(*sent.trouble);
  if (!sent.spoiled && sent.trouble) {
    otherwise = trouble_reply("4.4.2", sent.trouble->what, sent.trouble->what);
  }
  for (std::size_t n = 0; n < accepted.size(); ++n) {
    const std::size_t which = one_for_all ? 0 : n;
    const bool was_told = which < sent.replies.size();
    replies[accepted[n]] = was_told ? about_the_message(sent.replies[which]) : otherwise;
  }
  co_return replies;
}

}  // namespace postern::delivery
