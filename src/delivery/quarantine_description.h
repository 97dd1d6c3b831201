// The description of a message in quarantine: the text of its .json file, from which the row is
// made again if it is lost.
//
// The file is our own, but what stands in it was said by strangers, and somebody may have edited
// it: reading checks every value and cuts what is too long.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "delivery/edited.h"
#include "delivery/envelope.h"
#include "delivery/outcome.h"
#include "store/quarantine_rows.h"

namespace postern::delivery {

/// Octets of a description that is read: some thousand recipients.
inline constexpr std::size_t max_description = std::size_t{4} << 20;
/// Octets of one text in it, Subject and reply included.
inline constexpr std::size_t max_described_text = 1000;
inline constexpr std::size_t max_described_recipients = 10'000;

/// Blocks if the content is in a file.
store::QuarantinedMessage describe(const std::string& id, const Envelope& envelope,
                                   std::span<const RecipientOutcome> recipients,
                                   std::string_view reason, const Content& content,
                                   const Edit& edit, Time time);

/// JSON with a line ending.
std::string to_json(const store::QuarantinedMessage& message);

/// The error says what is missing or wrong. Members that earlier versions did not write may be
/// missing: Organization, Direction, Subject, MessageId, Author, RequireTls.
Result<store::QuarantinedMessage> parse_description(std::string_view text);

}  // namespace postern::delivery
