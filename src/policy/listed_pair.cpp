#include "policy/listed_pair.h"

namespace postern::policy {
namespace {

using directory::SpoofItem;
using directory::SpoofItemAction;
using directory::SpoofItems;

/// Block counts before Allow.
void prefer(const SpoofItem*& best, const SpoofItem* other, Time now) {
  if (other == nullptr || other->is_expired(now)) return;
  if (best == nullptr || other->action == SpoofItemAction::block) best = other;
}

ListedPair to_pair(const SpoofItem* item) {
  if (item == nullptr) return {};
  return {item->action == SpoofItemAction::block ? SpoofPair::blocked : SpoofPair::allowed, item};
}

}  // namespace

ListedPair find_listed_pair(const SpoofItems& items, const SpoofedAuthor& author,
                            const SendingSource& source, Time now) {
  if (items.empty()) return {};
  const auto type = author.is_own ? directory::SpoofType::internal : directory::SpoofType::external;
  const SpoofItems::Name users[] = {SpoofItems::Name(author.address),
                                    SpoofItems::Name(author.domain),
                                    SpoofItems::Name(directory::any_spoofer)};
  std::vector<SpoofItems::Name> infrastructures;
  infrastructures.reserve(source.dkim_domains.size() + 3);
  for (const std::string& domain : source.dkim_domains) infrastructures.emplace_back(domain);
  if (!source.reverse_name.empty()) infrastructures.emplace_back(source.reverse_name);
  if (!source.reverse_domain.empty()) infrastructures.emplace_back(source.reverse_domain);
  infrastructures.emplace_back(source.subnet);

  for (const SpoofItems::Name& user : users) {
    const SpoofItem* best = nullptr;
    for (const SpoofItems::Name& infrastructure : infrastructures)
      prefer(best, items.find(type, user, infrastructure), now);
    if (best == nullptr)
      prefer(best, items.find(type, user, SpoofItems::Name(directory::any_spoofer)), now);
    if (best != nullptr) return to_pair(best);
  }
  return {};
}

ListedPair find_listed_pair(const SpoofItems& items, std::span<const SpoofedAuthor> authors,
                            const SendingSource& source, Time now) {
  ListedPair all;
  bool is_first = true;
  for (const SpoofedAuthor& author : authors) {
    const ListedPair one = find_listed_pair(items, author, source, now);
    if (one.pair == SpoofPair::blocked) return one;
    if (is_first || one.pair == SpoofPair::unlisted) all = one;
    is_first = false;
  }
  return all;
}

}  // namespace postern::policy
