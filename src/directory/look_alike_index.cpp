#include "directory/look_alike_index.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "directory/key_hash.h"
#include "directory/organizational_domain.h"
#include "mail/look_alike.h"

namespace postern::directory {
namespace {

std::uint64_t hash(std::u32string_view label) {
  return KeyHash{}(
      std::string_view(static_cast<const char*>(static_cast<const void*>(label.data())),
                       label.size() * sizeof(char32_t)));
}

/// The skeleton's key. What is one edit from something has other keys.
std::uint64_t skeleton_key(const ComparedName& name) {
  return ~hash(name.skeleton);
}

/// The keys of a label and of what is left of it without one of its characters, each once.
std::vector<std::uint64_t> edit_keys(const ComparedName& name) {
  std::vector<std::uint64_t> keys = {hash(name.shown)};
  std::u32string shorter;
  for (std::size_t at = 0; at < name.shown.size(); ++at) {
    shorter.assign(name.shown, 0, at).append(name.shown, at + 1);
    keys.push_back(hash(shorter));
  }
  std::ranges::sort(keys);
  const auto same = std::ranges::unique(keys);
  keys.erase(same.begin(), same.end());
  return keys;
}

/// All under which an own label stands.
std::vector<std::uint64_t> index_keys(const ComparedName& name) {
  if (name.skeleton.size() < min_compared_label) return {};
  std::vector<std::uint64_t> keys;
  if (name.shown.size() >= min_edited_label) keys = edit_keys(name);
  keys.push_back(skeleton_key(name));
  return keys;
}

NameList with(const NameList* list, const std::string& name) {
  std::vector<std::string> names;
  if (list != nullptr) names = list->to_vector();
  names.push_back(name);
  return names;
}

NameList without(const NameList& list, const std::string& name) {
  std::vector<std::string> names = list.to_vector();
  std::erase(names, name);
  return names;
}

}  // namespace

ComparedName::ComparedName(std::string_view domain)
    : registrable(organizational_domain(domain)),
      label(registrable.substr(0, registrable.find('.'))),
      shown(mail::shown_label(label)),
      skeleton(mail::skeleton(shown)) {}

bool resembles(const ComparedName& foreign, const ComparedName& own) {
  if (foreign.registrable == own.registrable) return false;
  if (own.skeleton.size() < min_compared_label) return false;
  if (foreign.skeleton == own.skeleton) return true;
  return own.shown.size() >= min_edited_label && mail::is_one_edit_away(foreign.shown, own.shown);
}

void name_plainest(std::optional<std::string>& plainest, std::string_view domain) {
  const auto order = [](std::string_view name) { return std::pair(name.size(), name); };
  if (!plainest || order(domain) < order(*plainest)) plainest = domain;
}

void LookAlikeIndex::insert(const std::string& domain) {
  const ComparedName name(domain);
  const NameList* const domains = labels_.find(name.label);
  const bool is_new = domains == nullptr;
  labels_.insert_or_assign(Text(name.label), with(domains, domain));
  if (!is_new) return;
  for (const std::uint64_t key : index_keys(name))
    keys_.insert_or_assign(key, with(keys_.find(key), name.label));
}

void LookAlikeIndex::remove(const std::string& domain) {
  const ComparedName name(domain);
  const NameList* const domains = labels_.find(name.label);
  assert(domains != nullptr && domains->contains(domain));
  NameList rest = without(*domains, domain);
  if (!rest.empty()) {
    labels_.insert_or_assign(Text(name.label), std::move(rest));
    return;
  }
  labels_.erase(name.label);
  for (const std::uint64_t key : index_keys(name)) {
    NameList others = without(*keys_.find(key), name.label);
    if (others.empty()) {
      keys_.erase(key);
    } else {
      keys_.insert_or_assign(key, std::move(others));
    }
  }
}

std::optional<std::string> LookAlikeIndex::find(const ComparedName& foreign) const {
  // A name below an own registrable domain, accepted or not, is the organization's.
  if (const NameList* const domains = labels_.find(foreign.label)) {
    const bool is_own = std::ranges::any_of(*domains, [&](std::string_view domain) {
      return organizational_domain(domain) == foreign.registrable;
    });
    if (is_own) return std::nullopt;
  }
  std::optional<std::string> found;
  const auto look_at = [&](std::uint64_t key) {
    const NameList* const labels = keys_.find(key);
    if (labels == nullptr) return;
    for (const std::string_view label : *labels) {
      const NameList& domains = *labels_.find(label);
      // A hash may bring others.
      if (!resembles(foreign, ComparedName(*domains.begin()))) continue;
      for (const std::string_view domain : domains) name_plainest(found, domain);
    }
  };
  look_at(skeleton_key(foreign));
  for (const std::uint64_t key : edit_keys(foreign)) look_at(key);
  return found;
}

}  // namespace postern::directory
