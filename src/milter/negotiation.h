// The first packet of both sides: the MTA offers a version, actions and steps; we take of it what
// we need.
//
// We need to add and take away header fields: an MTA that does not let us would deliver forged
// results beside mail that we judged, so there is no dialog with it. All else makes the dialog
// better or quicker where it is offered: true leading blanks (DKIM's simple canonicalization),
// steps without a reply, messages that the MTA keeps for its administrator.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "milter/packets.h"

namespace postern::milter {

inline constexpr std::uint32_t lowest_version = 2;
inline constexpr std::uint32_t highest_version = 6;

/// SMFIF_: what a filter may ask for at the end of a message.
enum Action : std::uint32_t {
  add_fields = 0x1,
  change_fields = 0x10,
  hold_messages = 0x20,  ///< SMFIF_QUARANTINE
  choose_macros = 0x100,
};

/// SMFIP_: what the MTA shall leave out, or do in another way.
enum Step : std::uint32_t {
  no_unknown = 0x100,
  no_data = 0x200,
  header_without_reply = 0x80,
  connect_without_reply = 0x1000,
  end_of_header_without_reply = 0x40000,
  body_without_reply = 0x80000,
  leading_space = 0x100000,
};

struct Agreement {
  std::uint32_t version = lowest_version;
  std::uint32_t actions = 0;
  std::uint32_t protocol = 0;

  bool has(Step step) const { return (protocol & step) != 0; }
  bool has(Action action) const { return (actions & action) != 0; }
  /// What we answer.
  Negotiation answer() const;
};

/// The error says why we cannot work with this MTA.
Result<Agreement> agree(const Negotiation& offer);

}  // namespace postern::milter
