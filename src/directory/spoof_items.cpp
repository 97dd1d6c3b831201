#include "directory/spoof_items.h"

#include <bit>
#include <cstdlib>

#include "base/ascii.h"
#include "base/ip_address.h"
#include "directory/key_hash.h"
#include "directory/snapshot.h"
#include "directory/validation.h"
#include "mail/domain_name.h"

namespace postern::directory {
namespace {

/// Of a pair. `*` stands for other authors in each type.
std::size_t place_of(SpoofType type, const SpoofItems::Name& user,
                     const SpoofItems::Name& infrastructure) {
  constexpr std::uint64_t odd = 0x9e37'79b9'7f4a'7c15;
  std::uint64_t hash = user.hash * odd ^ infrastructure.hash;
  if (user.text == any_spoofer) hash += 1 + static_cast<std::uint64_t>(type);
  hash *= odd;
  return static_cast<std::size_t>(hash ^ hash >> 32);
}

bool is_pair(const SpoofItem& item, SpoofType type, std::string_view user,
             std::string_view infrastructure) {
  return item.spoofed_user == user && item.sending_infrastructure == infrastructure &&
         (user != any_spoofer || item.type == type);
}

Result<std::string> normal_user(std::string_view text) {
  if (text == any_spoofer) return std::string(text);
  const auto wrong = [&text] {
    return fail("SpoofedUser: " + std::string(text.substr(0, 80)) +
                " is neither an address, nor a domain, nor *.");
  };
  if (!text.contains('@')) {
    if (auto domain = mail::to_a_label(text)) return *std::move(domain);
    return wrong();
  }
  auto address = check_address(text);
  if (!address || address->starts_with('@') || address->starts_with("*@")) return wrong();
  return address;
}

Result<std::string> normal_infrastructure(std::string_view text) {
  if (text == any_spoofer) return std::string(text);
  if (const auto prefix = IpPrefix::parse(text)) {
    if (prefix->length() == (prefix->network().is_v4() ? 24 : 48)) return prefix->to_string();
    return fail(
        "SendingInfrastructure: addresses are given as a network of the length /24, with "
        "IPv6 /48.");
  }
  if (auto domain = mail::to_a_label(text)) return *std::move(domain);
  return fail("SendingInfrastructure: " + std::string(text.substr(0, 80)) +
              " is neither a domain, nor a network /24 or /48, nor *.");
}

}  // namespace

std::string_view to_string(SpoofType type) {
  switch (type) {
    case SpoofType::internal:
      return "Internal";
    case SpoofType::external:
      return "External";
  }
  std::abort();  // never a SpoofType
}

std::optional<SpoofType> parse_spoof_type(std::string_view word) {
  for (const SpoofType type : {SpoofType::internal, SpoofType::external}) {
    if (iequals(word, to_string(type))) return type;
  }
  return std::nullopt;
}

std::string_view to_string(SpoofItemAction action) {
  switch (action) {
    case SpoofItemAction::allow:
      return "Allow";
    case SpoofItemAction::block:
      return "Block";
  }
  std::abort();  // never a SpoofItemAction
}

std::optional<SpoofItemAction> parse_spoof_item_action(std::string_view word) {
  for (const SpoofItemAction action : {SpoofItemAction::allow, SpoofItemAction::block}) {
    if (iequals(word, to_string(action))) return action;
  }
  return std::nullopt;
}

SpoofItems::Name::Name(std::string_view name) : text(name), hash(KeyHash{}(name)) {}

SpoofItems::SpoofItems(std::vector<SpoofItem> items) : items_(std::move(items)) {
  static_assert(max_spoof_items < UINT16_MAX);
  index_.assign(std::bit_ceil(2 * items_.size() + 1), 0);
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const SpoofItem& item = items_[i];
    std::size_t at =
        place_of(item.type, Name(item.spoofed_user), Name(item.sending_infrastructure));
    while (index_[at & (index_.size() - 1)] != 0) ++at;
    index_[at & (index_.size() - 1)] = static_cast<std::uint16_t>(i + 1);
  }
}

const SpoofItem* SpoofItems::find(SpoofType type, const Name& spoofed_user,
                                  const Name& sending_infrastructure) const {
  if (items_.empty()) return nullptr;
  for (std::size_t at = place_of(type, spoofed_user, sending_infrastructure);; ++at) {
    const std::uint16_t place = index_[at & (index_.size() - 1)];
    if (place == 0) return nullptr;
    const SpoofItem& item = items_[place - 1u];
    if (is_pair(item, type, spoofed_user.text, sending_infrastructure.text)) return &item;
  }
}

const SpoofItem* SpoofItems::find(const Guid& guid) const {
  for (const SpoofItem& item : items_) {
    if (item.guid == guid) return &item;
  }
  return nullptr;
}

const SharedSpoofItems& no_spoof_items() {
  static const SharedSpoofItems none = std::make_shared<const SpoofItems>();
  return none;
}

Result<SpoofItem> check_spoof_item(SpoofItem item, const Snapshot& directory,
                                   const Organization& organization) {
  auto user = normal_user(trim(item.spoofed_user));
  if (!user) return std::unexpected(user.error());
  item.spoofed_user = *std::move(user);
  auto infrastructure = normal_infrastructure(trim(item.sending_infrastructure));
  if (!infrastructure) return std::unexpected(infrastructure.error());
  item.sending_infrastructure = *std::move(infrastructure);
  if (item.spoofed_user == any_spoofer && item.sending_infrastructure == any_spoofer)
    return fail("SpoofedUser, SendingInfrastructure: only one of them can be *.");

  if (item.spoofed_user != any_spoofer) {
    const std::string_view domain =
        std::string_view(item.spoofed_user).substr(item.spoofed_user.rfind('@') + 1);
    const auto owner = directory.find_domain(domain);
    const bool is_own = owner && owner.organization->id() == organization.id();
    if (is_own != (item.type == SpoofType::internal)) {
      return fail("SpoofType: " + std::string(domain) + " is " + (is_own ? "" : "not ") +
                  "an accepted domain of " + organization.name() + ", so the type is " +
                  std::string(to_string(is_own ? SpoofType::internal : SpoofType::external)) + ".");
    }
  }
  if (item.is_expired(item.when_created)) return fail("ExpirationDate: this time is past already.");

  const SpoofItems& there = *organization.spoof_items();
  if (there.items().size() >= max_spoof_items) {
    return fail("An organization has at most " + std::to_string(max_spoof_items) +
                " spoofed senders in its list; remove some first.");
  }
  if (const SpoofItem* const same = there.find(item.type, SpoofItems::Name(item.spoofed_user),
                                               SpoofItems::Name(item.sending_infrastructure))) {
    return fail("SpoofedUser: the pair " + item.spoofed_user + ", " + item.sending_infrastructure +
                " is in the list already, as " + std::string(to_string(same->action)) +
                " with the Id " + same->guid.to_string() + ".");
  }
  return item;
}

}  // namespace postern::directory
