// Values as one line of text, and back: how the trace keeps what a message was judged on.
//
//   number    -12,
//   text      5:hello        its size in octets, then the octets
//   group     {…}            a struct, a list, or a value that may be missing
//
// Which member is which is said by their order alone, in one function for both directions:
//
//   template <class Archive, class T>
//   void describe(Archive& archive, Like<T, auth::Iprev> auto& it) { archive(it.result, it.name); }
//
// A reader leaves members that are missing at the end of a group as they are, and skips those that
// it does not know. So members are only ever added at the end, and then old rows are read by new
// programs and new rows by old ones. Enumerators are numbers; `last_enumerator` says which are.
//
// The reader believes nothing: a number, a size or a depth that cannot be fails, it never reads
// beyond the text, and it needs no more memory than a small multiple of the text's size.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/cursor.h"
#include "base/ip_address.h"
#include "base/time.h"
#include "directory/compact.h"

namespace postern::policy {

/// T itself for a reader, const T for a writer.
template <class T, class Wanted>
concept Like = std::same_as<std::remove_const_t<T>, Wanted>;

/// The greatest number of an enumeration; specialized for each that is archived.
template <class Enum>
inline constexpr int last_enumerator = -1;

/// What every message pays for, so it writes to memory that is there already.
class ArchiveWriter {
 public:
  ArchiveWriter() : text_(usual_size, '\0') {}

  template <class... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }
  /// The values as one group that is no value of its own.
  template <class... T>
  void group(const T&... values) {
    mark('{');
    (put(values), ...);
    mark('}');
  }
  std::string text() const { return text_.substr(0, size_); }

 private:
  /// Where `count` octets may be written; used_until() then says how many there were.
  char* room(std::size_t count) {
    if (size_ + count > text_.size()) text_.resize(2 * text_.size() + count);
    return text_.data() + size_;
  }
  void used_until(const char* end) { size_ = static_cast<std::size_t>(end - text_.data()); }

  void mark(char value) {
    char* const at = room(1);
    *at = value;
    used_until(at + 1);
  }
  void put(bool value) { number(int{value}, ',', 0); }
  template <std::integral T>
  void put(T value) {
    number(value, ',', 0);
  }
  template <class T>
    requires std::is_enum_v<T>
  void put(T value) {
    static_assert(last_enumerator<T> > 0);
    number(static_cast<int>(value), ',', 0);
  }
  void put(std::string_view value) {
    char* const at = number(value.size(), ':', value.size());
    if (!value.empty()) std::memcpy(at, value.data(), value.size());
    used_until(at + value.size());
  }
  /// Returns where it ends, and leaves room for `more` octets there.
  template <std::integral T>
  char* number(T value, char mark, std::size_t more) {
    constexpr std::size_t most_digits = 24;
    char* at = room(most_digits + more);
    if (value >= 0 && value <= 9) {
      *at++ = static_cast<char>('0' + value);  // as nearly all are
    } else {
      at = std::to_chars(at, at + most_digits - 1, value).ptr;
    }
    *at++ = mark;
    used_until(at);
    return at;
  }
  void put(const std::string& value) { put(std::string_view(value)); }
  void put(const directory::Text& value) { put(value.view()); }
  void put(const directory::NameList& value) { put(value.joined()); }
  void put(const IpAddress& value) { put(value.to_string()); }
  void put(const IpPrefix& value) { put(value.to_string()); }
  void put(Time value) { put(std::int64_t{value.time_since_epoch().count()}); }
  template <class T>
  void put(const std::vector<T>& values) {
    mark('{');
    for (const T& value : values) put(value);
    mark('}');
  }
  template <class T>
  void put(const directory::CompactList<T>& values) {
    mark('{');
    for (const T& value : values) put(value);
    mark('}');
  }
  template <class T>
  void put(const std::optional<T>& value) {
    mark('{');
    if (value) put(*value);
    mark('}');
  }
  /// Null: missing, as with std::optional.
  template <class T>
    requires std::is_class_v<T>
  void put(const T* value) {
    mark('{');
    if (value != nullptr) put(*value);
    mark('}');
  }
  template <class T>
    requires std::is_class_v<T>
  void put(const T& value) {
    mark('{');
    describe(*this, value);
    mark('}');
  }

  /// Most texts are shorter.
  static constexpr std::size_t usual_size = 1000;
  std::string text_;  ///< with room behind what is used
  std::size_t size_ = 0;
};

class ArchiveReader {
 public:
  explicit ArchiveReader(std::string_view text) : in_(text) {}

  template <class... T>
  void operator()(T&... values) {
    (get_if_there(values), ...);
  }
  /// What ArchiveWriter::group wrote.
  template <class... T>
  void group(T&... values) {
    if (!enter()) return;
    (get_if_there(values), ...);
    leave();
  }
  /// Everything was read, and all of it made sense.
  bool is_done() const { return !failed_ && in_.at_end(); }

 private:
  static constexpr std::size_t max_entries = 1'000;  // of a list
  static constexpr int max_depth = 10;

  bool is_at_end() const { return failed_ || in_.at_end() || in_.peek() == '}'; }
  void fail() { failed_ = true; }

  template <class T>
  void get_if_there(T& value) {
    if (!is_at_end()) get(value);
  }

  std::int64_t number(char end) {
    const auto digits = in_.take_until(end);
    std::int64_t value = 0;
    if (!digits || digits->empty()) {
      fail();
      return 0;
    }
    const char* const last = digits->data() + digits->size();
    const auto parsed = std::from_chars(digits->data(), last, value);
    if (parsed.ec != std::errc{} || parsed.ptr != last) fail();
    return failed_ ? 0 : value;
  }
  std::string_view octets() {
    const std::int64_t size = number(':');
    if (size < 0 || static_cast<std::uint64_t>(size) > in_.rest().size()) fail();
    return failed_ ? std::string_view() : in_.take_count(static_cast<std::size_t>(size));
  }

  template <std::integral T>
  void get(T& value) {
    const std::int64_t found = number(',');
    if (!std::in_range<T>(found)) return fail();
    value = static_cast<T>(found);
  }
  void get(bool& value) {
    const std::int64_t found = number(',');
    if (found != 0 && found != 1) return fail();
    value = found == 1;
  }
  template <class T>
    requires std::is_enum_v<T>
  void get(T& value) {
    static_assert(last_enumerator<T> > 0);
    const std::int64_t found = number(',');
    if (found < 0 || found > last_enumerator<T>) return fail();
    value = static_cast<T>(found);
  }
  void get(std::string& value) { value = octets(); }
  void get(directory::Text& value) { value = directory::Text(octets()); }
  void get(directory::NameList& value) {
    // No name is empty.
    const std::string_view joined = octets();
    constexpr char separator = directory::NameList::separator;
    if (joined.starts_with(separator) || joined.ends_with(separator) || joined.contains("\n\n"))
      return fail();
    value = directory::NameList::from_joined(joined);
  }
  void get(IpAddress& value) { parse_into(value); }
  void get(IpPrefix& value) { parse_into(value); }
  template <class T>
  void parse_into(T& value) {
    const auto parsed = T::parse(octets());
    if (!parsed) return fail();
    value = *parsed;
  }
  void get(Time& value) {
    std::int64_t micros = 0;
    get(micros);
    value = Time(std::chrono::microseconds(micros));
  }
  template <class T>
  void get(std::vector<T>& values) {
    if (!enter()) return;
    values.clear();
    while (!is_at_end() && values.size() < max_entries) get(values.emplace_back());
    leave();
  }
  template <class T>
  void get(directory::CompactList<T>& values) {
    std::vector<T> list;
    get(list);
    values = directory::CompactList<T>(list);
  }
  template <class T>
  void get(std::optional<T>& value) {
    if (!enter()) return;
    value.reset();
    if (!is_at_end()) get(value.emplace());
    leave();
  }
  template <class T>
    requires std::is_class_v<T>
  void get(T& value) {
    if (!enter()) return;
    describe(*this, value);
    leave();
  }

  bool enter() {
    if (++depth_ > max_depth || !in_.take('{')) fail();
    return !failed_;
  }
  /// Past the group's end; what stands before it is of a newer program.
  void leave() {
    while (!failed_ && !in_.take('}')) skip();
    --depth_;
  }
  void skip() {
    if (in_.peek() == '{') {
      if (enter()) leave();
      return;
    }
    Cursor digits = in_;
    digits.take_while([](char c) { return c == '-' || is_digit(c); });
    if (digits.peek() == ':') {
      octets();
    } else {
      number(',');
    }
  }

  Cursor in_;
  int depth_ = 0;
  bool failed_ = false;
};

}  // namespace postern::policy
