// A transaction and its next hops: where an accepted recipient's mail goes, the relay for other
// domains included, what the hop is told, and how much of it a connector's clients may send.
#include <algorithm>

#include "base/log.h"
#include "delivery/dsn.h"
#include "edge/transaction.h"
#include "policy/rate_limit.h"

namespace postern::edge {
namespace {

/// A refusal of ours, before any hop was asked.
delivery::RecipientOutcome refused_here(mail::Reply reply) {
  delivery::RecipientOutcome outcome;
  outcome.fate = delivery::fate_of(reply);
  outcome.reply = std::move(reply);
  return outcome;
}

}  // namespace

void EdgeTransaction::limit_rate(policy::RcptVerdict& verdict) {
  if (!verdict.connector) return;
  const Limits& defaults = settings_->config.limits;
  const policy::RateLimits limits = policy::rate_limits_of(
      *verdict.connector,
      {.messages = static_cast<std::uint32_t>(defaults.connector_message_rate),
       .recipients = static_cast<std::uint32_t>(defaults.connector_recipient_rate)});
  if (!policy::is_rate_limited(verdict, limits)) return;

  const directory::Guid& guid = verdict.connector->guid;
  const bool begins_message = std::ranges::find(counted_, guid) == counted_.end();
  const auto asked = std::chrono::steady_clock::now();
  const policy::RateUse use = services_.rates.take(guid, begins_message, asked);
  const policy::RateLimit exceeded = policy::apply_rate_limits(verdict, use, limits);
  if (exceeded == policy::RateLimit::none) {
    if (begins_message) counted_.push_back(guid);
    return;
  }
  services_.rates.give_back(guid, begins_message, asked);
  services_.metrics.rate_limited
      .at(exceeded == policy::RateLimit::messages ? "messages" : "recipients")
      .add();
}

Result<delivery::NextHop> EdgeTransaction::next_hop_of(const policy::RcptVerdict& verdict) const {
  if (!verdict.next_hop.empty()) {
    return verdict.relay ? delivery::parse_relay(verdict.next_hop)
                         : delivery::parse_next_hop(verdict.next_hop);
  }
  if (!verdict.relay) return settings_->default_hop;
  // The decision was made knowing that there is one.
  auto relay = services_.courier.relay();
  if (!relay) return fail("There is no relay.");
  return *std::move(relay);
}

smtp::awaitable<std::optional<delivery::RecipientOutcome>> EdgeTransaction::offer_to_hop(
    const mail::Mailbox& forward_path, const smtp::RcptParameters& parameters,
    const policy::RcptVerdict& verdict) {
  // Whoever may have invented the sender must not make us write to him.
  const bool is_own = verdict.direction == policy::Direction::originating;
  if (delivery::wants_successes(parameters.notify) && !is_own)
    co_return refused_here(
        {555, "5.5.4", "NOTIFY=SUCCESS is for mail of the organization's own servers"});
  auto chosen = next_hop_of(verdict);
  if (!chosen) {
    // The cmdlet checks it; a database that was edited by hand may still say anything.
    log_error("next_hop", {{"next_hop", verdict.next_hop}, {"problem", chosen.error().message}});
    co_return refused_here({451, "4.3.5", "The next hop of this domain is not usable"});
  }
  delivery::NextHop hop = *std::move(chosen);
  if (hop.wants_introduction()) co_await Pending<auth::Iprev>::wait(iprev_);
  if (!hand_off_) {
    hand_off_ = services_.courier.begin(envelope(verdict));
  }
  delivery::Recipient recipient{.forward_path = forward_path,
                                .address = verdict.recipient,
                                .detail = verdict.detail,
                                .junk_detail = verdict.junk_detail,
                                .next_hop = std::move(hop),
                                .notify = parameters.notify,
                                .original_recipient = parameters.original_recipient,
                                .relayed = verdict.relay,
                                .wildcard = verdict.wildcard};
  co_return co_await hand_off_->add_recipient(std::move(recipient));
}

/// For hops that want to know whom we speak for.
std::shared_ptr<const delivery::Introduction> EdgeTransaction::introduction() const {
  delivery::Introduction made{.address = session_.client,
                              .port = session_.client_port,
                              .server = session_.server,
                              .server_port = session_.server_port,
                              .hello = session_.hello,
                              .extended = session_.extended,
                              .name = "",
                              .name_is_unknown_yet = true};
  if (const auth::Iprev* iprev = iprev_->get()) {
    if (iprev->result == auth::IprevResult::pass) made.name = iprev->name;
    made.name_is_unknown_yet = iprev->result == auth::IprevResult::temperror;
  }
  return std::make_shared<const delivery::Introduction>(std::move(made));
}

delivery::Envelope EdgeTransaction::envelope(const policy::RcptVerdict& verdict) const {
  delivery::Envelope made{.reverse_path = reverse_path_,
                          .client = session_.client,
                          .session = session_.id,
                          .id = id_,
                          .smtp_utf8 = parameters_.smtp_utf8,
                          .eight_bit_mime = parameters_.body != smtp::BodyType::seven_bit,
                          .require_tls = parameters_.require_tls,
                          .ret = parameters_.ret,
                          .envelope_id = parameters_.envelope_id,
                          .size = parameters_.size,
                          .introduction = introduction(),
                          .organization = verdict.organization->guid().to_string(),
                          .direction = std::string(to_string(verdict.direction))};
  const std::string_view relay = verdict.organization->config().relay_next_hop;
  if (auto hop = delivery::parse_relay(relay); hop && !relay.empty()) made.relay = *std::move(hop);
  return made;
}

}  // namespace postern::edge
