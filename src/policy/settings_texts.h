// Texts of settings (judged.h), kept while the directory stays as it is: most mail has no connector
// or exception take part, and then the text is the same for all mail to a domain. What is kept only
// in part, as a connector is, depends on the client, and its text is made anew.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "policy/participants.h"

namespace postern::policy {

/// For one thread, and for snapshots of one directory.
class SettingsTexts {
 public:
  /// Domains of the recipient and the sender, policy, rule: entries of the directory.
  using Key = std::array<const void*, 4>;

  /// Nothing: the text of these may be another for the next message.
  static std::optional<Key> key_of(const Participants& all);

  /// Null: not known. `facts` says what else is in the text.
  const std::string* find(const Key& key, const RcptFacts& facts,
                          const directory::Snapshot& directory);
  /// After find() for the same.
  void keep(const Key& key, std::string text);
  std::size_t size() const { return texts_.size(); }

 private:
  struct Hash {
    std::size_t operator()(const Key& key) const;
  };
  static constexpr std::size_t max_texts = 1'000;

  std::uint64_t revision_ = 0;
  std::string server_name_;
  bool has_relay_ = false;
  std::unordered_map<Key, std::string, Hash> texts_;
};

}  // namespace postern::policy
