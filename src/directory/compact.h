// Strings and lists of one pointer each.
//
// An installation may hold a million connectors, and most of a connector's fields are empty
// or short. A std::string costs 32 bytes and a std::vector 24 even when they hold nothing; these
// cost 8, and one allocation without spare room when they hold something. They are values:
// made at once, never changed in place, copied deeply.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
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

/// A string. Up to seven characters stand in place of the pointer: `*`, the most common list of
/// sender domains, needs no memory of its own.
class Text {
 public:
  Text() = default;
  Text(std::string_view text) {
    if (text.size() <= max_inline) {
      if (text.empty()) return;
      bytes_[0] = static_cast<char>(text.size() << 1 | inline_mark);
      text.copy(bytes_.data() + 1, text.size());
      return;
    }
    char* const block = static_cast<char*>(std::malloc(sizeof(std::uint32_t) + text.size()));
    if (block == nullptr) throw std::bad_alloc();
    const auto size = static_cast<std::uint32_t>(text.size());
    std::memcpy(block, &size, sizeof size);
    text.copy(block + sizeof size, text.size());
    std::memcpy(bytes_.data(), &block, sizeof block);
  }
  Text(const std::string& text) : Text(std::string_view(text)) {}
  Text(const char* text) : Text(std::string_view(text)) {}
  Text(const Text& other) : Text(other.view()) {}
  Text(Text&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Text& operator=(Text other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Text() {
    if (!is_inline()) std::free(block());
  }

  /// Valid until the Text is changed, moved or destroyed.
  std::string_view view() const {
    if (is_inline()) return {bytes_.data() + 1, static_cast<std::size_t>(bytes_[0] >> 1)};
    const char* const at = block();
    if (at == nullptr) return {};
    std::uint32_t size = 0;
    std::memcpy(&size, at, sizeof size);
    return {at + sizeof size, size};
  }
  operator std::string_view() const { return view(); }
  std::string str() const { return std::string(view()); }
  bool empty() const { return view().empty(); }

  template <std::convertible_to<std::string_view> Other>
  friend bool operator==(const Text& a, const Other& b) {
    return a.view() == std::string_view(b);
  }

 private:
  // Either a pointer to a size and the characters, or, as no pointer is odd, the size and a mark in
  // what would be its lowest byte.
  static_assert(std::endian::native == std::endian::little && sizeof(void*) == 8);
  static constexpr std::size_t max_inline = 7;
  static constexpr char inline_mark = 1;

  bool is_inline() const { return bytes_[0] & inline_mark; }
  char* block() const {
    char* at = nullptr;
    std::memcpy(&at, bytes_.data(), sizeof at);
    return at;
  }

  alignas(void*) std::array<char, sizeof(void*)> bytes_{};
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
