#include "policy/spoof_pairs.h"

#include <algorithm>

namespace postern::policy {

using directory::OrganizationId;
using directory::SpoofType;

// Neither a user nor an infrastructure has a line feed.
SpoofPairBook::Key SpoofPairBook::to_key(const SpoofPairName& pair) {
  Key key(1, pair.type == SpoofType::internal ? 'i' : 'e');
  return key.append(pair.spoofed_user).append(1, '\n').append(pair.sending_infrastructure);
}

SpoofPairName SpoofPairBook::to_name(OrganizationId organization, const Key& key) {
  const std::size_t end = key.find('\n');
  return {.organization = organization,
          .type = key.front() == 'i' ? SpoofType::internal : SpoofType::external,
          .spoofed_user = key.substr(1, end - 1),
          .sending_infrastructure = key.substr(end + 1)};
}

void SpoofPairBook::drop(OrganizationId organization, Book& book, const Key& key, Added& added) {
  added.pushed_out.push_back(to_name(organization, key));
  const auto found = book.pairs.find(key);
  if (found->second.established) {
    book.established.erase({found->second.days, found->second.last_day, key});
  } else {
    book.probation.erase(found->second.place);
  }
  book.pairs.erase(found);
  --size_;
}

/// Where there is no room among the established, it stays where it is.
void SpoofPairBook::promote(OrganizationId organization, Book& book, const Key& key, Known& known,
                            Added& added) {
  if (book.established.size() >= limits_.established) {
    if (book.established.empty()) return;
    const auto& [days, last_day, least] = *book.established.begin();
    if (days > known.days) return;
    drop(organization, book, Key(least), added);
  }
  book.probation.erase(known.place);
  known.established = true;
  book.established.emplace(known.days, known.last_day, key);
}

SpoofPairBook::Added SpoofPairBook::add(const SpoofPairName& pair, DayNumber today) {
  Added added;
  const Key key = to_key(pair);
  Book& book = books_[static_cast<std::uint32_t>(pair.organization)];
  const auto found = book.pairs.find(key);
  if (found == book.pairs.end()) {
    if (book.probation.size() >= limits_.probation || size_ >= limits_.total) {
      if (book.probation.empty()) return added;
      drop(pair.organization, book, Key(book.probation.front()), added);
    }
    const auto place = book.probation.insert(book.probation.end(), key);
    book.pairs.emplace(key, Known{.last_day = today, .place = place});
    ++size_;
    added.remembered = true;
    added.is_new = true;
    return added;
  }
  Known& known = found->second;
  added.remembered = true;
  const bool is_new_day = today > known.last_day;
  if (known.established) {
    if (!is_new_day) return added;
    book.established.erase({known.days, known.last_day, key});
    known.last_day = today;
    book.established.emplace(++known.days, today, key);
    return added;
  }
  book.probation.splice(book.probation.end(), book.probation, known.place);
  if (is_new_day) {
    known.last_day = today;
    ++known.days;
    promote(pair.organization, book, key, known, added);
  }
  return added;
}

SpoofPairBook::Added SpoofPairBook::restore(const SpoofPairName& pair, std::uint32_t days,
                                            DayNumber last_day) {
  Added added = add(pair, last_day);
  if (!added.remembered || days <= 1) return added;
  Book& book = books_[static_cast<std::uint32_t>(pair.organization)];
  const Key key = to_key(pair);
  Known& known = book.pairs.find(key)->second;
  if (known.established) return added;
  known.days = days;
  promote(pair.organization, book, key, known, added);
  return added;
}

void SpoofPairBook::forget_before(DayNumber day) {
  Added ignored;
  for (auto& [organization, book] : books_) {
    std::vector<Key> old;
    for (const auto& [key, known] : book.pairs) {
      if (known.last_day < day) old.push_back(key);
    }
    for (const Key& key : old) drop(OrganizationId{organization}, book, key, ignored);
  }
  std::erase_if(books_, [](const auto& one) { return one.second.pairs.empty(); });
}

}  // namespace postern::policy
