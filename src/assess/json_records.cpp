#include "assess/json_records.h"

#include "base/ascii.h"

namespace postern::assess {
namespace {

/// Longer than any name of a list.
constexpr std::size_t max_word = 16;

bool is_list_name(std::string_view word) {
  return iequals(word, "results") || word == "value";
}

}  // namespace

void JsonSplitter::feed(std::string_view text) {
  for (const char c : text) take_character(c);
}

void JsonSplitter::finish() {
  if (!record_.empty()) emit(true);
}

void JsonSplitter::take_character(char c) {
  if (c == '\n') ++line_;
  if (!record_.empty()) {
    if (record_.size() < max_json_record) {
      record_ += c;
    } else {
      too_long_ = true;
    }
  }
  if (in_string_) {
    in_string(c);
  } else if (c == '"') {
    in_string_ = true;
    word_.clear();
  } else if (c == '{' || c == '[') {
    open(c);
  } else if (c == '}' || c == ']') {
    close(c);
  }
}

void JsonSplitter::in_string(char c) {
  if (c == '\n') {
    in_string_ = escaped_ = false;
    if (record_.empty()) return;
    emit(true);
    depth_ = record_depth_;
  } else if (escaped_) {
    escaped_ = false;
  } else if (c == '\\') {
    escaped_ = true;
  } else if (c == '"') {
    in_string_ = false;
  } else if (word_.size() < max_word) {
    word_ += c;
  }
}

void JsonSplitter::open(char c) {
  if (is_record_level() && c == '{') {
    record_line_ = line_;
    record_ = "{";
  } else if (c == '[' && depth_ == 0) {
    record_depth_ = 1;
  } else if (c == '[' && depth_ == 1 && record_depth_ == 0 && is_list_name(word_)) {
    // So the outermost object is no record, but what stands around them.
    record_.clear();
    too_long_ = false;
    record_depth_ = 2;
  }
  ++depth_;
}

void JsonSplitter::close(char c) {
  if (depth_ == 0) return;
  --depth_;
  // Brackets are only counted, so that a record may end with the wrong one.
  if (is_record_level() && !record_.empty()) emit(too_long_ || c != '}');
  // Behind the list records are what stands outside again.
  if (depth_ < record_depth_) record_depth_ = 0;
}

void JsonSplitter::emit(bool broken) {
  take_(record_line_, record_, broken);
  record_.clear();
  too_long_ = false;
}

}  // namespace postern::assess
