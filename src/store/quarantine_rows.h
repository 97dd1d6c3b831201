// What lies in quarantine, so that it is found quickly: `quarantine.db`, a row for each message and
// each of its recipients.
//
// The files in the quarantine folder (delivery/quarantine_folder.h) are the truth about the mail;
// rows that are missing are made again from them. Only here stands what was done since: who got
// the message released, whom a digest told of it, which recipient's copy was deleted. Such changes
// are synced to the disk; rows of new messages are not, since their files are.
//
// Safe for all threads; every call blocks for the disk. Errors are sentences.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/sqlite.h"

namespace postern::store {

struct QuarantinedRecipient {
  std::string forward_path;  ///< as the client gave it
  std::string next_hop;      ///< where it would have gone
  std::string reply;         ///< who refused it, in his own words; or that it was kept by policy
  // Not in the files:
  std::optional<Time> released;
  bool in_digest = false;  ///< a digest has told the recipient
};

/// A message as its description file has it.
struct QuarantinedMessage {
  std::string id;  ///< a UUID: the files' name
  std::string message_trace_id;
  std::string session;
  Time received;
  std::string organization;  ///< its GUID
  std::string direction;     ///< `Incoming` or `Originating`
  std::string reason;        ///< `NextHopRefused`, or the policy that decided
  std::string client;        ///< address
  std::string reverse_path;  ///< empty: null
  // For display, decoded and cut; none is to be relied on.
  std::string subject;
  std::string message_id;
  std::string author;
  bool smtp_utf8 = false;
  bool eight_bit_mime = false;
  bool require_tls = false;
  std::uint64_t size = 0;  ///< octets of the message as kept
  std::vector<QuarantinedRecipient> recipients;

  /// `NextHopRefused`, else `Phish`: the words of -QuarantineTypes that occur here.
  std::string_view type() const;
};

/// One recipient's copy. `message.recipients` is empty.
struct QuarantineRow {
  QuarantinedMessage message;
  QuarantinedRecipient recipient;

  /// `<message>\<recipient>`, two GUIDs; the second is made of the forward-path.
  std::string identity() const;
};

/// Empty members do not filter. In addresses, Message-IDs and the subject `*` stands for any
/// characters; case does not matter.
struct QuarantineQuery {
  std::string organization;
  std::optional<Time> start;         ///< inclusive
  std::optional<Time> end;           ///< inclusive
  std::string id;                    ///< of the message
  std::string recipient;             ///< a forward-path as it is: `*` in it is no wildcard
  std::vector<std::string> senders;  ///< reverse-paths; `<>` is the null one
  std::vector<std::string> recipients;
  std::vector<std::string> message_ids;
  std::string subject;
  std::vector<std::string> types;
  std::string direction;
  std::optional<bool> released;
  std::optional<bool> in_digest;
  std::size_t skip = 0;
  std::size_t limit = 100;
};

struct QuarantineAnswer {
  std::vector<QuarantineRow> rows;  ///< newest first
  bool more = false;
};

class QuarantineRows {
 public:
  /// A damaged database is set aside and a new one begun, which says so in the log.
  static Result<std::unique_ptr<QuarantineRows>> open(const std::string& path);

  /// Of all messages, in their order.
  Result<std::vector<std::string>> ids();
  /// Messages that are there already stay as they are.
  Result<void> add(std::span<const QuarantinedMessage> messages);
  Result<void> remove(std::span<const std::string> ids);
  Result<QuarantineAnswer> find(const QuarantineQuery& query);
  /// Received before `time`, oldest first.
  Result<std::vector<std::string>> ids_before(Time time, std::size_t limit);
  /// Whose recipients were all removed, and whose files perhaps are still there.
  Result<std::vector<std::string>> ids_without_recipients();
  Result<std::size_t> message_count();

  Result<void> set_released(const QuarantineRow& row, Time time);
  /// How many recipients the message still has.
  Result<std::size_t> remove_recipient(const QuarantineRow& row);

  /// Recipients of whose mail no digest has told them, in the order of addresses, each once.
  Result<std::vector<std::string>> recipients_without_digest(const std::string& organization);
  Result<void> set_in_digest(std::span<const QuarantineRow> rows);
  /// When the digests of an organization were last sent; nothing: never.
  Result<std::optional<Time>> last_digest(const std::string& organization);
  Result<void> set_last_digest(const std::string& organization, Time time);

 private:
  explicit QuarantineRows(Database database) : database_(std::move(database)) {}

  std::mutex mutex_;
  Database database_;
};

}  // namespace postern::store
