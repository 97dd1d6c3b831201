// Rows of Microsoft 365's message traces and of Advanced Hunting, told apart by their columns.
//
//   summary      Date, Sender, Recipient, …; Get-MessageTraceV2 | Export-Csv adds FromIP
//   enhanced     origin_timestamp, sender_address, Recipient_status, original_client_ip,
//   connector_id, … extended     client_ip, source, event_id, return_path, …: a row for each event
//   of a message EmailEvents  SenderMailFromAddress, SenderIPv4, Connectors, AuthenticationDetails,
//   …
//
// Names of columns are compared without case, blanks and underscores; columns that are not known
// are ignored, as these exports gain some every year.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assess/observation.h"
#include "base/result.h"

namespace postern::assess {

enum class TraceKind { summary, enhanced, extended, email_events };
/// `message trace (summary)`, …
std::string_view to_string(TraceKind kind);

/// What a table can tell of its messages.
struct TraceFeatures {
  TraceKind kind = TraceKind::summary;
  bool clients = false;
  bool connectors = false;
  bool reverse_paths = false;
  bool authentication = false;
};

class TraceTable {
 public:
  /// The error says which columns are missing.
  static Result<TraceTable> from_header(const std::vector<std::string>& names);

  const TraceFeatures& features() const { return features_; }

  /// Nothing: the row is of an event that repeats a message. The error is what is wrong with the
  /// row, without a full stop.
  std::expected<std::optional<Observation>, std::string> read(
      const std::vector<std::string>& fields) const;

 private:
  enum class Role : std::uint8_t {
    id,
    time,
    reverse_path,
    sender,
    author,
    recipients,
    client,
    client_name,
    direction,
    connector,
    event,
    authentication
  };
  static constexpr std::size_t role_count = 12;
  struct KnownColumn;
  static const std::vector<KnownColumn>& known_columns();

  bool has(Role role) const { return !columns_[static_cast<std::size_t>(role)].empty(); }
  std::string_view first(Role role, const std::vector<std::string>& fields) const;

  TraceFeatures features_;
  std::size_t width_ = 0;
  /// For each role its columns, the best first.
  std::vector<std::size_t> columns_[role_count];
};

/// One record of an EmailEvents export: names and values in the shape that TraceTable reads.
/// The error is what is wrong with it, without a full stop.
struct JsonFields {
  std::vector<std::string> names;
  std::vector<std::string> values;
};
std::expected<JsonFields, std::string> read_json_record(std::string_view text);

}  // namespace postern::assess
