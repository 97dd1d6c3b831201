// JSON of any length, a record at a time: what Advanced Hunting and its API export.
//
//   {"Schema": […], "Results": [{…}, {…}]}     the API's answer (also `results` and `value`)
//   [{…}, {…}]                                 an array
//   {…}⏎{…}                                    one object after the other, as in JSON lines
//
// Only the brackets are looked at here, so nothing but one record is ever held. A line break inside
// a string, which JSON does not allow, ends a broken record, and reading goes on behind it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace postern::assess {

inline constexpr std::size_t max_json_record = 256 * 1024;

class JsonSplitter {
 public:
  /// `line` counts from 1; `text` is an object from bracket to bracket, valid during the call.
  /// `broken`: it has no end, or one beyond the limit; the text is not whole.
  using Take = std::function<void(std::uint64_t line, std::string_view text, bool broken)>;
  explicit JsonSplitter(Take take) : take_(std::move(take)) {}

  void feed(std::string_view text);
  void finish();

 private:
  void take_character(char c);
  void in_string(char c);
  void open(char c);
  void close(char c);
  void emit(bool broken);
  bool is_record_level() const { return depth_ == record_depth_; }

  Take take_;
  std::string record_;  ///< as far as it has come; empty: outside of one
  std::string word_;    ///< the last string of an outermost object: perhaps the name of a list
  std::uint64_t line_ = 1;
  std::uint64_t record_line_ = 1;
  std::uint64_t depth_ = 0;         ///< open brackets
  std::uint64_t record_depth_ = 0;  ///< of those around a record
  bool in_string_ = false;
  bool escaped_ = false;
  bool too_long_ = false;
};

}  // namespace postern::assess
