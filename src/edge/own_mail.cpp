#include "edge/own_mail.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "base/cursor.h"

namespace postern::edge {
namespace {

/// Octets that are copied at a time.
constexpr std::size_t piece_size = 64 * 1024;
/// How often it is looked whether waiting is to end.
constexpr std::chrono::milliseconds look_interval{200};

/// `<postmaster>` has no domain, and everything else is a mailbox.
std::optional<mail::Mailbox> parse_forward_path(const std::string& text) {
  if (auto mailbox = mail::parse_mailbox(text)) return mailbox;
  const std::string path = "<" + text + ">";
  Cursor in(path);
  auto mailbox = mail::take_forward_path(in);
  if (!in.at_end()) mailbox.reset();
  return mailbox;
}

Result<delivery::NextHop> relay_of(const delivery::Envelope& envelope,
                                   const directory::Snapshot& directory, const Settings& settings) {
  const auto organization = directory.find_organization(envelope.organization);
  if (organization && !organization->config().relay_next_hop.empty())
    return delivery::parse_relay(organization->config().relay_next_hop.view());
  if (!settings.relay) return fail("There is no relay for mail to other domains any more.");
  return *settings.relay;
}

}  // namespace

boost::asio::awaitable<delivery::RecipientOutcome> hand_over(delivery::Courier& courier,
                                                             delivery::ContentStore& contents,
                                                             OwnMessage message) {
  delivery::RecipientOutcome outcome;
  outcome.forward_path = message.recipient.forward_path.text;
  outcome.next_hop = message.recipient.next_hop.to_string();
  auto hand_off = courier.begin(std::move(message.envelope));
  auto refusal = co_await hand_off->add_recipient(std::move(message.recipient));
  if (refusal) co_return *refusal;

  delivery::Content content(contents);
  for (std::string_view rest = message.content; !rest.empty();) {
    const std::string_view piece = rest.substr(0, piece_size);
    auto no_room = co_await content.append(piece);
    if (no_room) {
      outcome.reply = *no_room;
      outcome.fate = delivery::fate_of(outcome.reply);
      co_return outcome;
    }
    rest.remove_prefix(piece.size());
  }
  delivery::Outcome ended = co_await hand_off->deliver(content, message.edit);
  co_await hand_off->replied(true);
  if (!ended.recipients.empty()) outcome = std::move(ended.recipients.front());
  co_return outcome;
}

Result<delivery::Recipient> route(const std::string& forward_path,
                                  const delivery::Envelope& envelope,
                                  const directory::Snapshot& directory, const Settings& settings) {
  auto mailbox = parse_forward_path(forward_path);
  if (!mailbox) return fail(forward_path + " is no address.");
  delivery::Recipient recipient;
  const directory::Snapshot::DomainOwner owner = directory.find_domain(mailbox->domain);
  if (!owner && !mailbox->domain.empty()) {
    if (envelope.direction != "Originating")
      return fail("The domain of " + forward_path + " is accepted here no more.");
    auto hop = relay_of(envelope, directory, settings);
    if (!hop) return std::unexpected(hop.error());
    recipient.address = forward_path;
    recipient.next_hop = *std::move(hop);
    recipient.relayed = true;
    recipient.forward_path = *std::move(mailbox);
    return recipient;
  }

  const auto organization = directory.find_organization(envelope.organization);
  const auto* const domain =
      owner ? owner.domain : (organization ? organization->default_domain() : nullptr);
  if (!organization || domain == nullptr ||
      (owner && owner.organization->id() != organization->id())) {
    return fail("The domain of " + forward_path + " belongs to another organization now.");
  }
  const std::string name = mailbox->domain.empty() ? domain->name : mailbox->domain;
  auto destination = organization->find_destination(mailbox->local_part, name, *domain);
  if (!destination) return fail(forward_path + " is no recipient here any more.");
  recipient.next_hop = settings.default_hop;
  if (!domain->next_hop.empty()) {
    auto hop = delivery::parse_next_hop(domain->next_hop);
    if (!hop) return std::unexpected(hop.error());
    recipient.next_hop = *std::move(hop);
  }
  recipient.address = std::move(destination->recipient);
  recipient.detail = std::move(destination->detail);
  recipient.wildcard = destination->wildcard;
  recipient.forward_path = *std::move(mailbox);
  return recipient;
}

Result<delivery::RecipientOutcome> OwnMail::deliver(delivery::Envelope envelope,
                                                    const std::string& forward_path,
                                                    std::string content,
                                                    delivery::Edit edit) const {
  const SharedSettings settings = settings_.with([](const SharedSettings& now) { return now; });
  auto recipient = route(forward_path, envelope, *directory_.snapshot(), *settings);
  if (!recipient) return std::unexpected(recipient.error());

  // Shared, since whoever waits may have gone when the answer comes.
  struct Answer {
    std::mutex mutex;
    std::condition_variable is_there;
    std::optional<delivery::RecipientOutcome> outcome;
  };
  auto answer = std::make_shared<Answer>();
  hand_over_({.envelope = std::move(envelope),
              .recipient = *std::move(recipient),
              .content = std::move(content),
              .edit = std::move(edit)},
             [answer](delivery::RecipientOutcome outcome) {
               const std::lock_guard lock(answer->mutex);
               answer->outcome = std::move(outcome);
               answer->is_there.notify_all();
             });
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::unique_lock lock(answer->mutex);
  while (!answer->outcome) {
    if (stopping_ || std::chrono::steady_clock::now() >= deadline)
      return fail(
          "The next hop has not answered in time; whether it has the message is not known.");
    answer->is_there.wait_for(lock, look_interval);
  }
  return *std::move(answer->outcome);
}

}  // namespace postern::edge
