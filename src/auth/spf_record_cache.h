// SPF records that were parsed before, by their text, as DKIM keys are kept by their name.
//
// Reading the records is most of what an evaluation with warm answers costs, and the same few
// records of mail providers come with every message. Parsing is a pure function, so nothing here
// can be out of date. Whoever evaluates owns a cache, one per thread.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "auth/recently_used.h"
#include "auth/spf_record.h"

namespace postern::auth {

/// A record with the text that its terms are views on.
class ParsedSpfRecord {
 public:
  explicit ParsedSpfRecord(std::string_view text) : text_(text), record_(parse_spf_record(text_)) {}
  ParsedSpfRecord(const ParsedSpfRecord&) = delete;
  ParsedSpfRecord& operator=(const ParsedSpfRecord&) = delete;

  const std::string& text() const { return text_; }
  const std::expected<SpfRecord, SpfFault>& record() const { return record_; }

 private:
  const std::string text_;
  const std::expected<SpfRecord, SpfFault> record_;
};

class SpfRecordCache {
 public:
  /// A longer record is parsed each time, so that strangers cannot fill the memory: what a record
  /// takes here is at most twenty times this, and most take a tenth of that.
  static constexpr std::size_t max_record = 1024;

  explicit SpfRecordCache(std::size_t max_records = 1000) : records_(max_records) {}

  /// Never null.
  std::shared_ptr<const ParsedSpfRecord> parse(std::string_view text);
  std::size_t size() const { return records_.size(); }

 private:
  RecentlyUsed<const ParsedSpfRecord> records_;
};

}  // namespace postern::auth
