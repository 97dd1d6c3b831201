#include "directory/direct_send_exceptions.h"

#include <algorithm>
#include <ranges>

#include "base/ascii.h"
#include "directory/connector_validation.h"
#include "directory/snapshot.h"
#include "directory/validation.h"
#include "mail/utf8.h"

namespace postern::directory {
namespace {

template <class T>
void sort_once(std::vector<T>& values) {
  std::ranges::sort(values);
  const auto repeated = std::ranges::unique(values);
  values.erase(repeated.begin(), repeated.end());
}

Result<void> check_length(std::string_view parameter, std::size_t entries) {
  if (entries <= max_exception_entries) return {};
  return fail(std::string(parameter) + ": at most " + std::to_string(max_exception_entries) +
              " entries are allowed.");
}

Result<void> check_names(std::string_view parameter, NameList& list) {
  std::vector<std::string> names;
  for (const std::string_view text : list) {
    auto name = check_address_or_domain(trim(text));
    if (!name) return fail(std::string(parameter) + ": " + name.error().message);
    names.push_back(*std::move(name));
  }
  sort_once(names);
  list = names;
  return check_length(parameter, names.size());
}

Result<void> check_addresses(DirectSendException& exception, const DirectSendException* replaced,
                             Force force) {
  std::vector<IpPrefix> prefixes(exception.sender_ip_addresses.begin(),
                                 exception.sender_ip_addresses.end());
  sort_once(prefixes);
  exception.sender_ip_addresses = prefixes;
  for (const IpPrefix& prefix : prefixes) {
    const bool is_wide =
        prefix.length() < (prefix.network().is_v4() ? widest_v4_prefix : widest_v6_prefix);
    const bool was_there =
        replaced != nullptr && std::ranges::find(replaced->sender_ip_addresses, prefix) !=
                                   replaced->sender_ip_addresses.end();
    if (is_wide && !was_there && force == Force::no) {
      return fail("SenderIPAddresses: " + prefix.to_string() + " is wider than /" +
                  std::to_string(prefix.network().is_v4() ? widest_v4_prefix : widest_v6_prefix) +
                  ". List smaller blocks, or add -Force.");
    }
  }
  return check_length("SenderIPAddresses", prefixes.size());
}

Result<void> check_certificate(DirectSendException& exception) {
  if (exception.sender_certificate_name.empty()) return {};
  auto name = check_certificate_name("SenderCertificateName", exception.sender_certificate_name);
  if (!name) return std::unexpected(name.error());
  exception.sender_certificate_name = *name;
  return {};
}

/// Whoever writes `MAIL FROM:<scanner@contoso.com>` is not the scanner for that.
Result<void> check_client(const DirectSendException& exception, const DirectSendException* replaced,
                          Force force) {
  if (!exception.has_any_client()) return {};
  if (exception.senders.empty() && exception.recipients.empty()) {
    return fail(
        "SenderIPAddresses: an exception for all mail is none; set RejectDirectSend of the "
        "organization or of a domain to $false instead.");
  }
  const bool was_so = replaced != nullptr && replaced->has_any_client();
  if (was_so || force == Force::yes) return {};
  return fail(
      "SenderIPAddresses, SenderCertificateName: one of them is needed, since anybody can claim a "
      "sender or write to a recipient. To except a mere claim, add -Force.");
}

Result<void> check_reason(std::string_view reason) {
  const bool has_control =
      std::ranges::any_of(reason, [](char c) { return static_cast<unsigned char>(c) < ' '; });
  if (trim(reason).empty())
    return fail("Reason: needed, for whoever meets the exception a year from now.");
  if (reason.size() > max_exception_reason || has_control || !mail::is_utf8(reason)) {
    return fail("Reason: at most " + std::to_string(max_exception_reason) +
                " octets of UTF-8 text without control characters.");
  }
  return {};
}

Result<void> check_place(const DirectSendException& exception, const Organization& organization,
                         const DirectSendException* replaced) {
  const SharedDirectSendExceptions& there = organization.direct_send_exceptions();
  if (there == nullptr) return {};
  const DirectSendException* const same = there->find(exception.name);
  if (same != nullptr && same != replaced) {
    return fail("Name: " + organization.name() + " has an exception " + same->name + " already.");
  }
  if (replaced == nullptr && there->all().size() >= max_direct_send_exceptions) {
    return fail("Name: an organization has at most " + std::to_string(max_direct_send_exceptions) +
                " exceptions; remove those that have expired.");
  }
  return {};
}

}  // namespace

DirectSendExceptions::DirectSendExceptions(std::vector<DirectSendException> exceptions)
    : all_(std::move(exceptions)) {
  static_assert(max_direct_send_exceptions < UINT16_MAX);
  std::ranges::sort(all_, {}, [](const DirectSendException& one) { return to_lower(one.name); });
  for (std::uint16_t place = 0; place < all_.size(); ++place) {
    const DirectSendException& one = all_[place];
    for (const IpPrefix& prefix : one.sender_ip_addresses) {
      by_prefix_.emplace_back(prefix, place);
      auto& lengths = prefix.network().is_v4() ? v4_lengths_ : v6_lengths_;
      lengths.push_back(static_cast<std::uint8_t>(prefix.length()));
    }
    if (!one.sender_certificate_name.empty())
      by_certificate_.emplace_back(NameKey::certificate(one.sender_certificate_name), place);
    if (one.has_any_client()) of_any_client_.push_back(place);
  }
  sort_once(by_prefix_);
  sort_once(by_certificate_);
  sort_once(v4_lengths_);
  sort_once(v6_lengths_);
}

const DirectSendException* DirectSendExceptions::find(std::string_view identity) const {
  const auto guid = Guid::parse(identity);
  const auto found = std::ranges::find_if(all_, [&](const DirectSendException& one) {
    return guid ? one.guid == *guid : iequals(one.name, identity);
  });
  return found == all_.end() ? nullptr : &*found;
}

Result<DirectSendException> check_direct_send_exception(DirectSendException exception,
                                                        const Organization& organization,
                                                        const DirectSendException* replaced,
                                                        Force force) {
  Result<void> checked = check_name("Name", exception.name);
  if (checked) checked = check_place(exception, organization, replaced);
  if (checked) checked = check_addresses(exception, replaced, force);
  if (checked) checked = check_certificate(exception);
  if (checked) checked = check_names("Senders", exception.senders);
  if (checked) checked = check_names("Recipients", exception.recipients);
  if (checked) checked = check_client(exception, replaced, force);
  if (checked) checked = check_reason(exception.reason);
  // One that has expired may get another reason, and stays expired.
  const bool is_new_time = replaced == nullptr || replaced->expires != exception.expires;
  if (checked && is_new_time && exception.is_expired(exception.when_changed))
    checked = fail("ExpiresOn: this time is past already.");
  if (!checked) return std::unexpected(checked.error());
  return exception;
}

}  // namespace postern::directory
