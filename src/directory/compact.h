// Strings and lists of one pointer each.
//
// An installation may hold a million connectors, and most of a connector's fields are empty
// or short. A std::string costs 32 bytes and a std::vector 24 even when they hold nothing; these
// cost 8, and one allocation without spare room when they hold something. They are values:
// made at once, never changed in place, copied deeply.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace postern::directory {

/// A list that is written once, of plain values without a destructor.
template <class T>
class CompactList {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= alignof(std::uint32_t));

 public:
  CompactList() = default;
  CompactList(std::span<const T> values) {
    if (values.empty()) return;
    block_ = static_cast<std::byte*>(std::malloc(sizeof(std::uint32_t) + values.size_bytes()));
    if (block_ == nullptr) throw std::bad_alloc();
    const auto count = static_cast<std::uint32_t>(values.size());
    std::memcpy(block_, &count, sizeof count);
    std::memcpy(block_ + sizeof count, values.data(), values.size_bytes());
  }
  CompactList(const std::vector<T>& values) : CompactList(std::span<const T>(values)) {}
  CompactList(std::initializer_list<T> values)
      : CompactList(std::span<const T>(values.begin(), values.size())) {}
  CompactList(const CompactList& other) : CompactList(other.values()) {}
  CompactList(CompactList&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  CompactList& operator=(CompactList other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~CompactList() { std::free(block_); }

  std::span<const T> values() const {
    if (block_ == nullptr) return {};
    std::uint32_t count = 0;
    std::memcpy(&count, block_, sizeof count);
    return {reinterpret_cast<const T*>(block_ + sizeof count), count};
  }
  auto begin() const { return values().begin(); }
  auto end() const { return values().end(); }
  std::size_t size() const { return values().size(); }
  bool empty() const { return block_ == nullptr; }

  bool operator==(const CompactList& other) const {
    return std::ranges::equal(values(), other.values());
  }

 private:
  std::byte* block_ = nullptr;  // the count, then the values
};

/// A string.
class Text {
 public:
  Text() = default;
  Text(std::string_view text) : characters_(std::span<const char>(text)) {}
  Text(const std::string& text) : Text(std::string_view(text)) {}
  Text(const char* text) : Text(std::string_view(text)) {}

  std::string_view view() const {
    const auto characters = characters_.values();
    return {characters.data(), characters.size()};
  }
  operator std::string_view() const { return view(); }
  std::string str() const { return std::string(view()); }
  bool empty() const { return characters_.empty(); }

  template <std::convertible_to<std::string_view> Other>
  friend bool operator==(const Text& a, const Other& b) {
    return a.view() == std::string_view(b);
  }

 private:
  CompactList<char> characters_;
};

/// A list of names, none of them empty and none with a line feed, kept as one text.
class NameList {
 public:
  static constexpr char separator = '\n';

  class Iterator {
   public:
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    explicit Iterator(std::string_view rest) : rest_(rest) {}
    std::string_view operator*() const { return rest_.substr(0, rest_.find(separator)); }
    Iterator& operator++() {
      const std::size_t end = rest_.find(separator);
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
      return *this;
    }
    Iterator operator++(int) {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator& other) const { return rest_.size() == other.rest_.size(); }

   private:
    std::string_view rest_;
  };

  NameList() = default;
  NameList(const std::vector<std::string>& names) {
    std::string joined;
    for (const std::string& name : names) {
      if (!joined.empty()) joined += separator;
      joined += name;
    }
    joined_ = Text(joined);
  }
  NameList(std::initializer_list<std::string> names) : NameList(std::vector<std::string>(names)) {}

  /// As `joined` gave it: names between separators.
  static NameList from_joined(std::string_view joined) {
    NameList list;
    list.joined_ = Text(joined);
    return list;
  }
  std::string_view joined() const { return joined_.view(); }

  Iterator begin() const { return Iterator(joined_.view()); }
  Iterator end() const { return Iterator(); }
  bool empty() const { return joined_.empty(); }
  std::size_t size() const { return static_cast<std::size_t>(std::distance(begin(), end())); }
  bool contains(std::string_view name) const { return std::ranges::find(*this, name) != end(); }
  std::vector<std::string> to_vector() const {
    std::vector<std::string> names;
    for (const std::string_view name : *this) names.emplace_back(name);
    return names;
  }

  bool operator==(const NameList&) const = default;

 private:
  Text joined_;
};

}  // namespace postern::directory
