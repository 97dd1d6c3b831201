#include "policy/settings_texts.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace postern::policy {

std::optional<SettingsTexts::Key> SettingsTexts::key_of(const Participants& all) {
  if (!all.connectors.empty() || !all.exceptions.empty() || all.domains.size() > 2)
    return std::nullopt;
  const bool has_pilots =
      std::ranges::any_of(all.organizations, [](const directory::Organization* one) {
        return !one->config().reject_direct_send_pilot_recipients.empty();
      });
  if (has_pilots) return std::nullopt;
  Key key{nullptr, nullptr, all.policy, all.rule};
  for (std::size_t i = 0; i < all.domains.size(); ++i) key[i] = all.domains[i].domain;
  return key;
}

const std::string* SettingsTexts::find(const Key& key, const RcptFacts& facts,
                                       const directory::Snapshot& directory) {
  // Of another revision, another entry may have the same address.
  if (revision_ != directory.revision() || server_name_ != facts.server_name ||
      has_relay_ != facts.has_relay) {
    texts_.clear();
    revision_ = directory.revision();
    server_name_ = facts.server_name;
    has_relay_ = facts.has_relay;
  }
  const auto found = texts_.find(key);
  return found == texts_.end() ? nullptr : &found->second;
}

void SettingsTexts::keep(const Key& key, std::string text) {
  if (texts_.size() >= max_texts) texts_.clear();
  texts_.emplace(key, std::move(text));
}

std::size_t SettingsTexts::Hash::operator()(const Key& key) const {
  std::size_t hash = 0;
  for (const void* entry : key) hash = hash * 31 + std::hash<const void*>{}(entry);
  return hash;
}

}  // namespace postern::policy
