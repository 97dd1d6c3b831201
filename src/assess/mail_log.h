// Mail servers' own logs: what Postfix and Exim wrote about the messages that they took.
//
// A message is several lines, which other messages' lines stand between, so a reader keeps those
// that are under way; the oldest are told early when there are too many.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "assess/observation.h"
#include "base/time.h"

namespace postern::assess {

inline constexpr std::size_t max_messages_under_way = 50'000;
inline constexpr std::size_t max_log_recipients = 1000;  ///< of one message

class MailLogReader {
 public:
  using Take = std::function<void(const Observation&)>;

  virtual ~MailLogReader() = default;
  /// One line without its line break. False: it is not of this kind of log.
  virtual bool read(std::string_view line) = 0;
  /// At the end: what is still under way.
  virtual void finish() = 0;
};

/// syslog of Postfix, with dates of RFC 3164 or ISO 8601. `reference`: when the log was last
/// written, for its dates have no year.
std::unique_ptr<MailLogReader> read_postfix_log(MailLogReader::Take take, Time reference);
/// The main log of Exim. Its times count as UTC unless they have a zone.
std::unique_ptr<MailLogReader> read_exim_log(MailLogReader::Take take);

/// Messages that are under way, by queue id.
class MessagesUnderWay {
 public:
  explicit MessagesUnderWay(MailLogReader::Take take) : take_(std::move(take)) {}

  /// A message begins; an older one of the same id ends.
  Observation& begin(std::string_view queue_id);
  /// Null: its beginning stands in an earlier log.
  Observation* find(std::string_view queue_id);
  void end(std::string_view queue_id);
  void end_all();

 private:
  struct Entry {
    Observation seen;
    std::uint64_t number = 0;
  };
  MailLogReader::Take take_;
  std::unordered_map<std::string, Entry> messages_;
  std::deque<std::pair<std::string, std::uint64_t>> order_;  ///< of beginning; some have ended
  std::uint64_t count_ = 0;
};

/// Once, however often its delivery is tried.
void add_recipient(Observation& seen, std::string_view address);

}  // namespace postern::assess
