// What was worked out before, by the text it belongs to: a bounded cache for one thread.
//
// It never holds more than it was told to: when its younger half is full, the older half is
// dropped whole and the younger takes its place, and what is used moves to the younger. So a text
// in use stays, without a list to keep in order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace postern::auth {

template <class Value>
class RecentlyUsed {
 public:
  using Shared = std::shared_ptr<Value>;

  /// At least 2.
  explicit RecentlyUsed(std::size_t max_entries)
      : max_generation_(std::max<std::size_t>(max_entries / 2, 1)) {}

  /// Null: unknown.
  Shared find(std::string_view text) {
    if (const auto found = young_.find(text); found != young_.end()) return found->second;
    const auto found = old_.find(text);
    if (found == old_.end()) return nullptr;
    Shared value = std::move(found->second);
    old_.erase(found);
    store(text, value);
    return value;
  }

  void store(std::string_view text, Shared value) {
    if (const auto found = young_.find(text); found != young_.end()) {
      found->second = std::move(value);
      return;
    }
    if (young_.size() >= max_generation_) old_ = std::exchange(young_, {});
    if (const auto found = old_.find(text); found != old_.end()) old_.erase(found);
    young_.emplace(text, std::move(value));
  }

  std::size_t size() const { return young_.size() + old_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Generation = std::unordered_map<std::string, Shared, Hash, std::equal_to<>>;

  std::size_t max_generation_;
  Generation young_;
  Generation old_;
};

}  // namespace postern::auth
