#include "delivery/outcome.h"

#include <algorithm>

namespace postern::delivery {
namespace {

/// Lines of recipients in one reply, so that it stays readable and small.
constexpr std::size_t max_listed = 10;
/// Octets of a hop's words within our own sentence; a reply line has 512 (RFC 5321
/// section 4.5.3.1.5).
constexpr std::size_t max_quoted = 160;

std::string first_line(const mail::Reply& reply) {
  return reply.text.substr(0, std::min(reply.text.find('\n'), max_quoted));
}

/// `<ann@contoso.test>: the hop's words`, a line for each recipient that has this fate.
std::string listing(std::span<const RecipientOutcome> recipients, Fate fate) {
  std::string text;
  std::size_t listed = 0;
  for (const RecipientOutcome& recipient : recipients) {
    if (recipient.fate != fate) continue;
    if (listed == max_listed) return text + "\nand others";
    if (listed++ > 0) text += '\n';
    text +=
        "<" + recipient.forward_path.substr(0, max_quoted) + ">: " + first_line(recipient.reply);
  }
  return text;
}

bool all_say_the_same(std::span<const RecipientOutcome> recipients) {
  return std::ranges::all_of(recipients,
                             [&](const auto& r) { return r.reply == recipients.front().reply; });
}

}  // namespace

Fate fate_of(const mail::Reply& reply) {
  if (reply.is_success()) return Fate::delivered;
  return reply.is_permanent() ? Fate::refused : Fate::deferred;
}

Conclusion conclude(std::span<const RecipientOutcome> recipients) {
  std::size_t refused = 0;
  for (const RecipientOutcome& recipient : recipients) {
    if (recipient.fate == Fate::deferred) return Conclusion::try_again;
    if (recipient.fate == Fate::refused) ++refused;
  }
  if (refused == 0) return Conclusion::safe;
  return refused == recipients.size() ? Conclusion::refused : Conclusion::refused_in_part;
}

mail::Reply safe_reply(std::string_view id) {
  return {250, "2.0.0", "Ok: safe, id " + std::string(id)};
}

mail::Reply try_again_reply(std::span<const RecipientOutcome> recipients) {
  if (!recipients.empty() && all_say_the_same(recipients) &&
      recipients.front().reply.is_temporary()) {
    return recipients.front().reply;
  }
  return {451, "4.3.0",
          "Not all recipients have it yet; send it again, and it goes to those that miss it\n" +
              listing(recipients, Fate::deferred)};
}

mail::Reply refusal_reply(std::span<const RecipientOutcome> recipients) {
  const mail::Reply& first = recipients.front().reply;
  if (all_say_the_same(recipients)) return first;
  return {first.code, first.enhanced, listing(recipients, Fate::refused)};
}

}  // namespace postern::delivery
