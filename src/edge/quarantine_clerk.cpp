#include "edge/quarantine_clerk.h"

#include "base/encoding.h"
#include "base/log.h"
#include "delivery/quarantine_digest.h"
#include "mail/utf8.h"

namespace postern::edge {
namespace {

using namespace std::chrono_literals;

/// How often the clerk looks.
constexpr auto look_interval = 60s;
constexpr auto clean_interval = 1h;

SharedSettings settings_of(const Guarded<SharedSettings>& settings) {
  return settings.with([](const SharedSettings& now) { return now; });
}

}  // namespace

std::optional<Time> last_digest_slot(const directory::OrganizationConfig& config, Time now) {
  using directory::DigestInterval;
  const auto today = std::chrono::floor<std::chrono::days>(now);
  const auto hour = std::chrono::hours(config.quarantine_digest_hour);
  auto day = today;
  if (day + hour > now) day -= std::chrono::days(1);
  switch (config.quarantine_digest) {
    case DigestInterval::off:
      return std::nullopt;
    case DigestInterval::weekly:
      day -= std::chrono::weekday(day) - std::chrono::Monday;
      break;
    case DigestInterval::daily:
      break;
  }
  return day + hour;
}

QuarantineClerk::QuarantineClerk(Parts parts) : parts_(parts) {
  thread_ = std::thread([this] { work(); });
}

QuarantineClerk::~QuarantineClerk() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

bool QuarantineClerk::is_stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void QuarantineClerk::work() {
  auto next_clean = std::chrono::steady_clock::now();
  while (!is_stopping()) {
    if (std::chrono::steady_clock::now() >= next_clean) {
      remove_expired();
      next_clean = std::chrono::steady_clock::now() + clean_interval;
    }
    send_due_digests();
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, look_interval, [this] { return stopping_; });
  }
}

void QuarantineClerk::remove_expired() {
  const int keep_days = settings_of(parts_.settings)->config.quarantine.keep_days;
  const auto removed = parts_.folder.remove_before(now() - std::chrono::days(keep_days));
  if (!removed) log_error("quarantine", {{"error", removed.error().message}});
}

void QuarantineClerk::send_due_digests() {
  for (const auto& organization : parts_.directory.snapshot()->organizations()) {
    const Time time = now();
    const auto slot = last_digest_slot(organization->config(), time);
    if (!slot || is_stopping()) continue;
    const std::string guid = organization->guid().to_string();
    const auto last = parts_.rows.last_digest(guid);
    // Switched on just now: the first digest comes with the next slot.
    const bool is_due = last && *last && **last < *slot;
    if (last && *last && !is_due) continue;
    if (is_due) {
      const auto sent = send_digests(*organization, "");
      if (!sent) log_error("quarantine_digest", {{"error", sent.error().message}});
    }
    if (auto noted = parts_.rows.set_last_digest(guid, time); !noted)
      log_error("quarantine_digest", {{"error", noted.error().message}});
  }
}

Result<std::size_t> QuarantineClerk::send_digests(const directory::Organization& organization,
                                                  const std::string& recipient) {
  const std::lock_guard lock(sending_);
  Result<std::vector<std::string>> recipients = std::vector<std::string>{recipient};
  if (recipient.empty())
    recipients = parts_.rows.recipients_without_digest(organization.guid().to_string());
  if (!recipients) return std::unexpected(recipients.error());
  std::size_t count = 0;
  for (const std::string& one : *recipients) {
    if (is_stopping()) break;
    const auto sent = send_digest(organization, one);
    if (!sent) return std::unexpected(sent.error());
    if (*sent) ++count;
  }
  return count;
}

/// False: there is nothing to tell, or it could not be delivered.
Result<bool> QuarantineClerk::send_digest(const directory::Organization& organization,
                                          const std::string& recipient) {
  const auto found = parts_.rows.find({.organization = organization.guid().to_string(),
                                       .recipient = recipient,
                                       .released = false,
                                       .in_digest = false,
                                       .limit = delivery::max_digest_entries});
  if (!found) return std::unexpected(found.error());
  const directory::AcceptedDomain* domain = organization.default_domain();
  if (found->rows.empty() || domain == nullptr) return false;

  const SharedSettings settings = settings_of(parts_.settings);
  const Time time = now();
  const delivery::DigestFacts facts{.host_name = settings->config.hostname,
                                    .id = time_ordered_uuid(time),
                                    .time = time,
                                    .from = "postmaster@" + domain->name,
                                    .to = recipient,
                                    .organization = organization.name(),
                                    .keep_days = settings->config.quarantine.keep_days,
                                    .more = found->more};
  std::string text = delivery::make_digest(facts, found->rows);
  delivery::Envelope envelope;
  envelope.session = "quarantine-digest";
  envelope.id = facts.id;
  envelope.smtp_utf8 = !mail::is_ascii_only(recipient);
  envelope.organization = organization.guid().to_string();
  // To addresses of its own only: what others have in quarantine is mail that it sent.
  envelope.direction = "Incoming";

  store::TraceRecord record;
  record.message_trace_id = facts.id;
  record.forward_path = recipient;
  record.received = time;
  record.organization = organization.name();
  record.direction = "Originating";
  record.decision = "Accept";
  record.reasons = {"QuarantineDigest"};
  record.subject = "Messages in quarantine: " + std::to_string(found->rows.size());
  record.author = facts.from;
  record.size = text.size();
  const auto outcome = parts_.mail.deliver(std::move(envelope), recipient, std::move(text), {});
  if (!outcome) {
    log_warning("quarantine_digest",
                {{"forward_path", recipient}, {"problem", outcome.error().message}});
    return false;
  }
  const bool delivered = outcome->fate == delivery::Fate::delivered;
  record.reply = outcome->reply.to_line();
  record.next_hop = outcome->next_hop;
  record.to_ip = outcome->hop_address;
  record.status = delivered ? store::TraceStatus::delivered : store::TraceStatus::failed;
  parts_.trace.record(std::move(record));
  log_info("quarantine_digest", {{"id", facts.id},
                                 {"forward_path", recipient},
                                 {"messages", found->rows.size()},
                                 {"reply", outcome->reply.to_line()}});
  if (!delivered) return false;
  if (auto noted = parts_.rows.set_in_digest(found->rows); !noted)
    return std::unexpected(noted.error());
  return true;
}

}  // namespace postern::edge
